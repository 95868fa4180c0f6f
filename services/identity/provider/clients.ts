import Type, { type Static } from 'typebox'
import { Id, Instant, Line, scopes as platformScopes } from '#contracts/shared'
import { Problem } from '#kernel'
import { digest, newSecret, same } from '../secrets.ts'

/** An app that people sign in to with their account here. */
export interface Client {
  id: string
  organisationId: string | null
  name: string
  firstParty: boolean
  /** Public ones have none. */
  secretHash: Buffer | null
  redirectUris: string[]
  postLogoutUris: string[]
  scopes: string[]
  createdAt: Date
}

/** What OpenID Connect names, beside what the platform does. */
export const identityScopes = ['openid', 'profile', 'email', 'offline_access'] as const

export const ClientScope = Type.Enum([...identityScopes, ...platformScopes], { examples: ['openid'] })

const Uri = (description: string, examples: string[]) =>
  Type.String({ minLength: 1, maxLength: 500, pattern: '^[!-~]+$', description, examples })
const RedirectUri = Uri('Compared letter by letter', ['https://fleet.example.com/callback'])
const PostLogoutUri = Uri('Compared letter by letter', ['https://fleet.example.com/'])

const shown = {
  name: Line(100, { examples: ['Fleet planner'], description: 'As people are asked whether to let it in' }),
  redirectUris: Type.Array(RedirectUri, {
    minItems: 1,
    maxItems: 10,
    uniqueItems: true,
    description: 'Where people are led back to. `https`, `http` on the same device, or a scheme of the app’s own',
    examples: [['https://fleet.example.com/callback']],
  }),
  postLogoutRedirectUris: Type.Array(PostLogoutUri, {
    maxItems: 10,
    uniqueItems: true,
    description: 'Where people are led to who signed out',
    examples: [['https://fleet.example.com/']],
  }),
  scopes: Type.Array(ClientScope, {
    minItems: 1,
    maxItems: 40,
    uniqueItems: true,
    description: 'The most it may ask for',
    examples: [['openid', 'profile', 'passports:read']],
  }),
}

export const ClientBody = Type.Object({
  name: shown.name,
  kind: Type.Enum(['public', 'confidential'], {
    description: '`public` for apps on devices and in browsers, which can keep no secret',
    examples: ['confidential'],
  }),
  redirectUris: shown.redirectUris,
  postLogoutRedirectUris: Type.Optional(shown.postLogoutRedirectUris),
  scopes: shown.scopes,
  organisationId: Type.Optional(
    Type.Union([Id, Type.Null()], { description: 'Whose it is; of the platform without one', examples: [null] }),
  ),
  firstParty: Type.Optional(
    Type.Boolean({ description: 'Part of the platform: nobody is asked whether to let it in', examples: [false] }),
  ),
})

export const ClientChange = Type.Partial(Type.Object(shown))

const View = {
  id: Id,
  kind: ClientBody.properties.kind,
  name: Type.String({ examples: ['Fleet planner'] }),
  redirectUris: Type.Array(Type.String(), { examples: [['https://fleet.example.com/callback']] }),
  postLogoutRedirectUris: Type.Array(Type.String(), { examples: [['https://fleet.example.com/']] }),
  scopes: Type.Array(ClientScope, { examples: [['openid', 'profile', 'passports:read']] }),
  organisationId: Type.Union([Id, Type.Null()]),
  firstParty: Type.Boolean(),
  createdAt: Instant,
}

export const ClientView = Type.Object(View, { title: 'Client' })

export const NewClientView = Type.Object(
  {
    ...View,
    secret: Type.Union(
      [Type.String({ examples: ['ohm_client_Zt4qB0c2mP9vX1rLk7yE3sHd6uWnJf5aTgQiRoCzVxM'] }), Type.Null()],
      {
        description: 'Told this once; null for a public client',
      },
    ),
  },
  { title: 'NewClient' },
)

export const clientView = (client: Client): Static<typeof ClientView> => ({
  id: client.id,
  kind: client.secretHash ? 'confidential' : 'public',
  name: client.name,
  redirectUris: client.redirectUris,
  postLogoutRedirectUris: client.postLogoutUris,
  scopes: client.scopes,
  organisationId: client.organisationId,
  firstParty: client.firstParty,
  createdAt: client.createdAt.toISOString(),
})

/** A secret of a client: what its holder is told, and what is kept. */
export function secretOfClient(): { secret: string; secretHash: Buffer } {
  const secret = `ohm_client_${newSecret()}`
  return { secret, secretHash: digest(secret) }
}

/** A confidential client gives its secret; a public one has none, and whoever gives one takes it for another. */
export const provenBy = ({ secretHash }: Client, secret: string): boolean =>
  secretHash ? same(secretHash, digest(secret)) : secret === ''

const onThisDevice = ['127.0.0.1', '[::1]', 'localhost']

/** Why a client may not have people led there; undefined where it may. RFC 9700 2.1, RFC 8252 7. */
export function faultOfUri(text: string, isPublic: boolean): string | undefined {
  const url = URL.parse(text)
  if (!url || text.includes('*')) return 'is no whole address'
  if (text.includes('#')) return 'has a fragment'
  if (url.username || url.password) return 'names a person'
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:')
    return onThisDevice.includes(url.hostname) ? undefined : 'is neither https nor on this device'
  // One that nobody else has by chance; `javascript:` and `data:` have no dot.
  if (!isPublic || !/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:$/.test(url.protocol)) return 'has a scheme that leads to no app'
  return undefined
}

/** Fails with `request_invalid`, naming what is wrong. */
export function refuseClient(
  client: Pick<Client, 'redirectUris' | 'postLogoutUris' | 'scopes' | 'organisationId' | 'secretHash'>,
): void {
  const faultsOf = (field: string, uris: readonly string[]) =>
    uris.flatMap((uri, index) => {
      const detail = faultOfUri(uri, !client.secretHash)
      return detail ? [{ pointer: `/${field}/${index}`, detail }] : []
    })
  const beyond = client.organisationId && client.scopes.some(scope => scope.startsWith('operations:'))
  const errors = [
    ...faultsOf('redirectUris', client.redirectUris),
    ...faultsOf('postLogoutRedirectUris', client.postLogoutUris),
    ...(beyond ? [{ pointer: '/scopes', detail: 'operations are looked after by clients of the platform alone' }] : []),
  ]
  if (errors.length > 0) throw new Problem('invalid', 'request_invalid', { detail: 'The client cannot be so.', errors })
}

/**
 * Whether a client may have people led there: exactly where it said. On the device itself the port is what was free
 * (RFC 8252, 7.3).
 */
export const leadsBackTo = ({ redirectUris }: Client, uri: string): boolean =>
  redirectUris.includes(uri) ||
  (isLoopback(uri) && redirectUris.some(known => isLoopback(known) && portless(known) === portless(uri)))

const loopback = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(?=\/|$)/
export const isLoopback = (uri: string): boolean => loopback.test(uri)
const portless = (uri: string): string => uri.replace(loopback, '$1')

/**
 * Whether somebody has to be asked. Anybody can pretend to be an app on a device, so those are asked for each time that
 * they want more (RFC 8252, 8.6).
 */
export const letInAnyway = ({ firstParty, secretHash }: Client, uri: string): boolean =>
  firstParty && (secretHash !== null || uri.startsWith('https:'))
