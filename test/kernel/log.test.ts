import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import { defineService, newId } from '../../kernel/index.ts'
import type { Pool } from '../../kernel/database/database.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { start, type TestPlatform } from '../../kernel/testing.ts'
import { folderWith, Noted, notes, readers, seen, settleNow, until, write } from './toys.ts'

/** A transaction of somebody else that takes a position in the log, and is open until told. */
async function publisher(t: TestContext, p: TestPlatform, text: string) {
  const pool = openPool(p.platform.database.at, p.platform.database.admin, { max: 1 })
  t.after(() => pool.end({ timeout: 1 }))
  await pool`begin`
  await append(pool, text)
  return {
    commit: () => pool`commit`.then(() => p.platform.eventLogs[0]!.committed(['note.taken'])),
    rollback: () => pool`rollback`,
  }
}

const append = (pool: Pool, text: string) => pool`
  insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
  values (${newId()}, ${Noted.topic}, 'notes', 'one', ${'0'.repeat(32)}, '{"userId":null,"role":"system"}', ${pool.json({ page: 'one', number: 0, text })})`

test('an event whose transaction commits after one with a later position is not skipped, and comes first', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  const early = await publisher(t, p, 'early')
  await write(p.http, 'one', ['late'])
  const second = await publisher(t, p, 'between')
  await write(p.http, 'one', ['latest'])
  // Long enough for many looks at the log.
  await moment(150)
  await second.commit()
  await moment(50)
  assert.deepEqual(await seen(p), [])
  await early.commit()
  await p.settle()
  assert.deepEqual(await seen(p), ['one early', 'one late', 'one between', 'one latest'])
})

test('a position whose transaction rolls back is given up, and what stands behind it goes on', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  const early = await publisher(t, p, 'early')
  await write(p.http, 'one', ['late'])
  await moment(50)
  assert.deepEqual(await seen(p), [])
  await early.rollback()
  await p.settle()
  assert.deepEqual(await seen(p), ['one late'])
})

test('a rolled back position is given up although a long transaction that publishes nothing stays open', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  const long = openPool(p.platform.database.at, p.platform.database.admin, { max: 1 })
  t.after(() => long.end({ timeout: 1 }))
  await long`begin`
  await long`create table a_long_index_build (id integer)`
  const early = await publisher(t, p, 'early')
  await early.rollback()
  await write(p.http, 'one', ['late'])
  await p.settle()
  assert.deepEqual(await seen(p), ['one late'])
})

test('a platform that starts while somebody publishes misses nothing of it', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  await p.platform.close()
  const early = await publisher(t, p, 'early')
  const late = await publisher(t, p, 'late')
  await late.commit()
  let started = false
  const starting = p.another([await notes(t), await readers(t)]).then(platform => ((started = true), platform))
  await moment(300)
  assert.equal(started, false)
  await early.commit()
  await (await starting).settle()
  assert.deepEqual(await seen(p), ['one early', 'one late'])
})

test('a jump of the positions, as after a restored back-up, delays nothing', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  await write(p.http, 'one', ['a'])
  await p.db('kernel')`alter sequence kernel.log_position_seq restart with 9000000000000`
  await write(p.http, 'one', ['b'])
  await p.settle()
  assert.deepEqual(await seen(p), ['one a', 'one b'])
})

test('nobody is told of events where no other process shares the log, and one that comes is told at once', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  const pool = openPool(p.platform.database.at, p.platform.database.admin, { max: 1 })
  t.after(() => pool.end({ timeout: 1 }))
  const heard: string[] = []
  await pool.listen('ohmnibus_events', told => void heard.push(told))
  await write(p.http, 'one', ['alone'])
  await moment(100)
  assert.deepEqual(
    heard.filter(told => !told.endsWith(' here')),
    [],
  )
  await until(async () => {
    await pool`select pg_notify('ohmnibus_events', 'another here')`
    await write(p.http, 'one', ['together'])
    return heard.some(told => !told.endsWith(' here'))
  })
})

test('events are forgotten by age, but only those that every subscription has passed; what failed can still be replayed', async t => {
  let poisonous = true
  const p = await start(t, [
    await notes(t),
    await readers(t, ({ text }) => {
      if (text === 'poison' && poisonous) throw new Error('cannot stand it')
    }),
  ])
  const [events] = p.platform.eventLogs
  const at = (ms: number) => new Date(Date.now() + ms)
  const left = async () => (await p.published(Noted)).map(({ text }) => text)
  for (const text of ['a', 'b']) await write(p.http, text, [text])
  assert.equal(await events!.tend(at(60_000)), false, 'a part ends here')
  for (const text of ['poison', 'c']) await write(p.http, text, [text])
  await settleNow(p)
  assert.equal(await events!.tend(at(60_000)), false, 'and here')
  const kernel = p.db('kernel')
  await kernel`insert into kernel.subscriptions (name, service, topic) values ('archive: elsewhere', 'archive', ${Noted.topic})`
  await kernel`insert into kernel.cursors (subscription, partition, service, at_offset, position)
    select 'archive: elsewhere', -1, 'archive', position, position from kernel.log where data->>'text' = 'b'`

  assert.equal(await events!.tend(at(-60_000), at(-60_000)), false)
  assert.deepEqual(await left(), ['a', 'b', 'poison', 'c'], 'none is old enough')
  assert.equal(await events!.tend(at(-60_000), at(60_000)), true)
  assert.deepEqual(await left(), ['poison', 'c'], 'the archive has still to read them')
  await kernel`update kernel.cursors set at_offset = c.position, position = c.position
    from (select position from kernel.log where data->>'text' = 'c') c where service = 'archive'`
  assert.equal(await events!.tend(at(-60_000), at(60_000)), true)
  assert.deepEqual(await left(), [])
  const [letter] = await events!.deadLetters({ limit: 10 })
  assert.equal(letter!.key, 'poison', 'what failed is kept whole')
  poisonous = false
  await events!.replay(letter!.id)
  await p.settle()
  await p.platform.close()
  const again = await p.another([await notes(t), await readers(t)])
  await write(again, 'd', ['d'])
  await again.settle()
  assert.deepEqual(await seen(p), ['a a', 'b b', 'c c', 'poison poison', 'd d'])
})

test('a replay waits for the batch at work, and leaves nothing behind that waits for what it has taken away', async t => {
  const heard: string[] = []
  const gates = new Map(['first', 'second'].map(text => [text, Promise.withResolvers<void>()]))
  let poisonous = true
  const historians = defineService({
    name: 'historians',
    folder: await folderWith(t),
    start: ({ on }) =>
      on(Noted, { id: 'write', purpose: 'write history', from: 'beginning' }, async ({ text }) => {
        if (text === 'poison' && poisonous) throw new Error('cannot stand it')
        heard.push(text)
        await gates.get(text)?.promise
      }),
  })
  const p = await start(t, [await notes(t), historians])
  await write(p.http, 'one', ['poison'])
  await write(p.http, 'two', ['first'])
  await until(() => heard.includes('first'))
  // Both in the next batch: the one is put behind the poison, and the other keeps the batch open.
  await write(p.http, 'one', ['behind'])
  await write(p.http, 'two', ['second'])
  gates.get('first')!.resolve()
  await until(() => heard.includes('second'))
  poisonous = false
  const replayed = p.platform.eventLogs[0]!.rewind('historians: write (note.taken)')
  const waiting = () => p.db('kernel')`select from pg_stat_activity
    where datname = current_database() and application_name = 'ohmnibus kernel' and wait_event_type = 'Lock'`
  await until(async () => (await waiting()).length > 0)
  gates.get('second')!.resolve()
  await replayed
  await p.settle()
  assert.deepEqual(heard.slice(-4), ['poison', 'first', 'behind', 'second'])
  const [left] = await p.db('kernel')`select count(*)::int from kernel.dead_letters`
  assert.equal(left!.count, 0)
})

test('a replay from a time comes past a dead letter that a clock put back has dated before it', async t => {
  const p = await start(t, [
    await notes(t),
    await readers(t, ({ text }) => {
      if (text === 'poison') throw new Error('cannot stand it')
    }),
  ])
  const { db } = p
  await write(p.http, 'one', ['a', 'poison', 'behind'])
  await write(p.http, 'two', ['b'])
  await settleNow(p)
  const [letter] = await db('kernel')`update kernel.dead_letters set published_at = published_at - interval '1 minute'
    where state = 'dead' returning position::float8 as position`
  await db(
    'kernel',
  )`update kernel.log set published_at = published_at - interval '1 minute' where position = ${letter!.position}`
  const [{ name }] = await db('kernel')<
    [{ name: string }]
  >`select name from kernel.subscriptions where service = 'readers'`
  await db('readers')`delete from seen`
  await p.platform.eventLogs[0]!.rewind(name, new Date(Date.now() - 30_000))
  await settleNow(p)
  assert.deepEqual(await seen(p), ['two b'], 'those of its key wait behind it, the others go on')
  const states = await db('kernel')<{ state: string }[]>`select state from kernel.dead_letters order by position`
  assert.deepEqual(
    states.map(({ state }) => state),
    ['waiting', 'dead', 'waiting'],
  )
})

test('an event that comes while an earlier one of its key is being tried again waits for it', async t => {
  let tries = 0
  let entered = () => {}
  let release = () => {}
  const inside = new Promise<void>(resolve => (entered = resolve))
  const gate = new Promise<void>(resolve => (release = resolve))
  const slow = await readers(t, async ({ text }) => {
    if (text !== 'first') return
    if (++tries === 1) throw new Error('once more, please')
    entered()
    await gate
  })
  const p = await start(t, [await notes(t), slow])
  await p.another([await readers(t)])
  await write(p.http, 'one', ['first'])
  await Promise.race([inside, until(async () => (await seen(p)).length === 1)])
  await write(p.http, 'one', ['second'])
  await moment(50)
  release()
  await p.settle()
  assert.deepEqual(await seen(p), ['one first', 'one second'])
  assert.equal((await p.db('kernel')`select from kernel.dead_letters`).length, 0)
})

test('a watcher hears of an event although the database failed when it was to be read', async t => {
  const heard: string[] = []
  const ears = defineService({
    name: 'ears',
    folder: await folderWith(t),
    start: ({ watch }) => watch(Noted, ({ text }) => void heard.push(text)),
  })
  const p = await start(t, [await notes(t), ears])
  const kernel = p.db('kernel')
  await write(p.http, 'one', ['a'])
  await until(() => heard.length === 1)
  // The end of the log can be followed, but no event can be read.
  await kernel`revoke select on kernel.log from kernel`
  await kernel`grant select (position, topic) on kernel.log to kernel`
  await write(p.http, 'one', ['b'])
  await write(p.http, 'one', ['c'])
  await moment(50)
  assert.deepEqual(heard, ['a'])
  await kernel`grant select on kernel.log to kernel`
  await until(() => heard.length >= 3)
  assert.deepEqual(heard, ['a', 'b', 'c'])
})

test('the platform stops at once while a subscription waits out an outage', async t => {
  let outages = 0
  const p = await start(t, [
    await notes(t),
    await readers(t, () => {
      outages++
      throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })
    }),
  ])
  await write(p.http, 'one', ['a'])
  await until(() => outages === 5)
  const begun = Date.now()
  await p.platform.close()
  assert.ok(Date.now() - begun < 1_000, 'the wait was cut short')
})

test('what a failing reaction says is kept even where PostgreSQL could not hold it as text', async t => {
  const p = await start(t, [
    await notes(t),
    await readers(t, () => {
      throw new Error(`\0 and \ud800 ${'x'.repeat(10_000)}`)
    }),
  ])
  await write(p.http, 'one', ['a'])
  await settleNow(p)
  const [letter] = await p.platform.eventLogs[0]!.deadLetters({ limit: 10 })
  assert.equal(letter!.state, 'dead')
  assert.match(letter!.error!, /^Error: {2}and \ufffd x/)
})
