import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { test } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import Type from 'typebox'
import { anyone, context, defineService, newId, signedIn } from '../../kernel/index.ts'
import { start } from '../../kernel/testing.ts'
import { gateway } from '../../services/gateway/service.ts'
import { things } from './things.ts'
import { folderWith } from './toys.ts'
import { dial, problemIn, raw, rest } from './wire.ts'

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
      const socket = dial(base)
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

test('a packed body is refused as such, and what says that it is not packed is taken', async t => {
  const p = await start(t, [await things(t)])
  const front = await start(t, [gateway], { environment: { THINGS_SERVICE_URL: await p.listen() } })
  const payload = gzipSync('{"name":"x"}')
  for (const { http } of [p, front]) {
    const post = (encoding: string, body: Buffer | string, url = '/api/things') =>
      http.inject({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json', 'content-encoding': encoding },
        payload: body,
      })
    for (const encoding of ['gzip', 'GZIP', 'br', 'deflate', 'zstd', 'identity, gzip', 'x'])
      for (const url of ['/api/things', '/api/things/bare']) {
        const refused = await post(encoding, payload, url)
        assert.deepEqual([refused.statusCode, refused.json().code], [415, 'content_encoding_unsupported'], encoding)
        assert.equal(refused.headers['accept-encoding'], 'identity')
      }
    assert.equal((await post('identity', '{"name":"x"}')).statusCode, 201)
    assert.equal((await post('gzip', payload, '/api/nothing')).statusCode, 404)
  }
})

test('a body that may be left out may be empty too, with and without its header', async t => {
  const optional = defineService({
    name: 'optional',
    folder: await folderWith(t),
    start({ http }) {
      const body = Type.Union([Type.Object({ word: Type.Optional(Type.String()) }), Type.Null()])
      http.post('/', { config: { access: anyone }, schema: { summary: 'May be asked for more', body } }, request => ({
        body: request.body ?? null,
      }))
    },
  })
  const p = await start(t, [optional])
  const post = async (headers: Record<string, string>, payload?: string) => {
    const answer = await p.http.inject({ method: 'POST', url: '/api/optional', headers, payload })
    return answer.statusCode === 200 ? answer.json().body : answer.json().code
  }
  const json = { 'content-type': 'application/json' }
  assert.equal(await post({}), null)
  assert.equal(await post(json), null)
  assert.equal(await post(json, ''), null)
  assert.equal(await post({ 'content-type': 'application/json; charset=utf-8', 'content-length': '0' }), null)
  assert.deepEqual(await post(json, '{"word":"x"}'), { word: 'x' })
  assert.equal(await post(json, ' '), 'json_invalid')
  assert.equal(await post(json, '[]'), 'request_invalid')
})
