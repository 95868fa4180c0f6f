import { UserDeleted } from '#contracts/identity'
import type { BillingHost } from './host.ts'

/**
 * Who deletes their account is billed by no name of theirs any more, and is in no group. What was booked and invoiced
 * stays, as the law wants it, of a pseudonym.
 */
export function forgetWhoLeaves(host: BillingHost): void {
  host.on(
    UserDeleted,
    { id: 'forget', purpose: 'forget as whom somebody was billed who left', from: 'beginning' },
    async ({ userId }, tx) => {
      await tx`update invoicing set party = null, version = version + 1 where driver_id = ${userId}`
      await tx`delete from driver_group_members where driver_id = ${userId}`
    },
  )
}
