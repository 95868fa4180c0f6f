import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JWK } from 'jose'
import type { Role } from '../../contracts/shared.ts'
import { Problem } from '../problem.ts'
import { accessAudience, type Access, type Actor, type Visitor } from './access.ts'

const algorithms = ['EdDSA', 'ES256']
const lifeOfRevocations = 24 * 3_600_000

interface Keys {
  readonly ids: ReadonlySet<string | undefined>
  readonly find: ReturnType<typeof createLocalJWKSet>
}

export function openAccess(options: { keys: () => Promise<JWK[]>; now: () => Date }): Access {
  let keys: Keys | undefined
  let loading: Promise<Keys> | undefined
  let loadedAt = 0
  // A signature is checked once a token; life and revocation at each use.
  const verified = new Map<string, Visitor>()
  const listeners: Parameters<Access['onRevoked']>[0][] = []
  const revoked = new Map<string, { before: number; forget: number }>()
  const invalid = () =>
    new Problem('unauthenticated', 'token_invalid', {
      detail: 'The access token is not valid (any more). Refresh it or sign in.',
    })

  // Those we have serve on while we ask, and when nobody answers.
  const load = (): Promise<Keys> =>
    (loading ??= options
      .keys()
      .then(found => {
        loadedAt = options.now().getTime()
        return (keys = { ids: new Set(found.map(({ kid }) => kid)), find: createLocalJWKSet({ keys: found }) })
      })
      .finally(() => (loading = undefined)))

  async function check(token: string): Promise<Visitor> {
    let kid: string | undefined
    try {
      kid = decodeProtectedHeader(token).kid
    } catch {
      throw invalid()
    }
    // A key we do not know may be a new one; strangers cannot make us ask more than once in five seconds.
    const { find } =
      keys && (keys.ids.has(kid) || Math.abs(options.now().getTime() - loadedAt) <= 5_000) ? keys : await load()
    try {
      const { payload } = await jwtVerify(token, find, {
        algorithms,
        audience: accessAudience,
        typ: 'at+jwt',
        currentDate: options.now(),
        requiredClaims: ['exp', 'iat', 'sub', 'sid'],
      })
      const organisation = payload.org as Actor['organisation']
      return {
        userId: payload.sub!,
        role: payload.role as Role,
        sessionId: payload.sid as string,
        issuedAt: payload.iat! * 1000,
        expiresAt: payload.exp! * 1000,
        ...(organisation && { organisation }),
      }
    } catch {
      throw invalid()
    }
  }

  const current = (token: string, visitor: Visitor): Visitor => {
    const ended = revoked.get(visitor.sessionId)
    if (visitor.expiresAt > options.now().getTime() && !(ended && visitor.issuedAt < ended.before)) return visitor
    verified.delete(token)
    throw invalid()
  }

  return {
    verify(token) {
      const known = verified.get(token)
      if (known) return current(token, known)
      return check(token).then(visitor => {
        verified.set(token, visitor)
        if (verified.size > 20_000) verified.delete(verified.keys().next().value!)
        return current(token, visitor)
      })
    },
    revoke(sessionIds, before) {
      const now = options.now().getTime()
      for (const id of sessionIds)
        revoked.set(id, {
          before: Math.max(before.getTime(), revoked.get(id)?.before ?? 0),
          forget: now + lifeOfRevocations,
        })
      for (const [id, { forget }] of revoked) {
        if (forget > now) break
        revoked.delete(id)
      }
      for (const listener of listeners) listener(sessionIds, before)
    },
    onRevoked: listener => void listeners.push(listener),
  }
}
