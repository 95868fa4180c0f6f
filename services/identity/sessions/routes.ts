import Type from 'typebox'
import { Email, Id, Instant } from '#contracts/shared'
import {
  anyone,
  anyoneAsThemselves,
  evenActing,
  isId,
  Problem,
  signedIn,
  signedInBeforeTerms,
  listRoutes,
  createdIn,
  type Reply,
  type Request,
  type Tx,
} from '#kernel'
import type { ActsFor } from '../accounts/accounts.ts'
import { findUser, lockUser } from '../accounts/store.ts'
import { type Identity } from '../identity.ts'
import { refuseUnmet } from '../organisations/access.ts'
import { findMember } from '../organisations/store.ts'
import { prefixOf } from './devices.ts'
import { type RefreshToken, standing } from './refresh-tokens.ts'
import { openSignIn } from './signing-in.ts'
import { AccessView, endSessions, SignedInView } from './sessions.ts'
import {
  actFor,
  findSession,
  holdMembership,
  listSessions,
  lockOwned,
  rotateSession,
  type Session,
  stampToken,
} from './store.ts'

const SessionView = Type.Object(
  {
    id: Id,
    device: Type.String({ examples: ['Firefox on Linux'] }),
    addressPrefix: Type.String({
      description: 'Where it was used last: /24 of IPv4, /64 of IPv6',
      examples: ['203.0.113.0/24'],
    }),
    createdAt: Instant,
    lastUsedAt: Instant,
    expiresAt: Instant,
    current: Type.Boolean({ description: 'Whether it is the one that asks' }),
  },
  { title: 'Session' },
)

// Many clients send no body at all where the cookie says everything.
const RefreshBody = Type.Union([
  Type.Object({
    refreshToken: Type.Optional(
      Type.String({ maxLength: 200, description: 'Instead of the cookie', examples: ['AZj2onwefUObYF8OPBorTQ…'] }),
    ),
  }),
  Type.Null(),
])

const LogoutBody = Type.Union([
  Type.Object({
    everywhere: Type.Optional(Type.Boolean({ description: 'End all sessions of the person' })),
    refreshToken: Type.Optional(Type.String({ maxLength: 200, description: 'Where the access token has expired' })),
  }),
  Type.Null(),
])

const refused = () =>
  new Problem('unauthenticated', 'refresh_token_invalid', { detail: 'The session has ended. Sign in again.' })

/** Signing in and out, refreshing, and the list of one's sessions. */
export function sessionRoutes(identity: Identity): void {
  const { host, tokens, sessions, counted } = identity
  const { db, http, site, now } = host
  const signIn = openSignIn(identity)

  http.post(
    '/login',
    {
      config: { access: anyone },
      schema: {
        summary: 'Sign in',
        description:
          'Where a second factor is needed, the refusal `factor_required` has a `pendingToken` for `/api/auth/factor`.',
        refuses: ['credentials_invalid', 'factor_required', 'too_many_requests', 'sign_in_busy'],
        body: Type.Object({
          email: Email,
          password: Type.String({ maxLength: 1000, examples: ['a-long-summer-of-trains'] }),
        }),
        response: { 200: SignedInView },
      },
    },
    async (request, reply) => {
      return await sessions.begun(reply, await signIn(request, request.body))
    },
  )

  http.post(
    '/refresh',
    {
      config: { access: anyone },
      schema: {
        summary: 'Spend the refresh token for new tokens',
        description:
          'For ten seconds the spent token answers the same successor again; after that it ends the session, because two hold it.',
        refuses: ['refresh_token_invalid', 'origin_not_allowed'],
        body: RefreshBody,
        response: { 200: SignedInView },
      },
    },
    counted('refresh', async (request, reply) => {
      const token = sessions.refreshTokenOf(request)
      const renewed = token && (await db.transaction(tx => renew(tx, token, prefixOf(request.ip), now())))
      if (!renewed) {
        sessions.clearCookies(reply)
        throw refused()
      }
      return await sessions.answer(
        reply,
        renewed.user,
        renewed.session,
        renewed.successor,
        renewed.organisation,
        renewed.issuedAt,
      )
    }),
  )

  /**
   * Undefined refuses, after the transaction: the end of a replayed session is kept. Locks go from person to session to
   * membership.
   */
  async function renew(tx: Tx<'identity'>, token: RefreshToken, addressPrefix: string, at: Date) {
    const { user, session } = await lockOwned(tx, token.sessionId)
    if (!user || !session || user.disabled) return undefined

    const is = standing(token, session, at)
    if (is === 'expired') return undefined
    if (is === 'replayed') {
      await endSessions(tx, user, { only: session.id }, 'replayed')
      return undefined
    }
    // Before the stamp: whoever is changing it is waited for, and revokes what was stamped until then.
    const organisation = await actingFor(tx, session)
    const successor = sessions.refreshTokens.successor(token)
    const expiresAt = new Date(Math.min(at.getTime() + host.settings.JWT_REFRESH_EXPIRY, session.endsAt.getTime()))
    const rotation = { refreshHash: successor.hash, now: at, expiresAt, addressPrefix }
    const issuedAt =
      is === 'current' ? await rotateSession(tx, session.id, rotation) : await stampToken(tx, session.id, at)
    return { user, session: { ...session, expiresAt }, successor, organisation, issuedAt: issuedAt! }
  }

  /** A person who left the organisation acts for themselves again. */
  async function actingFor(tx: Tx, { id, organisationId, userId }: Session): Promise<ActsFor | undefined> {
    return organisationId ? await holdMembership(tx, organisationId, userId, id) : undefined
  }

  http.post(
    '/logout',
    {
      config: { access: evenActing(anyoneAsThemselves) },
      schema: {
        summary: 'End this session, or all',
        description:
          'Its access tokens are refused from now on. Without a session there is nothing to end, which is fine.',
        body: LogoutBody,
        response: { 204: Type.Null() },
      },
    },
    counted('logout', async (request, reply) => {
      const token = request.visitor ? undefined : sessions.refreshTokenOf(request)
      await db.transaction(async tx => {
        const session = await findSession(
          tx,
          request.visitor?.sessionId ?? token?.sessionId ?? '00000000-0000-0000-0000-000000000000',
        )
        const user = session && (await findUser(tx, session.userId))
        // A spent token is no proof; only its holder's next refresh says what to make of it.
        if (!user || (token && standing(token, session, now()) !== 'current')) return
        // Who acts in the place of somebody leaves alone.
        const all = request.body?.everywhere && !session.actedBy
        await endSessions(tx, user, all ? {} : { only: session.id }, 'signed-out')
      })
      sessions.clearCookies(reply)
      return reply.code(204).send()
    }),
  )

  listRoutes(http, db, '/sessions', {
    config: { access: signedInBeforeTerms },
    schema: { summary: 'List own sessions, the latest first', of: 'sessions', filters: {}, item: SessionView },
    wanted: ({ actor: { userId, sessionId }, query }) => ({ userId, sessionId, created: createdIn(query) }),
    rows: ({ userId, created }, limit, after) =>
      listSessions(db, userId, now(), after?.[0] as string | undefined, limit - 1, created),
    order: [isId],
    keysOf: ({ id }) => [id],
    view: (session, { sessionId }) => ({
      id: session.id,
      device: session.device,
      addressPrefix: session.addressPrefix,
      createdAt: session.createdAt.toISOString(),
      lastUsedAt: session.usedAt.toISOString(),
      expiresAt: session.expiresAt.toISOString(),
      current: session.id === sessionId,
    }),
  })

  http.delete(
    '/sessions/:id',
    {
      config: { access: signedInBeforeTerms },
      schema: {
        summary: 'End one of the own sessions',
        refuses: ['session_unknown'],
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await db.transaction(async tx => {
        const ended = await endSessions(tx, { id: actor.userId, role: actor.role }, { only: params.id }, 'ended')
        if (ended.length === 0) throw new Problem('not_found', 'session_unknown')
      })
      return reply.code(204).send()
    },
  )

  const switched = async (request: Request, reply: Reply, organisationId: string | null) => {
    const { userId, sessionId } = request.actor
    const { user, session, acts, issuedAt } = await db.transaction(async tx => {
      const user = await lockUser(tx, userId, 'stay')
      const acts = organisationId ? await holdMembership(tx, organisationId, userId, sessionId) : undefined
      if (organisationId && !acts && (await findMember(tx, organisationId, userId)))
        await refuseUnmet(tx, organisationId, userId, sessionId)
      if (organisationId && !acts) throw new Problem('not_found', 'organisation_unknown')
      const issuedAt = await stampToken(tx, sessionId, now())
      const session = await findSession(tx, sessionId)
      if (!user || !issuedAt || !session)
        throw new Problem('unauthenticated', 'token_invalid', { detail: 'The session has ended. Sign in again.' })
      await actFor(tx, sessionId, organisationId)
      return { user, session, acts, issuedAt }
    })
    return await sessions.access(reply, user, session, acts, issuedAt)
  }

  http.post(
    '/organisations/:id/switch',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Act for an organisation',
        description:
          'The session stays and so does its refresh token; this and every later access token carries the organisation.',
        refuses: ['organisation_unknown', 'organisation_needs_factor', 'organisation_needs_provider'],
        params: Type.Object({ id: Id }),
        response: { 200: AccessView },
      },
    },
    (request, reply) => switched(request as Request, reply, request.params.id),
  )

  http.post(
    '/organisations/personal/switch',
    {
      config: { access: signedIn },
      schema: { summary: 'Act for oneself again', response: { 200: AccessView } },
    },
    (request, reply) => switched(request as Request, reply, null),
  )

  site.get(
    '/.well-known/jwks.json',
    {
      config: { access: anyone },
      schema: {
        summary: 'Keys that verify access tokens: next, current, previous',
        response: {
          200: Type.Object(
            {
              keys: Type.Array(
                Type.Object({
                  kty: Type.String(),
                  crv: Type.String(),
                  x: Type.String(),
                  kid: Type.String(),
                  alg: Type.String(),
                  use: Type.String(),
                }),
              ),
            },
            { title: 'SigningKeys' },
          ),
        },
      },
    },
    async (_request, reply) => {
      // A key is published a day before it signs, so a copy of five minutes is never too old.
      reply.header('cache-control', 'public, max-age=300')
      return { keys: await tokens.publicKeys() }
    },
  )
}
