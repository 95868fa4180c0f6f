import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import { openPool } from '../../kernel/database/pool.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { milliseconds, openSchedule } from '../../kernel/jobs/schedule.ts'
import { start } from '../../kernel/testing.ts'
import { until } from './toys.ts'

/** Clocks of several processes on one database. */
async function setUp(t: TestContext, processes: number) {
  const p = await start(t, [])
  const pool = openPool(p.platform.database.at, 'kernel', { max: 4 })
  const clocks = Array.from({ length: processes }, () =>
    openSchedule({ pool, log: openLog({ level: 'silent' }), on: true }),
  )
  t.after(async () => {
    await Promise.all(clocks.map(clock => clock.stop()))
    await pool.end({ timeout: 1 })
  })
  return clocks
}

test('periodic work is done at its pace, by one process at a time', async t => {
  const clocks = await setUp(t, 3)
  const times: number[] = []
  for (const clock of clocks) clock.every('tests', '200 ms', 'look', async () => void times.push(Date.now()))
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

test('work that takes longer than its interval does not begin again meanwhile, and its failure ends nothing', async t => {
  const [clock] = await setUp(t, 1)
  let running = 0
  let most = 0
  let runs = 0
  clock!.every('tests', '20 ms', 'dawdle', async () => {
    most = Math.max(most, ++running)
    await moment(100)
    running--
    if (++runs === 1) throw new Error('not today')
  })
  await until(() => runs >= 3)
  assert.equal(most, 1)
})

test('stopping waits for work under way, and nothing begins afterwards', async t => {
  const [clock] = await setUp(t, 1)
  let begun = 0
  let ended = 0
  clock!.every('tests', '10 ms', 'work', async () => {
    begun++
    await moment(100)
    ended++
  })
  await until(() => begun === 1)
  await clock!.stop()
  assert.deepEqual([begun, ended], [1, 1])
  await moment(50)
  assert.equal(begun, 1)
})

test('an interval is what it says', () => {
  assert.deepEqual(
    (['500 ms', '1 second', '30 seconds', '10 minutes', '1 hour', '7 days'] as const).map(milliseconds),
    [500, 1_000, 30_000, 600_000, 3_600_000, 604_800_000],
  )
})
