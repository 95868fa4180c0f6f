import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { startIdentity } from '../testing.ts'

/** A proxy for a path of its host, which it takes off: `/app/api` is `/api` behind it. */
async function proxy(t: TestContext, path: string): Promise<{ url: string; to(base: string): void }> {
  let target = ''
  const server: Server = createServer((request, response) => {
    if (!request.url!.startsWith(`${path}/`)) return void response.writeHead(404).end('of another application')
    const passed = httpRequest(target + request.url!.slice(path.length), {
      method: request.method,
      headers: request.headers,
    })
    passed.on('response', answer => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    request.pipe(passed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close().closeAllConnections())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, to: base => void (target = base) }
}

test('below a path of a host that others have too, cookies, links and addresses lead below the path', async t => {
  const front = await proxy(t, '/app')
  const { listen, mailed, http } = await startIdentity(t, { environment: { PUBLIC_URL: front.url } })
  front.to(await listen())
  const kept = new Map<string, { value: string; path: string }>()
  /** As a browser does it: cookies go where their path says. */
  const ask = async (method: string, path: string, body?: object) => {
    const at = new URL(front.url + path)
    const sent = [...kept].filter(([, cookie]) => `${at.pathname}/`.startsWith(`${cookie.path}/`))
    const answer = await fetch(at, {
      method,
      redirect: 'manual',
      headers: {
        cookie: sent.map(([name, { value }]) => `${name}=${value}`).join('; '),
        ...(method !== 'GET' && { origin: at.origin, 'content-type': 'application/json' }),
      },
      body: body && JSON.stringify(body),
    })
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie)!
      if (/Max-Age=0|1970/.test(cookie)) kept.delete(name)
      else kept.set(name, { value, path: /; Path=([^;]+)/.exec(cookie)![1]! })
    }
    return answer
  }
  const email = 'ada@example.com'
  const password = 'quiet trains at dawn'
  assert.equal((await ask('POST', '/api/auth/register', { email, password, name: 'Ada' })).status, 202)
  const { code, link } = await mailed(email)
  assert.ok(link!.startsWith(`${front.url}/api/auth/verify/`))
  assert.equal((await fetch(link!)).status, 200)
  assert.equal((await ask('POST', '/api/auth/verify-otp', { email, otp: code })).status, 201)
  assert.deepEqual(
    [...kept].map(([name, { path }]) => [name, path]),
    [
      ['ohmnibus-registration', '/app/api'],
      ['ohmnibus-refresh', '/app/api'],
      ['ohmnibus-access', '/app'],
      ['ohmnibus-browser', '/app/api'],
    ],
  )
  assert.equal((await ask('POST', '/api/auth/refresh')).status, 200)
  assert.equal((await ask('GET', '/api/auth/profile')).status, 200)

  const founded = await ask('POST', '/api/auth/organisations', { name: 'Volt' })
  const { id } = (await founded.json()) as { id: string }
  assert.equal(founded.headers.get('location'), `/app/api/auth/organisations/${id}`)
  assert.equal((await ask('GET', founded.headers.get('location')!.replace('/app', ''))).status, 200)
  const refused = (await (await ask('GET', '/api/nothing')).json()) as { type: string }
  assert.equal(refused.type, '/app/problems/route_unknown')
  assert.equal((await fetch(new URL(refused.type, front.url))).status, 200)
  const { servers } = (await (await ask('GET', '/docs/openapi.json')).json()) as { servers: object[] }
  assert.deepEqual(servers, [{ url: '/app' }])
  const { issuer } = (await (await ask('GET', '/.well-known/openid-configuration')).json()) as { issuer: string }
  assert.equal(issuer, front.url)
  const page = await (await fetch(`${front.url}/api/auth/verify/gone`)).text()
  assert.match(page, / href="\/app\//)
  const signIn = await (await fetch(`${front.url}/api/auth/sign-in`)).text()
  for (const text of [page, signIn]) assert.doesNotMatch(text, / (href|action)="\/(?!app\/)/)
  assert.equal((await ask('POST', '/api/auth/logout')).status, 204)
  assert.deepEqual([...kept.keys()], ['ohmnibus-registration', 'ohmnibus-browser'])
  assert.equal((await http.inject('/health/live')).statusCode, 200, 'behind the proxy there is no path')
})

test('below a path and over HTTPS no cookie claims the whole host', async t => {
  const { post, person } = await startIdentity(t, { environment: { PUBLIC_URL: 'https://host.example/app/' } })
  const { email, password } = await person('Ada')
  const { cookies, json } = await post('/login', { email, password })
  assert.deepEqual(
    cookies.map(({ name, path, secure }) => ({ name, path, secure })),
    [
      { name: '__Secure-ohmnibus-refresh', path: '/app/api', secure: true },
      { name: '__Secure-ohmnibus-access', path: '/app', secure: true },
    ],
  )
  const { accessToken } = json()
  const { statusCode } = await post('/logout', undefined, { cookie: `__Secure-ohmnibus-access=${accessToken}` })
  assert.equal(statusCode, 204)
})
