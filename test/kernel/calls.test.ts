import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { SignJWT } from 'jose'
import Type from 'typebox'
import { call } from '../../contracts/define.ts'
import { anyone, context, defineService, newId, Problem, signedIn, within, type Service } from '../../kernel/index.ts'
import { deriveFrom } from '../../kernel/config/secrets.ts'
import { start, type TestOptions } from '../../kernel/testing.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { until } from './toys.ts'

const secret = 'a secret for tests: 0123456789abcdef'

/** What a ledger says about an entry; `id` decides how it behaves. */
const getEntry = call(
  'ledger',
  'get_entry',
  Type.Object({ id: Type.String({ maxLength: 100 }) }),
  Type.Object({ id: Type.String(), at: Type.Optional(Type.String()) }),
)
/** The ledger of today knows nothing of it. */
const getSum = call('ledger', 'get_sum', Type.Object({}), Type.Object({}))

interface Seen {
  id: string
  actor: unknown
  traceId: string
}

/** Answers questions; what it was asked is in `seen`. */
function ledger(seen: Seen[] = [], wait: (id: string) => Promise<unknown> = async () => {}): Service {
  return defineService({
    name: 'ledger',
    folder: '/nowhere',
    start(host) {
      host.answer(getEntry, async ({ id }) => {
        seen.push({ id, actor: context().actor, traceId: context().traceId })
        if (id === 'refused')
          throw new Problem('conflict', 'entry_closed', {
            detail: 'It is closed.',
            errors: [{ pointer: '/id', detail: 'is closed' }],
            by: 'Ada',
          })
        if (id === 'limited') throw new Problem('limited', 'too_many_requests', { retryAfter: 7 })
        if (id === 'bug') throw new Error('a bug')
        await wait(id)
        if (id === 'false') return { id: 7 } as never
        return { id, at: new Date(0), passwordHash: 'not for others' } as never
      })
    },
  })
}

/** Asks the ledger what clients ask it. */
const shop = (needs: (typeof getEntry | typeof getSum)[] = [getEntry]): Service =>
  defineService({
    name: 'shop',
    folder: '/nowhere',
    problems: { entry_closed: ['conflict', 'The entry is closed.'] },
    needs,
    start(host) {
      const query = Type.Object({ id: Type.Optional(Type.String()), inside: Type.Optional(Type.Boolean()) })
      host.http.get(
        '/',
        {
          config: { access: anyone },
          schema: { summary: 'Ask', refuses: ['entry_closed', 'too_many_requests'], querystring: query },
        },
        async ({ query, visitor }) => {
          const ask = () =>
            within(visitor ? { actor: { userId: visitor.userId, role: visitor.role } } : {}, () =>
              host.ask(getEntry, { id: query.id ?? 'a' }),
            )
          return query.inside ? await host.db.transaction(ask) : await ask()
        },
      )
      host.http.get('/sum', { config: { access: anyone }, schema: { summary: 'Sum' } }, () =>
        host.ask(getSum as never, {} as never),
      )
      host.http.get('/me', { config: { access: signedIn }, schema: { summary: 'Who' } }, ({ actor }) => ({
        userId: actor.userId,
      }))
    },
  })

async function listen(t: TestContext, services: Service[], options: TestOptions = {}) {
  const p = await start(t, services, options)
  return { ...p, address: (await p.listen()).replace('[::1]', '127.0.0.1') }
}

/** A shop that asks at these addresses. */
async function shopAt(t: TestContext, addresses: string[], more: Record<string, string> = {}) {
  const p = await start(t, [shop()], { environment: { LEDGER_SERVICE_URL: addresses.join(','), ...more } })
  const ask = async (id = 'a', headers: Record<string, string> = {}) => {
    const answer = await p.http.inject({ url: `/api/shop?id=${id}`, headers })
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() }
  }
  return { ...p, ask }
}

/** A port where nobody is. */
const nobody = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`

test('a question to another process is answered through JSON, in the name of who asked, in the same trace', async t => {
  const seen: Seen[] = []
  const owner = await listen(t, [ledger(seen)])
  const { ask, signedIn: as } = await shopAt(t, [owner.address])
  const userId = newId()
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const answer = await ask('a', { ...as({ userId }), traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
  assert.deepEqual([answer.status, answer.body], [200, { id: 'a', at: '1970-01-01T00:00:00.000Z' }])
  assert.deepEqual(seen, [{ id: 'a', actor: { userId, role: 'user' }, traceId }])
})

test('an answer holds what its contract names and nothing else, in one process and between two', async t => {
  const owner = await listen(t, [ledger()])
  const here = await start(t, [ledger(), shop()])
  const { ask } = await shopAt(t, [owner.address])
  const promised = { id: 'a', at: '1970-01-01T00:00:00.000Z' }
  assert.deepEqual((await ask()).body, promised)
  assert.deepEqual((await here.http.inject('/api/shop?id=a')).json(), promised)
})

test('an answer that is not what was promised, and a question that is not one, are faults, in one process and between two', async t => {
  const owner = await listen(t, [ledger()])
  const here = await start(t, [ledger(), shop()])
  const { ask } = await shopAt(t, [owner.address])
  assert.equal((await ask('false')).status, 500)
  assert.equal((await here.http.inject('/api/shop?id=false')).statusCode, 500)
  const long = 'x'.repeat(101)
  assert.equal((await here.http.inject(`/api/shop?id=${long}`)).statusCode, 500)
  assert.deepEqual(
    [(await ask(long)).status, (await ask(long)).body.code],
    [503, 'service_mismatched'],
    'it may be another version that asks so',
  )
})

test('what the owner refuses with is what the asker gets: kind, code, detail, fields, members, when to come back', async t => {
  const owner = await listen(t, [ledger()])
  const here = await start(t, [ledger(), shop()])
  const { ask } = await shopAt(t, [owner.address])
  for (const id of ['refused', 'limited']) {
    const there = await ask(id)
    const same = await here.http.inject(`/api/shop?id=${id}`)
    assert.deepEqual({ ...there.body, traceId: 0 }, { ...same.json(), traceId: 0 }, 'as in one process')
    assert.equal(there.headers['retry-after'], same.headers['retry-after'])
  }
  assert.equal((await ask('refused')).body.code, 'entry_closed')
  assert.equal((await ask('limited')).headers['retry-after'], '7')
  assert.deepEqual([(await ask('bug')).status, (await ask('bug')).body.code], [500, 'internal_error'])
})

test('a question is asked again elsewhere when nobody is at an address, or who is there cannot answer now', async t => {
  const stopping = createServer((_, answer) =>
    answer
      .writeHead(503, { 'content-type': 'application/problem+json' })
      .end(JSON.stringify({ code: 'platform_stopping' })),
  ).listen(0, '127.0.0.1')
  t.after(() => stopping.close())
  await new Promise(listening => stopping.once('listening', listening))
  const seen: Seen[] = []
  const owner = await listen(t, [ledger(seen)])
  const { ask } = await shopAt(t, [
    await nobody(),
    `http://127.0.0.1:${(stopping.address() as AddressInfo).port}`,
    owner.address,
  ])
  for (let i = 0; i < 20; i++) assert.equal((await ask()).status, 200)
  assert.equal(seen.length, 20, 'each is answered once')
})

test('questions go in turn to those who answer', async t => {
  const seen: Seen[][] = [[], []]
  const owners = await Promise.all(seen.map(own => listen(t, [ledger(own)])))
  const { ask } = await shopAt(
    t,
    owners.map(({ address }) => address),
  )
  for (let i = 0; i < 60; i++) await ask()
  for (const own of seen) assert.ok(own.length > 10, `${own.length} of 60`)
})

test('an owner who is away is left alone after some tries, and asked again once there', async t => {
  const port = await freePort()
  const { ask, http } = await shopAt(t, [`http://127.0.0.1:${port}`])
  const up = async () => /ohmnibus_peer_up\{.*\} (\d)/.exec((await http.inject('/metrics')).body)![1]
  const first = await ask()
  assert.deepEqual([first.status, first.body.code, first.headers['retry-after']], [503, 'service_unavailable', '1'])
  for (let i = 0; i < 4; i++) await ask()
  assert.equal(await up(), '0')
  const began = Date.now()
  for (let i = 0; i < 10; i++) assert.equal((await ask()).status, 503)
  assert.match((await http.inject('/metrics')).body, /ohmnibus_peer_failures_total\{address="http:\/\/127[^}]*\} \d\d/)
  assert.ok(Date.now() - began < 4_000, 'nobody waits for an address that does not answer')

  await listen(t, [ledger()], { environment: { PORT: String(port) } })
  await until(async () => (await ask()).status === 200, 8)
  await until(async () => (await up()) === '1')
})

test('an address that was left alone is used again while others work', async t => {
  const port = await freePort()
  const away = `http://127.0.0.1:${port}`
  const [one, other] = [[], []] as Seen[][]
  const owner = await listen(t, [ledger(one)])
  const { ask } = await shopAt(t, [away, owner.address])
  await until(async () => {
    await ask()
    return (one as Seen[]).length > 20
  })
  await listen(t, [ledger(other)], { environment: { PORT: String(port) } })
  await until(async () => {
    await ask()
    return (other as Seen[]).length > 3
  }, 8)
})

test('an owner who takes too long is not waited for beyond the deadline', async t => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const owner = await listen(t, [ledger([], id => (id === 'slow' ? promise : Promise.resolve()))])
  t.after(() => resolve())
  const { ask } = await shopAt(t, [owner.address])
  const began = Date.now()
  const answer = await ask('slow')
  const took = Date.now() - began
  assert.equal(answer.status, 503)
  assert.ok(took > 4_500 && took < 6_500, `${took} ms`)
  assert.equal((await ask('quick')).status, 200)
})

test('questions that an answer needs have what is left of the time of the first', async t => {
  const owner = await listen(t, [ledger([], () => new Promise(() => {}))])
  const middle = await listen(t, [shop(), forwarding], { environment: { LEDGER_SERVICE_URL: owner.address } })
  const began = Date.now()
  const answer = await internal(middle.address, 'get_copy', { id: 'a' }, { headers: { 'x-ohmnibus-deadline': '300' } })
  assert.equal(answer.status, 503)
  assert.ok(Date.now() - began < 2_000)
})

const getCopy = call('copies', 'get_copy', Type.Object({ id: Type.String() }), Type.Object({ id: Type.String() }))
const forwarding: Service = defineService({
  name: 'copies',
  folder: '/nowhere',
  needs: [getEntry],
  start: host => host.answer(getCopy, ({ id }) => host.ask(getEntry, { id })),
})

/** A service token as another process makes it, changed on purpose. */
async function token(
  change: { key?: Buffer; head?: object; audience?: string; expires?: string | number; claims?: object } = {},
) {
  return await new SignJWT({ actor: { userId: null, role: 'system' }, ...change.claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'service+jwt', ...change.head })
    .setSubject('shop')
    .setAudience(change.audience ?? 'get_entry')
    .setIssuedAt()
    .setExpirationTime(change.expires ?? '30s')
    .sign(change.key ?? deriveFrom(Buffer.from(secret))('service calls'))
}

/** Asks as another process does. */
async function internal(
  address: string,
  name: string,
  body: unknown,
  { headers = {}, proof }: { headers?: Record<string, string>; proof?: string | null } = {},
) {
  const own = proof === undefined ? await token({ audience: name }) : proof
  const answer = await fetch(`${address}/internal/calls/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(own !== null && { 'x-ohmnibus-service': own }), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as { code: string } }
}

test('only a process with our secret gets an answer, for what its token is for, as long as it lives', async t => {
  const seen: Seen[] = []
  const owner = await listen(t, [ledger(seen)])
  const good = await token()
  const [head, claims, signature] = good.split('.') as [string, string, string]
  const bad: Record<string, string | null> = {
    none: null,
    empty: '',
    garbage: 'a.b.c',
    'of another secret': await token({
      key: deriveFrom(Buffer.from('another secret: 0123456789abcdef!!'))('service calls'),
    }),
    'with the key of another purpose': await token({ key: deriveFrom(Buffer.from(secret))('file links') }),
    'for another call': await token({ audience: 'get_sum' }),
    'of another type': await token({ head: { typ: 'at+jwt' } }),
    expired: await token({ expires: Math.floor(Date.now() / 1000) - 120 }),
    unsigned: `${Buffer.from('{"alg":"none","typ":"service+jwt"}').toString('base64url')}.${claims}.`,
    'with claims put in afterwards': `${head}.${Buffer.from('{"sub":"shop","aud":"get_entry","exp":9999999999,"actor":{"role":"admin"}}').toString('base64url')}.${signature}`,
    'of a person': owner.signedIn({ role: 'admin' }).authorization.slice('Bearer '.length),
  }
  for (const [what, proof] of Object.entries(bad)) {
    const answer = await internal(owner.address, 'get_entry', { id: 'a' }, { proof })
    assert.deepEqual([answer.status, answer.body.code], [401, 'service_token_invalid'], what)
  }
  const admin = await internal(
    owner.address,
    'get_entry',
    { id: 'a' },
    { proof: null, headers: owner.signedIn({ role: 'admin' }) },
  )
  assert.equal(admin.status, 401, 'an admin is no process')
  assert.equal((await fetch(`${owner.address}/internal/routes`)).status, 401)
  assert.equal(seen.length, 0)
  const answer = await internal(
    owner.address,
    'get_entry',
    { id: 'a' },
    { proof: await token({ expires: Math.floor(Date.now() / 1000) - 60 }) },
  )
  assert.equal(answer.status, 200, 'clocks may be a minute apart')
})

test('what is not a question that is answered here is refused, however it is put', async t => {
  const seen: Seen[] = []
  const owner = await listen(t, [ledger(seen)])
  const refusals: [name: string, body: unknown, status: number, code: string][] = [
    ['get_nothing', {}, 404, 'call_unknown'],
    ['constructor', {}, 404, 'call_unknown'],
    ['get_entry', {}, 400, 'call_invalid'],
    ['get_entry', { id: 7 }, 400, 'call_invalid'],
    ['get_entry', { id: 'x'.repeat(101) }, 400, 'call_invalid'],
    ['get_entry', null, 400, 'call_invalid'],
    ['get_entry', [], 400, 'call_invalid'],
    ['get_entry', '{', 400, 'json_invalid'],
    ['get_entry', { id: 'x'.repeat(2_000_000) }, 413, 'body_too_large'],
    ['x'.repeat(101), {}, 400, 'request_invalid'],
  ]
  for (const [name, body, status, code] of refusals) {
    const answer = await internal(owner.address, name, body)
    assert.deepEqual(
      [answer.status, answer.body.code],
      [status, code],
      `${name} ${String(JSON.stringify(body)).slice(0, 40)}`,
    )
  }
  assert.equal(seen.length, 0)
  const document = (await owner.http.inject('/docs/openapi.json')).json()
  assert.deepEqual(
    Object.keys(document.paths).filter(path => path.startsWith('/internal')),
    [],
  )
})

test('a question that the other version does not know, or a process with another secret, is no fault of who uses the platform', async t => {
  const owner = await listen(t, [ledger()])
  const newer = await start(t, [shop([getEntry, getSum])], { environment: { LEDGER_SERVICE_URL: owner.address } })
  const stranger = await shopAt(t, [owner.address], { OHMNIBUS_SECRET: 'another secret: 0123456789abcdef!!' })
  for (const answer of [await newer.http.inject('/api/shop/sum'), await stranger.http.inject('/api/shop')]) {
    assert.deepEqual(
      [answer.statusCode, answer.json().code, answer.headers['retry-after']],
      [503, 'service_mismatched', '5'],
    )
    assert.match(answer.json().detail, /another version or another secret/)
  }
})

test('nobody is asked inside a transaction', async t => {
  const seen: Seen[] = []
  const owner = await listen(t, [ledger(seen)])
  const { http } = await shopAt(t, [owner.address])
  assert.equal((await http.inject('/api/shop?inside=true')).statusCode, 500)
  assert.equal(seen.length, 0)
})

test('a process whose identity is away starts, serves what is public, and tells others to come back, not to sign in', async t => {
  const { http, signedIn: as } = await start(t, [ledger(), shop()], {
    environment: { IDENTITY_SERVICE_URL: await nobody() },
  })
  assert.equal((await http.inject('/api/shop')).statusCode, 200)
  assert.equal((await http.inject({ url: '/api/shop', headers: as() })).statusCode, 200)
  const answer = await http.inject({ url: '/api/shop/me', headers: as() })
  assert.deepEqual(
    [answer.statusCode, answer.json().code, answer.headers['retry-after']],
    [503, 'service_unavailable', '1'],
  )
  assert.equal((await http.inject('/api/shop/me')).statusCode, 401)
})
