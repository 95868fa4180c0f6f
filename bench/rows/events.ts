import { setTimeout as sleep } from 'node:timers/promises'
import { alternate, paced, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import { ToyMade } from '../toys/service.ts'
import type { World } from '../world.ts'

/** From the commit of an event to the commit of its reaction. */
export async function events(world: World): Promise<Line[]> {
  const { rounds, seconds, quick } = world.size
  const database = await world.database('row_events')
  const platform = await world.platform(database, ['toys'])
  const floor = await world.floor(database)
  const sql = world.sqlOf(database)
  const count = quick ? 5_000 : 20_000

  const publish = (topic: string) =>
    sql.begin(async tx => {
      await tx`
      insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
      select id, ${topic}, 'toys', id::text, ${'0'.repeat(32)}, '{"userId":null,"role":"system"}', json_build_object('toyId', id, 'colour', 'red')
      from (select uuidv7() as id from generate_series(1, ${count}::int)) made`
      await tx`notify ohmnibus_events, 'bench'`
    })
  const subject = async (): Promise<number> => {
    await publish(ToyMade.topic)
    await reacted()
    // From the commit of all events to the commit of the last reaction.
    const [taken] = await sql<{ seconds: number }[]>`
      select extract(epoch from max(pg_xact_commit_timestamp(seen.xmin)) - max(pg_xact_commit_timestamp(log.xmin)))::float8 as seconds
      from toys.seen join kernel.log using (event_id)`
    return count / taken!.seconds
  }
  const reacted = async (): Promise<void> => {
    const open = () => sql`
      select from kernel.subscriptions s join kernel.lanes on subscription = name
      where topic = ${ToyMade.topic} and at_offset < (select max(position) from kernel.log l where l.topic = s.topic)`
    while ((await open()).length > 0) await sleep(50)
  }
  const cursor = async (): Promise<number> => {
    await publish('bench')
    const answer = await fetch(`${floor.url}/drain?topic=bench`, { method: 'POST' })
    const { events, ms } = (await answer.json()) as { events: number; ms: number }
    if (events !== count) throw new Error(`the floor read ${events} events instead of ${count}`)
    return (events * 1000) / ms
  }
  const drained = await alternate(rounds, cursor, subject)

  const rate = 200
  await sql`truncate toys.seen`
  await paced(platform.url, { method: 'POST', paths: ['/api/toys'] }, { rate, seconds: seconds * 2 })
  await reacted()
  const [latency] = await sql<{ events: number; p50: number; p99: number }[]>`
    select count(*)::int as events, percentile_disc(0.5) within group (order by ms) as p50, percentile_disc(0.99) within group (order by ms) as p99
    from (
      select 1000 * extract(epoch from pg_xact_commit_timestamp(seen.xmin) - pg_xact_commit_timestamp(log.xmin))::float8 as ms
      from toys.seen join kernel.log using (event_id)
    ) measured`
  await Promise.all([platform.close(), floor.close()])
  return [
    {
      work: `${count.toLocaleString('en')} waiting events, each with one row written`,
      floor: `${perSecond(drained.floor)} a cursor over the log, 200 events a transaction`,
      ohmnibus: perSecond(drained.subject),
      ratio: drained.ratio,
      budget: '≥ 0.50',
      met: drained.ratio.median >= 0.5,
    },
    {
      work: `from an event's commit to its reaction's commit, ${rate} events/s`,
      ohmnibus: `p50 ${latency!.p50.toFixed(1)} ms, p99 ${latency!.p99.toFixed(1)} ms (${latency!.events} events)`,
      budget: 'p50 < 10 ms',
      met: latency!.p50 < 10,
    },
  ]
}
