import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import Type from 'typebox'
import { event } from '../../contracts/define.ts'
import { context, defineService, newId, Problem, type Service } from '../../kernel/index.ts'
import type { ReactionAbout } from '../../kernel/service.ts'
import { start, type TestPlatform } from '../../kernel/testing.ts'
import { engine } from './engine.ts'
import { folderWith, Noted, notes, readers, seen, settleNow, until, write } from '../kernel/toys.ts'

/** Each opens a platform whose events travel over another engine. */
const engines: Record<string, (t: TestContext, services: readonly Service[]) => ReturnType<typeof start>> = {
  log: (t, services) => start(t, services),
  kafka: async (t, services) => await start(t, services, { environment: await engine(t, 'kafka') }),
}

const listed = async (p: TestPlatform) => {
  const answer = await p.http.inject({ url: '/api/events/dead-letters', headers: p.signedIn({ role: 'admin' }) })
  return answer.json().items as { id: string; key: string; state: string; attempts: number; error: string | null }[]
}

const replay = (p: TestPlatform, id: string) =>
  p.http.inject({
    method: 'POST',
    url: `/api/events/dead-letters/${id}/replay`,
    headers: p.signedIn({ role: 'admin' }),
  })

for (const [name, open] of Object.entries(engines)) {
  test(`${name}: events of one key arrive in the order they were committed, whoever publishes at the same time; what was rolled back never does`, async t => {
    const p = await open(t, [await notes(t), await readers(t)])
    const pages = ['a', 'b', 'c', 'd']
    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let i = 0; i < 10; i++) {
          await write(p.http, pages[(writer + i) % pages.length]!, [`${writer}.${i}`], i % 5 === 4)
        }
      }),
    )
    await p.settle()
    const rows = await p.db('readers')`select page, number, text from seen order by position`
    for (const page of pages) {
      const numbers = rows.filter(row => row.page === page).map(row => row.number)
      assert.deepEqual(
        numbers,
        Array.from(numbers, (_, index) => index + 1),
      )
    }
    assert.equal(rows.length, 16 * 8)
    assert.ok(!rows.some(row => row.text.endsWith('.4') || row.text.endsWith('.9')))
  })

  test(`${name}: an event carries who caused it, when and in which trace, and so does what is done about it`, async t => {
    let inside: ReturnType<typeof context> | undefined
    let at = ''
    const p = await open(t, [await notes(t), await readers(t, event => ((inside = context()), (at = event.timestamp)))])
    const userId = newId()
    const trace = '0af7651916cd43dd8448eb211c80319c'
    const headers = { ...p.signedIn({ userId, role: 'operator' }), traceparent: `00-${trace}-b7ad6b7169203331-01` }
    await p.http.inject({ method: 'POST', url: '/api/notes', headers, payload: { page: 'a', texts: ['x'] } })
    await p.settle()
    assert.deepEqual(
      { actor: inside!.actor, traceId: inside!.traceId },
      { actor: { userId, role: 'operator' }, traceId: trace },
    )
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000)
  })

  test(`${name}: a reaction that fails once is tried again, and its effect is there once`, async t => {
    let failures = 0
    const fragile = await readers(t, ({ text }) => {
      if (text === 'b' && failures++ === 0) throw new Error('not today')
    })
    const p = await open(t, [await notes(t), fragile])
    await write(p.http, 'one', ['a', 'b', 'c'])
    await p.settle()
    assert.deepEqual(await seen(p), ['one a', 'one b', 'one c'])
    assert.deepEqual(await listed(p), [])
    assert.ok(failures >= 1)
  })

  test(`${name}: a poisonous event becomes a dead letter after its tries; its key waits and others go on; a replay handles it and then what waited, in order`, async t => {
    let poisonous = true
    let tries = 0
    const picky = await readers(t, ({ text }) => {
      if (text !== 'poison') return
      tries++
      if (poisonous) throw new Error('cannot stand it')
    })
    const p = await open(t, [await notes(t), picky])
    await write(p.http, 'one', ['a', 'poison', 'b', 'c'])
    await write(p.http, 'two', ['x', 'y'])
    await settleNow(p)
    await write(p.http, 'one', ['d'])
    await write(p.http, 'two', ['z'])
    await settleNow(p)
    assert.deepEqual(await seen(p), ['one a', 'two x', 'two y', 'two z'])
    const letters = await listed(p)
    assert.deepEqual(
      letters.map(({ key, state }) => `${key} ${state}`),
      ['one dead', 'one waiting', 'one waiting', 'one waiting'],
    )
    assert.match(letters[0]!.error!, /cannot stand it/)
    assert.equal(letters[0]!.attempts, 5)

    const triesBefore = tries
    assert.equal((await replay(p, letters[0]!.id)).statusCode, 202)
    await settleNow(p)
    assert.equal((await listed(p))[0]!.state, 'dead', 'it is still poisonous')
    assert.ok(tries > triesBefore)

    poisonous = false
    assert.equal((await replay(p, letters[1]!.id)).statusCode, 404, 'what waits is no dead letter')
    assert.equal((await replay(p, newId())).json().code, 'dead_letter_unknown')
    assert.equal((await replay(p, letters[0]!.id)).statusCode, 202)
    await p.settle()
    assert.deepEqual(await seen(p), ['one a', 'two x', 'two y', 'two z', 'one poison', 'one b', 'one c', 'one d'])
    assert.deepEqual(await listed(p), [])
  })

  test(`${name}: later events of a key pass a failed one where the reaction says so`, async t => {
    const picky = await readers(
      t,
      ({ text }) => {
        if (text === 'poison') throw new Error('cannot stand it')
      },
      'pass',
    )
    const p = await open(t, [await notes(t), picky])
    await write(p.http, 'one', ['a', 'poison', 'b', 'c'])
    await settleNow(p)
    assert.deepEqual(await seen(p), ['one a', 'one b', 'one c'])
    assert.deepEqual(
      (await listed(p)).map(({ state }) => state),
      ['dead'],
    )
  })

  test(`${name}: a reaction that says "unavailable" is tried again until it is not, in order, without a dead letter`, async t => {
    let outages = 0
    const waiting = await readers(t, ({ text }) => {
      if (text === 'b' && outages++ < 4) throw new Problem('unavailable', 'gateway_unavailable')
    })
    const p = await open(t, [await notes(t), waiting])
    await write(p.http, 'one', ['a', 'b', 'c'])
    await write(p.http, 'two', ['x'])
    await until(() => outages > 0)
    assert.deepEqual(await listed(p), [])
    await p.settle()
    assert.deepEqual(await seen(p), ['one a', 'one b', 'one c', 'two x'])
    assert.equal(outages, 5)
  })

  for (const many of [false, true])
    test(`${name}: errors in the middle of a large batch neither lose nor double the others, of a reaction to ${many ? 'many at once' : 'each'}`, async t => {
      const bad = new Set(['37', '136', '199', '200', '399'])
      const picky = await readers(
        t,
        ({ text }) => {
          if (bad.has(text)) throw new Error(`not ${text}`)
        },
        'pass',
        many,
      )
      const p = await open(t, [await notes(t), picky])
      const texts = Array.from({ length: 450 }, (_, i) => String(i))
      await write(p.http, 'one', texts)
      await settleNow(p)
      assert.deepEqual(
        await seen(p),
        texts.filter(text => !bad.has(text)).map(text => `one ${text}`),
      )
      assert.equal((await listed(p)).length, bad.size)
    })

  test(`${name}: a reaction that rests takes what comes by itself at once, what comes soon after it together, and nobody who waits for all of it waits for the rest`, async t => {
    const restMs = 2_000
    const p = await open(t, [await notes(t), await readers(t, () => {}, 'wait', { restMs })])
    const texts = async () => (await seen(p)).map(line => line.split(' ')[1])
    await write(p.http, 'one', ['alone'])
    await until(async () => (await seen(p)).length === 1)
    const began = performance.now()
    for (const text of ['a', 'b', 'c']) await write(p.http, 'one', [text])
    await until(async () => (await seen(p)).length > 1)
    assert.ok(performance.now() - began > restMs / 2, 'it rested')
    assert.deepEqual(await texts(), ['alone', 'a', 'b', 'c'])
    const [batches] = await p.db('readers')`select count(distinct xmin::text)::int as count from seen`
    assert.equal(batches!.count, 2, 'all that came while it rested is one transaction')

    const asked = performance.now()
    for (const text of ['d', 'e']) await write(p.http, 'one', [text])
    await p.settle()
    assert.deepEqual((await texts()).slice(-2), ['d', 'e'])
    assert.ok(performance.now() - asked < restMs, 'nobody who waits for everything waits for a rest')
  })

  test(`${name}: where the commit of a reaction fails, neither its effect nor its move is there; it becomes a dead letter and the others go on`, async t => {
    const overdrawn = await readers(t, async ({ text, eventId }, tx) => {
      // Checked by PostgreSQL only at the commit.
      if (text === '5') await tx`update seen set promise = 1 where event_id = ${eventId}`
    })
    const p = await open(t, [await notes(t), overdrawn])
    const texts = Array.from({ length: 30 }, (_, i) => String(i))
    for (const text of texts) await write(p.http, `page ${text}`, [text])
    await write(p.http, 'page 5', ['after'])
    await settleNow(p)
    assert.deepEqual(
      (await seen(p)).sort(),
      texts
        .filter(text => text !== '5')
        .map(text => `page ${text} ${text}`)
        .sort(),
    )
    assert.deepEqual(
      (await listed(p)).map(({ key, state }) => `${key} ${state}`),
      ['page 5 dead', 'page 5 waiting'],
    )

    await p.db('readers')`insert into promises values (1)`
    await replay(p, (await listed(p))[0]!.id)
    await p.settle()
    assert.deepEqual((await seen(p)).slice(-2), ['page 5 5', 'page 5 after'])
  })

  test(`${name}: two processes share a subscription, each event has its effect once, and what one leaves undone the other does`, async t => {
    const services = [await notes(t), await readers(t)]
    const p = await open(t, services)
    const second = await p.another(services)
    const post = (process: { app: typeof second.app }, text: string) => write(process, text.slice(0, 1), [text])
    const texts = Array.from({ length: 120 }, (_, i) => `${'abcd'[i % 4]}${i}`)
    await Promise.all(texts.slice(0, 80).map((text, i) => post(i % 2 ? p.http : second, text)))
    const closed = second.close()
    await Promise.all(texts.slice(80).map(text => post(p.http, text)))
    await closed
    await p.settle()
    const rows = await p.db('readers')`select page, number, text from seen order by position`
    assert.deepEqual(rows.map(({ text }) => text).sort(), texts.toSorted())
    for (const page of 'abcd')
      assert.deepEqual(
        rows.filter(row => row.page === page).map(({ number }) => number),
        Array.from({ length: 30 }, (_, i) => i + 1),
      )
    assert.deepEqual(await listed(p), [])
  })

  test(`${name}: a failing event that a process leaves behind is tried again by another, even if nothing else happens`, async t => {
    let failed = 0
    const unable = await readers(t, () => {
      failed++
      throw new Error('this process cannot')
    })
    const p = await open(t, [await notes(t), unable])
    await p.another([await readers(t)])
    let written = 0
    while (failed === 0) {
      assert.ok(written < 1_000, 'the process that cannot is given something to fail at')
      // Of many keys, as each process has partitions of its own.
      await write(p.http, `page ${written}`, [String(written++)])
      await until(async () => failed > 0 || (await seen(p)).length === written)
    }
    await p.platform.close()
    // The longer it took to close, the more often it has failed, and the longer is the wait for the next try.
    await until(async () => (await seen(p)).length === written)
    assert.equal((await p.db('kernel')`select from kernel.dead_letters`).length, 0)
  })

  test(`${name}: a process hears at once of what another one publishes`, async t => {
    const p = await open(t, [await notes(t), await readers(t)])
    await p.platform.close()
    const publisher = await p.another([await notes(t)])
    let arrived = () => {}
    const reader = await p.another([await readers(t, () => void setImmediate(() => arrived()))])
    await reader.settle()
    const delays: number[] = []
    for (let i = 0; i < 6; i++) {
      const { promise: next, resolve } = Promise.withResolvers<void>()
      arrived = resolve
      await write(publisher, 'a', [String(i)])
      const begun = Date.now()
      await next
      delays.push(Date.now() - begun)
    }
    // Each is published right after a look at the log: by looking once a second alone each would take almost that. On a
    // busy machine one or the other does anyway.
    assert.ok(delays.toSorted((a, b) => a - b)[2]! < 500, `${delays} ms`)
  })

  test(`${name}: everybody who watches hears of an event, also behind one who fails`, async t => {
    const heard: string[] = []
    const watcher = async (name: string) =>
      defineService({
        name,
        folder: await folderWith(t),
        start({ watch }) {
          watch(Noted, () => {
            throw new Error('deaf')
          })
          watch(Noted, ({ text }) => void heard.push(`${name} ${text}`))
        },
      })
    const p = await open(t, [await notes(t), await watcher('ears')])
    await p.another([await watcher('eyes')])
    await write(p.http, 'one', ['a', 'b'])
    await until(() => heard.length === 4)
    assert.deepEqual(heard.toSorted(), ['ears a', 'ears b', 'eyes a', 'eyes b'])
  })

  test(`${name}: settle waits for what reactions publish in their turn, however long the chain`, async t => {
    const Echoed = event('echoes', 'echo.heard', 'page', Type.Object({ page: Type.String(), left: Type.Integer() }))
    const heard: number[] = []
    const echoes = defineService({
      name: 'echoes',
      folder: await folderWith(t),
      publishes: [Echoed],
      start({ on }) {
        on(Noted, { id: 'begin', purpose: 'begin to echo', from: 'beginning' }, ({ page }, tx) =>
          tx.publish(Echoed, { page, left: 20 }),
        )
        on(Echoed, { id: 'echo', purpose: 'echo', from: 'beginning' }, async ({ page, left }, tx) => {
          heard.push(left)
          if (left > 0) await tx.publish(Echoed, { page, left: left - 1 })
        })
      },
    })
    const p = await open(t, [await notes(t), echoes])
    await write(p.http, 'one', ['a'])
    await p.settle()
    assert.deepEqual(
      heard,
      Array.from({ length: 21 }, (_, i) => 20 - i),
    )
    assert.equal((await p.published(Echoed)).length, 21)
  })

  test(`${name}: a subscription handles again what was published since a time, or everything, beside live traffic`, async t => {
    const heard: string[] = []
    const again = defineService({
      name: 'historians',
      folder: await folderWith(t),
      start: ({ on }) =>
        on(
          Noted,
          { id: 'write', purpose: 'write history', from: 'beginning' },
          async ({ text }) => void heard.push(text),
        ),
    })
    const p = await open(t, [await notes(t), await readers(t), again])
    await write(p.http, 'one', ['a', 'b'])
    await p.settle()
    const between = new Date()
    await write(p.http, 'one', ['c'])
    await p.settle()
    const subscription = 'historians: write (note.taken)'
    const rewind = (payload: object) =>
      p.http.inject({
        method: 'POST',
        url: '/api/events/subscriptions/replay',
        headers: p.signedIn({ role: 'admin' }),
        payload,
      })
    assert.equal((await rewind({ subscription: 'nobody' })).json().code, 'subscription_unknown')

    assert.equal((await rewind({ subscription, from: between.toISOString() })).statusCode, 202)
    await write(p.http, 'one', ['d'])
    await until(async () => (await p.settle(), heard.at(-1) === 'd' && heard.length >= 5))
    assert.deepEqual(heard, ['a', 'b', 'c', 'c', 'd'])

    assert.equal((await rewind({ subscription })).statusCode, 202)
    await Promise.all([write(p.http, 'one', ['e']), write(p.http, 'two', ['x'])])
    await until(async () => (await p.settle(), heard.length >= 11))
    assert.deepEqual(
      heard.slice(5).filter(text => text !== 'x'),
      ['a', 'b', 'c', 'd', 'e'],
    )
    assert.deepEqual(
      (await seen(p)).toSorted(),
      ['one a', 'one b', 'one c', 'one d', 'one e', 'two x'],
      'others noticed nothing',
    )
    const listed = await p.http.inject({ url: '/api/events/subscriptions', headers: p.signedIn({ role: 'admin' }) })
    assert.deepEqual(
      listed.json().items.map(({ subscription }: { subscription: string }) => subscription),
      [subscription, 'readers: remember (note.taken)'],
    )
  })

  test(`${name}: a new reaction hears of all there is, or of what comes from its first start on, as it says; one that is put in other words, of nothing again`, async t => {
    const heard: string[] = []
    const listener = async (about?: ReactionAbout) =>
      defineService({
        name: 'listener',
        folder: await folderWith(t),
        start({ on }) {
          if (about) on(Noted, about, async ({ text }) => void heard.push(text))
        },
      })
    const p = await open(t, [await notes(t), await listener()])
    await write(p.http, 'one', ['a', 'b'])
    await p.settle()
    await p.platform.close()
    // When a reaction began is known but for the way to the database and back: rather earlier, so that nothing is lost.
    await sleep(1_000)
    const heardBy = async (about: ReactionAbout, text: string) => {
      heard.length = 0
      const other = await p.another([await notes(t), await listener(about)])
      await write(other, 'one', [text])
      await other.settle()
      await other.close()
      return heard.join('')
    }
    assert.equal(await heardBy({ id: 'late', purpose: 'listen', from: 'now' }, 'c'), 'c')
    assert.equal(await heardBy({ id: 'late', purpose: 'listen well', from: 'beginning' }, 'd'), 'd')
    assert.equal(await heardBy({ id: 'early', purpose: 'listen well', from: 'beginning' }, 'e'), 'abcde')
    assert.equal(await heardBy({ id: 'late', purpose: 'listen', from: 'now' }, 'f'), 'ef', 'it goes on where it was')
  })
}
