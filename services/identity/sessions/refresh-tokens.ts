import { createHmac, randomBytes } from 'node:crypto'
import { digest, same } from '../secrets.ts'

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
      if (whole.toString('base64url') !== text) return undefined
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
