import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  begin,
  boot,
  comeBack,
  connectCharger,
  connectChargers,
  meterValues,
  rateOf,
  type Charger,
} from '../chargers.ts'
import { alternate, median, quantile, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import { makePeople, signedIn, type Server, type World } from '../world.ts'

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
    if (count === 500) lines.push(...(await starts(whole)))
    else lines.push(await alone(whole))
    await Promise.all([...bare.chargers, ...whole.chargers].map(charger => charger.close()))
  }
  lines.push(await many(platform, world.size.quick ? 1_000 : 10_000))
  lines.push(await elsewhere(world, database, platform))
  await Promise.all([platform.close(), floor.close()])
  const pinging = await world.platform(database, ['identity', 'ocpp'], { OCPP_PING: `${pingSeconds}s` })
  lines.push(...(await heldAndBack(pinging, world.size.quick)))
  await pinging.close()
  return lines
}

/** A command to a charger whose connection another process has. */
async function elsewhere(world: World, database: string, platform: Server): Promise<Line> {
  const other = await world.platform(database, ['identity', 'ocpp'])
  const sql = world.sqlOf(database)
  const [operator] = await makePeople(sql, 1)
  await sql`update identity.users set role = 'operator' where id = ${operator!.id}`
  const headers = { ...(await signedIn(platform, operator!)), 'content-type': 'application/json' }
  const charger = await connectCharger(other.url, 'elsewhere')
  charger.answers.set('GetConfiguration', { configurationKey: [] }).set('Reset', { status: 'Accepted' })
  await charger.call('BootNotification', boot)
  const taken: number[] = []
  for (let at = 0; at < (world.size.quick ? 50 : 500); at++) {
    const began = performance.now()
    const answer = await fetch(`${platform.url}/api/ocpp/chargers/elsewhere/commands/Reset`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ type: 'Soft' }),
    })
    if (answer.status !== 200) throw new Error(`a command was answered ${answer.status}: ${await answer.text()}`)
    await answer.arrayBuffer()
    taken.push(performance.now() - began)
  }
  await charger.close()
  await other.close()
  const p50 = median(taken)
  return {
    work: 'a command by HTTP, to its answer by a charger that is connected to another process',
    ohmnibus: `p50 ${p50.toFixed(1)} ms, p99 ${quantile(taken, 0.99).toFixed(1)} ms`,
    budget: 'p50 under 10 ms',
    met: p50 < 10,
  }
}

const pingSeconds = 5

/** Chargers that say nothing and are asked whether they are there; then half of them lose their network, and come back at once. */
async function heldAndBack(platform: Server, quick: boolean): Promise<Line[]> {
  const [count, coming] = quick ? [1_000, 500] : [10_000, 5_000]
  const ids = idsOf(count, 'idle')
  const held = await connectChargers(platform.url, ids, 100)
  const [before, cpu] = [held.map(({ pings }) => pings), cpuSeconds(platform)]
  const rounds = 4
  const seconds = (rounds + 0.5) * pingSeconds
  await sleep(seconds * 1000)
  const busy = ((cpuSeconds(platform) - cpu) / seconds) * 100
  const there = held.filter(({ isOpen, pings }, at) => isOpen && pings - before[at]! >= rounds).length
  const working = await fleet(platform, 50, 'working')
  const storm = await stormOf(platform, ids.slice(0, coming), held.slice(0, coming), working)
  await Promise.all([...held.slice(coming), ...working.chargers].map(charger => charger.close()))
  return [
    {
      work: `${count} chargers held, each pinged every ${pingSeconds} s`,
      ohmnibus: `${there} there after ${rounds} pings; ${busy.toFixed(0)} % of a core`,
      budget: 'none lost',
      met: there === count,
    },
    storm,
  ]
}

/** All are accepted again, each booted, while others have their readings taken, one after the other. */
async function stormOf(
  platform: Server,
  ids: readonly string[],
  held: readonly Charger[],
  { chargers, transactions }: Fleet,
): Promise<Line> {
  for (const charger of held) charger.cut()
  await sleep(2_000)
  const taken: number[] = []
  let isOver = false
  const served = chargers.map(async (charger, at) => {
    while (!isOver) {
      taken.push((await charger.call('MeterValues', meterValues(transactions[at]!))).ms)
      await sleep(100)
    }
  })
  const began = performance.now()
  const back = await Promise.all(
    ids.map(async id => {
      const charger = await comeBack(platform.url, id)
      const { answer } = await charger.call('BootNotification', boot)
      if (answer.status !== 'Accepted') throw new Error(`${id} is ${answer.status}`)
      return charger
    }),
  )
  const seconds = (performance.now() - began) / 1000
  isOver = true
  await Promise.all(served)
  await Promise.all(back.map(charger => charger.close()))
  return {
    work: `${ids.length} chargers come back at once, while ${chargers.length} others send readings ten times a second each`,
    ohmnibus: `all accepted in ${seconds.toFixed(1)} s; the others answered p50 ${median(taken).toFixed(0)} ms, p99 ${quantile(taken, 0.99).toFixed(0)} ms (${taken.length})`,
    budget: 'within 30 s',
    met: seconds < 30,
  }
}

/** Of all its threads, since it started. */
function cpuSeconds({ pid }: Server): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
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
/** Transactions that begin among many chargers, by and by and all at once. */
async function starts({ chargers }: Fleet): Promise<Line[]> {
  const rate = 200
  const first = performance.now()
  const answers: Promise<number>[] = []
  for (let at = 0; at < rate * 10; at++) {
    await sleep(Math.max(0, first + (at * 1_000) / rate - performance.now()))
    answers.push(chargers[at % chargers.length]!.call('StartTransaction', begin()).then(({ ms }) => ms))
  }
  const paced = await Promise.all(answers)
  const stormed: number[] = []
  for (let round = 0; round < 5; round++)
    for (const { ms } of await Promise.all(chargers.map(charger => charger.call('StartTransaction', begin()))))
      stormed.push(ms)
  const shown = (taken: number[]): string =>
    `p50 ${median(taken).toFixed(1)} ms, p99 ${quantile(taken, 0.99).toFixed(1)} ms`
  return [
    {
      work: `StartTransaction among ${chargers.length} chargers, ${rate}/s`,
      ohmnibus: shown(paced),
      budget: 'p99 under 50 ms',
      met: quantile(paced, 0.99) < 50,
    },
    {
      work: `StartTransaction of ${chargers.length} chargers at once: the last has waited for all`,
      ohmnibus: shown(stormed),
      budget: 'nobody waits a second',
      met: quantile(stormed, 1) < 1_000,
    },
  ]
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
