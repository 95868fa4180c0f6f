import { AccountDeletionApproved } from '#contracts/admin'
import { AccountDeletionEnded } from '#contracts/identity'
import type { AdminHost } from '../host.ts'
import type { CarryOut } from './approvals.ts'
import { endApproval } from './store.ts'

/** Tells identity, which says what came of it. */
export const deleteAccount: CarryOut = async (tx, { id, object, askedBy, decidedBy }) => {
  await tx.publish(AccountDeletionApproved, { requestId: id, userId: object, askedBy, approvedBy: decidedBy! })
  return undefined
}

/** What identity made of deletions. */
export function followDeletions({ on }: AdminHost): void {
  on(
    AccountDeletionEnded,
    { id: 'deletion', purpose: 'know what became of an account that was to be deleted', from: 'beginning' },
    ({ requestId, refusal }, tx) => endApproval(tx, requestId, refusal ? 'failed' : 'done', { refusal }),
  )
}
