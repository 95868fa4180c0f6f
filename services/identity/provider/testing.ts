import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { startOrganisations, type Person } from '../testing.ts'

export const publicUrl = 'http://localhost:8080'
export type Jar = Map<string, string>

export const redirectUri = 'https://fleet.example.com/callback'

/** What a client keeps to itself, and what it shows of it. */
export function pkce(verifier = randomBytes(32).toString('base64url')) {
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** Identity, an admin, Ada, who is signed in in a browser, and a way to register clients. */
export async function startProvider(t: TestContext) {
  const p = await startOrganisations(t, { PUBLIC_URL: publicUrl })
  const [admin, ada] = [await p.admin(), await p.person('Ada')]

  /** A page of ours, as a browser with this jar opens it. */
  async function open(jar: Jar, url: string, form?: Record<string, string>, headers: Record<string, string> = {}) {
    const answer = await p.http.inject({
      method: form ? 'POST' : 'GET',
      url: url.replace(publicUrl, ''),
      cookies: Object.fromEntries(jar),
      headers: {
        ...(form && { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(form && { payload: new URLSearchParams(form).toString() }),
    })
    for (const { name, value } of answer.cookies) {
      if (value) jar.set(name, value)
      else jar.delete(name)
    }
    return answer
  }

  /** A browser in which somebody signed in. */
  async function browser(who: Pick<Person, 'email' | 'password'>): Promise<Jar> {
    const jar: Jar = new Map()
    const signedIn = await open(jar, '/api/auth/sign-in', { email: who.email, password: who.password })
    assert.equal(signedIn.statusCode, 303, signedIn.body)
    return jar
  }

  /** A client as an admin registers it, or whom `headers` name. */
  async function register(about: object = {}, headers = admin.headers) {
    const answer = await p.post(
      '/clients',
      {
        name: 'Fleet planner',
        kind: 'confidential',
        redirectUris: [redirectUri],
        scopes: ['openid', 'profile', 'email', 'offline_access', 'account:read'],
        ...about,
      },
      headers,
    )
    assert.equal(answer.statusCode, 201, answer.body)
    return answer.json() as { id: string; secret: string }
  }

  const wayTo = (client: { id: string }, challenge: string, about: Record<string, string | undefined> = {}): string => {
    const query = {
      client_id: client.id,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid account:read',
      state: 'as it was',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...about,
    }
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
    return `/api/auth/authorize?${new URLSearchParams(given)}`
  }

  /** Where a browser is led in the end: its form leads by a page. */
  const ledTo = (answer: { headers: Record<string, unknown>; body: string }): URL => {
    const refresh = /^0; url=(.*)$/.exec(String(answer.headers.refresh ?? ''))?.[1]
    const to = answer.headers.location ?? refresh
    assert.ok(typeof to === 'string', `leads nowhere: ${answer.body}`)
    return new URL(to, publicUrl)
  }

  /** Lets the client in, if the browser is asked; answers with what the client is told. */
  async function letIn(jar: Jar, way: string): Promise<Record<string, string>> {
    const asked = await open(jar, way)
    if (asked.statusCode === 303) return Object.fromEntries(ledTo(asked).searchParams)
    const own = /return=%2Fapi%2Fauth%2Fauthorize%2F([\w-]{36})/.exec(asked.body)?.[1]
    assert.ok(own, asked.body)
    return Object.fromEntries(ledTo(await open(jar, `/api/auth/authorize/${own}`, { decision: 'allow' })).searchParams)
  }

  const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    p.http.inject({
      method: 'POST',
      url: `/api/auth${path}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams(fields).toString(),
    })
  const secretsOf = (client: { id: string; secret: string | null }) => ({
    client_id: client.id,
    ...(client.secret && { client_secret: client.secret }),
  })
  const spend = (client: { id: string; secret: string | null }, code: string, verifier: string, about = {}) =>
    form('/token', {
      grant_type: 'authorization_code',
      ...secretsOf(client),
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...about,
    })
  const refresh = (client: { id: string; secret: string | null }, token: string, about = {}) =>
    form('/token', { grant_type: 'refresh_token', ...secretsOf(client), refresh_token: token, ...about })

  /** All of it: the client with tokens for who is signed in in the browser. */
  async function tokensOf(client: { id: string; secret: string }, jar: Jar, about: Record<string, string> = {}) {
    const { verifier, challenge } = pkce()
    const { code } = await letIn(jar, wayTo(client, challenge, about))
    const spent = await spend(client, code!, verifier)
    assert.equal(spent.statusCode, 200, spent.body)
    return spent.json() as { access_token: string; refresh_token: string; id_token: string; scope: string }
  }
  /** The status with which the platform answers a reading request with this token. */
  const reads = async (token: string, path = '/profile') =>
    (await p.get(path, { authorization: `Bearer ${token}` })).statusCode

  return {
    ...p,
    admin,
    ada,
    open,
    browser,
    register,
    wayTo,
    ledTo,
    letIn,
    form,
    spend,
    refresh,
    tokensOf,
    reads,
    secretsOf,
  }
}

export type Site = Awaited<ReturnType<typeof startProvider>>
