import { createHmac, randomBytes } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey, type JWK } from 'jose'
import { accessAudience, StartError, type Tx } from '#kernel'
import type { OrganisationRole, Role } from '#contracts/shared'
import type { IdentityHost } from './service.ts'
import { digest, same, seal, unseal } from './secrets.ts'
import { changeKey, deleteKeys, findKeys, insertKey, lockKeys, type SigningKey } from './store.ts'

const day = 86_400_000
/** How long a key signs, and how long everybody may read it before it does. */
const lifeOfKey = 30 * day
const noticeOfKey = day

/** What an access token says. */
export interface Claims {
  userId: string
  sessionId: string
  role: Role
  organisation?: { id: string; role: OrganisationRole }
}

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
    async sign({ userId, sessionId, role, organisation }: Claims, issuedAt: Date): Promise<string> {
      const { kid, key } = await signingKey()
      // Milliseconds stay, so that a token made right after a revocation, in the same second, is good.
      const iat = issuedAt.getTime() / 1000
      return await new SignJWT({
        sid: sessionId,
        role,
        ...(organisation && { org: organisation }),
        iat,
        // A stamp may be ahead of the clock; the token does not live longer for it.
        exp: Math.ceil((Math.min(issuedAt.getTime(), host.now().getTime()) + lifeMs) / 1000),
      })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
        .setSubject(userId)
        .setAudience(accessAudience)
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

/** A refresh token as we know it again. */
export interface RefreshToken {
  sessionId: string
  /** What clients hold. */
  text: string
  /** What the database holds. */
  hash: Buffer
}

/** How long a client that lost the answer may ask for the same successor again. */
export const graceOfRefresh = 10_000

/**
 * Refresh tokens: the session (16 bytes), 256 secret bits, and a tag that only we can make. The tag tells a spent token
 * of ours from an invention without keeping every spent one; the successor follows from the token, so that two askers
 * get the same without its being stored.
 */
export function openRefreshTokens(secret: (purpose: string) => Buffer) {
  const tagKey = secret('refresh token tags')
  const successorKey = secret('refresh token successors')

  const make = (session: Buffer, bits: Buffer): RefreshToken => {
    const body = Buffer.concat([session, bits])
    const whole = Buffer.concat([body, tagOf(body)])
    const hex = session.toString('hex')
    return {
      sessionId: [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-'),
      text: whole.toString('base64url'),
      hash: digest(whole),
    }
  }
  const tagOf = (body: Buffer) => createHmac('sha256', tagKey).update(body).digest().subarray(0, 16)

  return {
    first: (sessionId: string): RefreshToken =>
      make(Buffer.from(sessionId.replaceAll('-', ''), 'hex'), randomBytes(32)),
    successor(token: RefreshToken): RefreshToken {
      const body = Buffer.from(token.text, 'base64url').subarray(0, 48)
      return make(body.subarray(0, 16), createHmac('sha256', successorKey).update(body).digest())
    },
    /** Undefined for what we never made. */
    read(text: string): RefreshToken | undefined {
      const whole = Buffer.from(text, 'base64url')
      if (whole.length !== 64 || !same(tagOf(whole.subarray(0, 48)), whole.subarray(48))) return undefined
      return make(whole.subarray(0, 16), whole.subarray(16, 48))
    },
  }
}

/** What a token of ours is to its session: the current one, the one just spent, expired with it, or spent before. */
export function standing(
  token: RefreshToken,
  session: { refreshHash: Buffer; previousHash: Buffer | null; rotatedAt: Date; expiresAt: Date },
  now: Date,
): 'current' | 'just spent' | 'expired' | 'replayed' {
  if (session.expiresAt <= now) return 'expired'
  if (same(token.hash, session.refreshHash)) return 'current'
  if (
    session.previousHash &&
    same(token.hash, session.previousHash) &&
    now.getTime() - session.rotatedAt.getTime() <= graceOfRefresh
  )
    return 'just spent'
  return 'replayed'
}
