import { CompanyCardChanged, DriverBlocked, DriverUnblocked } from '#contracts/billing'
import type { Tx } from '#kernel'
import type { OcppHost } from '../host.ts'

/** Keeps who owes too much, or has too little, from charging, and those whose company does; of what is told of a driver the latest holds, in whatever order it comes. */
export function followDrivers({ on }: OcppHost): void {
  on(
    DriverBlocked,
    { id: 'blocked', purpose: 'refuse tokens of drivers who owe too much or have too little', from: 'beginning' },
    async ({ driverId, reason, leastMinor, at }, tx) =>
      await note(tx, driverId, leastMinor === undefined ? reason : 'balance', at),
  )
  on(
    DriverUnblocked,
    { id: 'unblocked', purpose: 'take tokens of drivers who have paid', from: 'beginning' },
    async ({ driverId, at }, tx) => await note(tx, driverId, null, at),
  )
  on(
    CompanyCardChanged,
    { id: 'company', purpose: 'block tokens with the company that pays for them', from: 'beginning' },
    async ({ cardId, tokenId, companyId, holderId, endedFor, version }, tx) => {
      const noted = await tx`
        insert into company_cards as c (card_id, token_id, company_id, holder_id, ended_for, version)
        values (${cardId}, ${tokenId}, ${companyId}, ${holderId}, ${endedFor}, ${version})
        on conflict (card_id) do update set ended_for = excluded.ended_for, version = excluded.version
        where c.version < excluded.version returning card_id`
      // What they are blocked for follows by itself.
      if (noted.length > 0) await tx`update tokens set user_id = user_id where id = ${tokenId}`
    },
  )
}

async function note(tx: Tx, driverId: string, reason: string | null, at: string): Promise<void> {
  const noted = await tx`
    insert into drivers_blocked as d (driver_id, reason, at) values (${driverId}, ${reason}, ${at})
    on conflict (driver_id) do update set reason = excluded.reason, at = excluded.at where d.at < excluded.at
    returning driver_id`
  if (noted.length > 0)
    await tx`
      update tokens set user_id = user_id
      where user_id = ${driverId}
        or id in (select token_id from company_cards where company_id = ${driverId} and ended_for is null)`
}
