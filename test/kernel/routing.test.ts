import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../kernel/index.ts'
import { start } from '../../kernel/testing.ts'
import { gateway } from '../../services/gateway/service.ts'
import { things } from './things.ts'
import { problemIn, raw } from './wire.ts'

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
  const unknown = await p.http.inject('/api/things/search?count=12&flag=true&__proto__=1')
  assert.deepEqual([unknown.statusCode, unknown.json().errors[0].pointer], [400, '/__proto__'])
  const found = await p.http.inject('/api/things/search?count=12&flag=true')
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

test('what a fixed place does not take is refused there, though a parameter beside it would take the word', async t => {
  const p = await start(t, [await things(t)])
  const front = await start(t, [gateway], { environment: { THINGS_SERVICE_URL: await p.listen() } })
  for (const { http } of [p, front])
    for (const url of ['/api/things/by-id/some', '/api/things/by-id/some/', '/api/things/by-id/some?a=1'])
      for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'QUERY']) {
        const { statusCode, headers } = await http.inject({ method: method as never, url })
        assert.deepEqual([statusCode, headers.allow], [405, 'POST'], `${method} ${url}`)
      }
  assert.equal((await p.http.inject({ method: 'POST', url: '/api/things/by-id/some' })).statusCode, 200)
  assert.equal((await front.http.inject({ method: 'POST', url: '/api/things/by-id/some' })).statusCode, 200)
  assert.equal((await p.http.inject(`/api/things/by-id/${newId()}`)).statusCode, 200)
})

test('a method nobody takes is refused by what the place takes, whatever body comes with it, at the gateway too', async t => {
  const p = await start(t, [await things(t)])
  const front = await start(t, [gateway], { environment: { THINGS_SERVICE_URL: await p.listen() } })
  const types = [undefined, 'application/json', 'text/plain', 'garbage']
  for (const { http } of [p, front]) {
    const ask = async (method: string, url: string, type?: string) => {
      const answer = await http.inject({
        method: method as never,
        url,
        ...(type && { headers: { 'content-type': type }, payload: '{"broken' }),
      })
      return `${answer.statusCode} ${answer.json().code} ${answer.headers.allow ?? '-'}`
    }
    for (const type of types) {
      for (const method of ['QUERY', 'PROPFIND', 'SEARCH', 'DELETE', 'PATCH']) {
        assert.equal(await ask(method, '/api/things/search', type), '405 method_not_allowed GET', `${method} ${type}`)
        assert.equal(await ask(method, '/api/nothing', type), '404 route_unknown -', `${method} ${type}`)
      }
      assert.equal(await ask('DELETE', `/api/things/by-id/${newId()}`, type), '405 method_not_allowed GET, PUT')
      assert.equal(await ask('POST', '/health/live', type), '405 method_not_allowed GET')
    }
  }
})

test('two hosts, and a first line without a version of HTTP/1, are refused', async t => {
  const p = await start(t, [await things(t)])
  const base = await p.listen()
  const malformed = [
    'GET /api/things/context HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n',
    'GET /api/things/context HTTP/1.1\r\nHost: x\r\nHOST: x\r\nconnection: close\r\n\r\n',
    'GET /api/things/context HTTP/1.0\r\nhost: x\r\nhost: x\r\n\r\n',
    'GET /api/nothing HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n',
    'GET /api/things/context HTTP/2.0\r\nhost: x\r\nconnection: close\r\n\r\n',
    'GET /api/things/context\r\n\r\n',
  ]
  for (const bytes of malformed) assert.equal(problemIn(await raw(base, bytes)), '400 request_malformed', bytes)
  for (const version of ['1.0', '1.1'])
    assert.match(
      await raw(base, `GET /api/things/context HTTP/${version}\r\nhost: x\r\nconnection: close\r\n\r\n`),
      /^HTTP\/1.1 200 /,
    )
})
