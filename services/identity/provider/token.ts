import Type from 'typebox'
import { anyone } from '#kernel'
import type { Identity } from '../identity.ts'
import type { Exchange } from '../machines/exchange.ts'
import { openKeyGrant, scopesIn } from '../machines/token.ts'
import { openClientCheck } from './endpoints.ts'
import type { Granted, Granting, NotGranted } from './granting.ts'
import { forOauth, refused } from './refusing.ts'

const TokenView = Type.Object(
  {
    access_token: Type.String({ examples: ['eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9…'] }),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'Seconds', examples: [600] }),
    scope: Type.String({ examples: ['passports:read passports:write'] }),
    refresh_token: Type.Optional(Type.String({ description: 'For clients that people let in; good once' })),
    id_token: Type.Optional(Type.String({ description: 'With the scope `openid`' })),
  },
  { title: 'TokenGranted' },
)

const TokenForm = Type.Object({
  grant_type: Type.Enum(['client_credentials', 'authorization_code', 'refresh_token'], {
    examples: ['client_credentials'],
  }),
  client_id: Type.Optional(Type.String({ description: 'The id of the key, or of the client', maxLength: 100 })),
  client_secret: Type.Optional(
    Type.String({
      description: 'The key, or the secret of the client; or both by HTTP Basic',
      maxLength: 200,
      examples: ['ohm_live_Zt4qB0c2mP9v…'],
    }),
  ),
  scope: Type.Optional(
    Type.String({ description: 'Fewer than there could be', maxLength: 1000, examples: ['passports:read'] }),
  ),
  code: Type.Optional(Type.String({ description: 'For authorization_code', maxLength: 100 })),
  redirect_uri: Type.Optional(Type.String({ description: 'For authorization_code, as before', maxLength: 520 })),
  code_verifier: Type.Optional(Type.String({ description: 'For authorization_code (PKCE)', maxLength: 128 })),
  refresh_token: Type.Optional(Type.String({ description: 'For refresh_token', maxLength: 200 })),
})

/** Access tokens in the standard way: for programs by their key, for clients that people let in (RFC 6749). */
export function tokenRoute(identity: Identity, exchange: Exchange, granting: Granting): void {
  const byKey = openKeyGrant(identity, exchange)
  const clientOf = openClientCheck(identity)
  const text = (value: unknown, most: number): string =>
    typeof value === 'string' && value.length <= most ? value : ''

  const view = (granted: Granted | NotGranted) => {
    if ('error' in granted) throw refused(granted.error, granted.why)
    return {
      access_token: granted.accessToken,
      token_type: 'Bearer' as const,
      expires_in: granted.expiresIn,
      scope: granted.scopes.join(' '),
      refresh_token: granted.refreshToken,
      ...(granted.idToken && { id_token: granted.idToken }),
    }
  }

  forOauth(identity.host.http, http => {
    http.post(
      '/token',
      {
        config: { access: anyone },
        schema: {
          summary: 'An access token for a program or a client (OAuth 2.0)',
          description:
            'For libraries that speak OAuth. A program is its key (`client_credentials`): its id, and the key as secret; the ' +
            'key itself goes into “Authorization: Bearer …” as well. A client that somebody let in spends its code, and ' +
            'its refresh token once; a code or a refresh token that comes twice ends what was given for it.',
          refuses: ['client_invalid', 'grant_invalid', 'too_many_requests'],
          consumes: ['application/x-www-form-urlencoded'],
          form: TokenForm,
          response: { 200: TokenView },
        },
      },
      async request => {
        const body = (request.body ?? {}) as Record<string, unknown>
        if (Object.values(body).some(Array.isArray)) throw refused('invalid_request', 'A field comes twice.')
        if (body.grant_type === 'client_credentials') return await byKey(request, body)
        if (body.grant_type === 'authorization_code')
          return view(
            await granting.spendCode(await clientOf(request, body), {
              code: text(body.code, 100),
              redirectUri: text(body.redirect_uri, 520),
              verifier: text(body.code_verifier, 128),
            }),
          )
        if (body.grant_type === 'refresh_token')
          return view(
            await granting.refresh(await clientOf(request, body), text(body.refresh_token, 200), scopesIn(body)),
          )
        throw refused(
          'unsupported_grant_type',
          'There are tokens for client_credentials, authorization_code and refresh_token.',
        )
      },
    )
  })
}
