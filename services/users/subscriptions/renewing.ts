import type { UsersHost } from '../host.ts'
import type { Engine } from './engine.ts'
import { dueSubscriptions } from './store.ts'

/** By the clock: each by itself, so that none waits for another. */
export function renewByTheClock(host: UsersHost, engine: Engine): void {
  const { db, now } = host
  const turning = host.job('turn a subscription', ({ id }: { id: string }) => engine.turn(id))
  host.every('1 minute', 'renew subscriptions, and try again what was not paid', async () => {
    const ids = await dueSubscriptions(db, now(), 5_000)
    await db.transaction(async tx => {
      for (const id of ids) await tx.enqueue(turning, { id }, { key: `turn ${id}` })
    })
  })
}
