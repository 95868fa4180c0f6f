import { DriverBlocked, DriverUnblocked } from '#contracts/billing'
import { Problem, type Db } from '#kernel'
import type { Books } from '../host.ts'

/** Who owes too much charges nowhere, and keeps nothing from who could. */
export function followPaying({ on }: Books): void {
  for (const [event, blocked] of [
    [DriverBlocked, true],
    [DriverUnblocked, false],
  ] as const)
    on(
      event,
      { id: 'paying', purpose: 'know who may book', from: 'beginning', afterFailure: 'pass' },
      async ({ driverId, payer, at, ...told }, tx) => {
        // What a company owes keeps nobody from paying by themselves.
        if (payer?.kind === 'organisation') return
        // Who has too little to charge now may have enough by then.
        const owes = blocked && !('leastMinor' in told)
        await tx`
          insert into drivers_blocked as b (driver_id, blocked, at) values (${driverId}, ${owes}, ${at})
          on conflict (driver_id) do update set blocked = excluded.blocked, at = excluded.at
          where b.at < excluded.at or (b.at = excluded.at and not excluded.blocked)`
      },
    )
}

/** Fails with `driver_blocked`. */
export async function requirePaying(db: Db, driverId: string): Promise<void> {
  const rows = await db`select from drivers_blocked where driver_id = ${driverId} and blocked`
  if (rows.length > 0) throw new Problem('conflict', 'driver_blocked')
}
