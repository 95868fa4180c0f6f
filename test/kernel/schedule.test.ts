import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import { connectionString, openPool } from '../../kernel/database/pool.ts'
import { openJobs } from '../../kernel/jobs/jobs.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { milliseconds, openSchedule } from '../../kernel/jobs/schedule.ts'
import { start } from '../../kernel/testing.ts'
import { until } from './toys.ts'

/** Clocks of several processes on one database; `begin` has them go. */
async function setUp(t: TestContext, processes: number) {
  let end = async () => {}
  // Before the database is dropped.
  t.after(() => end())
  const p = await start(t, [])
  const { at } = p.platform.database
  const log = openLog({ level: 'silent' })
  const opened = Array.from({ length: processes }, () => {
    const pool = openPool(at, 'kernel', { max: 4 })
    const jobs = openJobs({ pool, connectionString: connectionString(at, 'kernel'), log, metrics: openMetrics() })
    return { pool, jobs, clock: openSchedule({ pool, jobs, log, on: true }) }
  })
  const stop = async () => {
    for (const { clock } of opened) clock.stop()
    await Promise.all(opened.map(({ jobs }) => jobs.stop()))
  }
  end = async () => {
    await stop()
    await Promise.all(opened.map(({ pool }) => pool.end({ timeout: 1 })))
  }
  return {
    p,
    stop,
    clocks: opened.map(({ clock }) => clock),
    async begin() {
      for (const { clock, jobs } of opened) {
        await clock.start()
        await jobs.start()
      }
    },
  }
}

test('periodic work is done at its pace, by one process at a time', async t => {
  const { clocks, begin } = await setUp(t, 3)
  const times: number[] = []
  for (const clock of clocks) clock.every('tests', '200 ms', 'look', async () => void times.push(Date.now()))
  await begin()
  await until(() => times.length >= 8)
  const waits = times.slice(1).map((time, index) => time - times[index]!)
  assert.ok(
    waits.every(wait => wait > 120),
    `${waits}`,
  )
  assert.ok(
    waits.reduce((sum, wait) => sum + wait) / waits.length < 390,
    `no turn is lost to a tick that came a moment early: ${waits}`,
  )
})

test('work that outlasts its interval is not begun by another process meanwhile, and its failure ends nothing', async t => {
  const { clocks, begin } = await setUp(t, 3)
  let running = 0
  let most = 0
  let runs = 0
  for (const clock of clocks)
    clock.every('tests', '50 ms', 'dawdle', async () => {
      most = Math.max(most, ++running)
      await moment(400)
      running--
      if (++runs === 1) throw new Error('not today')
    })
  await begin()
  await until(() => runs >= 4)
  assert.equal(most, 1)
})

test('stopping waits for work under way, and nothing begins afterwards', async t => {
  const { clocks, begin, stop } = await setUp(t, 1)
  let begun = 0
  let ended = 0
  let release = () => {}
  const gate = new Promise<void>(resolve => (release = resolve))
  clocks[0]!.every('tests', '10 ms', 'work', async () => {
    begun++
    await gate
    ended++
  })
  await begin()
  await until(() => begun === 1)
  // However busy the machine is, the work is under way when it is told to stop, and ends later.
  const stopping = stop()
  await moment(50)
  assert.equal(ended, 0)
  release()
  await stopping
  assert.deepEqual([begun, ended], [1, 1])
  await moment(50)
  assert.equal(begun, 1)
})

test('a process that starts puts no run off, and forgets work that is known by another name now', async t => {
  const { p, clocks, begin } = await setUp(t, 2)
  clocks[0]!.every('tests', '1 minute', 'the old name', async () => {})
  clocks[0]!.every('tests', '1 hour', 'stay', async () => {})
  clocks[0]!.every('others', '1 hour', 'stay', async () => {})
  clocks[1]!.every('tests', '1 minute', 'the new name', async () => {})
  clocks[1]!.every('tests', '1 hour', 'stay', async () => {})
  await clocks[0]!.start()
  const runs = () => p.db('kernel')`select key, run_at from graphile_worker._private_jobs order by key`
  const before = await runs()
  await begin()
  const after = await runs()
  assert.deepEqual(
    after.map(({ key }) => key),
    ['others.every stay', 'tests.every stay', 'tests.every the new name'],
  )
  const stay = ({ key }: { key?: string }) => key === 'tests.every stay'
  assert.deepEqual(after.find(stay), before.find(stay))
})

test('an interval is what it says', () => {
  assert.deepEqual(
    (['500 ms', '1 second', '30 seconds', '10 minutes', '1 hour', '7 days'] as const).map(milliseconds),
    [500, 1_000, 30_000, 600_000, 3_600_000, 604_800_000],
  )
})
