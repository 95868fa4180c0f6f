import { UserDeleted } from '#contracts/identity'
import { alone } from './alone.ts'
import type { UsersHost } from './host.ts'
import type { Engine } from './subscriptions/engine.ts'

/**
 * Of who deletes their account nothing stays here but what was billed and invoiced, as the law wants it of who sold it:
 * of a pseudonym. What they subscribed to ends.
 */
export function forgetWhoLeaves({ on }: UsersHost, engine: Engine): void {
  on(
    UserDeleted,
    { id: 'forget', purpose: 'forget who left', from: 'beginning' },
    async ({ userId, timestamp }, tx) => {
      await alone(tx, userId)
      await tx`
        insert into leavers (user_id, left_at) values (${userId}, ${timestamp})
        on conflict (user_id) do update set left_at = excluded.left_at`
      await tx`delete from profiles where user_id = ${userId}`
      await tx`delete from addresses where user_id = ${userId}`
      await tx`delete from wishes where user_id = ${userId}`
      await tx`delete from purchases where user_id = ${userId}`
      await tx`delete from purchase_refunds where user_id = ${userId}`
      await tx`delete from charges where user_id = ${userId}`
      await engine.endAll(tx, userId)
    },
  )
}
