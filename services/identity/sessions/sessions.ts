import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import { DeviceSeen, SessionsRevoked, UserLoggedIn, UserLoggedOut } from '#contracts/identity'
import { accessCookie, newId, refuseForgery, type Reply, type Tx, type Visitor, within } from '#kernel'
import { type ActsFor, userView, UserView } from '../accounts/accounts.ts'
import { findUser, type User } from '../accounts/store.ts'
import { cameIn } from '../history/history.ts'
import type { IdentityHost } from '../host.ts'
import type { Tokens } from '../keys/keys.ts'
import type { WaitingTerms } from '../terms/waiting.ts'
import { digest, newSecret } from '../secrets.ts'
import { deviceOf, prefixOf } from './devices.ts'
import { openRefreshTokens, standing, type RefreshToken } from './refresh-tokens.ts'
import {
  deleteActing,
  findSession,
  insertRevocations,
  insertSession,
  type Session,
  sessionsOf,
  takeSessions,
} from './store.ts'

const Access = {
  user: UserView,
  accessToken: Type.String({
    description: 'Goes into "Authorization: Bearer …"',
    examples: ['eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9…'],
  }),
  expiresIn: Type.Integer({ description: 'Seconds until the access token expires', examples: [600] }),
  setUpFactor: Type.Optional(
    Type.Boolean({
      description: 'The role needs a second factor: until there is one, nothing but setting it up is let in',
    }),
  ),
  termsOpen: Type.Optional(
    Type.Boolean({
      description: 'Terms wait for an answer (`GET /api/auth/agreements`): until then little else is let in',
    }),
  ),
}

export const AccessView = Type.Object(Access, { title: 'AccessGranted' })

export const SignedInView = Type.Object(
  {
    ...Access,
    refreshToken: Type.String({
      description: 'Goes to /api/auth/refresh, once',
      examples: ['AZj2onwefUObYF8OPBorTQ…'],
    }),
  },
  { title: 'SignedIn' },
)

/** Later than any token: a session that has ended has no good ones, whatever clock made them. */
export const forever = new Date('9999-12-31T23:59:59.999Z')

/** Refuses access tokens of these sessions made before `before`, everywhere and as soon as the transaction is there. */
export async function revoke(tx: Tx<'identity'>, userId: string, ids: string[], before: Date): Promise<void> {
  if (ids.length === 0) return
  await insertRevocations(tx, ids, before)
  await tx.publish(SessionsRevoked, { userId, sessionIds: ids, before: before.toISOString() })
}

/** Ends sessions of a person, the one named, all but that, or all; which have ended. */
export async function endSessions(
  tx: Tx<'identity'>,
  user: Pick<User, 'id' | 'role'>,
  which: { only?: string; except?: string },
  reason: 'signed-out' | 'ended' | 'replayed',
): Promise<string[]> {
  if (!which.only && !which.except) await endActing(tx, user.id)
  const { sessions: sessionIds, grants } = await takeSessions(tx, user.id, which)
  if (sessionIds.length > 0) await as(user, () => tx.publish(UserLoggedOut, { userId: user.id, sessionIds, reason }))
  await revoke(tx, user.id, [...sessionIds, ...grants], forever)
  return sessionIds
}

/** Ends what somebody does in the places of others: they are no admin any more, or were signed out. */
export async function endActing(tx: Tx<'identity'>, adminId: string): Promise<void> {
  for (const { id, userId } of await deleteActing(tx, adminId)) await revoke(tx, userId, [id], forever)
}

/**
 * Makes all access tokens of a person or a service account stale, so that the next refresh says what they may do now. Only after the change
 * is written. A token may be of a process whose clock is ahead of ours, or of ours before it was put back.
 */
export async function revokeTokens(tx: Tx<'identity'>, userId: string, now: Date): Promise<void> {
  const sessions = await sessionsOf(tx, userId)
  const before = Math.max(now.getTime(), ...sessions.map(({ usedAt }) => usedAt.getTime() + 1))
  const ids = sessions.map(({ id }) => id)
  await revoke(tx, userId, ids, new Date(before))
}

/** Lets `work` happen in the name of somebody who has just proven to be it. */
export const as = <T>(user: Pick<User, 'id' | 'role'>, work: () => T): T =>
  within({ actor: { userId: user.id, role: user.role } }, work)

/** When and how the owner of a session proved last to be it. */
type Proof = Pick<Session, 'id' | 'authenticatedAt' | 'methods'>

/** A session of somebody who has just proven to be it. */
export interface Begun {
  user: User
  session: Proof & Pick<Session, 'expiresAt'>
  refresh: RefreshToken
  issuedAt: Date
  /** By what the browser is known again. */
  browser?: string
}

/** How somebody proved to be it, and the provider by which they did. */
type How = Pick<Session, 'methods' | 'issuer'>
const byPassword: How = { methods: ['pwd'], issuer: null }

/** Begins sessions and hands out their tokens, as text and as cookies. */
export function openSessions(host: IdentityHost, tokens: Tokens, terms: WaitingTerms) {
  const { name: accessName, path, api, secure } = accessCookie(host.platform.publicUrl)
  const refreshTokens = openRefreshTokens(host.secret)
  const refreshCookie = secure ? '__Secure-ohmnibus-refresh' : 'ohmnibus-refresh'
  const origins = [new URL(host.platform.publicUrl).origin, ...host.platform.corsOrigins]
  const attributes = { httpOnly: true, secure, sameSite: 'lax' } as const
  const factorOf = (user: User) => factorFor(user, host.settings.REQUIRE_MFA)

  async function access(reply: Reply, user: User, proof: Proof, organisation: ActsFor | undefined, issuedAt: Date) {
    const expiresIn = Math.floor(tokens.lifeMs / 1000)
    const { claims, told } = await claimsFor(user, proof, factorOf(user), organisation, terms)
    const accessToken = await tokens.sign(claims, issuedAt)
    reply.setCookie(accessName, accessToken, { ...attributes, path, maxAge: expiresIn })
    return { user: userView(user, organisation), accessToken, expiresIn, ...told }
  }

  /** The answer of every way to sign in. */
  async function answer(
    reply: Reply,
    user: User,
    session: Proof & Pick<Session, 'expiresAt'>,
    refresh: RefreshToken,
    organisation: ActsFor | undefined,
    issuedAt: Date,
  ): Promise<Static<typeof SignedInView>> {
    const from = Math.min(issuedAt.getTime(), host.now().getTime())
    const maxAge = Math.floor((session.expiresAt.getTime() - from) / 1000)
    reply.setCookie(refreshCookie, refresh.text, { ...attributes, path: api, maxAge })
    return { ...(await access(reply, user, session, organisation, issuedAt)), refreshToken: refresh.text }
  }

  /** That of this browser, whichever page made it ask. */
  const tokenInCookie = (request: FastifyRequest): RefreshToken | undefined =>
    refreshTokens.read(request.cookies[refreshCookie] ?? '')

  return {
    refreshTokens,
    access,
    factorOf,
    /**
     * Undefined when the account changed since `user` was read. The session that a browser had ends; a program with a
     * jar may be several people, and keeps theirs.
     */
    async begin(tx: Tx<'identity'>, user: User, request: FastifyRequest, now: Date, how: How = byPassword) {
      const begun = await begin(host, refreshTokens, tx, user, request, now, how)
      if (begun && isBrowser(request)) await endFormer(tx, tokenInCookie(request), now)
      return begun
    },

    answer,
    /** The same for who has just proven to be somebody. */
    async begun(reply: Reply, { user, session, refresh, issuedAt, browser }: Begun) {
      const granted = await answer(reply, user, session, refresh, undefined, issuedAt)
      if (browser) reply.setCookie(browserCookie, browser, { ...attributes, path: api, maxAge: yearOfSeconds })
      return granted
    },

    clearCookies(reply: Reply): void {
      reply.clearCookie(accessName, { ...attributes, path })
      reply.clearCookie(refreshCookie, { ...attributes, path: api })
    },

    /**
     * The refresh token of a request: named in the body, or by cookie from a page of ours. Undefined when it has none
     * that we made.
     */
    refreshTokenOf(request: FastifyRequest): RefreshToken | undefined {
      const { refreshToken } = (request.body ?? {}) as { refreshToken?: string }
      if (refreshToken !== undefined) return refreshTokens.read(refreshToken)
      const cookie = request.cookies[refreshCookie]
      if (cookie === undefined) return undefined
      refuseForgery(request, origins)
      return refreshTokens.read(cookie)
    },

    tokenInCookie,
    /** Signing in by a page elsewhere would put its visitor into an account of somebody else. */
    refuseForgery: (request: FastifyRequest): void => refuseForgery(request, origins),

    ...ties({ ...attributes, path: api }),
  }
}

/** Whoever has none and needs one may only set it up. */
const factorFor = ({ role, secondFactor }: User, required: readonly string[]): Visitor['factor'] =>
  secondFactor ? 'set' : required.includes(role) ? 'missing' : undefined

/** What an access token lets its holder do: nothing where the factor is missing, whoever reads it. */
const rightsOf = ({ role }: User, factor: Visitor['factor'], organisation: ActsFor | undefined) =>
  factor === 'missing' ? { role: 'user' as const, factor } : { role, organisation, ...(factor && { factor }) }

/** What an access token says of its holder by now, and what they are told beside it. */
async function claimsFor(
  user: User,
  { id: sessionId, authenticatedAt, methods }: Proof,
  factor: Visitor['factor'],
  organisation: ActsFor | undefined,
  terms: WaitingTerms,
) {
  const isMissing = factor === 'missing'
  const termsOpen = !isMissing && (await terms.wait(user.id, authenticatedAt))
  const rights = { ...rightsOf(user, factor, organisation), ...(termsOpen && { terms: 'open' as const }) }
  const claims = { userId: user.id, sessionId, proof: { authenticatedAt, methods }, ...rights }
  return { claims, told: { ...(isMissing && { setUpFactor: true }), ...(termsOpen && { termsOpen }) } }
}

/** Ties what follows to the browser that began it: a registration, a new password, a sign-in that lacks the factor. */
const ties = (attributes: CookieSerializeOptions) => ({
  registration: tieBy('ohmnibus-registration', attributes),
  reset: tieBy('ohmnibus-reset', attributes),
  /** The same for who was sent to another provider. */
  visit: tieBy('ohmnibus-visit', attributes),
  pending: tieBy('ohmnibus-factor', attributes, /^[\w-]{43}$/),
})

const browserCookie = 'ohmnibus-browser'
const yearOfSeconds = 365 * 86_400
const browserIn = ({ cookies }: FastifyRequest): string | undefined =>
  /^[\w-]{43}$/.exec(cookies[browserCookie] ?? '')?.[0]

/** Pages say where a change comes from, programs do not. */
const isBrowser = ({ headers }: FastifyRequest): boolean =>
  headers['sec-fetch-site'] !== undefined || headers.origin !== undefined

/** Ends a session whose browser signs in anew: nobody could reach it any more. A spent token is no proof. */
async function endFormer(tx: Tx<'identity'>, token: RefreshToken | undefined, now: Date): Promise<void> {
  const session = token && (await findSession(tx, token.sessionId))
  const owner = session && (await findUser(tx, session.userId))
  if (!owner || !token || !['current', 'just spent'].includes(standing(token, session, now))) return
  await endSessions(tx, owner, { only: session.id }, 'ended')
}

/** A new session, never one the client brought. Undefined when the account changed since `user` was read. */
async function begin(
  host: IdentityHost,
  refreshTokens: ReturnType<typeof openRefreshTokens>,
  tx: Tx<'identity'>,
  user: User,
  request: FastifyRequest,
  now: Date,
  { methods, issuer }: How,
): Promise<{ session: Session; refresh: RefreshToken; browser?: string } | undefined> {
  const id = newId()
  const refresh = refreshTokens.first(id)
  const endsAt = new Date(now.getTime() + host.settings.SESSION_MAX_AGE)
  const session: Session = {
    id,
    userId: user.id,
    organisationId: null,
    refreshHash: refresh.hash,
    previousHash: null,
    rotatedAt: now,
    device: deviceOf(request.headers['user-agent']),
    addressPrefix: prefixOf(request.ip),
    createdAt: now,
    usedAt: now,
    expiresAt: new Date(Math.min(now.getTime() + host.settings.JWT_REFRESH_EXPIRY, endsAt.getTime())),
    endsAt,
    authenticatedAt: now,
    methods,
    actedBy: null,
    issuer,
  }
  if (!(await insertSession(tx, session, user))) return undefined
  const browser = isBrowser(request) ? (browserIn(request) ?? newSecret()) : undefined
  const who = { userId: user.id, methods, browser: browser === undefined ? null : digest(browser) }
  const isNew = await cameIn(tx, request, who, now)
  const { device, addressPrefix } = session
  await as(user, async () => {
    await tx.publish(UserLoggedIn, { userId: user.id, sessionId: id, device, addressPrefix })
    if (isNew) await tx.publish(DeviceSeen, { userId: user.id, sessionId: id, device, addressPrefix })
  })
  return { session, refresh, browser }
}

export type Sessions = ReturnType<typeof openSessions>

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A cookie that names what the browser began. */
const tieBy = (cookie: string, attributes: CookieSerializeOptions, form = uuid) => ({
  set: (reply: Reply, id: string, expires: Date): void => void reply.setCookie(cookie, id, { ...attributes, expires }),
  of: (request: FastifyRequest): string | undefined => form.exec(request.cookies[cookie] ?? '')?.[0],
  clear: (reply: Reply): void => void reply.clearCookie(cookie, attributes),
})
