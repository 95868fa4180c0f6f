import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { SessionsRevoked } from '../../contracts/identity.ts'
import Type from 'typebox'
import { anyone, defineService, newId, signedIn, type Live, type StreamEvent } from '../../kernel/index.ts'
import { start, type TestOptions } from '../../kernel/testing.ts'
import { folderWith } from './toys.ts'

interface Frame {
  id?: string
  event?: string
  data?: any
  comment?: string
}

/** Readings of meters: kept in memory, the oldest forgotten; asked for by streams of one meter, or of all. */
async function open(t: TestContext, options: TestOptions = {}) {
  const readings: { meter: string; id: number; text: string }[] = []
  const state = { asked: 0, forgotten: 0, failing: false }
  const lives: Live[] = []
  const p = await start(
    t,
    [
      defineService({
        name: 'meters',
        folder: await folderWith(t),
        start({ http }) {
          const feed = (meter: string) => ({
            about: meter,
            newest: async () => {
              if (state.failing) throw new Error('no meters today')
              return readings.at(-1)?.id ?? 0
            },
            async after(id: string, limit: number): Promise<StreamEvent[] | undefined> {
              state.asked++
              if (state.failing) throw new Error('no meters today')
              if (!/^\d{1,9}$/.test(id) || Number(id) < state.forgotten) return undefined
              return readings
                .filter(reading => reading.meter === meter && reading.id > Number(id))
                .slice(0, limit)
                .map(({ id, text }) => ({ id, event: 'reading', data: text }))
            },
          })
          const query = Type.Object({ meter: Type.String({ default: 'one' }) })
          lives.push(
            http.stream(
              '/stream',
              { config: { access: signedIn }, schema: { summary: 'Readings', querystring: query } },
              ({ query }) => feed(query.meter),
            ),
            http.stream('/open', { config: { access: anyone }, schema: { summary: 'For all' } }, () => feed('one')),
          )
        },
      }),
    ],
    options,
  )
  const read = (text: string, meter = 'one'): void => {
    readings.push({ meter, id: (readings.at(-1)?.id ?? 0) + 1, text })
    lives.forEach(live => live.wake(meter))
  }
  const address = await p.listen()
  return { p, address, read, readings, state }
}

/** A client over a real socket; `next` waits for the next frame, undefined at the end. */
async function listen(t: TestContext, url: string, headers: Record<string, string> = {}) {
  const stop = new AbortController()
  t.after(() => stop.abort())
  const response = await fetch(url, { headers, signal: stop.signal })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  async function next(): Promise<Frame | undefined> {
    while (!text.includes('\n\n')) {
      const { value, done } = await reader.read()
      if (done) return undefined
      text += value
    }
    const [block, ...rest] = text.split('\n\n')
    text = rest.join('\n\n')
    const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block!)?.[1]
    const [id, event, data] = ['id', 'event', 'data'].map(field)
    return {
      ...(id !== undefined && { id }),
      ...(event && { event }),
      ...(data && { data: JSON.parse(data) }),
      ...(block!.startsWith(':') && { comment: block }),
    }
  }
  return {
    response,
    next,
    /** The next frame that carries something. */
    async event() {
      for (;;) {
        const frame = await next()
        if (!frame || frame.data !== undefined) return frame
      }
    },
    hangUp: () => stop.abort(),
  }
}

/** Heartbeats come when `beat` is called, not by the clock. */
async function beating(t: TestContext, work: (beat: () => void) => Promise<void>) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  try {
    await work(() => t.mock.timers.tick(20_000))
  } finally {
    t.mock.timers.reset()
  }
}

const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, index) => String(index + from))

test('events arrive live, in order, by those only whom they are about, with where to go on', async t => {
  const { p, address, read } = await open(t)
  const who = p.signedIn()
  const one = await listen(t, `${address}/api/meters/stream`, who)
  const two = await listen(t, `${address}/api/meters/stream?meter=two`, who)
  assert.equal(one.response.headers.get('content-type'), 'text/event-stream')
  assert.equal(one.response.headers.get('cache-control'), 'no-store')
  for (const client of [one, two]) assert.deepEqual(await client.next(), { id: '0' })
  for (const text of numbers(5)) read(text)
  read('other', 'two')
  read('several\nlines\r\n\n: and “signs”')
  const seen: (Frame | undefined)[] = []
  while (seen.length < 6) seen.push(await one.event())
  assert.deepEqual(
    seen.map(frame => frame!.data),
    [...numbers(5), 'several\nlines\r\n\n: and “signs”'],
  )
  assert.deepEqual(seen[0], { id: '1', event: 'reading', data: '1' })
  assert.deepEqual(await two.event(), { id: '6', event: 'reading', data: 'other' })
})

test('who comes again goes on behind what they saw, through as many as there are, nothing twice', async t => {
  const { p, address, read } = await open(t)
  const who = p.signedIn()
  for (const text of numbers(350)) read(text)
  const fresh = await listen(t, `${address}/api/meters/stream`, who)
  assert.deepEqual(await fresh.next(), { id: '350' }, 'without a last event only what is new')
  const back = await listen(t, `${address}/api/meters/stream`, { ...who, 'last-event-id': '20' })
  assert.deepEqual(await back.next(), { id: '20' })
  const seen: unknown[] = []
  while (seen.length < 330) seen.push((await back.event())!.data)
  read('351')
  assert.deepEqual([...seen, (await back.event())!.data], numbers(331, 21))
  assert.deepEqual((await fresh.event())!.data, '351')
})

test('where the events between are gone, or never were, the client is told of a gap and goes on with what is new', async t => {
  const { p, address, read, state } = await open(t)
  const who = p.signedIn()
  for (const text of numbers(10)) read(text)
  state.forgotten = 5
  for (const asked of ['4', 'no number', '-1', 'x'.repeat(1_000)]) {
    const client = await listen(t, `${address}/api/meters/stream`, { ...who, 'last-event-id': asked })
    assert.deepEqual(await client.next(), { id: '10' })
    assert.deepEqual(await client.next(), { id: '10', event: 'gap', data: { after: asked.slice(0, 200) } })
    client.hangUp()
  }
  const kept = await listen(t, `${address}/api/meters/stream`, { ...who, 'last-event-id': '5' })
  assert.deepEqual((await kept.event())!.data, '6')
})

test('a gap is told also in the middle, and what comes then is not lost', async t => {
  const { p, address, read, state } = await open(t)
  const client = await listen(t, `${address}/api/meters/stream`, p.signedIn())
  read('1')
  assert.equal((await client.event())!.data, '1')
  state.forgotten = 2
  read('2')
  assert.deepEqual(await client.event(), { id: '2', event: 'gap', data: { after: '1' } })
  read('3')
  assert.deepEqual(await client.event(), { id: '3', event: 'reading', data: '3' })
})

test('a heartbeat keeps a quiet stream alive, and brings what nobody told of', async t => {
  const { p, address, readings } = await open(t)
  await beating(t, async beat => {
    const client = await listen(t, `${address}/api/meters/stream`, p.signedIn())
    await client.next()
    await client.next()
    for (const _ of [1, 2, 3]) {
      beat()
      assert.deepEqual(await client.next(), { comment: ':' })
    }
    readings.push({ meter: 'one', id: 1, text: 'quietly' })
    beat()
    assert.equal((await client.event())!.data, 'quietly')
  })
})

test('a client that does not read is sent no more than fits on the way, then cut off, and counted as too slow', async t => {
  const { p, address, read, state } = await open(t)
  for (const _ of numbers(1_000)) read('x'.repeat(50_000))
  const { port } = new URL(address)
  const connections = () =>
    new Promise<number>((resolve, reject) =>
      p.http.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
  await beating(t, async beat => {
    const socket = connect(Number(port), '127.0.0.1')
    t.after(() => socket.destroy())
    const closed = new Promise(resolve => socket.once('close', resolve).once('error', () => {}))
    await once(socket, 'connect')
    socket.pause()
    socket.write(
      `GET /api/meters/stream HTTP/1.1\r\nhost: localhost\r\nauthorization: ${p.signedIn().authorization}\r\nlast-event-id: 0\r\n\r\n`,
    )
    while ((await connections()) === 0) await setImmediate()
    for (let beats = 0; (await connections()) > 0; beats++) {
      assert.ok(beats < 10_000, 'it is still connected')
      beat()
      await setImmediate()
    }
    assert.ok(state.asked <= 5, `asked ${state.asked} times for a hundred events each`)
    socket.resume()
    await closed
    assert.ok(socket.bytesRead < 25_000_000, `${socket.bytesRead} of 50,000,000 bytes`)
  })
  const { payload } = await p.http.inject('/metrics')
  assert.match(payload, /ohmnibus_http_streams_ended_total\{route="\/api\/meters\/stream",reason="too_slow"\} 1/)
})

test('a client that reads a long past for longer than two heartbeats is not taken for one that does not', async t => {
  const { p, address, read } = await open(t)
  for (const text of numbers(900)) read(text)
  await beating(t, async beat => {
    const client = await listen(t, `${address}/api/meters/stream`, { ...p.signedIn(), 'last-event-id': '0' })
    for (let seen = 0; seen < 900; seen++) {
      assert.equal((await client.event())!.data, String(seen + 1))
      if (seen % 100 === 50) {
        beat()
        await setImmediate()
      }
    }
  })
})

test('a stream ends with its session and says so; those of later tokens and of other sessions go on', async t => {
  let now = new Date('2027-02-18T08:30:00.000Z')
  const { p, address, read } = await open(t, { now: () => now })
  const [userId, sessionId] = [newId(), newId()]
  const ended = await listen(t, `${address}/api/meters/stream`, p.signedIn({ userId, sessionId }))
  const other = await listen(t, `${address}/api/meters/stream`, p.signedIn({ userId }))
  now = new Date('2027-02-18T08:31:00.000Z')
  const later = await listen(t, `${address}/api/meters/stream`, p.signedIn({ userId, sessionId }))
  await p.publish(SessionsRevoked, { userId, sessionIds: [sessionId], before: now.toISOString() })
  assert.deepEqual(await ended.event(), { event: 'end', data: { reason: 'session_ended' } })
  assert.equal(await ended.event(), undefined)
  read('1')
  for (const client of [other, later]) assert.equal((await client.event())!.data, '1')
})

test('a stream ends with its token, and a new one opens it again; without a token there is no end', async t => {
  let now = new Date('2027-02-18T08:30:00.000Z')
  const { p, address, read } = await open(t, { now: () => now })
  await beating(t, async beat => {
    const client = await listen(t, `${address}/api/meters/stream`, p.signedIn())
    const visitor = await listen(t, `${address}/api/meters/open`)
    now = new Date('2027-02-18T09:30:00.000Z')
    beat()
    assert.deepEqual(await client.event(), { event: 'end', data: { reason: 'token_expired' } })
    assert.equal(await client.event(), undefined)
    read('1')
    assert.equal((await visitor.event())!.data, '1')
  })
  assert.equal((await listen(t, `${address}/api/meters/stream`, p.signedIn())).response.status, 200)
})

test('ten streams of a kind a person are enough, and one that closes makes room', async t => {
  const { p, address } = await open(t)
  const who = p.signedIn()
  const url = `${address}/api/meters/stream`
  const clients = await Promise.all(Array.from({ length: 10 }, () => listen(t, url, who)))
  const refused = await fetch(url, { headers: who })
  assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code], [429, 'too_many_streams'])
  assert.ok(refused.headers.get('retry-after'))
  assert.equal((await listen(t, url, p.signedIn())).response.status, 200, 'somebody else')
  assert.equal((await listen(t, `${address}/api/meters/open`, who)).response.status, 200, 'another kind')
  clients[0]!.hangUp()
  for (let status = 429; status !== 200;) status = (await listen(t, url, who)).response.status
  const { payload } = await p.http.inject('/metrics')
  assert.match(payload, /ohmnibus_http_streams_open\{route="\/api\/meters\/stream"\} 11/)
})

test('what cannot be read is refused before a stream begins, and ends one that has begun, which says so', async t => {
  const { p, address, read, state } = await open(t)
  const url = `${address}/api/meters/stream`
  const client = await listen(t, url, p.signedIn())
  await client.next()
  await client.next()
  state.failing = true
  read('1')
  assert.deepEqual(await client.event(), { event: 'end', data: { reason: 'failed' } })
  assert.equal(await client.event(), undefined)
  const who = p.signedIn()
  for (const _ of numbers(12)) assert.equal((await fetch(url, { headers: who })).status, 500, 'and takes no place')
  state.failing = false
  const again = await listen(t, url, { ...who, 'last-event-id': '0' })
  assert.equal((await again.event())!.data, '1')
})

test('the platform stops while streams are open, and tells them', async t => {
  const { p, address } = await open(t)
  const clients = [
    await listen(t, `${address}/api/meters/stream`, p.signedIn()),
    await listen(t, `${address}/api/meters/open`),
  ]
  const begun = performance.now()
  await p.platform.close()
  assert.ok(performance.now() - begun < 3_000, `${performance.now() - begun} ms`)
  for (const client of clients) {
    assert.deepEqual(await client.event(), { event: 'end', data: { reason: 'stopping' } })
    assert.equal(await client.event(), undefined)
  }
})

test('a stream asks who is there as every route does, and its document names what it takes, gives and refuses', async t => {
  const { p, address } = await open(t)
  assert.equal((await fetch(`${address}/api/meters/stream`)).status, 401)
  const { paths } = (await p.http.inject('/docs/openapi.json?own=true')).json()
  const operation = paths['/api/meters/stream'].get
  assert.ok(operation.parameters.some(({ name }: { name: string }) => name === 'last-event-id'))
  assert.ok(operation.responses[200].content['text/event-stream'])
  assert.ok(operation.responses[429])
})
