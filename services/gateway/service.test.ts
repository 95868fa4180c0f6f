import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createTcpServer } from 'node:net'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { anyone, defineService, newId, placeOf, type Service } from '#kernel'
import { openLog } from '../../kernel/telemetry/log.ts'
import { start } from '../../kernel/testing.ts'
import { gateway } from './service.ts'
import { json, listening, open, raw, shop, type Behind } from './testing.ts'

test('what a service in another process serves is served here, with who asks, and nothing that only processes say', async t => {
  const behind: Partial<Behind> = {}
  const p = await open(t, { shop: [shop('shop', behind)] })
  assert.deepEqual(await json(await fetch(`${p.address}/api/shop?a=1&b=%2e%2e/`)), { name: 'shop' })
  const answer = await fetch(`${p.address}/api/shop/things/a%2Fb%20c`, {
    headers: {
      'x-forwarded-for': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
      'x-ohmnibus-client': '203.0.113.9 1 x',
      'x-ohmnibus-service': 'x',
    },
  })
  assert.deepEqual(await json(answer), { id: 'a/b c' })
  const [first, second] = behind.asked!
  assert.equal(first!.url, '/api/shop?a=1&b=%2e%2e/')
  assert.equal(second!.ip, '127.0.0.1', 'nobody says of themselves who they are')
  assert.deepEqual(
    ['x-forwarded-for', 'forwarded', 'x-ohmnibus-service', 'host'].map(name => second!.headers[name]),
    ['127.0.0.1', undefined, undefined, new URL(p.address).host],
  )
  const posted = await fetch(`${p.address}/api/shop`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":[1,"ü"]}',
  })
  assert.deepEqual(await json(posted), { got: { a: [1, 'ü'] } })
  const head = await fetch(`${p.address}/api/shop`, { method: 'HEAD' })
  assert.deepEqual([head.status, await head.text()], [200, ''])
})

test('a link to a file leads to the process of the service whose file it is', async t => {
  const keeper = (name: string): Service =>
    defineService({
      name,
      folder: '/nowhere',
      start({ http, files, now }) {
        http.post('/receipts', { config: { access: anyone }, schema: { summary: 'Keep' } }, async () => {
          const key = `${name}/${newId()}/${newId()}`
          await files.write(key, Readable.from([`a receipt of ${name}`]), { maxBytes: 100 })
          const expiresAt = new Date(now().getTime() + 60_000)
          return { url: await files.link(key, { fileName: 'receipt.txt', contentType: 'text/plain', expiresAt }) }
        })
      },
    })
  const p = await open(t, { shop: [keeper('shop')], depot: [keeper('depot')] })
  for (const [name, other] of [
    ['shop', 'depot'],
    ['depot', 'shop'],
  ] as const) {
    const { url } = await json(await fetch(`${p.address}/api/${name}/receipts`, { method: 'POST' }))
    const link = `${p.address}${new URL(url).pathname}${new URL(url).search}`
    assert.equal(await (await fetch(link)).text(), `a receipt of ${name}`)
    const elsewhere = await fetch(link.replace(`/files/${name}/`, `/files/${other}/`))
    assert.deepEqual([elsewhere.status, (await json(elsewhere)).code], [403, 'link_invalid'])
  }
})

test('who is believed about the client is the proxy before the gateway, and the gateway behind it', async t => {
  const behind: Partial<Behind> = {}
  const p = await open(t, { shop: [shop('shop', behind)] }, { TRUSTED_PROXIES: '127.0.0.1' })
  await fetch(`${p.address}/api/shop`, { headers: { 'x-forwarded-for': '203.0.113.9' } })
  assert.equal(behind.asked![0]!.ip, '203.0.113.9', 'the service sees the client, though nobody told it of proxies')
  await fetch(`${p.addresses.shop![0]}/api/shop`, { headers: { 'x-forwarded-for': '203.0.113.9' } })
  assert.equal(behind.asked![1]!.ip, '127.0.0.1', 'but believes nobody else')
})

test('a forged X-Forwarded-For gives nobody a fresh rate limit, at the gateway or behind it', async t => {
  const limited = defineService({
    name: 'shop',
    folder: '/nowhere',
    start({ http, cache }) {
      const places = cache.limit('looks by place', { points: 3, seconds: 3_600 })
      const schema = { summary: 'Look', refuses: ['too_many_requests'] }
      http.get('/', { config: { access: anyone }, schema }, async ({ ip }) => {
        await places.take(placeOf(ip))
        return {}
      })
    },
  })
  const strict = { RATE_LIMIT_FACTOR: '1' }
  const behind = await (await start(t, [limited], { environment: strict })).listen()
  const p = await open(t, { shop: [behind] }, strict)
  const outcomes = async (address: string) => {
    const seen: number[] = []
    for (let count = 1; count <= 6; count++) {
      const place = `198.51.100.${count}`
      const headers = { 'x-forwarded-for': `${place}, ${place}`, forwarded: `for=${place}`, 'x-real-ip': place }
      seen.push((await fetch(`${address}/api/shop`, { headers })).status)
    }
    return seen
  }
  assert.deepEqual(await outcomes(p.address), [200, 200, 200, 429, 429, 429])
  assert.deepEqual(await outcomes(behind), Array(6).fill(429), 'nor who goes round the gateway')
})

test('a request has one id across the hop: in the answer, in the problem, at the service and in the log of the gateway', async t => {
  const behind: Partial<Behind> = {}
  const lines: Record<string, any>[] = []
  const log = openLog({
    level: 'debug',
    stream: new Writable({ write: (line, _, done) => done(void lines.push(JSON.parse(String(line)))) }),
  })
  const p = await open(t, { shop: [shop('shop', behind)] }, {}, log)
  const ids = new Set<string>()
  for (const path of ['/api/shop', '/api/shop?c=1', '/api/shop/nothing/there']) {
    const answer = await fetch(p.address + path)
    const id = answer.headers.get('x-request-id')!
    assert.match(id, /^[0-9a-f]{32}$/)
    ids.add(id)
    const body = await json(answer)
    if (answer.status >= 400) assert.equal(body.traceId, id, path)
    const asked = behind.asked!.find(({ url }) => url === path)
    if (asked) assert.match(String(asked.headers.traceparent), new RegExp(`^00-${id}-`), path)
    const line = lines.find(line => line.traceId === id)
    assert.ok(line, `the log of the gateway has ${path}: ${JSON.stringify(lines.at(-1))}`)
  }
  assert.equal(ids.size, 3, 'each its own')
  assert.ok(behind.asked!.length >= 2)
})

test('headers of one hop, and those that would break the next one, end here', async t => {
  const behind: Partial<Behind> = {}
  const p = await open(t, { shop: [shop('shop', behind)] })
  const headers = {
    connection: 'keep-alive, x-mine',
    'x-mine': 'yes',
    'keep-alive': 'timeout=5',
    te: 'trailers',
    'proxy-authorization': 'Basic x',
  }
  assert.equal((await raw(p.address, '/api/shop', headers)).status, 200)
  for (const name of ['x-mine', 'keep-alive', 'te', 'proxy-authorization'])
    assert.equal(behind.asked![0]!.headers[name], undefined, name)
  const expecting = { expect: '100-continue', 'content-type': 'application/json', 'content-length': '2' }
  assert.equal((await raw(p.address, '/api/shop', expecting, 'POST', '{}')).status, 200)
  assert.equal(
    (await raw(p.address, '/api/shop', { 'content-length': '2' }, 'GET', 'ab')).status,
    200,
    'a GET that brings a body',
  )
  assert.equal((await fetch(`${p.address}/api/shop`)).status, 200)
})

test('nothing under /internal is passed on, nor any path that leads elsewhere than it says', async t => {
  const behind: Partial<Behind> = {}
  const p = await open(t, { shop: [shop('shop', behind)] })
  const paths = [
    '/internal/routes',
    '/internal/calls/list_signing_keys',
    '/api/shop/things/..',
    '/api/shop/things/%2e%2E',
    '/api/shop/../../internal/routes',
    '/api/shop/things/x%5c..%5c..%5c..%5c..%5cinternal/routes',
    '/api/shop/things/x\\..\\..\\..\\..\\internal\\routes',
    '//internal/routes',
  ]
  for (const path of paths) {
    const { status, body } = await raw(p.address, path)
    assert.ok([400, 401, 404].includes(status) || body.includes('internal\\\\routes'), `${path}: ${status} ${body}`)
  }
  assert.deepEqual(
    behind.asked!.filter(({ url }) => !url.startsWith('/api/shop/things/x')),
    [],
  )
  assert.equal(
    (await raw(p.address, 'http://elsewhere.example.com/api/shop')).status,
    200,
    'an absolute address is one of ours all the same',
  )
})

test('what nobody serves is unknown, with another method not allowed', async t => {
  const p = await open(t, { shop: [shop()] })
  const unknown = await fetch(`${p.address}/api/shops`)
  assert.deepEqual([unknown.status, (await json(unknown)).code], [404, 'route_unknown'])
  const lost = await fetch(`${p.address}/shops`, { headers: { accept: 'text/html', 'accept-language': 'de' } })
  assert.equal(lost.status, 404)
  assert.match(await lost.text(), /<h1>Unter dieser Adresse ist nichts<\/h1>[^]*<a href="[^"]*\/">Die erste Seite/)
  const wrong = await fetch(`${p.address}/api/shop/stream`, { method: 'DELETE' })
  assert.deepEqual([wrong.status, (await json(wrong)).code], [405, 'method_not_allowed'])
})

test('below /v1 what is refused here is said as EN 18222 has it: an unknown path, another method, a service that is away', async t => {
  const p = await open(t, { shop: [shop('shop', {}, ['/v1/dpps/:dppId', '/v1/dppsByProductIds'])] })
  const ask = async (path: string, method = 'GET') => {
    const answer = await fetch(`${p.address}${path}`, { method })
    const [type, id] = ['content-type', 'x-request-id'].map(name => answer.headers.get(name))
    const { messages, ...more } = await json(answer)
    assert.deepEqual([type, more], ['application/json; charset=utf-8', {}], path)
    const [{ messageType, code, text, correlationId, timestamp }] = messages
    assert.equal(correlationId, id)
    assert.ok(text.length > 10 && !Number.isNaN(Date.parse(timestamp)))
    return [answer.status, messageType, code, answer.headers.get('allow')]
  }
  assert.equal((await fetch(`${p.address}/v1/dpps/1`)).status, 200)
  assert.deepEqual(await ask('/v1'), [404, 'Error', 'route_unknown', null])
  assert.deepEqual(await ask('/v1/nothing?a=1'), [404, 'Error', 'route_unknown', null])
  assert.deepEqual(await ask('/v1/dpps/1', 'PUT'), [405, 'Error', 'method_not_allowed', 'GET'])
  assert.deepEqual(await ask('/v1/dppsByProductIds', 'DELETE'), [405, 'Error', 'method_not_allowed', 'GET'])
  const lost = await fetch(`${p.address}/v1/nothing`, { headers: { accept: 'text/html' } })
  assert.match(await lost.text(), /<h1>/, 'a browser is told by a page')
  assert.equal((await json(await fetch(`${p.address}/v10/nothing`))).code, 'route_unknown')

  // It has been heard of, and is gone since.
  const gone = createServer((request, response) =>
    request.url === '/internal/routes'
      ? response.end(JSON.stringify([{ method: 'GET', url: '/v1/dpps/:dppId', service: 'passports' }]))
      : request.socket.destroy(),
  )
  const away = await open(t, { passports: [await listening(t, gone)] })
  const answer = await fetch(`${away.address}/v1/dpps/1`)
  const [{ messageType, code }] = (await json(answer)).messages
  assert.deepEqual([answer.status, messageType, code], [503, 'Exception', 'service_unavailable'])
})

test('an address that leads nowhere holds up neither the start nor what works, in health and unknown paths too', async t => {
  const deaf = await listening(
    t,
    createTcpServer(() => {}),
  )
  const began = performance.now()
  const p = await open(t, { shop: [shop()], stock: [deaf] })
  assert.ok(performance.now() - began < 6_000, `it took ${performance.now() - began} ms`)
  const ask = async (path: string) => {
    const answer = await fetch(`${p.address}${path}`)
    return [answer.status, (await json(answer)).code]
  }
  assert.deepEqual(await ask('/api/shop/nothing'), [404, 'route_unknown'])
  assert.deepEqual(await ask('/api/stock/things'), [503, 'service_unavailable'], 'it may come yet')
  const health = await fetch(`${p.address}/health`)
  const { status, services } = await json(health)
  assert.deepEqual([health.status, status, services], [200, 'ok', { gateway: 'ok', shop: 'ok', stock: 'not heard of' }])
  for (const deadline = performance.now() + 15_000; (await ask('/nothing'))[0] !== 404;)
    assert.ok(performance.now() < deadline, 'what nobody here serves is unknown after a while')
  assert.deepEqual(await ask('/api/stock/things'), [503, 'service_unavailable'])
})

test('of a process that serves more than it is asked for here, only that is asked of it', async t => {
  const both = await (await start(t, [shop(), shop('stock')])).listen()
  const p = await open(t, { shop: [both], stock: [shop('stock')] })
  for (let i = 0; i < 10; i++) assert.deepEqual(await json(await fetch(`${p.address}/api/stock`)), { name: 'stock' })
  await fetch(`${both}/api/stock`)
  assert.match(
    (await p.http.inject('/metrics')).body,
    /ohmnibus_gateway_requests_total\{service="stock",status="200"\} 10/,
  )
})

test('an upload of 200 MB goes through as it comes, in little memory', async t => {
  const p = await open(t, { shop: [shop()] })
  const chunk = randomBytes(1_000_000)
  const hash = createHash('sha256')
  const { port, hostname } = new URL(p.address)
  const request = httpRequest({
    port,
    hostname,
    path: '/api/shop/upload',
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
  })
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  let [early, most] = [0, 0]
  for (let i = 0; i < 200; i++) {
    hash.update(chunk)
    if (!request.write(chunk)) await once(request, 'drain')
    if (i < 50) early = Math.max(early, process.memoryUsage.rss())
    most = Math.max(most, process.memoryUsage.rss())
  }
  request.end()
  const [answer] = await answered
  assert.deepEqual(JSON.parse(await text(answer)), { bytes: 200_000_000, sha256: hash.digest('hex') })
  const more = Math.round((most - early) / 1e6)
  assert.ok(more < 60, `${more} MB more for the last 150 MB, with client, gateway and service together`)
})

test('a stream comes through as it is sent, and ends there when its reader goes', async t => {
  const behind: Partial<Behind> = {}
  const faults: string[] = []
  const log = openLog({
    level: 'error',
    stream: new Writable({ write: (line, _, done) => done(void faults.push(String(line))) }),
  })
  const p = await open(t, { shop: [shop('shop', behind)] }, {}, log)
  const leave = new AbortController()
  const answer = await fetch(`${p.address}/api/shop/stream`, { signal: leave.signal })
  const { value } = await answer.body!.pipeThrough(new TextDecoderStream()).getReader().read()
  assert.equal(value, 'data: hello\n\n')
  leave.abort()
  await behind.aborted
  await p.platform.close()
  assert.deepEqual(faults, [])
})

test('where one process does not answer, another one is asked: reads always, changes when nothing has been sent', async t => {
  const gone = createTcpServer()
  const nobody = await listening(t, gone)
  gone.close()
  const p = await open(t, { shop: [nobody, shop()] })
  for (let i = 0; i < 10; i++) {
    assert.equal((await fetch(`${p.address}/api/shop`)).status, 200)
    const posted = await fetch(`${p.address}/api/shop`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"n":1}',
    })
    assert.deepEqual([posted.status, await json(posted)], [200, { got: { n: 1 } }])
  }
})

test('a change that may have happened is not sent twice', async t => {
  let taken = 0
  // Says what it serves, and breaks off whatever changes something.
  const cutter = createTcpServer(socket =>
    socket
      .on('error', () => {})
      .on('data', data => {
        const request = data.toString()
        if (request.startsWith('POST')) taken++
        if (request.startsWith('POST')) return void socket.destroy()
        const body = JSON.stringify([{ method: 'POST', url: '/api/shop', service: 'shop' }])
        socket.write(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        )
      }),
  )
  const behind: Partial<Behind> = {}
  const p = await open(t, { shop: [await listening(t, cutter)] })
  const answer = await fetch(`${p.address}/api/shop`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  assert.deepEqual(
    [answer.status, (await json(answer)).code, answer.headers.get('retry-after')],
    [503, 'service_unavailable', '1'],
  )
  assert.equal(taken, 1)
  assert.equal(behind.asked?.length ?? 0, 0)
})

test('a process that is frozen is let go in seconds: reads go elsewhere, of changes it is said; one that takes its time is not', async t => {
  const routes = JSON.stringify(['GET', 'POST'].map(method => ({ method, url: '/api/shop', service: 'shop' })))
  /** Says what it serves, and then nothing any more but, if it is only slow, that it lives. */
  const mute = (lives: boolean, answersMs?: number) =>
    createTcpServer(socket =>
      socket
        .on('error', () => {})
        .on('data', data => {
          const request = data.toString()
          const say = (body: string) =>
            socket.write(
              `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
            )
          if (request.includes(' /internal/routes ')) say(routes)
          else if (lives && request.includes(' /health/')) say('{}')
          else if (answersMs !== undefined && !request.includes(' /health/'))
            setTimeout(() => say('{"name":"slow"}'), answersMs).unref()
        }),
    )
  const frozen = await listening(t, mute(false))
  const slow = await listening(t, mute(true, 8_000))
  const [both, alone, late] = await Promise.all([
    open(t, { shop: [frozen, shop()] }),
    open(t, { shop: [frozen] }),
    open(t, { shop: [slow] }),
  ])
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  const change = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"n":1}' }
  const [read, changed, waited] = await Promise.all([
    Promise.all(Array.from({ length: 4 }, () => fetch(`${both.address}/api/shop`))),
    fetch(`${alone.address}/api/shop`, change).then(async answer => [
      answer.status,
      (await json(answer)).code,
      seconds(),
    ]),
    fetch(`${late.address}/api/shop`).then(async answer => [answer.status, await json(answer)]),
  ])
  assert.deepEqual(
    await Promise.all(read.map(async answer => [answer.status, await json(answer)])),
    read.map(() => [200, { name: 'shop' }]),
  )
  assert.deepEqual(changed.slice(0, 2), [503, 'service_unavailable'])
  assert.ok((changed[2] as number) < 20, `let go after ${changed[2]} s`)
  assert.deepEqual(waited, [200, { name: 'slow' }])
})

test('an answer that stops half-way because its process is frozen breaks off in seconds; one whose process lives goes on', async t => {
  const routes = JSON.stringify([{ method: 'GET', url: '/api/shop', service: 'shop' }])
  /** Begins its answer, of a length that it tells or not, and ends it only where it lives. */
  const halting = (lives: boolean, head: string) =>
    createTcpServer(socket =>
      socket
        .on('error', () => {})
        .on('data', data => {
          const request = data.toString()
          const json = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
          const say = (body: string) => socket.write(`${json}content-length: ${body.length}\r\n\r\n${body}`)
          if (request.includes(' /internal/routes ')) return say(routes)
          if (request.includes(' /health/')) return lives && say('{}')
          socket.write(`${json}${head}\r\n\r\n${head.startsWith('content-length') ? '["a",' : '5\r\n["a",\r\n'}`)
          if (lives)
            setTimeout(() => {
              socket.write(head.startsWith('content-length') ? '"b"]' : '4\r\n"b"]\r\n0\r\n\r\n')
            }, 8_000).unref()
        }),
    )
  const began = performance.now()
  const told = await Promise.all(
    [true, false].flatMap(lives =>
      ['content-length: 9', 'transfer-encoding: chunked'].map(async head => {
        const { address } = await open(t, { shop: [await listening(t, halting(lives, head))] })
        return await fetch(`${address}/api/shop`)
          .then(json)
          .catch(() => 'broken off')
      }),
    ),
  )
  assert.deepEqual(told, [['a', 'b'], ['a', 'b'], 'broken off', 'broken off'])
  const seconds = (performance.now() - began) / 1000
  assert.ok(seconds < 25, `after ${seconds} s`)
})

test('clients who hang up do not make a service look broken', async t => {
  const p = await open(t, { shop: [shop()] })
  const { port, hostname } = new URL(p.address)
  for (let i = 0; i < 20; i++) {
    const request = httpRequest({
      port,
      hostname,
      path: '/api/shop/upload',
      method: 'POST',
      headers: { 'content-length': '1000000' },
    })
    request.on('error', () => {})
    request.write(Buffer.alloc(70_000))
    await new Promise(sent => setImmediate(sent))
    request.destroy()
    await new Promise(closed => request.once('close', closed))
  }
  assert.equal((await fetch(`${p.address}/api/shop`)).status, 200)
  assert.doesNotMatch((await p.http.inject('/metrics')).body, /ohmnibus_peer_failures_total\{[^}]*\} [1-9]/)
})

test('each address has so many requests a minute, and is told how many are left', async t => {
  const p = await open(t, { shop: [shop()] }, { GATEWAY_RATE_LIMIT: '3', RATE_LIMIT_FACTOR: '1' })
  const standing = (answer: Response) => ['limit', 'remaining'].map(name => answer.headers.get(`ratelimit-${name}`))
  for (const left of ['2', '1', '0']) assert.deepEqual(standing(await fetch(`${p.address}/api/shop`)), ['3', left])
  const refused = await fetch(`${p.address}/api/shop`)
  assert.deepEqual(
    [refused.status, await json(refused).then(({ code, limit }) => `${code} ${limit}`), ...standing(refused)],
    [429, 'too_many_requests gateway', '3', '0'],
  )
  assert.equal(refused.headers.get('retry-after'), refused.headers.get('ratelimit-reset'))
  assert.deepEqual(
    ['ratelimit-policy', 'ratelimit'].map(name => refused.headers.get(name)),
    ['"gateway";q=3;w=60', `"gateway";r=0;t=${refused.headers.get('retry-after')}`],
  )
  assert.equal((await fetch(`${p.address}/health/live`)).status, 200, 'what is served here is not counted')
})

test('headers for browsers are there once', async t => {
  const origin = 'https://console.example.com'
  const p = await open(
    t,
    { shop: [await (await start(t, [shop()], { environment: { CORS_ORIGINS: origin } })).listen()] },
    { CORS_ORIGINS: origin },
  )
  const { headers } = await raw(p.address, '/api/shop', { origin })
  for (const name of [
    'access-control-allow-origin',
    'content-security-policy',
    'x-content-type-options',
    'x-request-id',
  ])
    assert.doesNotMatch(String(headers[name]), /undefined|,/, name)
  const preflight = await fetch(`${p.address}/api/shop`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  })
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, origin])
})

test('one document tells of everything that is served behind it', async t => {
  const p = await open(t, { shop: [shop()], stock: [shop('stock', {}, ['/stock-list'])] })
  const document = await json(await fetch(`${p.address}/docs/openapi.json`))
  for (const path of ['/api/shop/things/{id}', '/api/stock', '/stock-list', '/health'])
    assert.ok(document.paths[path], path)
})

test('in one process with the others it does nothing', async t => {
  const p = await start(t, [gateway, shop()])
  assert.equal((await p.http.inject('/api/shop')).statusCode, 200)
  assert.equal((await p.http.inject('/api/nothing')).json().code, 'route_unknown')
  assert.equal((await p.http.inject('/api/shop')).headers['ratelimit-limit'], undefined)
})
