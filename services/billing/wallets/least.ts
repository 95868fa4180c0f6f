import { UserRegistered } from '#contracts/identity'
import type { BillingHost } from '../host.ts'
import { judge } from './accounts.ts'

const atOnce = 500

/** Holds everybody to what a wallet must hold before a start: who is new, and all of them where that was said anew. */
export function holdToLeast(host: BillingHost): void {
  const { db, now, settings } = host
  host.on(
    UserRegistered,
    { id: 'drivers', purpose: 'hold who is new to what a wallet must hold', from: 'beginning', afterFailure: 'pass' },
    async ({ userId }, tx) => {
      const added = await tx`
        insert into drivers (driver_id) values (${userId}) on conflict do nothing returning driver_id`
      if (added.length > 0) await judge(tx, userId, settings, now())
    },
  )
  const hold = async (): Promise<void> => {
    const least = BigInt(settings.BILLING_LEAST_BALANCE_MINOR)
    const [held] = await db<{ least: bigint }[]>`select least_minor as least from least_balance`
    if (held!.least === least) return
    let after = '00000000-0000-0000-0000-000000000000'
    for (let found = atOnce; found === atOnce;)
      found = await db.transaction(async tx => {
        // Companies pay as agreed; who has left charges no more.
        const drivers = await tx<{ id: string }[]>`
          select driver_id as id from drivers
          where driver_id > ${after} and left_at is null
            and driver_id not in (select organisation_id from companies)
          order by driver_id limit ${atOnce} for update`
        for (const { id } of drivers) await judge(tx, id, settings, now())
        after = drivers.at(-1)?.id ?? after
        return drivers.length
      })
    await db.transaction(tx => tx`update least_balance set least_minor = ${least.toString()}`)
  }
  host.every('1 minute', 'hold drivers to what a wallet must hold', hold)
}
