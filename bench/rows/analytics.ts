import { setTimeout as sleep } from 'node:timers/promises'
import type { Db, Pool } from '../../kernel/database/database.ts'
import { alternate, latencies, median, quantile, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import { openDeliveries } from '../toys/deliveries.ts'
import { makePeople, signedIn, type Server, type World } from '../world.ts'

const day = '2027-03-01'

/** Figures: a day over many readings as it is asked for, and all of them made anew from the event log. */
export async function analytics(world: World): Promise<Line[]> {
  const database = await world.database('row_analytics')
  const platform = await world.platform(database, ['identity', 'analytics', 'toys'])
  const floor = await world.floor(database)
  const sql = world.sqlOf(database)
  const [person] = await makePeople(sql, 1)
  await sql`update identity.users set role = 'admin' where id = ${person!.id}`
  const headers = await signedIn(platform, person!)
  try {
    const rebuilt = await rebuilds(world, { sql, platform, floor, headers })
    return [...(await readings(world, sql, platform, headers)), rebuilt]
  } finally {
    await Promise.all([platform.close(), floor.close()])
  }
}

/** One reading a minute and connector, all day; the sums are written by SQL, as the reactions leave them. */
async function readings(
  world: World,
  sql: Pool,
  platform: Server,
  headers: { authorization: string },
): Promise<Line[]> {
  const connectors = world.size.quick ? 700 : 6_945
  const count = connectors * 1_440
  await sql`
    insert into analytics.places (generation, id, owner_id, charger_id, evse, connector, currency, sessions)
    select number, md5(n::text)::uuid, md5((n % 50)::text)::uuid, 'BENCH-' || n, 1, 1, 'EUR', 24
    from generate_series(1, ${connectors}::int) n, analytics.generations`
  await sql`
    insert into analytics.slots (generation, at, place, energy_wh, busy_seconds, sessions, charged, net_minor, tax_minor,
      total_minor)
    select number, ${day}::text::timestamptz + slot * interval '30 minutes', md5(n::text)::uuid, 5500, 1800, slot % 2,
      slot % 2, 400, 76, 476
    from generate_series(0, 47) slot, generate_series(1, ${connectors}::int) n, analytics.generations`
  await sql`
    insert into analytics.days (generation, day, place, energy_wh, busy_seconds, sessions, charged, net_minor, tax_minor,
      total_minor)
    select generation, ${day}::text::date, place, sum(energy_wh), sum(busy_seconds), sum(sessions), sum(charged),
      sum(net_minor), sum(tax_minor), sum(total_minor)
    from analytics.slots where at >= ${day}::text::timestamptz group by 1, 3`
  await sql`analyze analytics.slots, analytics.places, analytics.days`
  const span = `from=${day}T00:00:00Z&to=2027-03-02T00:00:00Z`
  const lines: Line[] = []
  for (const [work, query] of [
    ['by the hour', 'measure=energy&interval=hour'],
    ['by the hour and operator', 'measure=revenue&interval=hour&groupBy=operator'],
    ['as a whole, by charger', 'measure=energy&groupBy=charger'],
  ]) {
    const shot = { paths: [`/api/analytics/series?${query}&${span}`], headers }
    await latencies(platform.url, shot, 3)
    const taken = await latencies(platform.url, shot, world.size.quick ? 10 : 50)
    const [p50, p99] = [median(taken), quantile(taken, 0.99)]
    lines.push({
      work: `a day over ${count.toLocaleString('en')} readings of ${connectors.toLocaleString('en')} connectors, ${work}`,
      ohmnibus: `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`,
      budget: 'p50 under 200 ms',
      met: p50 < 200,
    })
  }
  return lines
}

interface Site {
  readonly sql: Pool
  readonly platform: Server
  readonly floor: Server
  readonly headers: { authorization: string }
}

/** Of sessions that are told of ten times each. */
async function rebuilds(world: World, { sql, platform, floor, headers }: Site): Promise<Line> {
  const sessions = world.size.quick ? 2_000 : 100_000
  const count = sessions * 10
  const deliveries = openDeliveries(sql)
  await tellOf(sql, sessions)
  await handled(sql)

  const subject = async (): Promise<number> => {
    const started = performance.now()
    const answer = await fetch(`${platform.url}/api/analytics/rebuild`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{}',
    })
    if (answer.status !== 202) throw new Error(`a rebuild was answered ${answer.status}: ${await answer.text()}`)
    await handled(sql)
    const taken = performance.now() - started
    while ((await sql`select from analytics.generations where state = 'building'`).length > 0) await sleep(250)
    return (count * 1000) / taken
  }
  const cursor = async (): Promise<number> => {
    await deliveries.publish(count, 'bench')
    await sql`analyze kernel.log`
    let [read, taken] = [0, 0]
    for (;;) {
      const answer = await fetch(`${floor.url}/drain?topic=bench&most=20000`, { method: 'POST' })
      const { events, ms } = (await answer.json()) as { events: number; ms: number }
      if (events === 0) break
      read += events
      taken += ms
    }
    if (read !== count) throw new Error(`the floor read ${read} events instead of ${count}`)
    await sql`delete from bench.seen`
    return (read * 1000) / taken
  }
  const measured = await alternate(world.size.quick ? 2 : 3, cursor, subject)
  return {
    work: `all figures made anew from ${count.toLocaleString('en')} events of sessions`,
    floor: `${perSecond(measured.floor)} a cursor over the log, 200 events a transaction, one row each`,
    ohmnibus: perSecond(measured.subject),
    ratio: measured.ratio,
    budget: '≥ 0.50',
    met: measured.ratio.median >= 0.5,
  }
}

/** Sessions at a thousand chargers, in the order of time: begun, eight times further on, ended. */
async function tellOf(sql: Pool, sessions: number): Promise<void> {
  await sql.begin(async tx => {
    await tx`
      insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
      select uuidv7(), 'session.' || case step when 0 then 'started' when 9 then 'ended' else 'updated' end, 'sessions',
        id::text, ${'0'.repeat(32)}, '{"userId":null,"role":"system"}',
        json_build_object('sessionId', id, 'chargerId', 'CP-' || n % 1000, 'stationId', null, 'evse', 1, 'connector', 1,
          'owner', json_build_object('kind', 'organisation', 'id', md5((n % 50)::text)::uuid),
          'driverId', md5('driver' || n % 5000)::uuid, 'token', null, 'startedAt', ${iso(tx, tx`begun`)}, 'energyWh', step * 2500,
          'updatedAt', ${iso(tx, tx`begun + step * interval '5 minutes'`)}, 'offline', false, 'chargingState', 'Charging',
          'endedAt', ${iso(tx, tx`begun + interval '45 minutes'`)}, 'stopReason', null, 'closedBy', 'charger')
      from (
        select n, step, md5('session' || n)::uuid as id, timestamptz '2026-01-01' + n / 1000 * interval '1 hour' as begun
        from generate_series(1, ${sessions}::int) n, generate_series(0, 9) step
      ) made
      order by n, step`
    await tx`notify ohmnibus_events, 'bench'`
  })
  // Who reads a log that grew by so much at once is told by it what it holds.
  await sql`analyze kernel.log`
}

const iso = (tx: Db, moment: Fragment): Fragment => tx`to_char(${moment}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const nothing = (db: Db) => db``
type Fragment = ReturnType<typeof nothing>

/** Resolves once the reactions of the service have handled what the log holds now; the log is looked through once, as looking costs what is measured. */
async function handled(sql: Pool): Promise<void> {
  await sql`drop table if exists bench.ends`
  await sql`create table bench.ends as select topic, max(position) as position from kernel.log group by topic`
  for (;;) {
    const left = await sql`
      select from kernel.subscriptions s join kernel.cursors c on c.subscription = s.name
      join bench.ends e on e.topic = s.topic
      where s.service = 'analytics' and e.position > c.at_offset limit 1`
    if (left.length === 0) return
    await sleep(50)
  }
}
