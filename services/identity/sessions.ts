import { isIPv4, isIPv6 } from 'node:net'
import Type, { type Static } from 'typebox'
import { accessCookie, cursorOf, isId, newId, refuseForgery, within, type Reply, type Tx } from '#kernel'
import type { FastifyRequest } from 'fastify'
import { SessionsRevoked, UserLoggedIn } from '#contracts/identity'
import { Email, Id, Instant, Locale, OrganisationRole, Role } from '#contracts/shared'
import type { IdentityHost } from './service.ts'
import { insertRevocations, insertSession, sessionsOf, type Session, type User } from './store.ts'
import { openRefreshTokens, type RefreshToken, type Tokens } from './tokens.ts'

/** What the person acts for, if not for themselves. */
export interface ActsFor {
  id: string
  role: OrganisationRole
}

export const UserView = Type.Object(
  {
    id: Id,
    email: Email,
    name: Type.String({ examples: ['Ada Lovelace'] }),
    firstName: Type.String({ examples: ['Ada'] }),
    lastName: Type.String({ examples: ['Lovelace'] }),
    role: Role,
    locale: Locale,
    createdAt: Instant,
    organisation: Type.Optional(
      Type.Object({ id: Id, role: OrganisationRole }, { description: 'The organisation the session acts for' }),
    ),
  },
  { title: 'User' },
)

const Access = {
  user: UserView,
  accessToken: Type.String({
    description: 'Goes into "Authorization: Bearer …"',
    examples: ['eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9…'],
  }),
  expiresIn: Type.Integer({ description: 'Seconds until the access token expires', examples: [600] }),
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

export const nameOf = ({ firstName, lastName }: Pick<User, 'firstName' | 'lastName'>): string =>
  `${firstName} ${lastName}`.trim()

export const userView = (user: User, organisation?: ActsFor): Static<typeof UserView> => ({
  id: user.id,
  email: user.email,
  name: nameOf(user),
  firstName: user.firstName,
  lastName: user.lastName,
  role: user.role,
  locale: user.locale,
  createdAt: user.createdAt.toISOString(),
  ...(organisation && { organisation }),
})

const NamePart = (example: string) =>
  Type.String({ pattern: '^[^\\p{Cc}]*[^\\p{Cc}\\s][^\\p{Cc}]*$', maxLength: 100, examples: [example] })
export const Names = {
  name: Type.Optional(NamePart('Ada Lovelace')),
  firstName: Type.Optional(NamePart('Ada')),
  lastName: Type.Optional(NamePart('Lovelace')),
}

/**
 * First and last name out of what a body says, `former` where it says nothing; undefined when that is nothing at all.
 */
export function namesOf(
  body: { name?: string; firstName?: string; lastName?: string },
  former?: Pick<User, 'firstName' | 'lastName'>,
): { firstName: string; lastName: string } | undefined {
  const tidy = (text: string) => text.trim().replace(/\s+/g, ' ')
  if (body.firstName !== undefined || body.lastName !== undefined)
    return {
      firstName: tidy(body.firstName ?? former?.firstName ?? ''),
      lastName: tidy(body.lastName ?? former?.lastName ?? ''),
    }
  if (body.name === undefined) return undefined
  const [firstName = '', ...rest] = tidy(body.name).split(' ')
  return { firstName, lastName: rest.join(' ') }
}

/** An account as events tell of it. */
export const accountOf = (user: User) => ({
  userId: user.id,
  email: user.email,
  firstName: user.firstName,
  name: nameOf(user),
  locale: user.locale,
  version: user.version,
})

/** Addresses are kept and compared in one spelling. */
export const normalise = (email: string): string => email.trim().normalize('NFC').toLowerCase()

/** The id after which a page of things sorted by id begins. */
export const idAfter = (after: string | undefined): string | undefined =>
  cursorOf(after, isId)?.[0] as string | undefined

/** Later than any token: a session that has ended has no good ones, whatever clock made them. */
export const forever = new Date('9999-12-31T23:59:59.999Z')

/** Refuses access tokens of these sessions made before `before`, everywhere and as soon as the transaction is there. */
export async function revoke(tx: Tx<'identity'>, userId: string, ids: string[], before: Date): Promise<void> {
  if (ids.length === 0) return
  await insertRevocations(tx, ids, before)
  await tx.publish(SessionsRevoked, { userId, sessionIds: ids, before: before.toISOString() })
}

/**
 * Makes all access tokens of a person stale, so that the next refresh says what they may do now. Only after the change
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

/** Begins sessions and hands out their tokens, as text and as cookies. */
export function openSessions(host: IdentityHost, tokens: Tokens) {
  const secure = host.platform.publicUrl.startsWith('https:')
  const refreshTokens = openRefreshTokens(host.secret)
  const refreshCookie = secure ? '__Secure-ohmnibus-refresh' : 'ohmnibus-refresh'
  const origins = [new URL(host.platform.publicUrl).origin, ...host.platform.corsOrigins]
  const attributes = { httpOnly: true, secure, sameSite: 'lax' } as const

  function setAccessCookie(reply: Reply, accessToken: string): void {
    reply.setCookie(accessCookie(secure), accessToken, {
      ...attributes,
      path: '/',
      maxAge: Math.floor(tokens.lifeMs / 1000),
    })
  }

  async function access(
    reply: Reply,
    user: User,
    session: Pick<Session, 'id'>,
    organisation: ActsFor | undefined,
    issuedAt: Date,
  ) {
    const accessToken = await tokens.sign(
      { userId: user.id, sessionId: session.id, role: user.role, organisation },
      issuedAt,
    )
    setAccessCookie(reply, accessToken)
    return { user: userView(user, organisation), accessToken, expiresIn: Math.floor(tokens.lifeMs / 1000) }
  }

  return {
    refreshTokens,
    access,

    /** A new session, never one the client brought. Undefined when the account changed since `user` was read. */
    async begin(
      tx: Tx<'identity'>,
      user: User,
      request: FastifyRequest,
      now: Date,
    ): Promise<{ session: Session; refresh: RefreshToken } | undefined> {
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
      }
      if (!(await insertSession(tx, session, user))) return undefined
      await as(user, () =>
        tx.publish(UserLoggedIn, {
          userId: user.id,
          sessionId: id,
          device: session.device,
          addressPrefix: session.addressPrefix,
        }),
      )
      return { session, refresh }
    },

    /** The answer of every way to sign in. */
    async answer(
      reply: Reply,
      user: User,
      session: Pick<Session, 'id' | 'expiresAt'>,
      refresh: RefreshToken,
      organisation: ActsFor | undefined,
      issuedAt: Date,
    ): Promise<Static<typeof SignedInView>> {
      reply.setCookie(refreshCookie, refresh.text, {
        ...attributes,
        path: '/api',
        maxAge: Math.floor((session.expiresAt.getTime() - Math.min(issuedAt.getTime(), host.now().getTime())) / 1000),
      })
      return { ...(await access(reply, user, session, organisation, issuedAt)), refreshToken: refresh.text }
    },

    clearCookies(reply: Reply): void {
      reply.clearCookie(accessCookie(secure), { ...attributes, path: '/' })
      reply.clearCookie(refreshCookie, { ...attributes, path: '/api' })
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

    /** Ties what follows to the browser that began a registration. */
    setRegistrationCookie(reply: Reply, registrationId: string, expiresAt: Date): void {
      reply.setCookie(registrationCookie, registrationId, { ...attributes, path: '/api', expires: expiresAt })
    },
    registrationOf: (request: FastifyRequest): string | undefined =>
      uuid.exec(request.cookies[registrationCookie] ?? '')?.[0],
  }
}

export type Sessions = ReturnType<typeof openSessions>

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const registrationCookie = 'ohmnibus-registration'

const browsers: [RegExp, string][] = [
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/(Firefox|FxiOS)\//, 'Firefox'],
  [/(Chrome|CriOS)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/^curl\//, 'curl'],
  [/^(okhttp|Dart|CFNetwork)/, 'App'],
]
const systems: [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Macintosh|Mac OS X/, 'Mac'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
]

/** A device in words its owner knows it by: `Firefox on Linux`. */
export function deviceOf(userAgent: string | undefined): string {
  const find = (among: [RegExp, string][]) => among.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1]
  return [find(browsers), find(systems)].filter(Boolean).join(' on ') || 'Unknown device'
}

/** The network an address is part of: /24 of IPv4, /64 of IPv6. Enough to know a place again, not who was there. */
export function prefixOf(ip: string): string {
  const v4 = ip.replace(/^::ffff:(?=\d+\.)/i, '')
  if (isIPv4(v4)) return `${v4.replace(/\.\d+$/, '.0')}/24`
  if (!isIPv6(ip)) return 'unknown'
  return `${groupsOf(ip)
    .slice(0, 4)
    .map(group => group.toString(16))
    .join(':')}::/64`
}

/** By what limits know a place: an IPv4 address; the /64 of an IPv6 one, because one person has them all. */
export const placeOf = (ip: string): string =>
  isIPv4(ip.replace(/^::ffff:/i, '')) ? ip.replace(/^::ffff:/i, '') : prefixOf(ip)

function groupsOf(ip: string): number[] {
  const [head = '', tail] = ip.split('%')[0]!.split('::')
  const read = (part: string | undefined) => (part ? part.split(':').map(group => parseInt(group, 16)) : [])
  const [front, back] = [read(head), read(tail)]
  return [...front, ...Array<number>(Math.max(0, 8 - front.length - back.length)).fill(0), ...back]
}
