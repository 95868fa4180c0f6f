import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { begin, boot, connectChargers, meterValues, rateOf, type Charger } from '../chargers.ts'
import { alternate, median, quantile, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import type { Server, World } from '../world.ts'

const idsOf = (count: number, name: string): string[] => Array.from({ length: count }, (_, at) => `${name}-${at}`)

/** Chargers: what is said on the wire and on disk before it is answered, beside bare `ws`. */
export async function chargers(world: World): Promise<Line[]> {
  const { rounds, seconds } = world.size
  const database = await world.database('row_chargers')
  const platform = await world.platform(database, ['identity', 'ocpp'])
  const floor = await world.floor(database)
  const lines: Line[] = []
  for (const count of [50, 500]) {
    const [bare, whole] = [await fleet(floor, count, 'bare'), await fleet(platform, count, `row-${count}`)]
    if (count === 50) lines.push(await heartbeats({ rounds, seconds }, bare, whole))
    const measured = await alternate(
      rounds,
      () => rateOf(bare.chargers, seconds, at => ['MeterValues', meterValues(bare.transactions[at]!)]),
      () => rateOf(whole.chargers, seconds, at => ['MeterValues', meterValues(whole.transactions[at]!)]),
    )
    lines.push({
      work: `MeterValues of four values, on disk before they are answered, ${count} chargers`,
      floor: `${perSecond(measured.floor)} bare ws, what waits in one statement`,
      ohmnibus: perSecond(measured.subject),
      ratio: measured.ratio,
      budget: '≥ 0.50',
      met: measured.ratio.median >= 0.5,
    })
    if (count === 500) lines.push(await starts(whole))
    else lines.push(await alone(whole))
    await Promise.all([...bare.chargers, ...whole.chargers].map(charger => charger.close()))
  }
  lines.push(await many(platform, world.size.quick ? 1_000 : 10_000))
  await Promise.all([platform.close(), floor.close()])
  return lines
}

interface Fleet {
  readonly chargers: Charger[]
  readonly transactions: number[]
}

async function fleet(server: Server, count: number, name: string): Promise<Fleet> {
  const chargers = await connectChargers(server.url, idsOf(count, name))
  await Promise.all(chargers.map(charger => charger.call('BootNotification', boot)))
  const begun = await Promise.all(chargers.map(charger => charger.call('StartTransaction', begin())))
  return { chargers, transactions: begun.map(({ answer }) => answer.transactionId) }
}

async function heartbeats(
  { rounds, seconds }: { rounds: number; seconds: number },
  bare: Fleet,
  whole: Fleet,
): Promise<Line> {
  const measured = await alternate(
    rounds,
    () => rateOf(bare.chargers, seconds, () => ['Heartbeat', {}]),
    () => rateOf(whole.chargers, seconds, () => ['Heartbeat', {}]),
  )
  return {
    work: 'Heartbeat, 50 chargers',
    floor: `${perSecond(measured.floor)} bare ws, the same JSON`,
    ohmnibus: perSecond(measured.subject),
    ratio: measured.ratio,
    budget: '≥ 0.60',
    met: measured.ratio.median >= 0.6,
  }
}

/** One charger while nobody else says anything. */
async function alone({ chargers: [charger], transactions: [transaction] }: Fleet): Promise<Line> {
  const taken: number[] = []
  for (let at = 0; at < 500; at++) taken.push((await charger!.call('MeterValues', meterValues(transaction!))).ms)
  const p50 = median(taken)
  return {
    work: 'MeterValues of one charger alone',
    ohmnibus: `p50 ${p50.toFixed(2)} ms, p99 ${quantile(taken, 0.99).toFixed(1)} ms`,
    budget: 'p50 under 3 ms',
    met: p50 < 3,
  }
}

/** All begin at the same moment, again and again. */
async function starts({ chargers }: Fleet): Promise<Line> {
  const taken: number[] = []
  for (let round = 0; round < 5; round++)
    for (const { ms } of await Promise.all(chargers.map(charger => charger.call('StartTransaction', begin()))))
      taken.push(ms)
  const p99 = quantile(taken, 0.99)
  return {
    work: `StartTransaction of ${chargers.length} chargers at once`,
    ohmnibus: `p50 ${median(taken).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
    budget: 'p99 under 50 ms',
    met: p99 < 50,
  }
}

const residentKb = ({ pid }: Server): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1])

/** Connected and silent: what each costs, and how soon they come. */
async function many(platform: Server, count: number): Promise<Line> {
  const before = residentKb(platform)
  const began = performance.now()
  const idle = await connectChargers(platform.url, idsOf(count, 'idle'), 100)
  const took = (performance.now() - began) / 1000
  await sleep(5_000)
  const each = (residentKb(platform) - before) / count
  await Promise.all(idle.map(charger => charger.close()))
  return {
    work: `${count} chargers connected for the first time, and silent`,
    ohmnibus: `${each.toFixed(1)} KB each; all connected in ${took.toFixed(0)} s`,
    budget: 'under 25 KB',
    met: each < 25,
  }
}
