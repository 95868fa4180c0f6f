import { ApiKeyCreated } from '#contracts/identity'
import { newId, Problem, type Tx } from '#kernel'
import { type ApiKey, apiKeyView, keyOf, secretOfKey } from './machines.ts'
import { countApiKeys, insertApiKey, type KeysOf } from './store.ts'

const mostKeys = 50

/** Makes a key; a refusal where there are too many. Under a lock of who owns it. */
export async function addKey(
  tx: Tx<'identity'>,
  owner: Pick<ApiKey, 'userId' | 'serviceAccountId' | 'organisationId' | 'issuer'>,
  { name, scopes, expiresInDays = 365 }: { name: string; scopes: string[]; expiresInDays?: number },
  now: Date,
) {
  const of: KeysOf = owner.userId ? { userId: owner.userId } : { serviceAccountId: owner.serviceAccountId! }
  if ((await countApiKeys(tx, of)) >= mostKeys)
    throw new Problem('conflict', 'too_many_keys', { detail: `There are ${mostKeys} keys already. Revoke one first.` })
  const { key, ...kept } = secretOfKey()
  const made = keyOf({ id: newId(), ...owner, name: name.trim(), scopes, ...kept }, expiresInDays, now)
  await insertApiKey(tx, made)
  await tx.publish(ApiKeyCreated, {
    keyId: made.id,
    ownerId: (owner.userId ?? owner.serviceAccountId)!,
    ownerKind: owner.userId ? 'person' : 'service-account',
    organisationId: owner.organisationId,
    name: made.name,
    scopes,
    expiresAt: made.expiresAt.toISOString(),
  })
  return { ...apiKeyView(made), key }
}
