import { problemOf } from './problem.ts'

/**
 * Who asks: a key; a key as OAuth client (`clientCredentials`: its id, and the key as secret); a person by `email` and
 * `password`; or whatever gives access tokens, as a library of OpenID Connect does. Without any of them one is a stranger.
 */
export type Credentials =
  | { key: string }
  | { clientCredentials: { id: string; secret: string; scope?: string } }
  | { email: string; password: string }
  | { token: () => string | Promise<string> }

/** Where access tokens come from. */
export interface Tokens {
  /** One that is good for a while, asked for once however many wait for it; undefined for strangers. */
  get(): Promise<string | undefined>
  /** This one was refused: the next is another. False where there is no other. */
  spoil(token: string): boolean
  /** Ends the session of a person; nothing for others. */
  signOut(): Promise<void>
}

type Send = (path: string, init: RequestInit) => Promise<Response>

interface Held {
  token: string
  /** Milliseconds since 1970. */
  until: number
}

/** A token is not used in its last seconds: it would run out on the way. */
const marginMs = 15_000

export function tokensOf(credentials: Credentials | undefined, send: Send): Tokens {
  if (!credentials) return fixed(async () => undefined, false)
  if ('key' in credentials) return fixed(async () => credentials.key, false)
  if ('token' in credentials) return fixed(async () => await credentials.token(), true)
  if ('clientCredentials' in credentials) return renewed(clientCredentials(credentials.clientCredentials, send))
  const person = session(credentials, send)
  return { ...renewed(person.renew), signOut: person.signOut }
}

const fixed = (get: () => Promise<string | undefined>, anew: boolean): Tokens => ({
  get,
  spoil: () => anew,
  signOut: async () => undefined,
})

function renewed(renew: () => Promise<Held>): Tokens {
  let held: Held | undefined
  let asking: Promise<Held> | undefined
  return {
    async get() {
      if (held && held.until - marginMs > Date.now()) return held.token
      asking ??= renew().finally(() => (asking = undefined))
      held = await asking
      return held.token
    },
    spoil(token) {
      if (held?.token === token) held = undefined
      return true
    },
    signOut: async () => undefined,
  }
}

async function answer(response: Response): Promise<Record<string, unknown>> {
  if (!response.ok) throw await problemOf(response)
  return (await response.json()) as Record<string, unknown>
}

const heldOf = (token: unknown, seconds: unknown): Held => ({
  token: String(token),
  until: Date.now() + Number(seconds) * 1000,
})

const clientCredentials =
  ({ id, secret, scope }: { id: string; secret: string; scope?: string }, send: Send) =>
  async (): Promise<Held> => {
    const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret, ...(scope && { scope }) }
    const granted = await answer(await send('/api/auth/token', { method: 'POST', body: new URLSearchParams(form) }))
    return heldOf(granted.access_token, granted.expires_in)
  }

/** A session of a person: signs in once, and again where the session has ended. */
function session({ email, password }: { email: string; password: string }, send: Send) {
  let refreshToken: string | undefined
  const post = (path: string, body: object) =>
    send(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

  async function renew(): Promise<Held> {
    const response = refreshToken ? await post('/api/auth/refresh', { refreshToken }) : undefined
    const renewed = response && response.status !== 401 ? response : await post('/api/auth/login', { email, password })
    const granted = await answer(renewed)
    refreshToken = String(granted.refreshToken)
    return heldOf(granted.accessToken, granted.expiresIn)
  }

  async function signOut(): Promise<void> {
    const ending = refreshToken
    refreshToken = undefined
    if (ending) await post('/api/auth/logout', { refreshToken: ending })
  }
  return { renew, signOut }
}
