import { createServer, type Server } from 'node:http'
import type { TestContext } from 'node:test'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import Provider from 'oidc-provider'

/** Somebody at a provider. */
export interface Account {
  sub: string
  email?: string
  email_verified?: boolean
  name?: string
}

async function listening(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A real provider, at which whoever comes is `who.account`. */
export async function honestProvider(t: TestContext, redirectUri: (issuer: string) => string) {
  let provider: Provider
  const who: { account: Account } = { account: { sub: 'ada-at-acme' } }
  const server = createServer((request, response) => {
    if (!request.url!.startsWith('/login/')) return void provider.callback()(request, response)
    void provider.interactionFinished(request, response, { login: { accountId: who.account.sub } })
  })
  const issuer = await listening(t, server)
  const warn = console.warn
  // It tells developers of what is left out in production; so do its first requests.
  console.warn = console.info = () => {}
  t.after(() => (console.warn = warn))
  provider = new Provider(issuer, {
    clients: [{ client_id: 'ohmnibus', client_secret: 'the secret of ohmnibus', redirect_uris: [redirectUri(issuer)] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['a key for tests'] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    interactions: { url: (_, interaction) => `/login/${interaction.uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ ...who.account, sub }) }),
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client!.clientId, accountId: oidc.session!.accountId! })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  })
  return { issuer, who }
}

/** What a provider of bad will says in the place of the truth. */
export interface Lies {
  claims?: Record<string, unknown>
  /** Signs with this algorithm, or with a key that is not published. */
  sign?: 'none' | 'another key' | 'hmac'
}

/** A provider that says whatever it is told to, in well-formed answers. */
export async function hostileProvider(t: TestContext) {
  const [own, another] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')]
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const lies: Lies = {}
  const nonces = new Map<string, string>()
  let issuer = ''
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  async function idToken(nonce: string | undefined): Promise<string> {
    const at = Math.floor(Date.now() / 1000)
    const claims = { iss: issuer, sub: 'mallory', aud: 'ohmnibus', iat: at, exp: at + 300, nonce, ...lies.claims }
    if (lies.sign === 'none') return `${part({ alg: 'none' })}.${part(claims)}.`
    if (lies.sign === 'hmac')
      return await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: 'one' })
        .sign(new TextEncoder().encode(JSON.stringify(jwk)))
    const key = (lies.sign === 'another key' ? another : own).privateKey as CryptoKey
    return await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key)
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url!, issuer)
    const json = (body: object) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (url.pathname === '/.well-known/openid-configuration')
      return json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      })
    if (url.pathname === '/jwks') return json({ keys: [jwk] })
    if (url.pathname === '/authorize') {
      const code = crypto.randomUUID()
      nonces.set(code, url.searchParams.get('nonce')!)
      const back = new URL(url.searchParams.get('redirect_uri')!)
      back.search = new URLSearchParams({ code, state: url.searchParams.get('state')! }).toString()
      return void response.writeHead(303, { location: back.href }).end()
    }
    let body = ''
    request.on('data', chunk => (body += chunk))
    request.on('end', async () => {
      const nonce = nonces.get(new URLSearchParams(body).get('code')!)
      json({ access_token: 'opaque', token_type: 'Bearer', expires_in: 300, id_token: await idToken(nonce) })
    })
  })
  issuer = await listening(t, server)
  return { issuer, lies }
}
