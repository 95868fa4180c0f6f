import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import { openAccess } from '../../kernel/access/tokens.ts'
import { openHttp } from '../../kernel/http/open.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { start } from '../../kernel/testing.ts'
import { things } from './things.ts'
import { dial, problemIn, raw, rest } from './wire.ts'

test('bytes that are not HTTP are answered and cut off, also behind a good request', async t => {
  const p = await start(t, [await things(t)])
  const base = await p.listen()
  const malformed = [
    'garbage\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'GET / HTTP/9.9\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: x\r\nx: a\x00b\r\n\r\n',
    'POST /api/things HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n',
    'POST /api/things HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /api/things HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n',
  ]
  for (const bytes of malformed) assert.equal(problemIn(await raw(base, bytes)), '400 request_malformed', bytes)
  const pipelined = await raw(base, 'GET /api/things/context HTTP/1.1\r\nhost: x\r\n\r\n', 'garbage garbage\r\n\r\n')
  assert.ok(pipelined.includes('request_malformed'))
  assert.equal(
    problemIn(await raw(base, 'GET /api/things/context HTTP/1.1\r\nconnection: close\r\n\r\n')),
    '400 host_missing',
  )
  assert.match(
    await raw(base, 'GET /api/things/context HTTP/1.1\r\nhost: x\r\nexpect: wonders\r\nconnection: close\r\n\r\n'),
    /^HTTP\/1.1 200 /,
  )
  assert.equal((await fetch(`${base}/api/things/context`)).status, 200)
})

test('a flood of headers is refused', async t => {
  const p = await start(t, [await things(t)])
  const base = await p.listen()
  const flood = Array.from({ length: 5000 }, (_, i) => `x-${i}: ${i}\r\n`).join('')
  for (const headers of [flood, `x: ${'y'.repeat(100_000)}\r\n`, `cookie: ${'a=b; '.repeat(10_000)}\r\n`])
    assert.equal(
      problemIn(await raw(base, `GET /api/things/context HTTP/1.1\r\nhost: x\r\n${headers}\r\n`)),
      '431 headers_too_large',
    )
})

test('slow clients hold nobody up, and do not keep the platform from stopping', async t => {
  const p = await start(t, [await things(t)])
  const base = await p.listen()
  const slow = Array.from({ length: 200 }, (_, i) => {
    const socket = dial(base)
    socket.write(
      i % 2
        ? 'G'
        : 'POST /api/things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"na',
    )
    return socket
  })
  await moment(50)
  const begun = performance.now()
  assert.equal((await fetch(`${base}/api/things/context`)).status, 200)
  assert.ok(performance.now() - begun < 1_000)
  const ended = Promise.all(slow.map(rest))
  const stopping = performance.now()
  await p.platform.close()
  assert.ok(performance.now() - stopping < 4_500, `${performance.now() - stopping} ms`)
  await ended
})

test('a head that does not arrive in time is answered 408', async t => {
  const options = {
    log: openLog({ level: 'silent' }),
    metrics: openMetrics(),
    corsOrigins: [],
    publicUrl: 'http://localhost',
    headersTimeout: 200,
  }
  const app = await openHttp({ ...options, access: openAccess({ now: () => new Date() }) })
  t.after(() => app.close())
  const base = await app.listen({ port: 0, host: '127.0.0.1' })
  assert.equal(problemIn(await raw(base, 'GET / HTTP/1.1\r\nhost: x\r\nx-slow')), '408 request_too_slow')
})

test('browsers are told to run, embed and guess nothing, and behind HTTPS never to come without it', async t => {
  const headersAt = async (publicUrl: string) => {
    const options = { log: openLog({ level: 'silent' }), metrics: openMetrics(), corsOrigins: [], publicUrl }
    const app = await openHttp({ ...options, access: openAccess({ now: () => new Date() }) })
    t.after(() => app.close())
    const { headers } = await app.inject('/')
    for (const name of ['x-request-id', 'content-type', 'content-length', 'date', 'connection']) delete headers[name]
    return headers
  }
  const everywhere = {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none';frame-ancestors 'none';base-uri 'none';form-action 'self'",
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-site',
    'origin-agent-cluster': '?1',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-dns-prefetch-control': 'off',
    'x-download-options': 'noopen',
    'x-frame-options': 'SAMEORIGIN',
    'x-permitted-cross-domain-policies': 'none',
    'x-xss-protection': '0',
  }
  assert.deepEqual(await headersAt('http://localhost'), everywhere)
  assert.deepEqual(await headersAt('https://ohmnibus.example'), {
    ...everywhere,
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
  })
})

test('every answer carries the security headers and its trace, which a caller may bring along', async t => {
  const p = await start(t, [await things(t)])
  for (const url of [
    '/api/things/context',
    '/api/nothing',
    '/api/things/bug',
    '/%zz',
    '/api/things/by-id/1',
    '/health/live',
  ]) {
    const { headers } = await p.http.inject(url)
    assert.match(String(headers['content-security-policy']), /default-src 'none'/, url)
    assert.equal(headers['x-content-type-options'], 'nosniff', url)
    assert.match(String(headers['x-request-id']), /^[0-9a-f]{32}$/, url)
    assert.equal(headers['x-powered-by'], undefined)
  }
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const traced = await p.http.inject({
    url: '/api/things/context',
    headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` },
  })
  assert.deepEqual([traced.headers['x-request-id'], traced.json().traceId], [trace, trace])
  for (const traceparent of [
    '',
    'x',
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `ff-${trace}-00f067aa0ba902b7-01`,
    `00-${trace.toUpperCase()}-00f067aa0ba902b7-01`,
  ]) {
    const { headers } = await p.http.inject({ url: '/api/things/context', headers: { traceparent } })
    assert.match(String(headers['x-request-id']), /^[0-9a-f]{32}$/)
    assert.notEqual(headers['x-request-id'], trace)
  }
})

test('a bug is answered 500 without its reason, a problem with what its code says', async t => {
  const p = await start(t, [await things(t)])
  const bug = await p.http.inject('/api/things/bug')
  assert.equal(bug.statusCode, 500)
  assert.match(String(bug.headers['content-type']), /^application\/problem\+json/)
  assert.equal(bug.json().traceId, bug.headers['x-request-id'])
  assert.ok(!bug.body.includes('reason'))
  const limited = await p.http.inject('/api/things/limited')
  assert.deepEqual([limited.statusCode, limited.headers['retry-after']], [429, '2'])
  assert.deepEqual(limited.json(), {
    type: '/problems/too_many_requests',
    title: 'Too many requests',
    status: 429,
    code: 'too_many_requests',
    detail: 'Too many requests',
    stock: 3,
    traceId: limited.headers['x-request-id'],
  })
  assert.deepEqual(
    (await p.http.inject('/api/things/stripped')).json(),
    { name: 'x' },
    'what the schema does not name stays inside',
  )
})

test('what the parser refuses has a trace and the headers of every other answer', async t => {
  const p = await start(t, [await things(t)])
  const base = await p.listen()
  const asked = {
    431: `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    400: 'garbage\r\n\r\n',
    405: 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n',
  }
  for (const [status, bytes] of Object.entries(asked)) {
    const text = await raw(base, bytes)
    assert.equal(problemIn(text).split(' ')[0], status)
    const { traceId } = JSON.parse(text.split('\r\n\r\n')[1]!)
    assert.match(traceId, /^[0-9a-f]{32}$/)
    assert.equal(/^x-request-id: (.*)$/m.exec(text)?.[1]?.trim(), traceId)
    assert.match(text, /^content-security-policy: default-src 'none'/m)
    assert.match(text, /^x-content-type-options: nosniff/m)
  }
  assert.match(await raw(base, asked[405]), /^allow: GET, POST/m)
})
