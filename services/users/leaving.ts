import { UserDeleted } from '#contracts/identity'
import type { UsersHost } from './host.ts'

/** Of who deletes their account nothing stays here but what the law wants of who sold them something. */
export function forgetWhoLeaves({ on }: UsersHost): void {
  on(
    UserDeleted,
    { id: 'forget', purpose: 'forget who left', from: 'beginning' },
    async ({ userId, timestamp }, tx) => {
      await tx`
        insert into leavers (user_id, left_at) values (${userId}, ${timestamp})
        on conflict (user_id) do update set left_at = excluded.left_at`
      await tx`delete from profiles where user_id = ${userId}`
      await tx`delete from addresses where user_id = ${userId}`
      await tx`delete from wishes where user_id = ${userId}`
      await tx`delete from charges where user_id = ${userId}`
    },
  )
}
