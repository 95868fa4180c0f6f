import { DriverBlocked, DriverUnblocked } from '#contracts/billing'
import type { Tx } from '#kernel'
import type { OcppHost } from '../host.ts'

/** Keeps who owes too much from charging; of what is told of a driver the latest holds, in whatever order it comes. */
export function followDrivers({ on }: OcppHost): void {
  on(
    DriverBlocked,
    { id: 'blocked', purpose: 'refuse tokens of drivers who owe too much', from: 'beginning' },
    async ({ driverId, reason, at }, tx) => await note(tx, driverId, reason, at),
  )
  on(
    DriverUnblocked,
    { id: 'unblocked', purpose: 'take tokens of drivers who have paid', from: 'beginning' },
    async ({ driverId, at }, tx) => await note(tx, driverId, null, at),
  )
}

async function note(tx: Tx, driverId: string, reason: string | null, at: string): Promise<void> {
  const noted = await tx`
    insert into drivers_blocked as d (driver_id, reason, at) values (${driverId}, ${reason}, ${at})
    on conflict (driver_id) do update set reason = excluded.reason, at = excluded.at where d.at < excluded.at
    returning driver_id`
  if (noted.length > 0)
    await tx`update tokens set blocked_for = ${reason} where user_id = ${driverId} and blocked_for is distinct from ${reason}`
}
