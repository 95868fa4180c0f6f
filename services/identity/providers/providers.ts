import { ownPath } from '../entrance/paths.ts'
import { Problem, StartError } from '#kernel'

/** Somebody else by whom people sign in (OpenID Connect). */
export interface Provider {
  /** As it stands in addresses. */
  id: string
  /** As people read it. */
  name: string
  issuer: URL
  clientId: string
  clientSecret?: string
  scope: string
}

/** What a provider says of who signed in there. */
export interface Proven {
  subject: string
  /** Only where the provider says that it is proven. */
  email: string | undefined
  name: string | undefined
}

/** What we remember of somebody until they come back from a provider. */
export interface Visit {
  state: string
  nonce: string
  verifier: string
}

const wrong = (why: string) =>
  new StartError(
    `OIDC_PROVIDERS: ${why}. It is a JSON list like [{"id":"acme","name":"Acme","issuer":"https://id.acme.example",` +
      '"clientId":"…","clientSecret":"…"}].',
  )

/** Those of the setting `OIDC_PROVIDERS`. Fails with `StartError`, without telling what is secret. */
export function readProviders(text: string | undefined): Provider[] {
  if (!text) return []
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    throw wrong('it is no JSON')
  }
  if (!Array.isArray(list)) throw wrong('it is no list')
  const providers = list.map(readProvider)
  if (new Set(providers.map(({ id }) => id)).size < providers.length) throw wrong('two have the same id')
  return providers
}

function readProvider(given: unknown, index: number): Provider {
  const at = `provider ${index + 1}`
  const fields = (given ?? {}) as Record<string, unknown>
  const text = (name: string): string | undefined => {
    const value = fields[name]
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw wrong(`${at}: ${name} is no text`)
    return value as string | undefined
  }
  const [id, issuer, clientId] = [text('id'), text('issuer'), text('clientId')]
  if (!id || !/^[a-z0-9][a-z0-9-]{0,39}$/.test(id)) throw wrong(`${at}: id must be small letters, digits and hyphens`)
  const url = issuer ? URL.parse(issuer) : null
  const local = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (!url || !(url.protocol === 'https:' || (url.protocol === 'http:' && local)))
    throw wrong(`${at}: issuer must be an address that begins with https://`)
  if (!clientId) throw wrong(`${at}: clientId is missing`)
  const known = ['id', 'name', 'issuer', 'clientId', 'clientSecret', 'scope']
  const unknown = Object.keys(fields).find(name => !known.includes(name))
  if (unknown) throw wrong(`${at}: ${unknown} is none of ${known.join(', ')}`)
  return {
    id,
    name: text('name') ?? id,
    issuer: url,
    clientId,
    clientSecret: text('clientSecret'),
    scope: text('scope') ?? 'openid email profile',
  }
}

/** What a provider says of itself: its addresses, its keys. */
async function look({ issuer, clientId, clientSecret }: Provider) {
  const client = await import('openid-client')
  const config = await client.discovery(issuer, clientId, clientSecret, undefined, {
    timeout: 5,
    execute: [
      ...(issuer.protocol === 'http:' ? [client.allowInsecureRequests] : []),
      // That the connection is theirs is not all: the signature is checked too.
      client.enableNonRepudiationChecks,
    ],
  })
  return { client, config }
}

/** Speaks with providers. Their addresses and keys are looked up when the first person wants to go there. */
export function openProviders(providers: readonly Provider[], publicUrl: string) {
  const loading = new Map<string, ReturnType<typeof look>>()

  function clientOf(provider: Provider) {
    const known = loading.get(provider.id)
    if (known) return known
    const found = look(provider)
    loading.set(provider.id, found)
    found.catch(() => loading.delete(provider.id))
    return found.catch(cause => {
      throw Object.assign(unavailable(provider), { cause })
    })
  }

  /** Each provider has one of its own, so that what one of them says is never taken for the word of another. */
  const callbackOf = ({ id }: Provider): string => `${publicUrl}/api/auth/oauth/${id}/callback`

  return {
    list: providers,
    find: (id: string): Provider =>
      providers.find(provider => provider.id === id) ??
      (() => {
        throw new Problem('not_found', 'provider_unknown')
      })(),

    /** Where to send somebody, and what to remember until they come back. */
    async leave(provider: Provider): Promise<Visit & { to: URL }> {
      const { client, config } = await clientOf(provider)
      const visit = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      }
      const to = client.buildAuthorizationUrl(config, {
        redirect_uri: callbackOf(provider),
        response_type: 'code',
        scope: provider.scope,
        state: visit.state,
        nonce: visit.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(visit.verifier),
        code_challenge_method: 'S256',
      })
      return { ...visit, to }
    },

    /** Who came back with this query. Fails with `provider_refused`, telling no more, and `provider_unavailable`. */
    async comeBack(provider: Provider, query: string, visit: Visit): Promise<Proven> {
      const { client, config } = await clientOf(provider)
      try {
        const tokens = await client.authorizationCodeGrant(config, new URL(`${callbackOf(provider)}?${query}`), {
          expectedState: visit.state,
          expectedNonce: visit.nonce,
          pkceCodeVerifier: visit.verifier,
          idTokenExpected: true,
        })
        const claims = tokens.claims()!
        const more =
          claims.email === undefined && config.serverMetadata().userinfo_endpoint
            ? await client.fetchUserInfo(config, tokens.access_token, claims.sub)
            : {}
        return provenBy({ ...more, ...claims })
      } catch (cause) {
        const away = cause instanceof TypeError || (cause as Error).name === 'TimeoutError'
        throw Object.assign(away ? unavailable(provider) : refused(provider), { cause })
      }
    },
  }
}

const isTrue = (value: unknown): boolean => value === true || value === 1 || value === '1' || value === 'true'

const provenBy = (claims: Record<string, unknown>): Proven => {
  const text = (value: unknown) => (typeof value === 'string' && value.trim() ? value.trim() : undefined)
  const parts = [text(claims.given_name), text(claims.family_name)].filter(Boolean).join(' ')
  return {
    subject: String(claims.sub),
    // Entra ID says so in a word of its own, and of accounts whose domain is proven to be the tenant's.
    email: claims.email_verified === true || isTrue(claims.xms_edov) ? text(claims.email) : undefined,
    name: text(claims.name) ?? text(parts),
  }
}

export type Providers = ReturnType<typeof openProviders>

export const refused = ({ name }: Provider): Problem =>
  new Problem('unauthenticated', 'provider_refused', {
    detail: `${name} did not say who you are, or what it said is not good. Try again.`,
  })

const unavailable = ({ name }: Provider): Problem =>
  new Problem('unavailable', 'provider_unavailable', { detail: `${name} does not answer. Try again.`, retryAfter: 5 })

/** Where the sign-in with a provider begins, and leads back to. */
export const wayTo = ({ id }: Pick<Provider, 'id'>, to?: string): string => {
  const back = ownPath(to)
  return `/api/auth/oauth/${id}${back ? `?${new URLSearchParams({ return: back })}` : ''}`
}
