import type { IncomingHttpHeaders } from 'node:http'
import { permissionFor, scopeFor, type OrganisationRole, type Role } from '../../contracts/shared.ts'
import { Problem } from '../problem.ts'

/** Who asks: a person in a session, acting for themselves or for one organisation. */
export interface Actor {
  readonly userId: string
  readonly role: Role
  readonly sessionId: string
  /** With `permissions` it is a role that the organisation has defined, which lets them do no more. */
  readonly organisation?: {
    readonly id: string
    readonly role: OrganisationRole
    readonly permissions?: string[]
  }
  /** The admin who acts in their place (RFC 8693, 4.1). */
  readonly actedBy?: string
}

/** Who asks in a request. */
export interface Visitor extends Actor {
  /** When the token that proved it was made and when it ends, in milliseconds since 1970. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** What a program was let do; people may all that they may. */
  readonly scopes?: readonly string[]
  /** When they proved last to be it. */
  readonly authenticatedAt: number
  /** Whether they have a second factor; `missing` where their role needs one, so that they may only set it up. */
  readonly factor?: 'set' | 'missing'
  /** Terms that held when they signed in wait for their answer. */
  readonly terms?: 'open'
}

/** Who may use a route. Every route has one; there is no default. */
export interface AccessRule {
  /** For programs that read the API document; of the roles any is enough. */
  readonly admits: 'public' | 'signed in' | readonly Role[]
  /** As it stands in the API document. */
  readonly name: string
  /** How long ago they may have proved to be it, at the most, in seconds. */
  readonly maxAge?: number
  /** Whether an admin who acts in the place of somebody may too. */
  readonly evenActing?: boolean
  /** Undefined lets them in. */
  refuse(visitor: Visitor | undefined, now: Date): Problem | undefined
}

/**
 * Nobody is asked who they are. A valid token is still read, but a change is nobody's by cookie: a jar sends it with
 * everything, signing in again included.
 */
export const anyone: AccessRule = { admits: 'public', name: 'public', refuse: () => undefined }

/**
 * As `anyone`, but who is signed in acts as themselves, by cookie too; a bearer token that is not valid is refused to who
 * reads.
 */
export const anyoneAsThemselves: AccessRule = { ...anyone }

/** Who asks is found out by the process that a request is passed on to. */
export const judgedElsewhere: AccessRule = { admits: 'public', name: 'public', refuse: () => undefined }

/** Whoever is signed in, also who still has to set up the second factor that their role needs. */
export const signedInSomehow: AccessRule = {
  admits: 'signed in',
  name: 'signed in',
  refuse: visitor => {
    const detail = 'Sign in and send the access token as "Authorization: Bearer …" or as cookie.'
    return visitor ? undefined : new Problem('unauthenticated', 'token_missing', { detail })
  },
}

/** The rule, and nobody of whom `lacks` says that something is missing. */
const unless = (rule: AccessRule, lacks: (visitor: Visitor) => boolean, code: string, detail: string): AccessRule => ({
  ...rule,
  refuse: (visitor, now) =>
    rule.refuse(visitor, now) ?? (lacks(visitor!) ? new Problem('forbidden', code, { detail }) : undefined),
})

/** Also who has not answered new terms yet: these keep nobody from their data, nor from leaving. */
export const signedInBeforeTerms = unless(
  signedInSomehow,
  ({ factor }) => factor === 'missing',
  'second_factor_missing',
  'Your role needs a second factor. Set one up at /api/auth/security, or by /api/auth/mfa/totp.',
)

export const signedIn = unless(
  signedInBeforeTerms,
  ({ terms }) => terms === 'open',
  'terms_open',
  'Terms wait for your answer. Give it at /api/auth/agree, or by POST /api/auth/agreements.',
)

/** Any of the roles; an admin may all. */
export const withRole = (...roles: Role[]): AccessRule => {
  const admits = [...new Set<Role>([...roles, 'admin'])]
  const detail = `This needs the role ${roles.join(' or ')}.`
  const rule = unless(signedIn, ({ role }) => !admits.includes(role), 'role_insufficient', detail)
  return { ...rule, admits, name: admits.join(' or ') }
}

/** Beside the rule: whoever has a second factor gave it within these minutes; `everybody` else proved to be it. */
export const fresh = (rule: AccessRule, within: `${number} minutes`, everybody = false): AccessRule => {
  const maxAge = Number.parseInt(within, 10) * 60
  return {
    ...rule,
    name: `${rule.name}, proven within ${within}`,
    maxAge,
    refuse: (visitor, now) => {
      const refusal = rule.refuse(visitor, now)
      const due = visitor && (everybody || visitor.factor === 'set')
      if (refusal || !due || now.getTime() - visitor.authenticatedAt <= maxAge * 1000) return refusal
      return new Problem('unauthenticated', 'fresh_sign_in_required', {
        detail: `Prove again that it is you (POST /api/auth/step-up, or /api/auth/confirm), at most ${within} before.`,
        maxAge,
      })
    },
  }
}

export const evenActing = (rule: AccessRule): AccessRule => ({ ...rule, evenActing: true })

/**
 * Why an admin who acts in the place of somebody may not do this: neither what is theirs alone, as their account, nor
 * what asks for a proof that they are there.
 */
export function refuseActing({ actedBy }: Visitor, rule: AccessRule, service: string | undefined, changes: boolean) {
  const isTheirs = (service === 'identity' && changes) || rule.maxAge !== undefined
  if (actedBy === undefined || !isTheirs || rule.evenActing) return undefined
  return new Problem('forbidden', 'acting_for_another', { detail: 'Only the person themselves may do this.' })
}

/**
 * A change by cookie must come from one of these origins, or a page elsewhere could make it. What names neither origin
 * nor site comes from no page: browsers say `Origin` with every change. Fails with `origin_not_allowed` (403).
 */
export function refuseForgery({ headers }: { headers: IncomingHttpHeaders }, origins: readonly string[]): void {
  const { 'sec-fetch-site': site, origin } = headers
  if (site === undefined && origin === undefined) return
  if (site === 'same-origin' || site === 'none' || (origin && origins.includes(origin))) return
  throw new Problem('forbidden', 'origin_not_allowed', {
    detail: 'A change by cookie must come from this site or from an origin in CORS_ORIGINS.',
  })
}

/** Reads access tokens on its own, with keys it asked for once. */
export interface Access {
  readonly now: () => Date
  /**
   * The actor of a token, at once for one seen before. Fails with `token_invalid` (also for expired and ended
   * sessions), telling no more.
   */
  verify(token: string): Visitor | Promise<Visitor>
  /** Refuses tokens of these sessions issued before `before` from now on. */
  revoke(sessionIds: readonly string[], before: Date): void
  /** Hears of each `revoke`, for what goes on after its request was let in. */
  onRevoked(listener: (sessionIds: readonly string[], before: Date) => void): void
}

/**
 * Why a program may not do this by its scopes, nor a member by the role that their organisation has defined, whatever
 * they may else; undefined for what they were let do. `service` is that of the route.
 */
export function refuseBeyond(visitor: Visitor, service = 'operations', method: string): Problem | undefined {
  const needed = scopeFor(service, method)
  const { scopes, role, organisation } = visitor
  if (scopes && !(needed && scopes.includes(needed))) {
    const detail = needed ? `The key or token needs the scope ${needed}.` : 'Only people who are signed in may do this.'
    return new Problem('forbidden', 'scope_insufficient', { detail, ...(needed && { scope: needed }) })
  }
  const permission = role !== 'admin' && organisation?.permissions && permissionFor(service, method)
  if (!permission || organisation!.permissions!.includes(permission)) return undefined
  const detail = `Your role in the organisation you act for does not have the permission ${permission}.`
  return new Problem('forbidden', 'permission_missing', { detail, permission })
}

/** The token of a header, whatever the case of its scheme (RFC 9110, 11.1). */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]

/** What access tokens are made for. */
export const accessAudience = 'ohmnibus'
