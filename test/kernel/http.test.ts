import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import Type from 'typebox'
import { Id } from '../../contracts/shared.ts'
import { openAccess } from '../../kernel/access/tokens.ts'
import { openHttp } from '../../kernel/http/open.ts'
import { anyone, context, defineService, newId, Problem, signedIn } from '../../kernel/index.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { start } from '../../kernel/testing.ts'
import { folderWith } from './toys.ts'

const Thing = Type.Object({
  name: Type.String({ maxLength: 100 }),
  count: Type.Optional(Type.Integer({ minimum: 0 })),
  tags: Type.Optional(Type.Array(Type.String(), { maxItems: 5 })),
  inner: Type.Optional(Type.Object({ flag: Type.Boolean() })),
  free: Type.Optional(Type.Object({}, { additionalProperties: true })),
})

const things = async (t: TestContext) =>
  defineService({
    name: 'things',
    folder: await folderWith(t, 'create table things (name text)'),
    start({ http, db }) {
      const open = { access: anyone }
      const large = { bodyLimit: 1_048_576 }
      http.post('/', { config: open, schema: { summary: 'Echo', body: Thing }, ...large }, ({ body }, reply) =>
        reply.code(201).send(body),
      )
      http.post('/bare', { config: open, schema: { summary: 'Takes no body' } }, () => ({ done: true }))
      http.get(
        '/by-id/:id',
        { config: open, schema: { summary: 'By id', params: Type.Object({ id: Id }) } },
        ({ params }) => params,
      )
      http.put(
        '/by-id/:id',
        { config: { access: signedIn }, schema: { summary: 'By id', params: Type.Object({ id: Id }) } },
        ({ params }) => params,
      )
      http.get(
        '/by-name/:name',
        { config: open, schema: { summary: 'By name' } },
        ({ params }) => db`select * from things where name = ${(params as { name: string }).name}`,
      )
      const querystring = Type.Object({
        count: Type.Integer({ default: 7 }),
        flag: Type.Optional(Type.Boolean()),
        text: Type.Optional(Type.String()),
      })
      http.get('/search', { config: open, schema: { summary: 'Search', querystring } }, async ({ query }) => {
        await db`select * from things where name = ${query.text ?? ''}`
        return query
      })
      http.get('/context', { config: open, schema: { summary: 'Context' } }, () => context())
      const secretless = Type.Object({ name: Type.String() })
      http.get('/stripped', { config: open, schema: { summary: 'Stripped', response: { 200: secretless } } }, () => ({
        name: 'x',
        password: 'y',
      }))
      http.get('/bug', { config: open, schema: { summary: 'Bug' } }, () => {
        throw new Error('the reason nobody outside may know')
      })
      http.get('/limited', { config: open, schema: { summary: 'Limited', refuses: ['too_many_requests'] } }, () => {
        throw new Problem('limited', 'too_many_requests', { retryAfter: 1.2, stock: 3 })
      })
    },
  })

/** Sends bytes over a socket of its own; resolves with all that comes back until the other side closes. */
async function raw(base: string, ...parts: (string | Buffer)[]): Promise<string> {
  const socket = open(base)
  for (const part of parts) socket.write(part)
  return await rest(socket)
}

function open(base: string): Socket {
  const { port, hostname } = new URL(base)
  return connect(Number(port), hostname).on('error', () => {})
}

async function rest(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', chunk => (text += chunk))
  await new Promise(resolve => socket.on('close', resolve))
  return text
}

/** The status and code of one raw answer, which must be a problem. */
function problemIn(answer: string): string {
  const [head, body] = answer.split('\r\n\r\n', 2) as [string, string]
  assert.match(head, /^content-type: application\/problem\+json/im, answer)
  const problem = JSON.parse(body)
  assert.equal(head.split(' ')[1], String(problem.status))
  return `${problem.status} ${problem.code}`
}

const json = (body: string | Buffer, path = '/api/things', type = 'application/json') =>
  Buffer.concat([
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`,
    ),
    Buffer.from(body),
  ])

test('a body that is no good JSON is refused with what is wrong and where, and the next request is served', async t => {
  const p = await start(t, [await things(t)])
  const base = await p.listen()
  const nested = (depth: number) => `{"name":"x","free":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`
  const cases: [body: string | Buffer, expected: string][] = [
    ['{"name":', '400 json_invalid'],
    ['{"name":"x"} {}', '400 json_invalid'],
    ["{'name':'x'}", '400 json_invalid'],
    ['undefined', '400 json_invalid'],
    ['NaN', '400 json_invalid'],
    ['', '400 json_invalid'],
    ['   \n', '400 json_invalid'],
    [Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), '400 json_invalid'],
    [Buffer.from('{"name":"\xed\xa0\x80"}', 'latin1'), '400 json_invalid'],
    ['{"name":"\\u0000"}', '400 json_invalid'],
    ['{"name":"a\0b"}', '400 json_invalid'],
    ['{"name":"\\ud800"}', '400 json_invalid'],
    ['{"name":"\\udc00\\ud800"}', '400 json_invalid'],
    ['{"na\\u0000me":"x"}', '400 json_invalid'],
    ['{"name":"x","name":"y"}', '400 json_invalid'],
    ['{"name":"x","n\\u0061me":"y"}', '400 json_invalid'],
    ['{"name":"x","free":{"a":[{"b":1,"b":2}]}}', '400 json_invalid'],
    ['{"name":"x","__proto__":{"admin":true}}', '400 request_invalid'],
    ['{"name":"x","constructor":{"prototype":{"admin":true}}}', '400 request_invalid'],
    ['{"__proto__":{"name":"x"}}', '400 request_invalid'],
    ['{"name":"x","free":{"__proto__":1,"\\u005f_proto__":2}}', '400 json_invalid'],
    ['{"name":"x","free":{"constructor":{"prototype":{"admin":true}}}}', '201'],
    ['{"name":"x","free":{"\\u005f_proto__":{"admin":true}}}', '201'],
    ['{"name":"x","count":1e999}', '400 json_invalid'],
    ['{"name":"x","count":12345678901234567890}', '400 json_invalid'],
    ['{"name":"x","free":{"a":1e-999}}', '400 json_invalid'],
    [nested(10_000), '400 json_invalid'],
    ['['.repeat(500_000), '400 json_invalid'],
    ['['.repeat(500_000) + ']'.repeat(500_000), '400 json_invalid'],
    ['[]', '400 request_invalid'],
    ['null', '400 request_invalid'],
    ['"text"', '400 request_invalid'],
    [nested(60), '201'],
    ['{"name":"\\ud83d\\ude00 ok", "count": 1e2}', '201'],
  ]
  for (const [body, expected] of cases) {
    const answer = await raw(base, json(body))
    if (expected === '201') assert.match(answer, /^HTTP\/1.1 201 /, String(body).slice(0, 100))
    else assert.equal(problemIn(answer), expected, String(body).slice(0, 100))
  }
  const { detail, errors } = (
    await p.http.inject({
      method: 'POST',
      url: '/api/things',
      headers: { 'content-type': 'application/json' },
      payload: '{"name":"x","free":{"a/b":[0,{"c":"\\u0000"}]}}',
    })
  ).json()
  assert.equal(errors[0].pointer, '/free/a~1b/1/c')
  assert.match(detail, /NUL/)
  assert.equal(({} as { admin?: boolean }).admin, undefined)
})

test('keys that name parts of a prototype are kept as any other, and touch none', async t => {
  const p = await start(t, [await things(t)])
  const payload =
    '{"name":"x","free":{"__proto__":{"admin":true},"constructor":{"prototype":{"__proto__":null}},"toString":1}}'
  const { statusCode, body } = await p.http.inject({
    method: 'POST',
    url: '/api/things',
    headers: { 'content-type': 'application/json' },
    payload,
  })
  assert.deepEqual([statusCode, body], [201, payload])
  assert.equal(({} as { admin?: boolean }).admin, undefined)
})

test('wrong, missing and unknown fields are all refused at once, each with its pointer', async t => {
  const p = await start(t, [await things(t)])
  const post = (payload: object) => p.http.inject({ method: 'POST', url: '/api/things', payload })
  const answer = await post({
    count: -1,
    tags: ['a', 2],
    inner: { flag: 'yes', other: 1 },
    'a/b~': 1,
    free: { anything: { goes: [1] } },
  })
  assert.equal(answer.statusCode, 400)
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
  const problem = answer.json()
  assert.equal(problem.code, 'request_invalid')
  assert.deepEqual(problem.errors.map(({ pointer }: { pointer: string }) => pointer).sort(), [
    '/a~1b~0',
    '/count',
    '/inner/flag',
    '/inner/other',
    '/name',
    '/tags/1',
  ])
  assert.ok(problem.errors.every(({ detail }: { detail: string }) => detail.length > 5))
  assert.equal((await post({ name: 'x', count: '5' })).statusCode, 400, 'a text is no number in a body')
  assert.equal((await post({ name: 'x', tags: 'a' })).statusCode, 400, 'one is no list in a body')
  const many = (
    await post({ name: 'x', ...Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`unknown${i}`, i])) })
  ).json()
  assert.equal(many.errors.length, 10)
  assert.ok(JSON.stringify(many).length < 3000)
})

test('hundreds of thousands of faults in one body cost no second', async t => {
  const p = await start(t, [await things(t)])
  const bodies = [
    `{"name":"x","tags":[${'1,'.repeat(500_000)}1]}`,
    `{${Array.from({ length: 60_000 }, (_, i) => `"unknown${i}":1`).join()}}`,
  ]
  for (const payload of bodies) {
    const begun = performance.now()
    const answer = await p.http.inject({
      method: 'POST',
      url: '/api/things',
      headers: { 'content-type': 'application/json' },
      payload,
    })
    assert.equal(answer.json().code, 'request_invalid')
    assert.ok(performance.now() - begun < 1500, `${performance.now() - begun} ms`)
  }
})

test('a body of ten megabytes is refused at once, announced or in chunks, and the sender hears of it', async t => {
  const p = await start(t, [await things(t)])
  const base = await p.listen()
  const body = Buffer.alloc(10 * 1_048_576, 'x')
  for (const headers of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(
        `${base}/api/things`,
        { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
        response => {
          let text = ''
          response
            .on('data', chunk => (text += chunk))
            .on('end', () => resolve(`${response.statusCode} ${JSON.parse(text).code}`))
        },
      )
      request.on('error', reject)
      request.end(body)
    })
    assert.equal(status, '413 body_too_large')
  }
  assert.equal((await fetch(`${base}/api/things/context`)).status, 200)
})

test('other content types are refused; a body of nothing is none where none is expected', async t => {
  const p = await start(t, [await things(t)])
  const post = async (url: string, type?: string, payload?: string) => {
    const answer = await p.http.app
      .inject()
      .post(url)
      .headers(type ? { 'content-type': type } : {})
      .payload(payload as string)
    assert.match(
      String(answer.headers['content-type']),
      answer.statusCode < 400 ? /^application\/json/ : /^application\/problem\+json/,
    )
    return `${answer.statusCode} ${answer.json().code ?? ''}`.trim()
  }
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'garbage',
    'application/jsonp',
    undefined,
  ])
    assert.equal(await post('/api/things', type, '{"name":"x"}'), '415 content_type_unsupported', String(type))
  assert.equal(await post('/api/things', 'application/json; charset=utf-8', '{"name":"x"}'), '201')
  assert.equal(await post('/api/things', 'APPLICATION/JSON', '{"name":"x"}'), '201')
  assert.equal(await post('/api/things', undefined, undefined), '400 request_invalid')
  assert.equal(await post('/api/things', 'application/json', ''), '400 json_invalid')
  assert.equal(await post('/api/things/bare', 'application/json', ''), '200')
  assert.equal(await post('/api/things/bare', undefined, undefined), '200')
  assert.equal(await post('/api/things/bare', 'application/json', '{'), '400 json_invalid')
})

test('hostile paths and queries are refused or find nothing', async t => {
  const p = await start(t, [await things(t)])
  const base = await p.listen()
  const expected: [path: string, answer: RegExp][] = [
    ['/%2e%2e/%2e%2e/etc/passwd', /^404 route_unknown$/],
    ['/../../etc/passwd', /^404 route_unknown$/],
    ['//api//things', /^404 route_unknown$/],
    ['/api/things/..;/x', /^404 route_unknown$/],
    ['/%zz', /^400 /],
    ['/%', /^400 /],
    ['/api/things/by-name/%ff%fe', /^400 /],
    ['/api/things/by-name/%00', /^400 text_invalid$/],
    ['/api/things/by-name/%ed%a0%80', /^400 /],
    [`/api/things/by-name/${'x'.repeat(501)}`, /^4\d\d /],
    [`/${'x/'.repeat(5000)}`, /^404 route_unknown$/],
    [`/${'x'.repeat(20_000)}`, /^431 headers_too_large$/],
    ['/api/things/by-id/1', /^400 request_invalid$/],
    ["/api/things/by-id/'%20or%201=1--", /^400 request_invalid$/],
    ['/api/things/search?text=%00', /^400 text_invalid$/],
    ['/api/things/search?count=1&count=2', /^400 request_invalid$/],
    ['/api/things/search?count=1e999', /^400 request_invalid$/],
    ['/api/things/search?count=', /^400 request_invalid$/],
    ['/api/things/search?flag=maybe', /^400 request_invalid$/],
    ['/api/things/search?text=a&text=b', /^400 request_invalid$/],
  ]
  for (const [path, answer] of expected)
    assert.match(
      problemIn(await raw(base, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)),
      answer,
      path.slice(0, 80),
    )
  for (const query of [
    'text=%ed%a0%80',
    'text=%',
    'text=%zz',
    '__proto__=1&constructor=2',
    '&&&===',
    'text[]=1',
    '%00=1',
    'count=5#fragment',
    'a'.repeat(8000),
  ])
    assert.match(
      await raw(base, `GET /api/things/search?${query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`),
      /^HTTP\/1.1 (200|400) /,
      query.slice(0, 40),
    )
  const found = await p.http.inject('/api/things/search?count=12&flag=true&__proto__=1')
  assert.deepEqual([found.json().count, found.json().flag], [12, true])
  assert.equal((await p.http.inject('/api/things/search')).json().count, 7)
  assert.equal((await p.http.inject(`/api/things/by-name/${encodeURIComponent('ä/b c%')}`)).statusCode, 200)
  assert.equal((await p.http.inject('/api/things/context/')).statusCode, 200, 'a slash at the end is no other place')
})

test('a method that a place does not take is refused with those it does; HEAD is GET without a body', async t => {
  const p = await start(t, [await things(t)])
  const ask = async (method: string, url: string) => {
    const answer = await p.http.inject({ method: method as never, url })
    return `${answer.statusCode} ${answer.json().code} ${answer.headers.allow ?? '-'}`
  }
  assert.equal(await ask('DELETE', `/api/things/by-id/${newId()}`), '405 method_not_allowed GET, PUT')
  assert.equal(await ask('POST', '/api/things/search'), '405 method_not_allowed GET')
  assert.equal(await ask('GET', '/api/things/bare'), '405 method_not_allowed POST')
  assert.equal(await ask('PATCH', '/api/nothing'), '404 route_unknown -')
  for (const method of ['OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH'])
    assert.equal(await ask(method, '/api/things/search'), '405 method_not_allowed GET', method)
  const head = await p.http.inject({ method: 'HEAD', url: '/api/things/context' })
  assert.deepEqual([head.statusCode, head.body], [200, ''])

  const base = await p.listen()
  assert.equal(
    problemIn(await raw(base, 'TRACE /api/things/search HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')),
    '405 method_not_allowed',
  )
  assert.equal(
    problemIn(await raw(base, 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n')),
    '405 method_not_allowed',
  )
  assert.equal(problemIn(await raw(base, 'BREW /pot HTTP/1.1\r\nhost: x\r\n\r\n')), '400 request_malformed')
})

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
    const socket = open(base)
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

test('what happens in a request knows who asked and its trace, also when the body comes in pieces', async t => {
  const inside: unknown[] = []
  const p = await start(t, [
    defineService({
      name: 'pieces',
      folder: await folderWith(t),
      start({ http }) {
        http.post(
          '/',
          { config: { access: signedIn }, schema: { summary: 'Context', body: Type.Object({}) } },
          async () => {
            await moment(1)
            inside.push(context())
            return {}
          },
        )
      },
    }),
  ])
  const base = await p.listen()
  const userIds = [newId(), newId(), newId()]
  await Promise.all(
    userIds.map(async userId => {
      const socket = open(base)
      socket.write(
        `POST /api/pieces HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\nauthorization: ${p.signedIn({ userId }).authorization}\r\n\r\n`,
      )
      await moment(20)
      socket.write('{')
      await moment(20)
      socket.write('}')
      assert.match(await rest(socket), /^HTTP\/1.1 200 /)
    }),
  )
  assert.deepEqual(
    (inside as { actor: { userId: string } }[]).map(({ actor }) => actor.userId).sort(),
    userIds.toSorted(),
  )
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
