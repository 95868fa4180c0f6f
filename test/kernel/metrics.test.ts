import assert from 'node:assert/strict'
import { test } from 'node:test'
import Type from 'typebox'
import { anyone, defineService, Problem, type Job } from '../../kernel/index.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { start } from '../../kernel/testing.ts'
import { folderWith, until } from './toys.ts'

test('a figure that cannot be read, or not in time, is left out and counted; the others are there', async () => {
  const metrics = openMetrics()
  let well = true
  const value = async (): Promise<number> => {
    if (!well) throw new Error('connect ECONNREFUSED')
    return 7
  }
  metrics.gauge('letters', 'Dead ones', [], async gauge => gauge.set(await value()))
  metrics.gauge('lag', 'By reader', ['reader'], async gauge => gauge.set({ reader: 'a' }, await value()))
  metrics.gauge('stuck', 'Never comes', [], async gauge => gauge.set(await new Promise<number>(() => {})))
  metrics.gauge('steady', 'Always there').set(1)
  const read = async () => (await metrics.registry.metrics()).split('\n').filter(line => /^[a-z]/.test(line))

  const begun = Date.now()
  assert.deepEqual((await read()).filter(line => !line.startsWith('ohmnibus')).sort(), [
    'lag{reader="a"} 7',
    'letters 7',
    'steady 1',
  ])
  assert.ok(Date.now() - begun < 4_000)
  well = false
  assert.deepEqual(
    (await read()).filter(line => !line.startsWith('ohmnibus')).sort(),
    ['steady 1'],
    'and nothing of what was true before',
  )
  well = true
  const again = await read()
  assert.ok(again.includes('letters 7'))
  const counted = (metric: string): number =>
    Number(
      again
        .find(line => line.includes(`unread_total{metric="${metric}"}`))
        ?.split(' ')
        .at(-1),
    )
  assert.deepEqual([counted('letters'), counted('lag')], [1, 1])
  assert.ok(counted('stuck') >= 2)
})

test('a figure that is asked for twice is set from both sides, and forgets what neither tells any more', async () => {
  const metrics = openMetrics()
  let known = ['a', 'b']
  metrics.gauge('lag', 'By reader', ['reader'], gauge => known.forEach(reader => gauge.set({ reader }, 1)))
  metrics.gauge('lag', 'By reader', ['reader'], gauge => gauge.set({ reader: 'c' }, 3))
  const read = async () =>
    [...(await metrics.registry.metrics()).matchAll(/^lag\{reader="(.)"\} (\d)$/gm)].map(([, ...row]) => row.join(' '))
  assert.deepEqual(await read(), ['a 1', 'b 1', 'c 3'])
  known = ['b']
  assert.deepEqual(await read(), ['b 1', 'c 3'])
})

test('one sees who waits for a connection, how long transactions take, and what becomes of jobs', async t => {
  let release = () => {}
  let held = 0
  const gate = new Promise<void>(resolve => (release = resolve))
  let job!: Job<{ what: string }>
  const busy = defineService({
    name: 'busy',
    folder: await folderWith(t),
    problems: { no: ['conflict', 'No.'] },
    start({ http, db, job: define }) {
      job = define<{ what: string }>(
        'work',
        async ({ what }) => {
          if (what === 'hold') await gate
          if (what === 'fail') throw new Problem('unavailable', 'away')
        },
        { tries: 1 },
      )
      const body = Type.Object({ what: Type.String() })
      http.post(
        '/',
        { config: { access: anyone }, schema: { summary: 'Work', refuses: ['no'], body } },
        async (request, reply) => {
          await db.transaction(async tx => {
            held++
            await tx`select 1`
            if (request.body.what === 'wait') await gate
            if (request.body.what === 'break') throw new Problem('conflict', 'no')
            if (request.body.what === 'later')
              await tx.enqueue(job, { what: 'x' }, { runAt: new Date(Date.now() + 3_600_000) })
            else if (request.body.what !== 'wait') await tx.enqueue(job, request.body)
          })
          return reply.code(204).send()
        },
      )
    },
  })
  const p = await start(t, [busy])
  t.after(release)
  const ask = (what: string) => p.http.inject({ method: 'POST', url: '/api/busy', payload: { what } })
  const read = async (pattern: RegExp): Promise<number> =>
    Number(pattern.exec((await p.http.inject('/metrics')).body)?.[1] ?? assert.fail(`there is no ${pattern}`))

  assert.equal(await read(/ohmnibus_database_pool_size\{service="busy"\} (\d+)/), 8)
  const waiting = Array.from({ length: 11 }, () => ask('wait'))
  await until(() => held === 8)
  assert.equal(await read(/ohmnibus_database_transactions\{service="busy",state="open"\} (\d+)/), 8)
  assert.equal(await read(/ohmnibus_database_transactions\{service="busy",state="waiting"\} (\d+)/), 3)
  release()
  await Promise.all(waiting)
  await ask('break')
  assert.equal(await read(/ohmnibus_database_transactions\{service="busy",state="waiting"\} (\d+)/), 0)
  assert.equal(
    await read(/ohmnibus_database_transaction_seconds_count\{service="busy",outcome="committed"\} (\d+)/),
    11,
  )
  assert.equal(await read(/ohmnibus_database_transaction_seconds_count\{service="busy",outcome="failed"\} (\d+)/), 1)
  assert.equal(await read(/ohmnibus_database_wait_seconds_count\{service="busy"\} (\d+)/), 12)

  const jobs = (state: string) => read(new RegExp(`ohmnibus_jobs\\{task="busy.work",state="${state}"\\} (\\d+)`))
  assert.deepEqual([await jobs('due'), await jobs('failed'), await jobs('running')], [0, 0, 0])
  await ask('fail')
  await ask('later')
  await p.settle()
  assert.deepEqual(
    [await jobs('due'), await jobs('failed'), await jobs('running'), await jobs('scheduled')],
    [0, 1, 0, 1],
  )
  assert.equal(await read(/ohmnibus_job_oldest_due_seconds\{task="busy.work"\} (\d+)/), 0)
})
