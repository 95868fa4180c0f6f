import { type Client, leadsBackTo } from './clients.ts'
import type { Visit } from './store.ts'

/** What a client asks for, as RFC 6749 (4.1.1), RFC 7636 and OpenID Connect Core (3.1.2.1) have it. */
export type Asked = Pick<Visit, 'redirectUri' | 'scopes' | 'state' | 'nonce' | 'challenge' | 'prompt' | 'maxAgeS'>

/** Nobody is led back to where the client did not say that it is; they are told here. */
export type Unled = { readonly told: 'repeated' | 'client' | 'redirect' }
/** The client hears of it (RFC 6749, 4.1.2.1). */
export type Refused = { readonly refused: string; readonly why: string } & Pick<Asked, 'redirectUri' | 'state'>

const known = [
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
  'request',
  'request_uri',
  'registration',
] as const

const plain = /^[ -~]*$/

/** Reads what a client asks for; `clientOf` finds who it says to be. */
export async function readRequest(
  query: URLSearchParams,
  clientOf: (id: string) => Promise<Client | undefined>,
): Promise<Unled | Refused | { client: Client; asked: Asked }> {
  const given = Object.fromEntries(known.map(name => [name, query.get(name) ?? undefined])) as Partial<
    Record<(typeof known)[number], string>
  >
  // What is read differently by two who look at it is no request at all.
  if (known.some(name => query.getAll(name).length > 1)) return { told: 'repeated' }
  const client = await clientOf(given.client_id ?? '')
  if (!client) return { told: 'client' }
  const redirectUri = given.redirect_uri ?? ''
  if (redirectUri.length > 520 || !leadsBackTo(client, redirectUri)) return { told: 'redirect' }
  const state = given.state ?? null
  const back = { redirectUri, state: state !== null && isShort(state) ? state : null }
  const [refused, why] = faultOf(client, given) ?? []
  if (refused) return { ...back, refused, why: why! }
  const scopes = [...new Set((given.scope ?? '').split(' ').filter(Boolean))]
  return {
    client,
    asked: {
      ...back,
      scopes,
      nonce: given.nonce ?? null,
      challenge: given.code_challenge!,
      prompt: (given.prompt as Visit['prompt'] | undefined) ?? 'as needed',
      maxAgeS: given.max_age === undefined ? null : Number(given.max_age),
    },
  }
}

const isShort = (text: string): boolean => text.length <= 1000 && plain.test(text)

function faultOf(
  client: Client,
  given: Partial<Record<(typeof known)[number], string>>,
): readonly [code: string, why: string] | undefined {
  if (given.request !== undefined) return ['request_not_supported', 'Send the parameters themselves.']
  if (given.request_uri !== undefined) return ['request_uri_not_supported', 'Send the parameters themselves.']
  if (given.registration !== undefined) return ['registration_not_supported', 'Clients are registered beforehand.']
  if (given.response_type !== 'code') return ['unsupported_response_type', 'There are codes alone: response_type=code.']
  if (given.response_mode !== undefined && given.response_mode !== 'query')
    return ['invalid_request', 'response_mode is query.']
  if (![given.state, given.nonce].every(text => text === undefined || isShort(text)))
    return ['invalid_request', 'state and nonce have 1000 characters of ASCII at the most.']
  // A challenge that is the secret itself keeps nobody out who reads the request.
  if (given.code_challenge_method !== 'S256')
    return ['invalid_request', 'PKCE is needed, with code_challenge_method=S256.']
  if (!/^[\w-]{43}$/.test(given.code_challenge ?? ''))
    return ['invalid_request', 'code_challenge is a SHA-256 in base64url.']
  const scopes = (given.scope ?? '').split(' ').filter(Boolean)
  if (scopes.length === 0) return ['invalid_scope', 'Name what is wanted in scope.']
  const beyond = scopes.filter(scope => !client.scopes.includes(scope))
  if (beyond.length > 0) return ['invalid_scope', 'The client is not registered for all that it asks for.']
  if (given.prompt !== undefined && !['none', 'login', 'consent'].includes(given.prompt))
    return ['invalid_request', 'prompt is none, login or consent.']
  if (given.max_age !== undefined && !/^\d{1,8}$/.test(given.max_age))
    return ['invalid_request', 'max_age is in seconds.']
  return undefined
}

/** The address of a client with what it is told; `iss` says by whom (RFC 9207). */
export function backTo(redirectUri: string, answer: Record<string, string | null>): string {
  const query = new URLSearchParams(
    Object.entries(answer).filter((entry): entry is [string, string] => entry[1] !== null),
  )
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`
}
