import { exchangeKey } from '#contracts/identity'
import { fail, type Tx } from '#kernel'
import type { ActsFor } from '../accounts/accounts.ts'
import { lockUser } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { scopesWithin } from '../organisations/roles.ts'
import { holdMembership } from '../sessions/store.ts'
import { goodUntil, type ApiKey } from './machines.ts'
import { findKeyByHash, holdServiceAccount, lockApiKey, stampKey } from './store.ts'

const refused = (): never =>
  fail('unauthenticated', 'token_invalid', {
    detail: 'The key is not good (any more): it was revoked, has expired, or its owner may not use it.',
  })

/** Gives access tokens for keys; all that a token says is read at that moment, and what changes it makes the token stale. */
export function openExchange({ host, tokens }: Pick<Identity, 'host' | 'tokens'>) {
  const exchanged = host.metrics.counter('ohmnibus_identity_key_exchanges_total', 'Keys exchanged for access tokens', [
    'outcome',
  ])

  /** Whom the key acts as by now. */
  async function owner(tx: Tx, key: ApiKey) {
    if (key.serviceAccountId) {
      const account = await holdServiceAccount(tx, undefined, key.serviceAccountId, 'stay')
      const { id, organisationId, role, custom } = account
      const organisation: ActsFor = { id: organisationId, role, ...(custom && { permissions: custom.permissions }) }
      return { userId: id, role: 'user', organisation } as const
    }
    const user = await lockUser(tx, key.userId!, 'stay')
    if (!user || user.disabled) return refused()
    // Whoever has to set up a second factor first may do nothing else, nor may their programs.
    if (!user.secondFactor && host.settings.REQUIRE_MFA.includes(user.role)) return refused()
    if (!key.organisationId) return { userId: user.id, role: user.role }
    const organisation: ActsFor = (await holdMembership(tx, key.organisationId, user.id, key.id)) ?? refused()
    return { userId: user.id, role: user.role, organisation }
  }

  /**
   * A token for who holds the key of this digest, with its scopes or the `wanted` of them; the answer names those that
   * the role of its owner lets use. Locks go from the owner to the key. Fails with `token_invalid`.
   */
  async function exchange(hash: Buffer, wanted?: readonly string[]) {
    const at = host.now()
    try {
      const claims = await host.db.transaction(async tx => {
        const found = (await findKeyByHash(tx, hash)) ?? refused()
        const claims = await owner(tx, found)
        const key = (await lockApiKey(tx, found.id)) ?? refused()
        const until = goodUntil(key, hash, at) ?? refused()
        const issuedAt = (await stampKey(tx, key.id, at)) ?? refused()
        const scopes = wanted ? key.scopes.filter(scope => wanted.includes(scope)) : key.scopes
        return { ...claims, sessionId: key.id, scopes, until, issuedAt }
      })
      const accessToken = await tokens.sign(claims, claims.issuedAt)
      exchanged.inc({ outcome: 'granted' })
      const { sessionId: keyId, role, organisation, until } = claims
      const scopes = scopesWithin(claims.scopes, role === 'admin' ? undefined : organisation?.permissions)
      return { accessToken, keyId, scopes, until }
    } catch (error) {
      exchanged.inc({ outcome: 'refused' })
      throw error
    }
  }

  host.answer(exchangeKey, async ({ digest }) => {
    const { accessToken } = await exchange(Buffer.from(digest, 'hex'))
    return { accessToken }
  })

  return exchange
}

export type Exchange = ReturnType<typeof openExchange>
