import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import Type from 'typebox'
import { anyone, defineService, newId } from '../../kernel/index.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { openAccess } from '../../kernel/access/tokens.ts'
import { openHttp } from '../../kernel/http/open.ts'
import { operations } from '../../kernel/operations/operations.ts'
import type { Platform } from '../../kernel/run/run.ts'
import { start } from '../../kernel/testing.ts'
import { startEngine } from '../../tools/engines/engine.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { engine } from '../engines/engine.ts'
import { folderWith, Noted, notes, readers, settleNow, until, write } from './toys.ts'

const metricsToken = 'a-token-for-who-reads-the-figures'

const people = async (t: TestContext) =>
  defineService({
    name: 'people',
    folder: await folderWith(t),
    start({ http }) {
      http.get(
        '/:name',
        {
          config: { access: anyone },
          schema: {
            summary: 'Greet',
            params: Type.Object({ name: Type.String() }),
            querystring: Type.Object({ q: Type.Optional(Type.String()) }),
          },
        },
        ({ params }) => params,
      )
    },
  })

test('alive as soon as it answers, ready once it listens, and neither while it stops', async t => {
  let release = () => {}
  let entered = () => {}
  const gate = new Promise<void>(resolve => (release = resolve))
  const inside = new Promise<void>(resolve => (entered = resolve))
  const slow = defineService({
    name: 'slow',
    folder: await folderWith(t),
    start({ http }) {
      http.get('/', { config: { access: anyone }, schema: { summary: 'Wait' } }, async () => {
        entered()
        await gate
        return { done: true }
      })
    },
  })
  const p = await start(t, [slow, await people(t)])
  const ready = async () => {
    const answer = await p.http.inject('/health/ready')
    return `${answer.statusCode} ${answer.json().code ?? answer.json().status}`
  }
  assert.deepEqual((await p.http.inject('/health/live')).json(), { status: 'ok' })
  assert.equal(await ready(), '503 platform_starting')
  const base = await p.listen()
  assert.equal(await ready(), '200 ready')
  const health = await p.http.inject('/health')
  assert.equal(health.statusCode, 200)
  assert.deepEqual(health.json(), {
    status: 'ok',
    services: { people: 'ok', slow: 'ok' },
    engines: { database: 'ok', cache: 'ok', files: 'ok', mail: 'ok' },
  })

  // Somebody is being served when the end begins, and asks for more over the same connection.
  const { port, hostname } = new URL(base)
  const socket = connect(Number(port), hostname)
  let answers = ''
  socket.on('data', chunk => (answers += chunk))
  socket.write('GET /api/slow HTTP/1.1\r\nhost: x\r\n\r\n')
  await inside
  const closing = p.platform.close()
  await until(() => !p.http.app.server.listening)
  socket.write('GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n')
  setTimeout(release, 50)
  await Promise.all([once(socket, 'close'), closing])
  assert.match(
    answers,
    /^HTTP\/1.1 200 OK[^]*"done":true[^]*HTTP\/1.1 503 [^]*application\/problem\+json[^]*platform_stopping/,
  )
  await assert.rejects(fetch(`${base}/health/live`))
})

test('a failing engine makes the health fail and is named; a hanging one counts as failing', async t => {
  const log = openLog({ level: 'silent' })
  const metrics = openMetrics()
  const app = await openHttp({
    access: openAccess({ now: () => new Date() }),
    log,
    metrics,
    corsOrigins: [],
    publicUrl: 'http://localhost',
  })
  t.after(() => app.close())
  let database = async (): Promise<unknown> => 1
  let asked = 0
  const checks = { database: () => (asked++, database()), files: async () => {} }
  const state = operations({
    app,
    inside: { token: metricsToken, port: undefined, open: false },
    eventLogs: [],
    calls: { answer: () => {}, answers: () => false, ask: () => assert.fail('nobody asks'), serve: () => {} },
    metrics,
    log,
    services: ['people'],
    checks,
  })
  state.enter()
  const health = async () => {
    const answer = await app.inject({ url: '/health', headers: { authorization: `Bearer ${metricsToken}` } })
    return { code: answer.statusCode, ...answer.json() }
  }
  assert.deepEqual(await health(), {
    code: 200,
    status: 'ok',
    services: { people: 'ok' },
    engines: { database: 'ok', files: 'ok' },
  })
  database = async () => {
    throw new Error('connect ECONNREFUSED')
  }
  const failing = await health()
  assert.deepEqual([failing.code, failing.status, failing.engines.files], [503, 'failing', 'ok'])
  assert.equal(failing.engines.database, 'connect ECONNREFUSED', 'who has the token hears the reason')
  // A proxy on this machine need not say for whom it asks.
  const stranger = { url: '/health', remoteAddress: '127.0.0.1' }
  const before = asked
  assert.equal((await app.inject(stranger)).json().engines.database, 'failing')
  assert.equal(
    (await app.inject({ url: '/health', headers: { 'x-forwarded-for': '192.0.2.7' } })).json().engines.database,
    'failing',
  )
  assert.equal(asked, before, 'strangers who ask often do not ask the engines as often')
  for (const [token, reason] of [
    [metricsToken, 'connect ECONNREFUSED'],
    [`${metricsToken}x`, 'failing'],
  ] as const)
    assert.equal(
      (await app.inject({ ...stranger, headers: { authorization: `Bearer ${token}` } })).json().engines.database,
      reason,
    )
  database = () => new Promise(() => {})
  const begun = Date.now()
  assert.equal((await health()).code, 503)
  assert.ok(Date.now() - begun < 4_000)
  database = async () => 1
  assert.equal((await health()).code, 200)
  state.leave()
  assert.deepEqual([(await health()).code, (await health()).status], [503, 'stopping'])
  assert.equal((await app.inject('/health/ready')).json().code, 'platform_stopping')
})

test('metrics count by route, not by path, and hold nothing about persons', async t => {
  const p = await start(t, [await people(t)])
  const userId = newId()
  await p.http.inject({
    url: '/api/people/ada.lovelace@example.com?q=secret-question',
    headers: p.signedIn({ userId }),
  })
  await p.http.inject('/api/people/grace.hopper')
  await p.http.inject('/nobody/knows/alan.turing')
  const answer = await p.http.inject('/metrics')
  assert.match(String(answer.headers['content-type']), /^text\/plain/)
  const text = answer.body
  assert.match(text, /ohmnibus_http_request_seconds_count\{[^}]*route="\/api\/people\/:name"[^}]*\} 2/)
  assert.match(text, /ohmnibus_http_request_seconds_count\{[^}]*route="unknown"[^}]*status="404"[^}]*\} 1/)
  for (const personal of ['ada', 'grace', 'turing', 'secret-question', userId])
    assert.ok(!text.includes(personal), personal)
})

test('figures and the reasons of health are for who has the token or asks by the private port, from wherever', async t => {
  const ports = await Promise.all([freePort(), freePort()])
  const settings = { METRICS_TOKEN: 'a-token-for-prometheus' }
  for (const [port, environment] of [
    [ports[0], { ...settings, METRICS_PORT: String(ports[0]) }],
    [ports[1], { METRICS_PORT: String(ports[1]) }],
  ] as const) {
    const p = await start(t, [await people(t)], { environment })
    const base = await p.listen()
    const inside = base.replace(/:\d+$/, `:${port}`)
    const ask = async (url: string, headers: Record<string, string> = {}) =>
      (await fetch(`${url}/metrics`, { headers })).status
    assert.equal(await ask(base), 403, 'a proxy on this machine asks from here for everybody')
    assert.equal(await ask(base, { 'x-forwarded-for': '127.0.0.1' }), 403)
    assert.equal(await ask(base, { authorization: 'Bearer another-token' }), 403)
    const known = 'METRICS_TOKEN' in environment
    assert.equal(await ask(base, { authorization: 'Bearer a-token-for-prometheus' }), known ? 200 : 403)
    assert.equal(await ask(inside), 200)
    for (const path of ['/health', '/health/live', '/health/ready'])
      assert.equal((await fetch(inside + path)).status, 200, path)
    for (const path of ['/', '/api/people/x', '/docs', '/metricsx', '/health/../api/people/x'])
      assert.equal((await fetch(inside + path)).status, 404, path)
    await p.close()
    await assert.rejects(fetch(`${inside}/metrics`))
  }
  const other = await openPrivate(t)
  assert.equal((await other.app.inject('/metrics')).statusCode, 403, 'where nothing is set, nobody is inside')
})

/** A process as it is without the door that tests have. */
async function openPrivate(t: TestContext): Promise<Platform> {
  const p = await start(t, [await people(t)])
  return await p.another([await people(t)], { open: false })
}

test('operators see how far events have come and what failed; nobody else sees the dead letters', async t => {
  const p = await start(t, [
    await notes(t),
    await readers(
      t,
      ({ text }) => {
        if (text.startsWith('poison')) throw new Error('cannot stand it')
      },
      'pass',
    ),
  ])
  await write(p.http, 'one', ['a', ...Array.from({ length: 5 }, (_, i) => `poison ${i}`)])
  await settleNow(p)
  const metrics = (await p.http.inject('/metrics')).body
  assert.match(metrics, /ohmnibus_event_dead_letters\{subscription="readers[^"]*"\} 5/)
  assert.match(metrics, /ohmnibus_events_handled_total\{subscription="readers: remember \(note.taken\)"\} 1/)
  assert.match(metrics, /ohmnibus_event_lag\{subscription="readers[^"]*"\} 0/)
  assert.match(metrics, /ohmnibus_events_failed_total\{subscription="readers[^"]*"\} 25/)

  const list = (query: string, headers = p.signedIn({ role: 'admin' })) =>
    p.http.inject({ url: `/api/events/dead-letters${query}`, headers })
  for (const role of ['user', 'operator', 'authority'] as const)
    assert.equal((await list('', p.signedIn({ role }))).statusCode, 403, role)
  assert.equal((await p.http.inject('/api/events/dead-letters')).statusCode, 401)
  const first = (await list('?limit=3')).json()
  const second = (await list(`?limit=3&after=${first.nextCursor}`)).json()
  const letters = [...first.items, ...second.items]
  assert.deepEqual([first.items.length, second.items.length, second.nextCursor], [3, 2, null])
  assert.equal(new Set(letters.map(({ id }) => id)).size, 5)
  const [event] = (await p.published(Noted)).filter(({ eventId }) => eventId === letters[0].eventId)
  const { error, id: _, traceId, failedAt, ...shown } = letters[0]
  assert.deepEqual(shown, {
    subscription: 'readers: remember (note.taken)',
    service: 'readers',
    topic: 'note.taken',
    key: 'one',
    eventId: event!.eventId,
    state: 'dead',
    attempts: 5,
    publishedAt: event!.timestamp,
  })
  assert.match(error, /cannot stand it/)
  assert.match(traceId, /^[0-9a-f]{32}$/)
  assert.ok(Date.parse(failedAt) >= Date.parse(shown.publishedAt))
  const replay = (id: string, headers = p.signedIn({ role: 'admin' })) =>
    p.http.inject({ method: 'POST', url: `/api/events/dead-letters/${id}/replay`, headers })
  assert.equal((await replay(letters[0].id, p.signedIn())).statusCode, 403)
  assert.equal((await replay('x')).statusCode, 400)

  const giveUp = (id: string, headers = p.signedIn({ role: 'admin' })) =>
    p.http.inject({ method: 'DELETE', url: `/api/events/dead-letters/${id}`, headers })
  assert.equal((await giveUp(letters[0].id, p.signedIn())).statusCode, 403)
  const [ada, grace] = [1, 2].map(() => p.signedIn({ role: 'admin', userId: newId() }))
  for (const [id, who, status] of [
    [letters[0].id, ada, 202],
    [letters[0].id, ada, 202],
    [letters[0].id, grace, 204],
    [letters[0].id, grace, 404],
    [newId(), ada, 404],
  ] as const)
    assert.equal((await giveUp(id, who)).statusCode, status)
  assert.equal((await list('')).json().items.length, 4)
  // Whoever wanted it before it was tried again did not want it of the failure that came then.
  assert.equal((await giveUp(letters[1].id, ada)).statusCode, 202)
  assert.equal((await replay(letters[1].id)).statusCode, 202)
  await settleNow(p)
  for (const [who, status] of [
    [grace, 202],
    [ada, 204],
  ] as const)
    assert.equal((await giveUp(letters[1].id, who)).statusCode, status)
})

test('each engine answers for itself: Kafka and who sends to it, Redis, S3; one that goes is named, and again fine when it is back', async t => {
  const kafka = await engine(t, 'kafka')
  const s3 = await engine(t, 's3')
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-health-'))
  const redis = await startEngine('redis', { folder })
  t.after(async () => {
    await redis.stop()
    await rm(folder, { recursive: true })
  })
  const p = await start(t, [await notes(t)], { environment: { ...kafka, ...s3, ...redis.settings } })
  await p.listen()
  const engines = async (): Promise<Record<string, string>> => (await p.http.inject('/health')).json().engines
  const all = { database: 'ok', kafka: 'ok', relay: 'ok', cache: 'ok', files: 'ok', mail: 'ok' }
  await until(async () => (await engines()).relay === 'ok')
  assert.deepEqual(await engines(), all)
  await redis.kill()
  await until(async () => (await engines()).cache !== 'ok')
  assert.deepEqual({ ...(await engines()), cache: 'ok' }, all)
  await redis.restart()
  await until(async () => (await engines()).cache === 'ok', 10)
})

test('a dead letter that is given up never happens, and what waits behind it does', async t => {
  const p = await start(t, [
    await notes(t),
    await readers(t, ({ text }) => {
      if (text === 'poison') throw new Error('cannot stand it')
    }),
  ])
  await write(p.http, 'one', ['a', 'poison', 'b', 'c'])
  await settleNow(p)
  const texts = async () => (await p.db('readers')`select text from seen order by position`).map(({ text }) => text)
  assert.deepEqual(await texts(), ['a'])
  const headers = p.signedIn({ role: 'admin' })
  const letters = (await p.http.inject({ url: '/api/events/dead-letters', headers })).json().items
  const { id } = letters.find(({ state }: { state: string }) => state === 'dead')
  const giveUp = (userId: string) =>
    p.http.inject({
      method: 'DELETE',
      url: `/api/events/dead-letters/${id}`,
      headers: p.signedIn({ role: 'admin', userId }),
    })
  const alone = newId()
  for (const _ of [1, 2]) assert.equal((await giveUp(alone)).statusCode, 202)
  await settleNow(p)
  assert.deepEqual(await texts(), ['a'], 'one alone gives nothing up')
  assert.equal((await giveUp(newId())).statusCode, 204)
  await settleNow(p)
  assert.deepEqual(await texts(), ['a', 'b', 'c'])
  assert.deepEqual((await p.http.inject({ url: '/api/events/dead-letters', headers })).json().items, [])
})
