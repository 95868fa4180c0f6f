import { UserDeleted } from '#contracts/identity'
import type { OrdersHost } from './host.ts'

/**
 * Who deletes their account has no name and no address at their orders any more. What was booked and invoiced stays, as
 * the law wants it.
 */
export function forgetWhoLeaves(host: OrdersHost): void {
  host.on(
    UserDeleted,
    { id: 'forget', purpose: 'forget where things were sent to of somebody who left', from: 'beginning' },
    async ({ userId }, tx) => {
      await tx`
        update orders set
          billing = json_build_object('name', '–', 'address', '–', 'country', billing->>'country'),
          shipping = json_build_object('name', '–', 'address', '–', 'country', shipping->>'country')
        where user_id = ${userId} and status in ('completed', 'cancelled', 'refunded')`
      await tx`
        update returns set note = null, photos = '{}' where user_id = ${userId} and state not in ('requested', 'approved')`
    },
  )
}
