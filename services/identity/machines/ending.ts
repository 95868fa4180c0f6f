import { ApiKeyRevoked, ServiceAccountChanged } from '#contracts/identity'
import type { Tx } from '#kernel'
import { forever, revoke, revokeTokens } from '../sessions/sessions.ts'
import type { ServiceAccount } from './machines.ts'
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

/** As events tell of a service account; `role` is null for one that is gone. */
export const told = ({ id, organisationId, name, role, custom }: ServiceAccount, isGone = false) => ({
  serviceAccountId: id,
  organisationId,
  name,
  role: isGone ? null : role,
  ...(custom && !isGone && { roleId: custom.id, permissions: custom.permissions }),
})

/** It may something else from now on: the tokens that its keys were given end, and the next say what it may. */
export async function tellChanged(tx: Tx<'identity'>, account: ServiceAccount, now: Date): Promise<void> {
  await tx.publish(ServiceAccountChanged, told(account))
  await revokeTokens(tx, account.id, now)
}
