import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { linePattern } from '#contracts/shared'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { startIdentity } from '../../services/identity/testing.ts'
import { addressOf, placesOf, routesOf, someOf } from './routes.ts'

/** Values at the edges of what there is, as JSON texts. */
const edges = [
  null,
  true,
  [],
  {},
  '',
  ' ',
  'a\0b',
  '\ud800',
  '\udc00x',
  '\u202e',
  '\uffff',
  '0'.repeat(400),
  'Infinity',
  'NaN',
  'now',
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00+23:59',
  '9999-12-31T23:59:59-23:59',
  '10000-01-01T00:00:00Z',
  '2016-12-31T23:59:60Z',
  '2027-02-30T00:00:00Z',
  '-0001-01-01T00:00:00Z',
  '2024-01-15Z',
  '0000-00-00',
  '00000000-0000-0000-0000-000000000000',
  'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
  "'; drop table users; --",
  '%00',
  '../..',
  -1,
  0,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 53 - 1,
  -(2 ** 53),
  1e21,
  1.5,
  5e-324,
  1.7976931348623157e308,
].map(value => JSON.stringify(value))
const literals = [
  '-0',
  '1e400',
  '-1e400',
  '9007199254740993',
  '0.10',
  '"\\u0000"',
  '"\\ud800"',
  '{"__proto__":1}',
  '{"10":1,"9":2}',
]

test('no value that anybody can send makes a route fail', async t => {
  const p = await start(t, await choose())
  const [email, password] = p.platform.announcements.find(({ label }) => label === 'First admin')!.value.split(' / ')
  const signIn = async () =>
    (await p.http.inject({ method: 'POST', url: '/api/auth/login', payload: { email, password } })).json().accessToken
  const failed: string[] = []
  let token = await signIn()
  for (const route of routesOf(p)) {
    const at = addressOf(route, () => newId())
    const send = (request: { url: string; query?: Record<string, string>; payload?: string }) =>
      p.http.inject({
        ...request,
        method: route.method as 'GET',
        headers: {
          authorization: `Bearer ${token}`,
          ...(request.payload !== undefined && { 'content-type': 'application/json' }),
        },
      })
    const ask = async (what: string, request: { url: string; query?: Record<string, string>; payload?: string }) => {
      let answer = await send(request)
      // Some of them sign out.
      if (answer.statusCode === 401 && !route.isPublic) {
        token = await signIn()
        answer = await send(request)
      }
      // An engine that is not there is no fault of the value.
      if (answer.statusCode === 500) failed.push(`${route.name} ${what}: ${answer.body}`)
    }
    const texts = edges.map(edge => String(JSON.parse(edge))).filter(text => text.isWellFormed())
    for (const name of route.params)
      for (const text of someOf(texts))
        if (text && !text.includes('..'))
          await ask(`:${name} ${text}`, { url: addressOf(route, other => (other === name ? text : newId())) })
    for (const name of Object.keys(route.query))
      for (const text of someOf(texts)) await ask(`?${name}=${text}`, { url: at, query: { [name]: text } })
    if (!route.body) continue
    for (const { pointer, put } of [{ pointer: '', put: (text: string) => text }, ...placesOf(route.example)])
      for (const value of someOf([...edges, ...literals]))
        await ask(`${pointer} ${value.slice(0, 40)}`, { url: at, payload: put(value) })
  }
  assert.deepEqual(failed, [])
})

test('every route of a service refuses by name what its query does not know; a probe may add what it likes', async t => {
  const p = await start(t, await choose())
  const headers = p.signedIn({ role: 'admin' })
  for (const path of ['/health', '/health/live', '/health/ready'])
    assert.equal((await p.http.inject(`${path}?nobody=knows`)).statusCode, path === '/health/ready' ? 503 : 200, path)
  // Of the provider of an organisation, which comes with a token of its own: `services/identity/scim` asks for it first.
  const asked = routesOf(p).filter(({ method, service, url, isPage }) => {
    return method === 'GET' && service && !isPage && !url.startsWith('/api/auth/scim/')
  })
  for (const route of asked) {
    const fitting: Record<string, string> = {
      code: 'token_missing',
      version: '1',
      position: '1',
      year: '2027',
      month: '2027-02',
      day: '2027-02-18',
    }
    // Settings and switches have names, and so have the versions of OCPP.
    const named = /\/api\/admin\/(settings|switches|features)\//.test(route.name)
    const own: Record<string, string> = route.name.includes('/api/ocpp/')
      ? { ...fitting, version: 'ocpp2.0.1', action: 'Reset' }
      : fitting
    const url = `${addressOf(route, name => own[name] ?? (named ? 'shop.open' : newId()))}?nobody=knows`
    const answer = await p.http.inject({ url, headers })
    assert.equal(answer.statusCode, 400, route.name)
    const { errors } = answer.json() as { errors?: { pointer: string }[] }
    assert.ok(
      // A Result of EN 18222 says it in words.
      errors?.some(({ pointer }) => pointer === '/nobody') ?? answer.body.includes('/nobody'),
      route.name,
    )
  }
})

test('patterns of what comes in are short, bounded, and such that other tools read them too', async t => {
  const p = await start(t, await choose())
  const look = (at: any, where: string): void => {
    if (at === null || typeof at !== 'object') return
    if (typeof at.pattern === 'string') {
      assert.doesNotMatch(at.pattern, /\\[pP]\{|\(\?[<!=]|\\u\{/, where)
      assert.ok(at.maxLength <= 2048 || /\{\d+(,\d+)?\}\$$/.test(at.pattern), `${where} has an end`)
    }
    for (const [key, value] of Object.entries(at)) look(value, `${where}/${key}`)
  }
  for (const { name, body, query } of routesOf(p)) look({ body, query }, name)
})

/** Texts that are no line, or that nobody sees. */
const unfit = {
  'only spaces': '   ',
  'a space of no width': '\u200b\u200b',
  'a mark of order': '\ufeff',
  'a filler': '\u3164',
  'an empty braille cell': '\u2800',
  'tags that show nothing': '\u{e0041}\u{e0042}',
  'a turn of direction': 'Ada\u202ecelevoL',
  'an isolate': 'a\u2066b',
  'a line separator': 'one\u2028two',
  'a line end': 'one\r\ntwo',
  'a tab': 'one\ttwo',
  'a bell': 'one\u0007',
  'a control of C1': 'one\u0085two',
}
const fit = [
  'Ada',
  ' Ada ',
  'Åsa Ö.',
  'محمد',
  'می\u200cخواهم',
  '👩\u200d🚀',
  '株式会社',
  'x',
  "O'Neil-Müller",
  '🏴\u{e0067}\u{e0062}\u{e007f}',
]

test('a name or a title is one line with something to see in it, and what people are called is one', () => {
  const isLine = new RegExp(linePattern, 'u')
  for (const [what, text] of Object.entries(unfit)) assert.doesNotMatch(text, isLine, what)
  for (const text of fit) assert.match(text, isLine)
})

test('names of people and organisations are held to one line, making them and changing them', async t => {
  const { http, post, person } = await startIdentity(t)
  const ada = await person('Ada')
  const { id } = (await post('/organisations', { name: 'Voltaic' }, ada.headers)).json()
  const patch = (path: string, payload: object) =>
    http.inject({ method: 'PATCH', url: `/api/auth${path}`, headers: ada.headers, payload })
  const account = { email: 'eve@example.com', password: 'quiet trains at dawn' }
  for (const [what, name] of Object.entries(unfit)) {
    for (const field of ['name', 'firstName']) {
      const answers = [
        await post('/register', { ...account, [field]: name }),
        await patch('/profile', { [field]: name }),
      ]
      for (const { statusCode, body } of answers) {
        assert.equal(statusCode, 400, `${field}: ${what}`)
        assert.equal(JSON.parse(body).errors[0].pointer, `/${field}`)
      }
    }
    for (const answer of [
      await post('/organisations', { name }, ada.headers),
      await patch(`/organisations/${id}`, { name }),
    ])
      assert.deepEqual([answer.statusCode, answer.json().errors[0].pointer], [400, '/name'], what)
  }
  for (const name of fit) assert.equal((await patch('/profile', { name })).statusCode, 200, name)
})

test('a last name can be taken away, and nobody is left without a name', async t => {
  const { http, post, person } = await startIdentity(t)
  const ada = await person('Ada')
  const patch = async (payload: object) =>
    (await http.inject({ method: 'PATCH', url: '/api/auth/profile', headers: ada.headers, payload })).json()
  assert.equal((await patch({ name: 'Ada Lovelace' })).lastName, 'Lovelace')
  const changed = await patch({ lastName: '' })
  assert.deepEqual([changed.firstName, changed.lastName, changed.name], ['Ada', '', 'Ada'])
  assert.equal((await patch({ firstName: '' })).errors[0].pointer, '/firstName')
  const account = { email: 'eve@example.com', password: 'quiet trains at dawn' }
  const refused = await post('/register', account)
  assert.deepEqual(refused.json().errors, [{ pointer: '/name', detail: 'is required or firstName or lastName' }])
  assert.equal((await post('/register', { ...account, lastName: '' })).json().errors[0].pointer, '/lastName')
  assert.equal((await post('/register', { ...account, firstName: 'Eve', lastName: '' })).statusCode, 202)
})
