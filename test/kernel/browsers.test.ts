import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { anyone, defineService, signedIn } from '../../kernel/index.ts'
import { start } from '../../kernel/testing.ts'
import { folderWith } from './toys.ts'

const doors = async (t: TestContext) =>
  defineService({
    name: 'doors',
    folder: await folderWith(t),
    start({ http }) {
      http.get('/', { config: { access: signedIn }, schema: { summary: 'Look' } }, request => ({
        userId: request.actor.userId,
        by: request.by,
      }))
      http.post('/', { config: { access: signedIn }, schema: { summary: 'Open' } }, request => ({
        userId: request.actor.userId,
        by: request.by,
      }))
      http.post('/bell', { config: { access: anyone }, schema: { summary: 'Ring' } }, request => ({
        visitor: request.visitor?.userId ?? null,
      }))
    },
  })

const site = {
  PUBLIC_URL: 'http://ohmnibus.example',
  CORS_ORIGINS: 'https://console.example, https://app.example:8443',
}
const tokenOf = ({ authorization }: { authorization: string }) => authorization.replace('Bearer ', '')

test('a cookie counts like a bearer token, and a change by cookie must come from a page of ours', async t => {
  const p = await start(t, [await doors(t)], { environment: site })
  const userId = '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'
  const cookie = `theme=dark; ohmnibus-access=${tokenOf(p.signedIn({ userId }))}`
  const ask = async (method: 'GET' | 'POST', headers: Record<string, string>) => {
    const answer = await p.http.inject({ method, url: '/api/doors', headers: { cookie, ...headers } })
    return answer.statusCode === 200 ? answer.json().by : answer.json().code
  }
  const cases: [headers: Record<string, string>, expected: string][] = [
    [{ 'sec-fetch-site': 'same-origin' }, 'cookie'],
    [{ 'sec-fetch-site': 'none' }, 'cookie'],
    [{ 'sec-fetch-site': 'same-origin', origin: 'http://ohmnibus.example' }, 'cookie'],
    [{ origin: 'http://ohmnibus.example' }, 'cookie'],
    [{ origin: 'https://console.example', 'sec-fetch-site': 'cross-site' }, 'cookie'],
    [{ origin: 'https://app.example:8443', 'sec-fetch-site': 'same-site' }, 'cookie'],
    [{}, 'cookie'],
    [{ 'sec-fetch-site': 'cross-site' }, 'origin_not_allowed'],
    [{ 'sec-fetch-site': 'same-site' }, 'origin_not_allowed'],
    [{ 'sec-fetch-site': 'garbage' }, 'origin_not_allowed'],
    [{ origin: 'https://evil.example' }, 'origin_not_allowed'],
    [{ origin: 'https://ohmnibus.example' }, 'origin_not_allowed'],
    [{ origin: 'http://ohmnibus.example:81' }, 'origin_not_allowed'],
    [{ origin: 'https://app.example' }, 'origin_not_allowed'],
    [{ origin: 'https://console.example.evil.example' }, 'origin_not_allowed'],
    [{ origin: 'null' }, 'origin_not_allowed'],
    [{ origin: '' }, 'origin_not_allowed'],
    [{ 'sec-fetch-site': '' }, 'origin_not_allowed'],
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 'origin_not_allowed'],
  ]
  for (const [headers, expected] of cases) {
    assert.equal(await ask('POST', headers), expected, JSON.stringify(headers))
    assert.equal(await ask('GET', headers), 'cookie', 'reading is free')
    assert.equal(
      await ask('POST', { ...headers, ...p.signedIn() }),
      'bearer',
      'a page elsewhere cannot know a bearer token',
    )
  }
})

test("a change that is open to all is nobody's by cookie, from wherever it comes; by token it is theirs", async t => {
  const p = await start(t, [await doors(t)], { environment: site })
  const userId = '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'
  const bearer = p.signedIn({ userId })
  const cookie = `ohmnibus-access=${tokenOf(bearer)}`
  const ring = (headers: Record<string, string>) => p.http.inject({ method: 'POST', url: '/api/doors/bell', headers })
  for (const from of [{}, { origin: 'http://ohmnibus.example' }, { origin: 'https://evil.example' }])
    assert.deepEqual((await ring({ cookie, ...from } as never)).json(), { visitor: null }, JSON.stringify(from))
  assert.deepEqual((await ring({ cookie, ...bearer })).json(), { visitor: userId })
  const nowhere = { cookie, origin: 'https://evil.example' }
  assert.equal((await p.http.inject({ method: 'POST', url: '/api/nothing', headers: nowhere })).statusCode, 404)
})

test('where both are sent the bearer token counts, whatever the case of its scheme', async t => {
  const p = await start(t, [await doors(t)])
  const bearer = p.signedIn()
  const cookie = `ohmnibus-access=${tokenOf(p.signedIn())}`
  const mine = (await p.http.inject({ url: '/api/doors', headers: bearer })).json().userId
  for (const scheme of ['Bearer', 'bearer', 'BEARER'])
    assert.equal(
      (
        await p.http.inject({ url: '/api/doors', headers: { cookie, authorization: `${scheme} ${tokenOf(bearer)}` } })
      ).json().userId,
      mine,
    )
})

test('a stale or broken cookie keeps nobody from what is open to all, and does not hide that there is nothing', async t => {
  const p = await start(t, [await doors(t)])
  for (const stale of ['x', 'a.b.c', '', '%zz', tokenOf(p.signedIn()).slice(0, -2)]) {
    const headers = { cookie: `ohmnibus-access=${stale}` }
    assert.deepEqual(
      (await p.http.inject({ method: 'POST', url: '/api/doors/bell', headers })).json(),
      { visitor: null },
      stale,
    )
    const refused = await p.http.inject({ url: '/api/doors', headers })
    assert.deepEqual([refused.statusCode, refused.headers['www-authenticate']], [401, 'Bearer'])
    assert.equal((await p.http.inject({ url: '/api/nothing', headers })).statusCode, 404)
    assert.equal((await p.http.inject({ method: 'PUT', url: '/api/doors', headers })).statusCode, 405)
  }
  assert.equal((await p.http.inject('/api/doors')).json().code, 'token_missing')
  for (const authorization of ['Bearer', 'Bearer ', 'Basic YTpi', 'Bearer a b', tokenOf(p.signedIn())])
    assert.equal(
      (await p.http.inject({ url: '/api/doors', headers: { authorization } })).statusCode,
      401,
      authorization,
    )
})

test('behind HTTPS the cookie has a name browsers tie to one host, and they are told to stay with HTTPS', async t => {
  const p = await start(t, [await doors(t)], { environment: { PUBLIC_URL: 'https://ohmnibus.example' } })
  const token = tokenOf(p.signedIn())
  const ask = (name: string) => p.http.inject({ url: '/api/doors', headers: { cookie: `${name}=${token}` } })
  const answer = await ask('__Host-ohmnibus-access')
  assert.equal(answer.statusCode, 200)
  assert.match(String(answer.headers['strict-transport-security']), /max-age=\d{7,}/)
  assert.equal((await ask('ohmnibus-access')).statusCode, 401)
})

test('pages of listed origins may call with cookies and read the answers, errors too; others may not', async t => {
  const p = await start(t, [await doors(t)], { environment: site })
  const preflight = (origin: string, method = 'POST') =>
    p.http.inject({
      method: 'OPTIONS',
      url: '/api/doors',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'content-type,if-match',
      },
    })
  const allowed = await preflight('https://console.example')
  assert.equal(allowed.statusCode, 204)
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://console.example')
  assert.equal(allowed.headers['access-control-allow-credentials'], 'true')
  assert.match(String(allowed.headers['access-control-allow-headers']), /if-match/)
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const { headers } = await preflight('https://console.example', method)
    assert.ok(String(headers['access-control-allow-methods']).split(/, ?/).includes(method), method)
  }
  for (const origin of ['https://evil.example', 'null', 'https://console.example:444'])
    assert.equal((await preflight(origin)).headers['access-control-allow-origin'], undefined, origin)

  const read = async (origin: string, url = '/api/doors') => (await p.http.inject({ url, headers: { origin } })).headers
  for (const url of ['/api/doors', '/api/nothing', '/api/doors/bell']) {
    assert.equal(
      (await read('https://console.example', url))['access-control-allow-origin'],
      'https://console.example',
      url,
    )
    assert.match(String((await read('https://console.example', url)).vary), /origin/i)
    assert.equal((await read('https://evil.example', url))['access-control-allow-origin'], undefined)
  }
  const exposed = String((await read('https://console.example'))['access-control-expose-headers'])
  for (const name of ['etag', 'location', 'retry-after', 'x-request-id', 'content-disposition', 'allow'])
    assert.ok(exposed.split(/, ?/).includes(name), name)
})

test('where no origin is listed no page elsewhere may read anything', async t => {
  const p = await start(t, [await doors(t)])
  const { headers } = await p.http.inject({ url: '/api/doors', headers: { origin: 'https://console.example' } })
  assert.ok(!Object.keys(headers).some(name => name.startsWith('access-control')))
})
