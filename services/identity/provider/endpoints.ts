import type { FastifyRequest } from 'fastify'
import { createLocalJWKSet, jwtVerify, type JWTPayload } from 'jose'
import Type from 'typebox'
import { accessAudience, anyone, bearerOf, forForms, isId, placeOf, Problem } from '#kernel'
import { findUser } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { credentialsOf } from '../machines/token.ts'
import { revoke } from '../sessions/sessions.ts'
import { type Client, provenBy } from './clients.ts'
import { endGrants } from './ending.ts'
import { claimsOf, type Granting } from './granting.ts'
import { forOauth, refused } from './refusing.ts'
import { findClient, type Grant, isLive, lockGrant } from './store.ts'

/** The client that asks, by its secret; a public one by its id alone. Fails with `client_invalid`. */
export function openClientCheck({ host, limits }: Identity) {
  return async (request: FastifyRequest, body: Record<string, unknown>): Promise<Client> => {
    const { id, secret } = credentialsOf(request, body)
    await limits.token.take(placeOf(request.ip))
    const client = isId(id) ? await findClient(host.db, id) : undefined
    if (!client || !provenBy(client, secret))
      throw refused('invalid_client', 'The id or the secret of the client is not good.')
    return client
  }
}

/** Reads access tokens as they stand by now: what has ended since is in the database. */
function openReading({ host, tokens }: Identity) {
  return async (token: string): Promise<(JWTPayload & { sub: string; sid: string }) | undefined> => {
    const keys = createLocalJWKSet({ keys: await tokens.publicKeys() })
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['EdDSA'],
      typ: 'at+jwt',
      audience: accessAudience,
      issuer: host.platform.publicUrl,
      currentDate: host.now(),
      requiredClaims: ['sub', 'sid', 'iat', 'exp'],
    }).catch(() => ({ payload: undefined }))
    if (!payload || typeof payload.sid !== 'string' || !isId(payload.sid)) return undefined
    const live = await isLive(host.db, payload.sid, new Date(payload.iat! * 1000))
    return live ? (payload as never) : undefined
  }
}

const TokenForm = Type.Object({
  token: Type.String({
    maxLength: 4000,
    description: 'An access or a refresh token',
    examples: ['eyJhbGciOiJFZERTQSIs…'],
  }),
  token_type_hint: Type.Optional(Type.String({ maxLength: 40 })),
  client_id: Type.Optional(Type.String({ maxLength: 100 })),
  client_secret: Type.Optional(Type.String({ maxLength: 200, description: 'Or both by HTTP Basic' })),
})

const Introspection = Type.Object(
  {
    active: Type.Boolean(),
    scope: Type.Optional(Type.String({ examples: ['openid passports:read'] })),
    client_id: Type.Optional(Type.String()),
    sub: Type.Optional(Type.String()),
    sid: Type.Optional(Type.String()),
    aud: Type.Optional(Type.String()),
    iss: Type.Optional(Type.String()),
    iat: Type.Optional(Type.Integer()),
    exp: Type.Optional(Type.Integer()),
    token_type: Type.Optional(Type.String({ examples: ['Bearer'] })),
  },
  { title: 'Introspection' },
)

const UserInfo = Type.Object(
  {
    sub: Type.String(),
    name: Type.Optional(Type.String({ examples: ['Ada Lovelace'] })),
    given_name: Type.Optional(Type.String({ examples: ['Ada'] })),
    family_name: Type.Optional(Type.String({ examples: ['Lovelace'] })),
    locale: Type.Optional(Type.String({ examples: ['en'] })),
    email: Type.Optional(Type.String({ examples: ['ada@example.com'] })),
    email_verified: Type.Optional(Type.Boolean()),
  },
  { title: 'UserInfo' },
)

/** What a token stands for, its end, and who somebody is (RFC 7662, RFC 7009, OpenID Connect Core 5.3). */
export function endpoints(identity: Identity, granting: Granting): void {
  const { host } = identity
  const { db, http } = host
  const clientOf = openClientCheck(identity)
  const read = openReading(identity)
  const form = { consumes: ['application/x-www-form-urlencoded'], form: TokenForm }
  const tokenIn = (body: Record<string, unknown>): string => {
    if (typeof body.token === 'string' && body.token.length <= 4000) return body.token
    throw refused('invalid_request', 'Send the token.')
  }

  /** A client learns of its own tokens; those that are part of the platform of any. */
  const sees = (client: Client, clientId: unknown): boolean => client.firstParty || clientId === client.id

  const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)
  const aboutRefresh = ({ scopes, clientId, userId, id, createdAt, expiresAt }: Grant) => ({
    active: true,
    scope: scopes.join(' '),
    client_id: clientId,
    sub: userId,
    sid: id,
    iss: host.platform.publicUrl,
    iat: seconds(createdAt),
    exp: seconds(expiresAt),
  })

  forOauth(http, oauth => {
    oauth.post(
      '/introspect',
      {
        config: { access: anyone },
        schema: {
          summary: 'What a token stands for by now (RFC 7662)',
          description:
            'For confidential clients, of their own tokens; `active` is false for all that is not good, or not theirs.',
          refuses: ['client_invalid', 'grant_invalid', 'too_many_requests'],
          ...form,
          response: { 200: Introspection },
        },
      },
      async request => {
        const body = (request.body ?? {}) as Record<string, unknown>
        const client = await clientOf(request, body)
        if (!client.secretHash) throw refused('invalid_client', 'Clients without a secret are told nothing.')
        const token = tokenIn(body)
        const grant = await granting.grantOf(token)
        if (grant) return sees(client, grant.clientId) ? aboutRefresh(grant) : { active: false }
        const claims = await read(token)
        if (!claims || !sees(client, claims.client_id)) return { active: false }
        const { scope, client_id, sub, sid, iat, exp } = claims as Record<string, string | number | undefined>
        return {
          active: true,
          scope: scope as string | undefined,
          client_id: client_id as string | undefined,
          sub: sub as string,
          sid: sid as string,
          aud: claims.aud as string,
          iss: claims.iss,
          iat: Math.floor(iat as number),
          exp: Math.floor(exp as number),
          token_type: 'Bearer',
        }
      },
    )

    oauth.post(
      '/revoke',
      {
        config: { access: anyone },
        schema: {
          summary: 'End a token (RFC 7009)',
          description:
            'A refresh token with all that was given for it; an access token with those before it. ' +
            'What is not good any more, or not of the client, is answered the same.',
          refuses: ['client_invalid', 'grant_invalid', 'too_many_requests'],
          ...form,
          response: { 200: Type.Object({}, { title: 'Revoked' }) },
        },
      },
      async request => {
        const body = (request.body ?? {}) as Record<string, unknown>
        const client = await clientOf(request, body)
        const token = tokenIn(body)
        const grant = await granting.grantOf(token)
        if (grant?.clientId === client.id) await db.transaction(tx => endGrants(tx, { id: grant.id }))
        const claims = grant ? undefined : await read(token)
        if (claims?.client_id === client.id)
          await db.transaction(async tx => {
            const held = await lockGrant(tx, claims.sid)
            if (held) await revoke(tx, held.userId, [held.id], new Date(held.usedAt.getTime() + 1))
          })
        return {}
      },
    )
  })

  const userInfo = async (request: FastifyRequest) => {
    const claims = await read(bearerOf(request.headers.authorization) ?? '')
    const user = claims && (await findUser(db, claims.sub))
    const scopes = typeof claims?.scope === 'string' ? claims.scope.split(' ') : []
    if (!user || user.disabled)
      throw new Problem('unauthenticated', 'token_invalid', { detail: 'The access token is not good (any more).' })
    if (!scopes.includes('openid'))
      throw new Problem('forbidden', 'scope_insufficient', {
        detail: 'The token needs the scope openid.',
        scope: 'openid',
      })
    return claimsOf(user, scopes)
  }
  const about = {
    summary: 'Who let the client in (OpenID Connect)',
    description: 'By an access token with the scope `openid`; with `profile` and `email` it says more.',
    refuses: ['token_invalid', 'scope_insufficient'],
    response: { 200: UserInfo },
  }
  http.get('/userinfo', { config: { access: anyone }, schema: about }, userInfo)
  forForms(http, forms =>
    forms.post('/userinfo', { config: { access: anyone }, schema: { ...about, hide: true } }, userInfo),
  )
}
