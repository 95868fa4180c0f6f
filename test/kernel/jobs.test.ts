import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import { anyone, defineService } from '../../kernel/index.ts'
import { start, type TestPlatform } from '../../kernel/testing.ts'
import { folderWith, until } from './toys.ts'
import { add, worker } from './worker.ts'

/** Brings forward what waits for its next try. */
const hurry = (p: TestPlatform) =>
  p.db('kernel')`update graphile_worker._private_jobs set run_at = now() where locked_at is null`
const left = async (p: TestPlatform): Promise<number> =>
  (await p.db('kernel')`select from graphile_worker._private_jobs`).length

test('a job is there exactly if the transaction that added it was committed', async t => {
  const done: string[] = []
  const p = await start(t, [
    defineService({
      name: 'worker',
      folder: await folderWith(t, 'create table changes (name text primary key)'),
      start({ http, db, job }) {
        const task = job('work', async ({ name }: { name: string }) => void done.push(name))
        http.post(
          '/:name',
          { config: { access: anyone }, schema: { summary: 'Change' } },
          async ({ params, query }) => {
            const { name } = params as { name: string }
            await db.transaction(async tx => {
              await tx`insert into changes values (${name})`
              await tx.enqueue(task, { name })
              if ((query as { fail?: string }).fail) throw new Error('changed my mind')
            })
            return {}
          },
        )
      },
    }),
  ])
  const post = async (url: string) => (await p.http.inject({ method: 'POST', url: `/api/worker/${url}` })).statusCode
  assert.deepEqual(await Promise.all(['a', 'b?fail=1', 'c', 'd?fail=1'].map(post)), [200, 500, 200, 500])
  assert.equal(await post('a'), 500, 'the second of a name fails after its job was added')
  await p.settle()
  assert.deepEqual(done.toSorted(), ['a', 'c'])
  assert.equal(await left(p), 0)
})

test('a job that fails is tried again and knows it; after its last try it is given up', async t => {
  const tries: string[] = []
  const p = await start(t, [
    worker(async ({ name }, { attempt, last }) => {
      tries.push(`${name} ${attempt}${last ? ' last' : ''}`)
      if (name === 'bad' || attempt < 2) throw new Error('not today')
    }, 3),
  ])
  await add(['good', 'bad'])
  await p.settle()
  assert.deepEqual(tries.toSorted(), ['bad 1', 'good 1'])
  for (let i = 0; i < 4; i++) {
    await hurry(p)
    await p.settle()
  }
  assert.deepEqual(tries.toSorted(), ['bad 1', 'bad 2', 'bad 3 last', 'good 1', 'good 2'])
  assert.equal(await left(p), 1, 'the failed one can still be looked at')
})

test('settle waits for a job that is in its last try', async t => {
  let release = () => {}
  const gate = new Promise<void>(resolve => (release = resolve))
  let started = () => {}
  const inside = new Promise<void>(resolve => (started = resolve))
  let done = false
  const p = await start(t, [
    worker(async () => {
      started()
      await gate
      done = true
    }, 1),
  ])
  await add(['only'])
  await inside
  const settled = p.settle().then(() => done)
  setTimeout(release, 100)
  assert.equal(await settled, true)
})

test('stopping waits until it is written down what the last jobs came to', async t => {
  let release = () => {}
  const gate = new Promise<void>(resolve => (release = resolve))
  let starts = 0
  const p = await start(t, [
    worker(async ({ name }) => {
      starts++
      await gate
      if (name === 'bad') throw new Error('not today')
    }),
  ])
  await add(['good', 'bad'])
  await until(() => starts === 2)
  const kernel = p.db('kernel')
  let closed: Promise<unknown> | undefined
  await kernel.begin(async tx => {
    await tx`select from graphile_worker._private_jobs for update`
    release()
    closed = p.platform.close()
    // Longer than all else takes to end.
    assert.equal(await Promise.race([closed.then(() => 'closed'), moment(1500, 'waits')]), 'waits')
  })
  await closed
  assert.deepEqual(
    [...(await kernel`select last_error, locked_by from graphile_worker._private_jobs`)],
    [{ last_error: 'not today', locked_by: null }],
  )
})

test('a job waits for its time, and a later one of the same key takes its place', async t => {
  const done: string[] = []
  const p = await start(t, [worker(async ({ name }) => void done.push(name))])
  const tomorrow = new Date(Date.now() + 86_400_000)
  await add(['early'], { key: 'reminder', runAt: tomorrow })
  await add(['late'], { key: 'reminder', runAt: tomorrow })
  await add(['other'], { runAt: tomorrow })
  await add(['now'])
  await p.settle()
  assert.deepEqual(done, ['now'])
  await hurry(p)
  await p.settle()
  assert.deepEqual(done.toSorted(), ['late', 'now', 'other'])
})

test('a service adds jobs to itself alone, and does not see the tables of the job engine', async t => {
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      error => error.code,
    )
  const p = await start(t, [
    worker(async () => {}),
    defineService({
      name: 'thief',
      folder: await folderWith(t),
      start({ http, db }) {
        http.get('/', { config: { access: anyone }, schema: { summary: 'Try' } }, async () => ({
          foreign: await codeOf(db.transaction(tx => tx.enqueue({ task: 'worker.work', tries: 1 }, { name: 'x' }))),
          near: await codeOf(db.transaction(tx => tx.enqueue({ task: 'thiefs.work', tries: 1 }, { name: 'x' }))),
          direct: await codeOf(db.transaction(tx => tx`select graphile_worker.add_job('worker.work')`)),
          peek: await codeOf(db`select * from graphile_worker._private_jobs`.then(() => {})),
        }))
      },
    }),
  ])
  assert.deepEqual((await p.http.inject('/api/thief')).json(), {
    foreign: '42501',
    near: '42501',
    direct: '42501',
    peek: '42501',
  })
})

test('the jobs of a killed process go on elsewhere within seconds, even those with a single try', async t => {
  const p = await start(t, [worker(async () => {})])
  await p.platform.close()
  const child = fork(
    join(import.meta.dirname, 'worker.ts'),
    [JSON.stringify({ ...p.platform.database, dataFolder: p.dataFolder })],
    {
      execArgv: [],
    },
  )
  t.after(() => child.kill('SIGKILL'))
  // Sixteen at a time are at work, the others are anybody's.
  let begun = 0
  child.on('message', () => begun++)
  await until(() => begun === 16, 20)

  const done: string[] = []
  const heir = await p.another([worker(async ({ name }) => void done.push(name), 1)])
  await until(
    async () =>
      (await p.db('kernel')`select from graphile_worker._private_jobs where locked_at < now() - interval '1.5 s'`)
        .length === 16,
  )
  await until(() => done.length === 4)
  assert.equal(done.length, 4, 'nothing is taken from the living')
  child.kill('SIGKILL')
  await once(child, 'exit')
  await until(() => done.length === 20, 10)
  await heir.settle()
  assert.deepEqual(
    done.toSorted((a, b) => Number(a) - Number(b)),
    Array.from({ length: 20 }, (_, i) => String(i)),
  )
  assert.equal(await left(p), 0)
})

test('a process that lost its connections keeps its jobs', async t => {
  let release = () => {}
  const gate = new Promise<void>(resolve => (release = resolve))
  let starts = 0
  const long = worker(async () => {
    starts++
    await gate
  })
  const p = await start(t, [long])
  await add(['long'])
  await until(() => starts === 1)
  await p.another([long])
  const kernel = p.db('kernel')
  const alive = async () =>
    (
      await kernel`select from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`
    ).length
  await until(async () => (await alive()) === 2)
  await kernel`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'kernel' and datname = current_database()`
  await until(async () => (await alive()) === 2)
  // Longer than two looks for what others have left behind.
  await kernel`select pg_sleep(4.5)`
  assert.equal(starts, 1)
  release()
  await until(async () => (await left(p)) === 0)
})

/** A service with an import, receipts and codes; `begun` are their names in the order in which they began. */
async function office(t: TestContext, importing: () => Promise<unknown>) {
  const begun: string[] = []
  const add = { bulk: refuse, normal: refuse, urgent: refuse }
  const p = await start(t, [
    defineService({
      name: 'office',
      folder: await folderWith(t),
      start({ db, job }) {
        const handler = async ({ name }: { name: string }) => void begun.push(name)
        const jobs = {
          bulk: job('import', (payload: { name: string }) => handler(payload).then(importing).then(ignore), {
            urgency: 'bulk',
          }),
          normal: job('receipt', handler),
          urgent: job('code', handler, { urgency: 'urgent' }),
        }
        for (const urgency of ['bulk', 'normal', 'urgent'] as const)
          add[urgency] = name => db.transaction(tx => tx.enqueue(jobs[urgency], { name }))
      },
    }),
  ])
  return { p, begun, add }
}

const ignore = (): void => {}
const refuse = async (_name: string): Promise<void> => assert.fail('the service has not started')

test('receipts begin before the jobs of an import that were there first, and codes while no other has a place', async t => {
  const gates: (() => void)[] = []
  const { p, begun, add } = await office(t, () => new Promise<void>(resolve => gates.push(resolve)))
  t.after(() => gates.forEach(open => open()))
  for (let i = 0; i < 18; i++) await add.bulk(`import ${i}`)
  await until(() => gates.length === 16)
  await add.normal('receipt')
  await add.urgent('code')
  await until(() => begun.includes('code'))
  assert.equal(begun.length, 17, 'the others wait for a place')
  gates.shift()!()
  await until(() => begun.length >= 18)
  assert.equal(begun[17], 'receipt')
  await until(() => gates.length === 16)
  while (gates.length > 0) gates.shift()!()
  await until(async () => (gates.shift()?.(), (await left(p)) === 0))
})

test('a code is sent within a second while an import of a hundred thousand waits, whether its jobs hang or fly', async t => {
  let open = () => {}
  const gate = new Promise<void>(resolve => (open = resolve))
  const { p, begun, add } = await office(t, () => gate.then(() => moment(5)))
  t.after(open)
  await p.db('kernel').begin(async tx => {
    await tx`set local statement_timeout = '60s'`
    await tx`
      select count(*) from graphile_worker.add_jobs(array(
        select ('office.import', '{"payload": {"name": "import"}, "traceId": ""}', null, now(), 1, null, 10, null)
          ::graphile_worker.job_spec
        from generate_series(1, 100000)
      ))`
  })
  await until(() => begun.length === 16)
  const waited = async (name: string) => {
    const asked = performance.now()
    await add.urgent(name)
    await until(() => begun.includes(name))
    return performance.now() - asked
  }
  const waits = []
  for (let i = 0; i < 20; i++) waits.push(await waited(`hanging ${i}`))
  open()
  await until(() => begun.length > 200)
  for (let i = 0; i < 20; i++) waits.push(await waited(`flying ${i}`))
  assert.ok(Math.max(...waits) < 1_000, `${waits.map(Math.round)}`)
  const [waiting] = await p.db('kernel')`select count(*)::int from graphile_worker._private_jobs`
  assert.ok(waiting!.count > 50_000, 'the import is still under way')
})
