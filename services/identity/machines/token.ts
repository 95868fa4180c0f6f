import { digestOfKey, isKey, placeOf, Problem } from '#kernel'
import type { FastifyRequest } from 'fastify'
import type { Identity } from '../identity.ts'
import { refused } from '../provider/refusing.ts'
import type { Exchange } from './exchange.ts'

/** Id and secret of a program: by HTTP Basic, each in the spelling of a form (RFC 6749, 2.3.1), or in the body. */
export function credentialsOf(request: FastifyRequest, body: Record<string, unknown>): { id: string; secret: string } {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const basic = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (!basic) return { id: text(body.client_id), secret: text(body.client_secret) }
  const [id = '', secret = ''] =
    [...new URLSearchParams(Buffer.from(basic, 'base64').toString().replace(':', '=')).entries()][0] ?? []
  return { id, secret }
}

/** A token for a program by its key (RFC 6749, 4.4). */
export const openKeyGrant =
  ({ host, tokens, limits }: Identity, exchange: Exchange) =>
  async (request: FastifyRequest, body: Record<string, unknown>) => {
    const { id, secret } = credentialsOf(request, body)
    if (!isKey(secret)) throw refused('invalid_client', 'The secret is no key.')
    await limits.token.take(placeOf(request.ip))
    const wanted = scopesIn(body)
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
  }

/** What a client asks for; undefined for all that it may have. */
export const scopesIn = ({ scope }: Record<string, unknown>): string[] | undefined =>
  typeof scope === 'string' && scope !== '' ? scope.split(' ') : undefined
