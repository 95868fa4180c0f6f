import { ApiKeyRevoked } from '#contracts/identity'
import type { Tx } from '#kernel'
import { forever, revoke } from '../sessions/sessions.ts'
import { deleteApiKeys } from './store.ts'

/** Ends keys: their tokens are refused from now on, everywhere. */
export async function endApiKeys(
  tx: Tx<'identity'>,
  which: Parameters<typeof deleteApiKeys>[1],
  reason: 'revoked' | 'password-reset' | 'owner-gone',
): Promise<void> {
  for (const { id, ownerId } of await deleteApiKeys(tx, which)) {
    await revoke(tx, ownerId, [id], forever)
    await tx.publish(ApiKeyRevoked, { keyId: id, ownerId, reason })
  }
}
