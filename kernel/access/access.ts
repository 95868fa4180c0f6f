import type { IncomingHttpHeaders } from 'node:http'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JWK } from 'jose'
import type { OrganisationRole, Owner, Role } from '../../contracts/shared.ts'
import { Problem } from '../problem.ts'

/** Who asks: a person in a session, acting for themselves or for one organisation. */
export interface Actor {
  readonly userId: string
  readonly role: Role
  readonly sessionId: string
  readonly organisation?: { readonly id: string; readonly role: OrganisationRole }
}

/** Who asks in a request. */
export interface Visitor extends Actor {
  /** When the token ends that proved it, in milliseconds since 1970. */
  readonly expiresAt: number
}

/** Who may use a route. Every route has one; there is no default. */
export interface AccessRule {
  /** For programs that read the API document; of the roles any is enough. */
  readonly admits: 'public' | 'signed in' | readonly Role[]
  /** As it stands in the API document. */
  readonly name: string
  /** Undefined lets them in. */
  refuse(actor: Actor | undefined): Problem | undefined
}

const unauthenticated = () =>
  new Problem('unauthenticated', 'token_missing', {
    detail: 'Sign in and send the access token as "Authorization: Bearer …" or as cookie.',
  })

/** Nobody is asked who they are; a valid token is still read. */
export const anyone: AccessRule = { admits: 'public', name: 'public', refuse: () => undefined }

/** Who asks is found out by the process that a request is passed on to. */
export const judgedElsewhere: AccessRule = { admits: 'public', name: 'public', refuse: () => undefined }

export const signedIn: AccessRule = {
  admits: 'signed in',
  name: 'signed in',
  refuse: actor => (actor ? undefined : unauthenticated()),
}

/** Any of the roles; an admin may all. */
export const withRole = (...roles: Role[]): AccessRule => {
  const admits = [...new Set<Role>([...roles, 'admin'])]
  return {
    admits,
    name: admits.join(' or '),
    refuse: actor => {
      if (!actor) return unauthenticated()
      if (admits.includes(actor.role)) return undefined
      return new Problem('forbidden', 'role_insufficient', { detail: `This needs the role ${roles.join(' or ')}.` })
    },
  }
}

/**
 * What decides about a thing: whose it is, and who else was let in. The one rule for passports, documents and all that
 * is owned.
 */
export interface Owned {
  readonly owner: Owner
  readonly readers?: readonly Owner[]
}

/**
 * Ids under which the actor owns and is let in: the person, and the organisation they act for. For `owner_id = any(…)`.
 */
export const partiesOf = (actor: Actor): string[] =>
  actor.organisation ? [actor.userId, actor.organisation.id] : [actor.userId]

/** Reads: the owner's members, whom it was shared with, admins. */
export const mayRead = (actor: Actor, { owner, readers = [] }: Owned): boolean =>
  actor.role === 'admin' || [owner, ...readers].some(party => partiesOf(actor).includes(party.id))

/** Writes: the owner's editors (or stronger), admins. */
export const mayWrite = (actor: Actor, { owner }: Owned): boolean =>
  actor.role === 'admin' ||
  owner.id === actor.userId ||
  (owner.id === actor.organisation?.id && actor.organisation.role !== 'viewer')

/**
 * Refuses what the actor may not do: what they cannot read does not exist for them (404), what they may only read is
 * forbidden (403).
 */
export function authorise(actor: Actor, to: 'read' | 'write', thing: Owned | undefined, unknown: string): void {
  if (!thing || !mayRead(actor, thing)) throw new Problem('not_found', unknown)
  if (to === 'write' && !mayWrite(actor, thing))
    throw new Problem('forbidden', 'editor_required', {
      detail: 'You may read this, but only editors of its owner may change it.',
    })
}

/** To whom new things of the actor belong. Fails with `editor_required` for a viewer of an organisation. */
export function ownerFor(actor: Actor): Owner {
  if (!actor.organisation) return { kind: 'person', id: actor.userId }
  const owner: Owner = { kind: 'organisation', id: actor.organisation.id }
  if (!mayWrite(actor, { owner }))
    throw new Problem('forbidden', 'editor_required', { detail: 'Viewers of an organisation cannot add to it.' })
  return owner
}

/**
 * A change by cookie must come from one of these origins, or a page elsewhere could make it. Fails with
 * `origin_not_allowed` (403).
 */
export function refuseForgery({ headers }: { headers: IncomingHttpHeaders }, origins: readonly string[]): void {
  const { 'sec-fetch-site': site, origin } = headers
  if (site === 'same-origin' || site === 'none' || (origin && origins.includes(origin))) return
  throw new Problem('forbidden', 'origin_not_allowed', {
    detail: 'A change by cookie must come from this site or from an origin in CORS_ORIGINS.',
  })
}

/** Reads access tokens on its own, with keys it asked for once. */
export interface Access {
  /**
   * The actor of a token, at once for one seen before. Fails with `token_invalid` (also for expired and ended
   * sessions), telling no more.
   */
  verify(token: string): Visitor | Promise<Visitor>
  /** Refuses tokens of these sessions issued before `before` from now on. */
  revoke(sessionIds: readonly string[], before: Date): void
}

export const accessAudience = 'ohmnibus'
const algorithms = ['EdDSA', 'ES256']
const lifeOfRevocations = 24 * 3_600_000

interface Keys {
  readonly ids: ReadonlySet<string | undefined>
  readonly find: ReturnType<typeof createLocalJWKSet>
}

interface Verified {
  readonly actor: Visitor
  readonly issuedAt: number
}

export function openAccess(options: { keys: () => Promise<JWK[]>; now: () => Date }): Access {
  let keys: Keys | undefined
  let loading: Promise<Keys> | undefined
  let loadedAt = 0
  // A signature is checked once a token; life and revocation at each use.
  const verified = new Map<string, Verified>()
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

  async function check(token: string) {
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
      const actor: Visitor = {
        userId: payload.sub!,
        role: payload.role as Role,
        sessionId: payload.sid as string,
        expiresAt: payload.exp! * 1000,
        ...(organisation && { organisation }),
      }
      return { actor, issuedAt: payload.iat! * 1000 }
    } catch {
      throw invalid()
    }
  }

  const current = (token: string, { actor, issuedAt }: Verified): Visitor => {
    const ended = revoked.get(actor.sessionId)
    if (actor.expiresAt > options.now().getTime() && !(ended && issuedAt < ended.before)) return actor
    verified.delete(token)
    throw invalid()
  }

  return {
    verify(token) {
      const known = verified.get(token)
      if (known) return current(token, known)
      return check(token).then(entry => {
        verified.set(token, entry)
        if (verified.size > 20_000) verified.delete(verified.keys().next().value!)
        return current(token, entry)
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
    },
  }
}
