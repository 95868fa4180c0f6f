import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { connect, newIdempotencyKey, OhmnibusProblem, readWebhook, WebhookVerificationError } from '../src/index.ts'
import { openPlatform, passport } from './platform.ts'

/** `fetch` that counts, and answers in the place of the platform where `instead` says so. */
function watched(
  instead: (request: Request, number: number) => Response | undefined | Promise<Response | undefined> = () => undefined,
) {
  const seen: string[] = []
  const watching = async (given: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(given, init)
    const line = `${request.method} ${new URL(request.url).pathname}`
    seen.push(line)
    const number = seen.filter(other => other === line).length
    return (await instead(request.clone(), number)) ?? (await fetch(request))
  }
  return {
    seen,
    fetch: watching as typeof globalThis.fetch,
    count: (line: string) => seen.filter(other => other === line).length,
  }
}

const away = (headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ code: 'service_unavailable', detail: 'Away' }), { status: 503, headers })

test('a client of the running platform', async t => {
  const p = await openPlatform(t)
  const { url } = p
  const person = connect({ url, as: p.ada })
  const { id, key } = await person.post('/api/auth/keys', {
    body: {
      name: 'Line 3',
      scopes: ['passports:read', 'passports:write', 'notifications:read', 'notifications:write'],
    },
  })
  const ohmnibus = connect({ url, as: { key } })

  await t.test('asks by a key, and reads lists page by page', async () => {
    for (let number = 1; number <= 5; number++)
      await ohmnibus.post('/api/passports', { body: { data: passport(`BP-${number}`) } })
    const watching = watched()
    const identifiers: string[] = []
    const list = connect({ url, as: { key }, fetch: watching.fetch }).list('/api/passports', {
      params: { query: { limit: 2 } },
    })
    for await (const one of list) identifiers.push(one.identifier!)
    assert.deepEqual(identifiers.sort(), ['BP-1', 'BP-2', 'BP-3', 'BP-4', 'BP-5'])
    assert.equal(watching.count('GET /api/passports'), 3)
  })

  await t.test('throws what is refused, with its code', async () => {
    const refused = async (work: Promise<unknown>): Promise<OhmnibusProblem> => {
      const error = await work.then(
        () => undefined,
        failure => failure,
      )
      assert.ok(error instanceof OhmnibusProblem)
      return error
    }
    const unknown = { params: { path: { id: crypto.randomUUID() } } }
    const missing = await refused(ohmnibus.get('/api/passports/{id}', unknown))
    assert.deepEqual([missing.status, missing.code], [404, 'passport_unknown'])
    assert.ok(missing.traceId)
    const invalid = await refused(person.post('/api/auth/organisations', { body: { name: '' } }))
    assert.deepEqual([invalid.status, invalid.errors[0]?.pointer], [400, '/name'])
    const beyond = await refused(ohmnibus.get('/api/auth/profile'))
    assert.deepEqual([beyond.status, beyond.code], [403, 'scope_insufficient'])
    const stranger = await refused(connect({ url }).get('/api/auth/profile'))
    assert.deepEqual([stranger.status, stranger.code], [401, 'token_missing'])
    const wrong = await refused(
      connect({ url, as: { ...p.ada, password: 'not hers at all' } }).get('/api/auth/profile'),
    )
    assert.deepEqual([wrong.status, wrong.code], [401, 'credentials_invalid'])
    const broken = watched(() => new Response('<html>Bad gateway</html>', { status: 502 }))
    const odd = await refused(connect({ url, fetch: broken.fetch, retries: 0 }).get('/api/auth/profile'))
    assert.deepEqual([odd.status, odd.code], [502, 'unreadable'])
  })

  await t.test('tries again what fails for now, honours Retry-After, and does nothing twice', async () => {
    const flaky = watched((_, number) => (number < 3 ? away() : undefined))
    const page = await connect({ url, as: { key }, fetch: flaky.fetch }).get('/api/passports')
    assert.equal(page.items.length, 5)
    assert.equal(flaky.count('GET /api/passports'), 3)

    const asked = watched((_, number) => (number === 1 ? away({ 'retry-after': '1' }) : undefined))
    const began = performance.now()
    await connect({ url, as: { key }, fetch: asked.fetch }).get('/api/passports')
    assert.ok(performance.now() - began >= 990, 'a second was asked for')

    const patient = watched(() => away({ 'retry-after': '3600' }))
    await assert.rejects(connect({ url, fetch: patient.fetch }).get('/api/passports'), { retryAfter: 3600 })
    assert.equal(patient.seen.length, 1, 'an hour is too long')

    const lost = watched(() => away())
    const once = connect({ url, as: p.ada, fetch: lost.fetch }).post('/api/auth/organisations', { body: { name: 'A' } })
    await assert.rejects(once, { status: 503 })
    assert.equal(lost.count('POST /api/auth/organisations'), 0, 'signing in is not tried twice either')
    assert.equal(lost.seen.length, 1)

    // The first answer is lost on the way back: what was done is not done again.
    const after = watched(async (request, number) => {
      if (!request.url.endsWith('/organisations') || number > 1) return undefined
      await fetch(request)
      return away()
    })
    const careful = connect({ url, as: p.ada, fetch: after.fetch })
    const header = { 'Idempotency-Key': newIdempotencyKey() }
    const made = await careful.post('/api/auth/organisations', { params: { header }, body: { name: 'Voltaic' } })
    assert.equal(after.count('POST /api/auth/organisations'), 2)
    const { items } = await person.get('/api/auth/organisations')
    assert.deepEqual(
      items.map(one => one.id),
      [made.id],
    )

    const stop = AbortSignal.timeout(20)
    const gone = watched(() => away({ 'retry-after': '5' }))
    await assert.rejects(connect({ url, fetch: gone.fetch }).get('/api/passports', { signal: stop }), {
      name: 'TimeoutError',
    })
  })

  await t.test('gets a token for a key in the standard way, once for all who wait', async () => {
    const watching = watched()
    const as = { clientCredentials: { id, secret: key, scope: 'passports:read' } }
    const program = connect({ url, as, fetch: watching.fetch })
    await Promise.all([program.get('/api/passports'), program.get('/api/passports'), program.get('/api/passports')])
    assert.equal(watching.count('POST /api/auth/token'), 1)
    await assert.rejects(program.post('/api/passports', { body: { data: passport('BP-6') } }), {
      code: 'scope_insufficient',
    })
  })

  await t.test('goes on with another token where one is refused', async () => {
    const watching = watched()
    const session = connect({ url, as: p.ada, fetch: watching.fetch })
    assert.equal((await session.get('/api/auth/profile')).email, p.ada.email)
    // A change of what one may do makes tokens stale.
    const other = connect({ url, as: p.ada })
    const { items } = await other.get('/api/auth/sessions')
    assert.ok(items.length >= 2)
    for (const one of items.filter(({ current }) => !current))
      await other.delete('/api/auth/sessions/{id}', { params: { path: { id: one.id } } })
    assert.equal((await session.get('/api/auth/profile')).email, p.ada.email, 'the session ended: it signs in again')
    assert.deepEqual(
      watching.seen.filter(line => !line.endsWith('profile')),
      ['POST /api/auth/login', 'POST /api/auth/refresh', 'POST /api/auth/login'],
    )
    await session.signOut()
    assert.equal(watching.seen.at(-1), 'POST /api/auth/logout')
    let given = 0
    const tokens = connect({ url, as: { token: () => (given++ === 0 ? 'not.a.token' : key) } })
    assert.ok(await tokens.get('/api/passports'))
    assert.equal(given, 2)
  })

  await t.test('hears of notifications as they come, also behind a connection that broke', async () => {
    const stop = new AbortController()
    const opened = watched()
    let cut = () => {}
    const breaking = (async (request: Request, init?: RequestInit) => {
      const response = await opened.fetch(request, init)
      if (!request.url.endsWith('/stream') || !response.body) return response
      const breaker = new AbortController()
      cut = () => breaker.abort(new Error('the connection broke'))
      return new Response(response.body.pipeThrough(new TransformStream(), { signal: breaker.signal }), response)
    }) as typeof globalThis.fetch
    const heard = connect({ url, as: { key }, fetch: breaking }).notifications({ signal: stop.signal })
    const hear = async (title: RegExp): Promise<true> => {
      for (;;) if (title.test((await heard.next()).value?.data?.title ?? '')) return true
    }
    const first = hear(/BP-live-/)
    let there = false
    first.then(
      () => (there = true),
      () => (there = true),
    )
    const make = async (identifier: string) => {
      await ohmnibus.post('/api/passports', { body: { data: passport(identifier) } })
      await p.settle()
    }
    // The stream may begin a moment after the request: what was told before is not its business.
    for (let made = 0; !there && made < 500; made++) await make(`BP-live-${made}`)
    assert.ok(await first)
    cut()
    await make('BP-behind')
    assert.ok(await hear(/BP-behind/))
    assert.ok(opened.count('GET /api/notifications/stream') >= 2)
    stop.abort()
  })

  await t.test('knows a webhook by its signature', async () => {
    const got: { headers: Record<string, string | string[] | undefined>; body: string }[] = []
    const server = createServer(async (request, response) => {
      got.push({ headers: request.headers, body: await text(request) })
      response.writeHead(204).end()
    }).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await new Promise(done => server.once('listening', done))
    const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`
    const webhook = await ohmnibus.post('/api/notifications/webhooks', { body: { url: here } })
    const path = { id: webhook.id }
    assert.equal((await ohmnibus.post('/api/notifications/webhooks/{id}/test', { params: { path } })).delivered, true)
    const [call] = got
    assert.equal(readWebhook(webhook.secret!, call!.headers, call!.body).type, 'webhook.test')
    assert.equal(
      readWebhook(['whsec_c29tZXRoaW5nIGVsc2U=', webhook.secret!], call!.headers, call!.body).type,
      'webhook.test',
    )
    for (const body of [call!.body.replace('test', 'best'), `${call!.body} `])
      assert.throws(() => readWebhook(webhook.secret!, call!.headers, body), WebhookVerificationError)
    const old = { ...call!.headers, 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 600) }
    assert.throws(() => readWebhook(webhook.secret!, old, call!.body), WebhookVerificationError)
  })
})

test('a session of a person is refreshed as its tokens run out, and its password is sent once', async t => {
  const p = await openPlatform(t, { JWT_ACCESS_EXPIRY: '10s' })
  const watching = watched()
  const session = connect({ url: p.url, as: p.ada, fetch: watching.fetch })
  for (let times = 0; times < 3; times++) await session.get('/api/auth/profile')
  assert.equal(watching.count('POST /api/auth/login'), 1)
  assert.equal(watching.count('POST /api/auth/refresh'), 2)
})
