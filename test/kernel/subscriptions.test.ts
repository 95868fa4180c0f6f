import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReactionAbout } from '../../kernel/service.ts'
import { defineService, newId, type Service } from '../../kernel/index.ts'
import { start } from '../../kernel/testing.ts'
import { folderWith, listening, Noted, notes, readers, seen, settleNow, until, write } from './toys.ts'

/** Hears notes, or none. */
const listener = async (t: TestContext, about?: Partial<ReactionAbout>, heard: string[] = []) =>
  defineService({
    name: 'listener',
    folder: await folderWith(t),
    start({ on }) {
      if (about)
        on(Noted, { id: 'listen', purpose: 'listen', from: 'beginning', ...about }, async ({ text }) => {
          heard.push(text)
        })
    },
  })

const listed = async (p: Awaited<ReturnType<typeof start>>, app = p.http.app) => {
  const answer = await app.inject({ url: '/api/events/subscriptions', headers: p.signedIn({ role: 'admin' }) })
  return answer.json().items as { subscription: string; purpose: string | null; orphanedAt: string | null }[]
}

test('what a database has of a reaction from before reactions had ids goes on where it was, whatever its words are now', async t => {
  const heard: string[] = []
  const p = await start(t, [await notes(t), await listener(t)])
  await write(p.http, 'one', ['told long ago'])
  await write(p.http, 'two', ['waits'])
  await p.platform.close()
  // As the version before has it, and writes it: over the views.
  const kernel = p.db('kernel')
  const former = 'listener: tell everybody (note.taken)'
  await kernel`insert into kernel.subscriptions (name, service, topic) values (${former}, 'listener', ${Noted.topic})`
  await kernel`
    insert into kernel.lanes as l (subscription, lane, service, at_offset, position)
    select ${former}, -1, 'listener', position, position from kernel.log where data->>'text' = 'told long ago'
    on conflict (subscription, lane) do update set generation = l.generation + 1`
  await kernel`
    insert into kernel.parked (subscription, position, service, key, state, topic, event_id, trace_id, actor, data,
      published_at)
    select ${former}, position, 'listener', key, 'dead', topic, event_id, trace_id, actor, data, published_at
    from kernel.log where data->>'text' = 'told long ago'
    on conflict (subscription, position) do update set state = excluded.state`

  const other = await p.another([await notes(t), await listener(t, { purpose: 'tell', from: 'now' }, heard)])
  await write(other, 'two', ['new'])
  await other.settle()
  assert.deepEqual(heard, ['waits', 'new'], 'nothing twice, and nothing is missed')
  assert.partialDeepStrictEqual(await listed(p, other.app), [
    { subscription: former, id: 'listen', purpose: 'tell', orphanedAt: null },
  ])
  const [letter] = await other.eventLogs[0]!.deadLetters({ limit: 1 })
  await other.eventLogs[0]!.replay(letter!.id)
  await other.settle()
  assert.deepEqual(heard.slice(2), ['told long ago'], 'what failed then can still be replayed')
  // And the version before goes on beside it.
  await kernel`select from kernel.lanes where subscription = ${former} order by lane for update`
  const moved = await kernel`
    update kernel.lanes set at_offset = at_offset, updated_at = now() where subscription = ${former} and lane = -1
    returning exists (select from kernel.parked where subscription = ${former}) as parked`
  assert.deepEqual([...moved], [{ parked: false }])
})

test('of several that a service had for a topic, the one of the same words goes on, and the others are orphans', async t => {
  const heard: string[] = []
  const p = await start(t, [await notes(t), await listener(t)])
  await write(p.http, 'one', ['a', 'b'])
  await p.platform.close()
  const kernel = p.db('kernel')
  for (const [words, text] of Object.entries({ shout: 'b', listen: 'a' })) {
    const name = `listener: ${words} (note.taken)`
    await kernel`insert into kernel.subscriptions (name, service, topic) values (${name}, 'listener', ${Noted.topic})`
    await kernel`
      insert into kernel.lanes (subscription, lane, service, at_offset, position)
      select ${name}, -1, 'listener', position, position from kernel.log where data->>'text' = ${text}`
  }
  const other = await p.another([await notes(t), await listener(t, {}, heard)])
  await other.settle()
  assert.deepEqual(heard, ['b'])
  assert.deepEqual(
    (await listed(p, other.app)).map(({ subscription, orphanedAt }) => [subscription, orphanedAt !== null]),
    [
      ['listener: listen (note.taken)', false],
      ['listener: shout (note.taken)', true],
    ],
  )
})

test('a subscription that no code has any more is named at the start, in the list and in the figures, and after a day no event is kept for it; one of a service that runs elsewhere is none', async t => {
  const services = [await notes(t), await listener(t, {})]
  const p = await start(t, services)
  await write(p.http, 'one', ['a'])
  await p.settle()
  await p.platform.close()
  const orphan = 'listener: listen (note.taken)'
  const kernel = p.db('kernel')
  await kernel`
    insert into kernel.subscriptions (name, service, topic, id)
    values ('archive: keep (note.taken)', 'archive', ${Noted.topic}, 'keep')`

  const { lines, log } = listening()
  const other = await p.another([await notes(t), await listener(t)], { log })
  const named = () => lines.filter(({ msg }) => /no code has/.test(msg)).map(line => line.subscription)
  assert.deepEqual(named(), [orphan])
  assert.deepEqual(
    (await listed(p, other.app)).map(({ subscription, orphanedAt }) => [subscription, orphanedAt !== null]),
    [
      ['archive: keep (note.taken)', false],
      [orphan, true],
    ],
  )
  const metrics = (await other.app.inject('/metrics')).body
  assert.match(metrics, /ohmnibus_event_orphaned_seconds\{subscription="listener: listen \(note.taken\)"\} \d/)
  assert.doesNotMatch(metrics, /ohmnibus_event_lag\{subscription="listener/)

  await write(other, 'one', ['b'])
  await other.settle()
  const [events] = other.eventLogs
  const at = (ms: number) => new Date(Date.now() + ms)
  assert.equal(await events!.tend(at(60_000)), false, 'a part ends here')
  await write(other, 'one', ['c'])
  assert.equal(await events!.tend(at(-60_000), at(60_000)), false, 'another version that has it may run beside us')
  await kernel`update kernel.subscriptions set orphaned_at = now() - interval '25 hours' where name = ${orphan}`
  assert.equal(await events!.tend(at(-60_000), at(60_000)), true)
  await other.close()

  const again = await p.another(services)
  assert.deepEqual(
    (await listed(p, again.app)).map(({ orphanedAt }) => orphanedAt),
    [null, null],
    'code that has it takes it up again',
  )
  await again.close()
  const all = await p.another([await notes(t), await listener(t, {})], { log, everywhere: ['notes', 'listener'] })
  assert.deepEqual(named().slice(1), ['archive: keep (note.taken)'], 'of a service that the code does not have at all')
  await all.close()
})

test('how far a subscription is behind is shown by every process on its database, also where its service does not run', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  await write(p.http, 'one', ['a'])
  await p.settle()
  await p.platform.close()
  const other = await p.another([await notes(t)])
  await write(other, 'one', ['b', 'c'])
  const metrics = (await other.app.inject('/metrics')).body
  assert.match(metrics, /ohmnibus_event_lag\{subscription="readers: remember \(note.taken\)"\} 2/)
})

test('what fails before the first reaction is blamed on no event: none is put aside', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  await p.db('kernel').unsafe(`
    create sequence kernel.hitches;
    grant usage on sequence kernel.hitches to public;
    create function kernel.hitch() returns trigger language plpgsql as $$ begin
      if nextval('kernel.hitches') = 1 then raise exception 'the cursor cannot move'; end if;
      return new;
    end $$;
    create trigger hitch before update on kernel.cursors for each row execute function kernel.hitch()`)
  await write(p.http, 'one', ['innocent'])
  await p.settle()
  assert.deepEqual(await seen(p), ['one innocent'])
  assert.doesNotMatch((await p.http.inject('/metrics')).body, /ohmnibus_events_failed_total\{/)
})

test('a try that another process has counted meanwhile is not counted again', async t => {
  let tries = 0
  const inside = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const p = await start(t, [
    await notes(t),
    await readers(t, async () => {
      if (++tries === 2) {
        inside.resolve()
        await gate.promise
      }
      throw new Error('cannot stand it')
    }),
  ])
  const kernel = p.db('kernel')
  await write(p.http, 'one', ['a'])
  await inside.promise
  // As a process does whose try of it has failed just as well.
  const counting = kernel`
    update kernel.dead_letters set attempts = attempts + 1, next_at = now() + interval '1 hour'`.execute()
  // Here, and not in the database of a test beside this one.
  const blocked = () => kernel`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  await until(async () => (await blocked()).length > 0)
  gate.resolve()
  await counting
  await p.platform.close()
  const [letter] =
    await kernel`select attempts, next_at > now() + interval '30 minutes' as later from kernel.dead_letters`
  assert.deepEqual(letter, { attempts: 2, later: true })
})

test('every try that fails is logged, and the list says in which trace it began and when it failed last', async t => {
  const { lines, log } = listening()
  const services = [
    await notes(t),
    await readers(t, () => {
      throw new Error('cannot stand it')
    }),
  ]
  const p = await start(t, services, { log })
  const trace = newId().replaceAll('-', '')
  await p.http.inject({
    method: 'POST',
    url: '/api/notes',
    headers: { traceparent: `00-${trace}-b7ad6b7169203331-01` },
    payload: { page: 'one', texts: ['a'] },
  })
  await settleNow(p)
  assert.deepEqual(
    lines.filter(({ eventId }) => eventId).map(({ level, attempts = 1, traceId }) => [level, attempts, traceId]),
    [1, 2, 3, 4, 5].map(attempts => [attempts === 1 || attempts === 5 ? 'error' : 'warn', attempts, trace]),
  )
  const answer = await p.http.inject({ url: '/api/events/dead-letters', headers: p.signedIn({ role: 'admin' }) })
  const [letter] = answer.json().items
  assert.equal(letter.traceId, trace)
  assert.ok(Date.parse(letter.failedAt) > Date.parse(letter.publishedAt))
})

test('who hears of a topic from now on hears what services publish at their start, however long it waits for its place', async t => {
  const heard: string[] = []
  const silent = await notes(t)
  let place: Promise<void> | undefined
  const early: Service = {
    ...silent,
    async start(host) {
      await silent.start(host)
      const held = Promise.withResolvers<void>()
      // As another process that starts does.
      place = host.db.transaction(async tx => {
        await tx`select pg_advisory_xact_lock(${7305218804})`
        held.resolve()
        await sleep(300)
      })
      await held.promise
      await host.db.transaction(tx => tx.publish(Noted, { page: 'one', number: 1, text: 'early' }))
    },
  }
  const p = await start(t, [early, await listener(t, { from: 'now' }, heard)])
  await place
  await p.settle()
  assert.deepEqual(heard, ['early'])
})
