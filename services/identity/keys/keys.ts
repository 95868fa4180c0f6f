import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { Role } from '#contracts/shared'
import { accessAudience, StartError, type Tx, type Visitor } from '#kernel'
import type { ActsFor } from '../accounts/accounts.ts'
import type { IdentityHost } from '../host.ts'
import { seal, unseal } from '../secrets.ts'
import { changeKey, deleteKeys, findKeys, insertKey, lockKeys, type SigningKey } from './store.ts'

const day = 86_400_000

/** How long a key signs, and how long everybody may read it before it does. */
const lifeOfKey = 30 * day

const noticeOfKey = day

const forever = new Date(8.64e15)

/** What an access token says. */
export interface Claims {
  userId: string
  sessionId: string
  role: Role
  organisation?: ActsFor
  /** Of a program; people may all that they may. */
  scopes?: readonly string[]
  /** The client that a person let in; programs are named by their key. */
  clientId?: string
  /** The token ends then at the latest. */
  until?: Date
  /** When and how (RFC 8176) somebody proved last to be it; programs have their key alone. */
  proof?: { authenticatedAt: Date; methods: readonly string[] }
  factor?: Visitor['factor']
  terms?: Visitor['terms']
  /** The admin who acts in their place, all the time until `until`. */
  actedBy?: string
}

/** What an ID token says beside who somebody is (OpenID Connect Core, 2). */
export interface IdTokenAbout {
  audience: string
  sessionId: string
  nonce: string | null
  /** The one it comes with. */
  accessToken: string
  proof: NonNullable<Claims['proof']>
}

/** RFC 9068 (2.2.1): how somebody proved to be it, and how far that is to be trusted. */
const proofOf = ({ authenticatedAt, methods }: NonNullable<Claims['proof']>) => ({
  auth_time: authenticatedAt.getTime() / 1000,
  amr: methods,
  acr: methods.includes('mfa') ? 'aal2' : 'aal1',
})

/** Of the access token, the left half of the hash that EdDSA uses with Ed25519 (OpenID Connect Core, 3.1.3.6). */
const atHash = (accessToken: string): string =>
  createHash('sha512').update(accessToken).digest().subarray(0, 32).toString('base64url')

/** Signs access tokens (RFC 9068) and keeps their keys. */
export async function openTokens(host: IdentityHost) {
  const sealKey = host.secret('signing keys at rest')
  const lifeMs = host.settings.JWT_ACCESS_EXPIRY ?? host.settings.JWT_EXPIRES_IN
  let current: { kid: string; key: CryptoKey; until: number } | undefined

  const rotate = () => host.db.transaction(tx => rotateKeys(tx, sealKey, host.now(), lifeMs))

  /**
   * Another process may have rotated: the row is read again once a minute, in which the key that just went is still
   * published.
   */
  async function signingKey(): Promise<NonNullable<typeof current>> {
    const now = host.now().getTime()
    if (current && now < current.until) return current
    const stored = (await findKeys(host.db)).find(({ state }) => state === 'current')!
    const key = (await importJWK(JSON.parse(unseal(sealKey, stored.kid, stored.sealed)), 'EdDSA')) as CryptoKey
    return (current = { kid: stored.kid, key, until: now + 60_000 })
  }

  await rotate()
  await signingKey().catch(() => {
    throw new StartError(
      'The keys that sign access tokens were sealed with another OHMNIBUS_SECRET. Start with that one.',
    )
  })

  return {
    /** Life of an access token in milliseconds. */
    lifeMs,
    /** `issuedAt` is when the claims began to be read: what was revoked later must be later than it. */
    async sign(claims: Claims, issuedAt: Date) {
      const { userId, sessionId, role, organisation, scopes, clientId = sessionId, until, proof, actedBy } = claims
      const { factor, terms } = claims
      const { kid, key } = await signingKey()
      // Milliseconds stay, so that a token made right after a revocation, in the same second, is good.
      const iat = issuedAt.getTime() / 1000
      return await new SignJWT({
        sid: sessionId,
        role,
        ...(organisation && { org: organisation }),
        ...(scopes && { scope: scopes.join(' '), client_id: clientId }),
        ...(proof && proofOf(proof)),
        ...(factor && { factor }),
        ...(terms && { terms }),
        ...(actedBy && { act: { sub: actedBy } }),
        iat,
        // A stamp may be ahead of the clock; the token does not live longer for it.
        exp: Math.min(
          actedBy ? Infinity : Math.ceil((Math.min(issuedAt.getTime(), host.now().getTime()) + lifeMs) / 1000),
          Math.ceil((until ?? forever).getTime() / 1000),
        ),
      })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
        .setSubject(userId)
        .setAudience(accessAudience)
        .setIssuer(host.platform.publicUrl)
        .sign(key)
    },
    /** Says to one client who somebody is; it opens nothing here. `auth_time` in whole seconds, as clients read it. */
    async signIdToken(claims: { sub: string }, about: IdTokenAbout, issuedAt: Date): Promise<string> {
      const { kid, key } = await signingKey()
      const { audience, sessionId, nonce, accessToken, proof } = about
      const at = Math.floor(Math.min(issuedAt.getTime(), host.now().getTime()) / 1000)
      return await new SignJWT({
        ...claims,
        ...(nonce !== null && { nonce }),
        ...proofOf(proof),
        auth_time: Math.floor(proof.authenticatedAt.getTime() / 1000),
        at_hash: atHash(accessToken),
        sid: sessionId,
        iat: at,
        exp: at + Math.ceil(lifeMs / 1000),
      })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid })
        .setAudience(audience)
        .setIssuer(host.platform.publicUrl)
        .sign(key)
    },
    publicKeys: async (): Promise<JWK[]> => (await findKeys(host.db)).map(({ publicKey }) => publicKey),
    async rotate(): Promise<void> {
      await rotate()
      current = undefined
    },
  }
}

export type Tokens = Awaited<ReturnType<typeof openTokens>>

/**
 * Makes the first keys, lets the next one sign when the current one is old, and removes one whose tokens are long gone.
 */
export async function rotateKeys(tx: Tx, sealKey: Buffer, now: Date, lifeMs: number): Promise<void> {
  await lockKeys(tx)
  const before = (by: number) => new Date(now.getTime() - by)
  await deleteKeys(tx, before(lifeMs + day))
  const keys = await findKeys(tx)
  const current = keys.find(({ state }) => state === 'current')
  const next = keys.find(({ state }) => state === 'next')
  if (!current) await insertKey(tx, await makeKey(sealKey, 'current', now))
  if (!next) return await insertKey(tx, await makeKey(sealKey, 'next', now))
  if (!current || current.changedAt > before(lifeOfKey) || next.changedAt > before(noticeOfKey)) return
  await changeKey(tx, current.kid, 'previous', now)
  await changeKey(tx, next.kid, 'current', now)
  await insertKey(tx, await makeKey(sealKey, 'next', now))
}

async function makeKey(sealKey: Buffer, state: SigningKey['state'], now: Date): Promise<SigningKey> {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const publicKey = await exportJWK(pair.publicKey)
  const kid = await calculateJwkThumbprint(publicKey)
  return {
    kid,
    state,
    publicKey: { ...publicKey, kid, alg: 'EdDSA', use: 'sig' },
    sealed: seal(sealKey, kid, JSON.stringify(await exportJWK(pair.privateKey))),
    createdAt: now,
    changedAt: now,
  }
}
