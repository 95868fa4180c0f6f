import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { json, listening, open, shop, type Behind } from './testing.ts'

/** A process of the service shop that is not ours: it tells which routes it has, that it is ready, and else does as it is told. */
const stranger = (t: TestContext, routes: string[], serve: RequestListener, ready: () => boolean = () => true) => {
  const told = JSON.stringify(routes.flatMap(url => ['GET', 'POST'].map(method => ({ method, url, service: 'shop' }))))
  const server = createServer((request, response) => {
    if (request.url === '/internal/routes') response.setHeader('content-type', 'application/json').end(told)
    else if (request.url!.startsWith('/health/')) response.writeHead(ready() ? 200 : 503).end('{}')
    else serve(request, response)
  })
  t.after(() => server.closeAllConnections())
  return listening(t, server as never)
}

const dial = async (address: string): Promise<Socket> => {
  const { port, hostname } = new URL(address)
  const socket = connect(Number(port), hostname).on('error', () => {})
  await once(socket, 'connect')
  return socket
}

const until = async (is: () => boolean | Promise<boolean>, what: string, seconds = 20): Promise<void> => {
  for (const deadline = Date.now() + seconds * 1_000; !(await is()); await sleep(20))
    assert.ok(Date.now() < deadline, what)
}

test('header smuggling: what hides in a body, behind two lengths or in a header, is never a request of its own', async t => {
  const behind: Partial<Behind> = {}
  const p = await open(t, { shop: [shop('shop', behind)] })
  const hidden = 'GET /api/shop/things/smuggled HTTP/1.1\r\nhost: x\r\n\r\n'
  const head = 'POST /api/shop HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
  const size = String(hidden.length + 5)
  const tricks = [
    `${head}content-length: ${size}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    `${head}content-length: 2\r\ncontent-length: ${size}\r\n\r\n{}${hidden}`,
    `${head}content-length: 2, ${size}\r\n\r\n{}${hidden}`,
    `${head}content-length: +2\r\n\r\n{}${hidden}`,
    `${head}content-length : 2\r\n\r\n{}${hidden}`,
    `${head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}transfer-encoding: chunked\r\ntransfer-encoding: x\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}transfer-encoding: chunked\r\n\r\n2;a\nb\r\n{}\r\n0\r\n\r\n${hidden}`,
    `${head}transfer-encoding: chunked\r\n\r\n-1\r\n${hidden}`,
    `GET /api/shop?a=1\r\n b: 2 HTTP/1.1\r\nhost: x\r\n\r\n`,
    `GET /api/shop HTTP/1.1\r\nhost: x\r\nx: y\n${hidden}`,
    `GET /api/shop HTTP/1.1\r\nhost: x\r\nx: y\rGET /api/shop/things/smuggled HTTP/1.1\r\n\r\n`,
    `GET /api/shop HTTP/1.1\r\nhost: x\r\n folded: yes\r\n\r\n`,
  ]
  for (const trick of tricks) {
    const socket = await dial(p.address)
    const answer = text(socket)
    socket.end(trick)
    assert.match(await answer, /^HTTP\/1\.1 400 /, JSON.stringify(trick))
  }
  // A body that a GET brings goes nowhere, and is no request behind it.
  const socket = await dial(p.address)
  const answer = text(socket)
  const close = `content-length: ${hidden.length}\r\nconnection: close`
  socket.write(`GET /api/shop HTTP/1.1\r\nhost: x\r\n${close}\r\n\r\n${hidden}`)
  assert.match(await answer, /^HTTP\/1\.1 200 /)
  assert.equal((await fetch(`${p.address}/api/shop`)).status, 200)
  assert.deepEqual(
    behind.asked!.filter(({ url }) => url.includes('smuggled')),
    [],
  )
})

test('a body that never ends is refused while it comes, in little memory, and keeps nobody else from being answered', async t => {
  const p = await open(t, { shop: [shop()] })
  const socket = await dial(p.address)
  const answered = once(socket, 'data') as Promise<[Buffer]>
  socket.write(
    'POST /api/shop HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
  )
  const piece = `10000\r\n${' '.repeat(65_536)}\r\n`
  let isOver = false
  // As fast as it is taken, on and on; how long it is taken for is of the kernel (leftovers.test.ts).
  const send = (): void => {
    while (!isOver && socket.write(piece));
    if (!isOver) socket.once('drain', send)
  }
  send()
  assert.match(String((await answered)[0]), /^HTTP\/1\.1 413 /)
  const before = process.memoryUsage.rss()
  for (let i = 0; i < 50; i++) assert.equal((await fetch(`${p.address}/api/shop`)).status, 200)
  const more = Math.round((process.memoryUsage.rss() - before) / 1e6)
  isOver = true
  socket.destroy()
  assert.ok(more < 100, `${more} MB more`)
  assert.doesNotMatch((await p.http.inject('/metrics')).body, /ohmnibus_peer_failures_total\{[^}]*\} [1-9]/)
})

test('half open: an address that cuts off is left alone while others answer, and asked again once it works', async t => {
  let [isBroken, cut, served] = [true, 0, 0]
  const broken = await stranger(
    t,
    ['/api/shop'],
    ({ socket }, response) => {
      if (!isBroken) served++
      else cut++
      if (isBroken) socket.destroy()
      else response.end('{"name":"again"}')
    },
    () => !isBroken,
  )
  const p = await open(t, { shop: [broken, shop()] })
  const ask = async () => (await fetch(`${p.address}/api/shop`)).status
  for (let i = 0; i < 60; i++) assert.equal(await ask(), 200, 'nobody notices')
  assert.ok(cut > 0 && cut <= 6, `it was asked ${cut} times`)
  isBroken = false
  await until(async () => (await ask()) === 200 && served > 0, 'it is asked again')
})

test('a service that starts again at its address: who comes meanwhile is told to come back, and then answered', async t => {
  const serve: RequestListener = (_, response) => void response.end('{}')
  const first = createServer((request, response) =>
    request.url === '/internal/routes'
      ? response
          .setHeader('content-type', 'application/json')
          .end(JSON.stringify(['GET', 'POST'].map(method => ({ method, url: '/api/shop', service: 'shop' }))))
      : serve(request as never, response as never),
  )
  const address = await listening(t, first as never)
  const p = await open(t, { shop: [address] })
  const ask = async (method: string) => {
    const answer = await fetch(`${p.address}/api/shop`, { method })
    return [answer.status, answer.headers.get('retry-after')]
  }
  for (const method of ['GET', 'POST']) assert.deepEqual(await ask(method), [200, null])
  const closed = once(first, 'close')
  first.close()
  first.closeAllConnections()
  await closed
  for (const method of ['GET', 'POST', 'GET', 'POST', 'GET', 'POST', 'GET'])
    assert.deepEqual(await ask(method), [503, '1'])
  const second = createServer(serve).listen(Number(new URL(address).port), '127.0.0.1')
  t.after(() => second.close())
  await once(second, 'listening')
  await until(async () => (await ask('POST'))[0] === 200, 'it is answered again', 5)
})

test('beside a process of an old version, what only the new one serves is asked of that alone', async t => {
  const old = await stranger(t, ['/api/shop'], ({ url }, response) =>
    response.writeHead(url === '/api/shop' ? 200 : 404).end('{"name":"old"}'),
  )
  const p = await open(t, { shop: [old, shop()] })
  const names = new Set<string>()
  for (let i = 0; i < 40; i++) {
    const one = await fetch(`${p.address}/api/shop/things/7`)
    assert.deepEqual([one.status, await json(one)], [200, { id: '7' }])
    names.add((await json(await fetch(`${p.address}/api/shop`))).name)
  }
  assert.deepEqual([...names].toSorted(), ['old', 'shop'], 'what both serve is asked of both')
})

const sockets = Number(process.env.OHMNIBUS_IDLE_SOCKETS ?? 500)
test('10,000 idle WebSockets through it: each is heard, others are answered meanwhile, and none is left over (500 unless OHMNIBUS_IDLE_SOCKETS says more)', async t => {
  const upstream = new Set<Socket>()
  const server = createServer((request, response) => {
    const routes = [
      { method: 'GET', url: '/ocpp/:identity', service: 'shop' },
      { method: 'GET', url: '/api/shop', service: 'shop' },
    ]
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(request.url === '/internal/routes' ? routes : {}))
  })
  // Answers what it hears with the identity that it heard of.
  server.on('upgrade', ({ url }, socket: Socket) => {
    upstream.add(
      socket
        .on('close', () => upstream.delete(socket))
        .on('end', () => socket.end())
        .on('error', () => {}),
    )
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n')
    socket.on('data', data => socket.write(`${url} ${String(data)}`))
  })
  const p = await open(t, { shop: [await listening(t, server as never)] })
  const clients: Socket[] = []
  t.after(() => clients.forEach(client => client.destroy()))
  const join = async (at: number) => {
    const client = (clients[at] = await dial(p.address))
    client.write(
      `GET /ocpp/CP%20${at} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n`,
    )
    assert.match(String((await once(client, 'data'))[0]), /^HTTP\/1\.1 101 /)
  }
  for (let at = 0; at < sockets; at += 50)
    await Promise.all(Array.from({ length: Math.min(50, sockets - at) }, (_, of) => join(at + of)))
  assert.equal(upstream.size, sockets)
  for (let i = 0; i < 20; i++) assert.equal((await fetch(`${p.address}/api/shop`)).status, 200)
  for (let at = 0; at < sockets; at += Math.ceil(sockets / 100)) {
    const heard = once(clients[at]!, 'data')
    clients[at]!.write('a frame')
    assert.equal(String((await heard)[0]), `/ocpp/CP%20${at} a frame`)
  }
  clients.forEach(client => client.destroy())
  await until(() => upstream.size === 0, 'whoever hangs up is gone behind it too')
})
