import Type from 'typebox'
import { anyone, digestOfKey, forForms, isKey, Problem } from '#kernel'
import type { FastifyRequest } from 'fastify'
import type { Identity } from '../identity.ts'
import { placeOf } from '../sessions/devices.ts'
import type { Exchange } from './exchange.ts'

const TokenView = Type.Object(
  {
    access_token: Type.String({ examples: ['eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9…'] }),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'Seconds', examples: [600] }),
    scope: Type.String({ examples: ['passports:read passports:write'] }),
  },
  { title: 'TokenGranted' },
)

const TokenForm = Type.Object({
  grant_type: Type.Literal('client_credentials'),
  client_id: Type.Optional(Type.String({ description: 'The id of the key', maxLength: 100 })),
  client_secret: Type.Optional(
    Type.String({
      description: 'The key; or both by HTTP Basic',
      maxLength: 200,
      examples: ['ohm_live_Zt4qB0c2mP9v…'],
    }),
  ),
  scope: Type.Optional(
    Type.String({ description: 'Fewer than the key has', maxLength: 1000, examples: ['passports:read'] }),
  ),
})

/** What RFC 6749, 5.2, wants said of a refusal, beside what we say of it. */
const refused = (error: string, detail: string): Problem =>
  error === 'invalid_client'
    ? new Problem('unauthenticated', 'client_invalid', { detail, error, error_description: detail })
    : new Problem('invalid', 'grant_invalid', { detail, error, error_description: detail })

/** Id and secret of a program: by HTTP Basic, each in the spelling of a form (RFC 6749, 2.3.1), or in the body. */
export function credentialsOf(request: FastifyRequest, body: Record<string, unknown>): { id: string; secret: string } {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const basic = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (!basic) return { id: text(body.client_id), secret: text(body.client_secret) }
  const [id = '', secret = ''] =
    [...new URLSearchParams(Buffer.from(basic, 'base64').toString().replace(':', '=')).entries()][0] ?? []
  return { id, secret }
}

/** Access tokens for programs in the standard way (RFC 6749, 4.4). */
export function tokenRoute({ host, tokens, limits }: Identity, exchange: Exchange): void {
  forForms(host.http, http => {
    http.post(
      '/token',
      {
        config: { access: anyone },
        schema: {
          summary: 'An access token for a program (OAuth 2.0 client credentials)',
          description:
            'For libraries that speak OAuth; the key itself goes into “Authorization: Bearer …” as well. ' +
            'The client is the key: its id, and the key as secret.',
          refuses: ['client_invalid', 'grant_invalid', 'too_many_requests'],
          consumes: ['application/x-www-form-urlencoded'],
          form: TokenForm,
          response: { 200: TokenView },
        },
      },
      async request => {
        const body = (request.body ?? {}) as Record<string, unknown>
        if (body.grant_type !== 'client_credentials')
          throw refused('unsupported_grant_type', 'There are tokens for client_credentials.')
        const { id, secret } = credentialsOf(request, body)
        if (!isKey(secret)) throw refused('invalid_client', 'The secret is no key.')
        await limits.token.take(placeOf(request.ip))
        const wanted = typeof body.scope === 'string' && body.scope !== '' ? body.scope.split(' ') : undefined
        const granted = await exchange(Buffer.from(digestOfKey(secret), 'hex'), wanted).catch(error => {
          if (error instanceof Problem && error.kind !== 'unavailable')
            throw refused('invalid_client', 'The key is not good (any more).')
          throw error
        })
        if (granted.keyId !== id.toLowerCase()) throw refused('invalid_client', 'The key is of another client.')
        if (wanted?.some(scope => !granted.scopes.includes(scope)))
          throw refused('invalid_scope', 'The key has fewer scopes than are asked for.')
        const lifeMs = Math.min(tokens.lifeMs, granted.until.getTime() - host.now().getTime())
        return {
          access_token: granted.accessToken,
          token_type: 'Bearer' as const,
          expires_in: Math.floor(lifeMs / 1000),
          scope: granted.scopes.join(' '),
        }
      },
    )
  })
}
