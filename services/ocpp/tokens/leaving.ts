import { UserDeleted } from '#contracts/identity'
import type { OcppHost } from '../host.ts'

/**
 * Whoever deletes their account charges with nothing any more: their own tokens go, a card that an operator gave them is
 * blocked and nobody's. Transactions keep what was shown at the charger, as what they cost is proven by it.
 */
export function forgetWhoLeaves({ on }: OcppHost): void {
  on(
    UserDeleted,
    { id: 'forget', purpose: 'forget what who left charged with, and how they called it', from: 'beginning' },
    async ({ userId }, tx) => {
      await tx`delete from tokens where owner_id = ${userId} and owner_kind = 'person'`
      await tx`
        update tokens set user_id = null, label = null, status = 'blocked', version = version + 1
        where user_id = ${userId}`
      await tx`update chargers set name = null where owner_id = ${userId} and owner_kind = 'person'`
      await tx`delete from imports where user_id = ${userId} and ended_at is not null`
    },
  )
}
