import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { SessionsRevoked } from '#contracts/identity'
import { PassportDeleted, PassportUpdated } from '#contracts/passports'
import { newId } from '#kernel'
import { ada, grace, open, self, type Person, type Platform } from './testing.ts'

interface Frame {
  id?: string
  /** Without one it is a notification. */
  event?: string
  data?: { id: string; title: string; link: string | null; reason?: string; after?: string }
  comment?: string
}

/** A client of the stream over a real socket; `next` waits for the next frame, undefined at the end. */
async function listen(t: TestContext, address: string, headers: Record<string, string>) {
  const stop = new AbortController()
  t.after(() => stop.abort())
  const response = await fetch(`${address}/api/notifications/stream`, { headers, signal: stop.signal })
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
    const [event, data] = [field('event'), field('data')]
    return {
      id: field('id'),
      ...(event && { event }),
      ...(data && { data: JSON.parse(data) }),
      ...(block!.startsWith(':') && { comment: block }),
    }
  }
  return {
    response,
    next,
    /** The next frame that carries a notification. */
    async news() {
      for (;;) {
        const frame = await next()
        if (!frame || (frame.data && !frame.event)) return frame
      }
    },
    hangUp: () => stop.abort(),
  }
}

/**
 * Heartbeats come when `beat` is called, not by the clock. Only around streams: what the platform set before it must
 * clear after.
 */
async function beating(t: TestContext, work: (beat: () => void) => Promise<void>) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  try {
    await work(() => t.mock.timers.tick(20_000))
  } finally {
    t.mock.timers.reset()
  }
}

const change = (p: Platform, number: number, owner = self) =>
  p.publish(PassportUpdated, {
    passport: { id: newId(), data: {} },
    identifier: `BP-${number}`,
    owner,
    version: 2,
    updatedFields: ['/a'],
  })

/** Notifications that came while nobody was told. */
async function fill(p: Platform, count: number, text = 'text') {
  const db = p.db('notifications')
  const rows = Array.from({ length: count }, (_, index) => ({
    id: newId(),
    user_id: ada.userId,
    position: index + 1,
    event_id: newId(),
    event: 'passport.updated',
    title: `BP-${index + 1}`,
    text,
    created_at: new Date(),
  }))
  await db`insert into notifications ${db(rows)}`
  await db`insert into inboxes (user_id, position) values (${ada.userId}, ${count})`
}

const titles = async (client: Awaited<ReturnType<typeof listen>>, count: number) => {
  const seen: string[] = []
  while (seen.length < count) seen.push(/BP-\d+/.exec((await client.news())!.data!.title)![0])
  return seen
}

test('a notification arrives live in every tab of its reader and in nobody else’s, as the list shows it', async t => {
  const p = await open(t)
  const address = await p.listen()
  const [one, two, other] = [
    await listen(t, address, p.as(ada)),
    await listen(t, address, p.as(ada)),
    await listen(t, address, p.as(grace)),
  ]
  assert.deepEqual(
    [one.response.status, one.response.headers.get('content-type'), one.response.headers.get('x-accel-buffering')],
    [200, 'text/event-stream', 'no'],
  )
  for (const client of [one, two, other])
    assert.equal((await client.next())?.id, '0', 'where to go on if the connection breaks now')
  await change(p, 1)
  const [first, second] = [await one.news(), await two.news()]
  assert.deepEqual(first, second)
  assert.deepEqual(first!.data, (await p.list(ada)).items[0])
  assert.equal(first!.id, '1')
  await change(p, 2, { kind: 'person', id: grace.userId })
  assert.equal((await other.news())!.data!.title, 'Pass BP-2 wurde geändert')
})

test('a stream goes on after the last event its reader saw, in order, nothing twice, nothing lost', async t => {
  const p = await open(t)
  const address = await p.listen()
  const before = await listen(t, address, p.as(ada))
  assert.equal((await before.next())!.id, '0')
  for (let number = 1; number <= 3; number++) {
    await change(p, number)
    await p.settle()
  }
  assert.deepEqual(await titles(before, 3), ['BP-1', 'BP-2', 'BP-3'])
  before.hangUp()

  await change(p, 4)
  await p.settle()
  const after = await listen(t, address, { ...p.as(ada), 'last-event-id': '2' })
  assert.deepEqual(await titles(after, 2), ['BP-3', 'BP-4'])
  await change(p, 5)
  assert.deepEqual(await titles(after, 1), ['BP-5'])

  const fresh = await listen(t, address, p.as(ada))
  assert.equal((await fresh.next())!.id, '5')
  await change(p, 6)
  assert.deepEqual(await titles(fresh, 1), ['BP-6'], 'without a last event only what is new')
  for (const id of ['no number', '-1', '999999999', '1e3', '']) {
    const odd = await listen(t, address, { ...p.as(ada), 'last-event-id': id })
    assert.equal((await odd.next())!.id, '6', `${id} is no event to go on after`)
  }
})

test('who comes back behind what is kept no longer is told of the gap, and goes on with what is new', async t => {
  const p = await open(t)
  const address = await p.listen()
  await fill(p, 6)
  await p.db('notifications')`delete from notifications where position <= 3`
  for (const [seen, gap] of [
    ['2', true],
    ['0', true],
    ['7', true],
    ['3', false],
    ['6', false],
  ] as const) {
    const client = await listen(t, address, { ...p.as(ada), 'last-event-id': seen })
    assert.equal((await client.next())!.id, gap ? '6' : seen)
    const told = (await client.next())!
    assert.deepEqual([told.event, told.data?.after], gap ? ['gap', seen] : [undefined, undefined], `after ${seen}`)
    if (seen === '3') assert.match(told.data!.title, /BP-4/)
    client.hangUp()
  }
  const back = await listen(t, address, { ...p.as(ada), 'last-event-id': '2' })
  for (const event of [undefined, 'gap']) assert.equal((await back.next())!.event, event)
  await change(p, 7)
  assert.deepEqual(await titles(back, 1), ['BP-7'])

  await p.db('notifications')`delete from notifications`
  const emptied = await listen(t, address, { ...p.as(ada), 'last-event-id': '6' })
  await emptied.next()
  assert.equal((await emptied.next())!.event, 'gap', 'all are gone, the last one unseen')
})

test('a long absence is caught up with page by page', async t => {
  const p = await open(t)
  const address = await p.listen()
  await fill(p, 250)
  const client = await listen(t, address, { ...p.as(ada), 'last-event-id': '0' })
  assert.deepEqual(
    await titles(client, 250),
    Array.from({ length: 250 }, (_, index) => `BP-${index + 1}`),
  )
})

test('many notifications at once arrive in the order of the list, once each, while tabs come and go', async t => {
  const p = await open(t)
  const address = await p.listen()
  const steady = await listen(t, address, p.as(ada))
  const publishing = Promise.all(Array.from({ length: 30 }, (_, number) => change(p, number)))
  let last = '0'
  const restless: string[] = []
  while (restless.length < 30) {
    const client = await listen(t, address, { ...p.as(ada), 'last-event-id': last })
    const frame = (await client.news())!
    last = frame.id!
    restless.push(frame.data!.id)
    client.hangUp()
  }
  await publishing
  const straight: string[] = []
  while (straight.length < 30) straight.push((await steady.news())!.data!.id)
  assert.deepEqual(restless, straight)
  assert.deepEqual((await p.list(ada, '?limit=100')).items.map(({ id }) => id).reverse(), straight)
})

test('a stream ends with its session and leaves the others of its person open', async t => {
  const p = await open(t)
  const address = await p.listen()
  const sessionId = newId()
  const ended = await listen(t, address, p.signedIn({ userId: ada.userId, sessionId }))
  const other = await listen(t, address, p.as(ada))
  await ended.next()
  await p.publish(SessionsRevoked, { userId: ada.userId, sessionIds: [sessionId], before: new Date().toISOString() })
  assert.equal(await ended.news(), undefined)
  await change(p, 1)
  assert.deepEqual(await titles(other, 1), ['BP-1'])
})

test('a heartbeat keeps a quiet stream alive until its token ends', async t => {
  let now = new Date('2027-02-18T08:30:00.000Z')
  const p = await open(t, { now: () => now })
  const address = await p.listen()
  await beating(t, async beat => {
    const client = await listen(t, address, p.as(ada))
    await client.next()
    await client.next()
    for (const _ of [1, 2, 3]) {
      beat()
      assert.equal((await client.next())!.comment, ':')
    }
    now = new Date('2027-02-18T09:30:00.000Z')
    beat()
    const end = (await client.next())!
    assert.deepEqual([end.event, end.data!.reason], ['end', 'token_expired'])
    assert.equal(await client.next(), undefined)
  })
  assert.equal((await listen(t, address, p.as(ada))).response.status, 200, 'a new token opens a new one')
})

test('a heartbeat also brings what no signal told of', async t => {
  const p = await open(t)
  const address = await p.listen()
  await beating(t, async beat => {
    const client = await listen(t, address, p.as(ada))
    await client.next()
    await client.next()
    await fill(p, 1)
    beat()
    assert.deepEqual(await titles(client, 1), ['BP-1'])
  })
})

test('ten streams a person are enough, and one that closes makes room', async t => {
  const p = await open(t)
  const address = await p.listen()
  const clients = await Promise.all(Array.from({ length: 10 }, () => listen(t, address, p.as(ada))))
  const refused = await fetch(`${address}/api/notifications/stream`, { headers: p.as(ada) })
  assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code], [429, 'too_many_streams'])
  assert.equal((await listen(t, address, p.as(grace))).response.status, 200)
  clients[0]!.hangUp()
  for (let status = 429; status !== 200;) status = (await listen(t, address, p.as(ada))).response.status
})

test('a reader who does not read is dropped, and is not sent everything meanwhile', async t => {
  const p = await open(t)
  const { port } = new URL(await p.listen())
  await fill(p, 200, 'x'.repeat(100_000))
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
      'GET /api/notifications/stream HTTP/1.1\r\nhost: localhost\r\n' +
        `authorization: ${p.as(ada).authorization}\r\nlast-event-id: 0\r\n\r\n`,
    )
    while ((await connections()) === 0) await setImmediate()
    for (let beats = 0; (await connections()) > 0; beats++) {
      assert.ok(beats < 10_000, 'it is still connected')
      beat()
      await setImmediate()
    }
    socket.resume()
    await closed
    assert.ok(socket.bytesRead < 15_000_000, 'it never got it all')
  })
})

test('the platform stops while streams are open, and tells them', async t => {
  const p = await open(t)
  const address = await p.listen()
  const clients: [Person, Awaited<ReturnType<typeof listen>>][] = []
  for (const person of [ada, grace]) clients.push([person, await listen(t, address, p.as(person))])
  await clients[0]![1].next()
  const started = Date.now()
  await p.platform.close()
  assert.ok(Date.now() - started < 4_000)
  for (const [, client] of clients) assert.equal(await client.news(), undefined)
})

test('a browser opens a stream with its cookie', async t => {
  const p = await open(t)
  const cookie = `__Host-ohmnibus-access=${p.as(ada).authorization.slice('Bearer '.length)}`
  const client = await listen(t, await p.listen(), { cookie, authorization: 'Basic of-a-proxy' })
  await p.publish(PassportDeleted, { passport: { id: newId() }, identifier: 'BP-1', owner: self, version: 1 })
  assert.deepEqual([(await client.news())!.data!.link, client.response.status], [null, 200])
})
