import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import { violates, type Tx } from '../../kernel/database/database.ts'
import { openDatabase } from '../../kernel/database/open.ts'
import type { Outgoing } from '../../kernel/database/outbox.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { enqueue } from '../../kernel/jobs/jobs.ts'
import { start } from '../../kernel/testing.ts'
import { Noted, notes, until } from './toys.ts'

/** The database of the notes as its service sees it, through a pool of one connection, and what it published. */
async function setUp(t: TestContext, max = 1) {
  const p = await start(t, [await notes(t)])
  const pool = openPool(p.platform.database.at, 'notes', { readOnly: true, max })
  t.after(() => pool.end({ timeout: 1 }))
  const committed: Outgoing[] = []
  const db = openDatabase(pool, 'notes', { enqueue, committed: events => void committed.push(...events) })
  const pages = async () => (await p.db('notes')`select page from pages order by page`).map(({ page }) => page)
  const cut = () =>
    p.db(
      'kernel',
    )`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'notes' and datname = current_database() and state <> 'idle'`
  const add = (tx: Tx<'notes'>, page: string) => tx`insert into pages values (${page}, 1)`
  return { p, db, committed, pages, cut, add }
}

const note = { page: 'a', number: 1, text: 'x' }

test('a transaction in which a statement failed does not pass for committed, though somebody caught the failure', async t => {
  const { db, committed, pages, add } = await setUp(t)
  await db.transaction(tx => add(tx, 'a'))
  const swallowed = db.transaction(async tx => {
    await add(tx, 'b')
    await add(tx, 'a').catch(() => {})
    return 'done'
  })
  await assert.rejects(swallowed, /nothing was committed/)
  const published = db.transaction(async tx => {
    await tx.publish(Noted, note)
    await add(tx, 'a').catch(() => {})
  })
  await assert.rejects(published)
  assert.deepEqual([await pages(), committed], [['a'], []])
  await db.transaction(tx => add(tx, 'c'))
  assert.deepEqual(await pages(), ['a', 'c'], 'the connection is good for the next')
})

test('a connection that breaks takes along what still waits for it, and nobody waits for ever', async t => {
  const { db } = await setUp(t)
  const broken = db.transaction(async tx => {
    // What its parameter is has to be told first: the commit waits here until then.
    tx.withCommit(tx`select pg_terminate_backend(pg_backend_pid(), ${0})`.execute())
  })
  assert.equal(await Promise.race([broken.catch(() => 'failed'), moment(3_000, 'waits')]), 'failed')
  await until(() =>
    db
      .transaction(tx => tx`select`)
      .then(
        () => true,
        () => false,
      ),
  )
})

test('a failure of the work, of a statement or of the commit leaves nothing, and tells its cause', async t => {
  const { db, committed, pages, add } = await setUp(t)
  await db.transaction(tx => add(tx, 'a'))
  await assert.rejects(
    db.transaction(
      async tx => (await add(tx, 'b'), await tx.publish(Noted, note), Promise.reject(new Error('changed my mind'))),
    ),
    /changed my mind/,
  )
  await assert.rejects(
    db.transaction(async tx => (await add(tx, 'b'), await add(tx, 'a'))),
    error => violates(error, 'pages_pkey'),
  )
  await assert.rejects(
    db.transaction(
      async tx => (await add(tx, 'b'), await tx.publish(Noted, { page: 'a', number: 1, text: 1n as never })),
    ),
    /BigInt/,
  )
  assert.deepEqual([await pages(), committed], [['a'], []])
})

test('a write that goes out with the commit is there with its event, or fails the transaction for its own reason', async t => {
  const { db, committed, pages, add } = await setUp(t)
  await db.transaction(async tx => {
    tx.withCommit(add(tx, 'a'))
    await tx.publish(Noted, note)
  })
  assert.deepEqual([await pages(), committed.length], [['a'], 1])
  const taken = db.transaction(async tx => {
    await add(tx, 'b')
    tx.withCommit(add(tx, 'a'))
    await tx.publish(Noted, note)
  })
  await assert.rejects(taken, error => violates(error, 'pages_pkey'))
  const behind = db.transaction(async tx => {
    tx.withCommit(add(tx, 'a'))
    await add(tx, 'd')
  })
  await assert.rejects(behind, error => violates(error, 'pages_pkey'))
  const changed = db.transaction(async tx => {
    tx.withCommit(add(tx, 'c'))
    throw new Error('changed my mind')
  })
  await assert.rejects(changed, /changed my mind/)
  // Both fail, and what goes out with the commit only because of the other.
  const before = db.transaction(async tx => {
    const failing = add(tx, 'a')
    tx.withCommit(add(tx, 'e'))
    await failing
  })
  await assert.rejects(before, error => violates(error, 'pages_pkey'))
  const later = db.transaction(async tx => {
    await tx.attempt(() => add(tx, 'a')).catch(() => {})
    const failing = tx`select 1 / ${0}::int`.execute()
    failing.catch(() => {})
    await add(tx, 'f')
  })
  await assert.rejects(later, /division by zero/, 'not what had been taken back before')
  assert.deepEqual([await pages(), committed.length], [['a'], 1])
})

test('as many events as a transaction likes are there after it, in order', async t => {
  const { db, p } = await setUp(t)
  await db.transaction(async tx => {
    for (let number = 1; number <= 12_000; number++) await tx.publish(Noted, { ...note, number })
  })
  assert.deepEqual(
    (await p.published(Noted)).map(({ number }) => number),
    Array.from({ length: 12_000 }, (_, i) => i + 1),
  )
})

test('a connection lost while a transaction waits for something else fails that transaction alone', async t => {
  const { db, pages, cut, add } = await setUp(t)
  let late: unknown
  let finished = () => {}
  const over = new Promise<void>(resolve => (finished = resolve))
  const broken = db.transaction(async tx => {
    await add(tx, 'lost')
    await moment(300)
    try {
      await add(tx, 'too late')
    } catch (error) {
      late = error
    }
    finished()
  })
  const failed = assert.rejects(broken, { code: 'CONNECTION_CLOSED' })
  await moment(100)
  await cut()
  await failed
  // The pool's one connection serves the next transaction, which the late statement must not reach.
  await db.transaction(async tx => {
    await add(tx, 'next')
    await over
  })
  assert.equal((late as { code: string }).code, 'CONNECTION_CLOSED')
  assert.deepEqual(await pages(), ['next'])
})

test('a connection lost under a statement or the commit fails the transaction, and the pool goes on', async t => {
  const { db, pages, cut, add } = await setUp(t, 2)
  const waiting = db.transaction(
    async tx => (await add(tx, 'lost'), await Promise.all([tx`select pg_sleep(5)`, tx`select 1`, tx`select 2`])),
  )
  const failed = assert.rejects(waiting)
  await moment(100)
  await cut()
  await failed
  await db.transaction(tx => add(tx, 'next'))
  assert.deepEqual(await pages(), ['next'])
})

test('the next transaction gets a connection, however the one before has lost its own', async t => {
  const { db, cut } = await setUp(t, 3)
  for (let round = 0; round < 20; round++) {
    let cutting: Promise<unknown> | undefined
    await assert.rejects(
      db.transaction(async tx => {
        // Under load: some are lost while something is being written.
        for (;;) {
          await Promise.all([1, 2, 3].map(() => tx`select ${'x'.repeat(10_000)}`))
          cutting ??= cut().execute()
        }
      }),
    )
    const next = db.transaction(async tx => void (await tx`select 1`)).catch(() => {})
    assert.notEqual(await Promise.race([next, moment(3_000, 'waits', { ref: false })]), 'waits')
    await cutting
  }
})

test('a statement that comes after the end of its transaction is refused, whoever forgot to wait for it', async t => {
  const { db, pages, add } = await setUp(t)
  let leaked: Tx<'notes'> | undefined
  await db.transaction(async tx => {
    leaked = tx
    await add(tx, 'a')
  })
  await assert.rejects(async () => leaked!`insert into pages values ('b', 1)`, /after the end of its transaction/)
  await assert.rejects(async () => leaked!.unsafe(`insert into pages values ('b', 1)`), /after the end of its/)
  await assert.rejects(leaked!.enqueue({ task: 'notes.x', tries: 1 }, {}), /after the end of its transaction/)
  await db.transaction(async tx => {
    await add(tx, 'c')
    await assert.rejects(async () => leaked!`insert into pages values ('b', 1)`, /after the end of its transaction/)
  })
  assert.deepEqual(await pages(), ['a', 'c'])
})

test('transactions that met each other are tried again, and none is lost', async t => {
  const { db, p } = await setUp(t, 8)
  await db.transaction(tx => tx`insert into pages values ('a', 0), ('b', 0)`)
  let tries = 0
  let both = () => {}
  const gate = new Promise<void>(resolve => (both = resolve))
  const meet = ([first, second]: string[]) =>
    db.transaction(async tx => {
      await tx`update pages set number = number + 1 where page = ${first!}`
      if (++tries === 2) both()
      await gate
      await tx`update pages set number = number + 1 where page = ${second!}`
    })
  await Promise.all([meet(['a', 'b']), meet(['b', 'a'])])
  assert.deepEqual(
    (await p.db('notes')`select number from pages`).map(({ number }) => number),
    [2, 2],
  )
  assert.ok(tries > 2)
})

test('transactions whose statements went out together are tried again for what failed first, not for what failed behind it', async t => {
  const { p, db, add } = await setUp(t, 2)
  await db.transaction(tx => add(tx, 'a'))
  await db.transaction(tx => add(tx, 'b'))
  const both = Promise.withResolvers<void>()
  let waiting = 2
  const count = async (tx: Tx<'notes'>, page: string) =>
    await tx`update pages set number = number + 1 where page = ${page}`
  const way = (first: string, second: string) =>
    db.transaction(async tx => {
      await count(tx, first)
      if (--waiting === 0) both.resolve()
      await both.promise
      const later = async () => void (await count(tx, second))
      await Promise.all([later(), tx`select from pages`])
    })
  await Promise.all([way('a', 'b'), way('b', 'a')])
  const numbers = await p.db('notes')`select number from pages order by page`
  assert.deepEqual(
    numbers.map(({ number }) => number),
    [3, 3],
  )
})

test('a transaction inside another is refused, and outside of any nothing can be written', async t => {
  const { db, pages, add } = await setUp(t, 2)
  await assert.rejects(
    db.transaction(() => db.transaction(tx => add(tx, 'a'))),
    /inside one of notes/,
  )
  await assert.rejects(async () => db`insert into pages values ('a', 1)`, { code: '25006' })
  assert.deepEqual(await pages(), [])
})
