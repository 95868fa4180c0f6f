import { setTimeout as sleep } from 'node:timers/promises'
import { lagOf } from '../../kernel/events/lag.ts'
import type { Pool } from '../../kernel/database/database.ts'
import { alternate, paced, quantile, throughput, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import { openDeliveries } from '../toys/deliveries.ts'
import { megabytes } from '../weight.ts'
import type { World } from '../world.ts'

/** The event log with few and with many events in it: what publishing, delivering, looking and dropping cost. */
export async function log(world: World): Promise<Line[]> {
  const { rounds, seconds, quick } = world.size
  const counts = quick ? [1_000, 100_000, 1_000_000] : [1_000, 1_000_000, 10_000_000]
  const sized = []
  for (const count of counts) sized.push(await filled(world, count))
  const [small, large] = [sized.at(0)!, sized.at(-1)!]
  const between = `${counts.at(0)!.toLocaleString('en')} and ${counts.at(-1)!.toLocaleString('en')} events`

  const toys = { method: 'POST', paths: ['/api/toys'] } as const
  const publish = (of: typeof small) => () => throughput(of.platform.url, toys, { seconds })
  const published = await alternate(rounds, publish(small), publish(large))
  const deliver = (of: typeof small) => async () =>
    quantile(await openDeliveries(of.sql).delays(of.platform.url, { rate: 200, seconds }), 0.5)
  const latency = await alternate(Math.ceil(rounds / 2), deliver(small), deliver(large))
  const lag = (of: typeof small) => async () => {
    const from = performance.now()
    await lagOf(of.sql, 10_000)
    return performance.now() - from
  }
  const looked = await alternate(rounds * 3, lag(small), lag(large))

  // While one drops all but the last part, others go on to publish.
  const before = await sizeOf(large.sql)
  const calm = await paced(large.platform.url, toys, { rate: 200, seconds: 3 })
  const [storm, ms] = await Promise.all([
    paced(large.platform.url, toys, { rate: 200, seconds: 3 }),
    sleep(1_000).then(async () => {
      const from = performance.now()
      let dropped = 0
      const drop = () =>
        large.sql`select kernel.tend_log('-infinity', now() - interval '1 day', 9007199254740991) as one`
      while ((await drop())[0]!.one) dropped++
      if (dropped !== large.parts - 1) throw new Error(`${dropped} parts were dropped of ${large.parts}`)
      return performance.now() - from
    }),
  ])
  await Promise.all(sized.map(({ platform }) => platform.close()))
  return [
    {
      work: `publishing, 20 clients: with ${between} in the log`,
      floor: perSecond(published.floor),
      ohmnibus: perSecond(published.subject),
      ratio: published.ratio,
      budget: '≥ 0.80',
      met: published.ratio.median >= 0.8,
    },
    {
      work: `from commit to the commit of the reaction, 200 events/s: with ${between}`,
      floor: `p50 ${latency.floor.toFixed(2)} ms`,
      ohmnibus: `p50 ${latency.subject.toFixed(2)} ms`,
      ratio: latency.ratio,
      budget: '≤ 2',
      met: latency.ratio.median <= 2,
    },
    {
      work: `how far subscriptions are behind, one by more than 10,000 events and one of a topic that is quiet: with ${between}`,
      floor: `p50 ${looked.floor.toFixed(1)} ms`,
      ohmnibus: `p50 ${looked.subject.toFixed(1)} ms`,
      budget: '≤ 100 ms',
      met: looked.subject <= 100,
    },
    ...sized.map(({ count, parts, bytes, fillMs }): Line => ({
      work: `${count.toLocaleString('en')} events in ${parts} parts`,
      ohmnibus: `${megabytes(bytes.rows)} of rows, ${megabytes(bytes.indexes)} of indexes; written by SQL at ${perSecond((count * 1000) / fillMs)}`,
    })),
    {
      work: `dropping all but the last part of ${counts.at(-1)!.toLocaleString('en')} events while 200/s are published`,
      floor: `p99 ${quantile(calm, 0.99).toFixed(1)} ms, at most ${Math.max(...calm).toFixed(0)} ms, before`,
      ohmnibus: `${ms.toFixed(0)} ms for ${megabytes(before.rows + before.indexes)}; p99 ${quantile(storm, 0.99).toFixed(1)} ms, at most ${Math.max(...storm).toFixed(0)} ms meanwhile`,
      budget: 'nobody waits a second',
      met: Math.max(...storm) < 1_000,
    },
  ]
}

/**
 * A platform whose log holds `count` events of twenty other topics, in parts of a week, sixty at most; the oldest are
 * over a year old.
 */
async function filled(world: World, count: number) {
  const database = await world.database(`row_log_${count}`)
  // It migrates; what is written while nobody reads does not have to be read.
  await (await world.platform(database, ['toys'])).close()
  const sql = world.sqlOf(database)
  const parts = Math.max(1, Math.min(60, Math.round(count / 160_000)))
  const from = performance.now()
  for (let part = 0; part < parts; part++) {
    if (part > 0) await sql`select kernel.begin_log_part()`
    await sql`
      insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data, published_at)
      select id, 'passport.kind-' || i % 20, 'passports', id::text, repeat('0', 32), '{"userId":null,"role":"system"}',
        json_build_object('passport', json_build_object('id', id), 'identifier', 'BP-2026-' || i, 'owner', json_build_object('kind', 'person', 'id', id), 'version', 1),
        now() - ${parts - part} * interval '7 days' + i * interval '1 millisecond'
      from (select i, uuidv7() as id from generate_series(1, ${Math.ceil(count / parts)}::int) i) made`
  }
  const fillMs = performance.now() - from
  await sql`vacuum analyze kernel.log`
  await sql`checkpoint`
  const bytes = await sizeOf(sql)
  if (parts > 1) await sql`select kernel.begin_log_part()`
  await sql`insert into kernel.subscriptions (name, service, topic) values ('archive: far behind', 'archive', 'passport.kind-7'), ('archive: quiet', 'archive', 'passport.never')`
  await sql`insert into kernel.cursors (subscription, partition, service, at_offset, position) select name, -1, 'archive', 0, 0 from kernel.subscriptions where service = 'archive'`
  return {
    count,
    parts: parts > 1 ? parts + 1 : 1,
    fillMs,
    bytes,
    sql,
    platform: await world.platform(database, ['toys']),
  }
}

async function sizeOf(sql: Pool): Promise<{ rows: number; indexes: number }> {
  const [size] = await sql<{ rows: number; indexes: number }[]>`
    select sum(pg_table_size(inhrelid))::float8 as rows, sum(pg_indexes_size(inhrelid))::float8 as indexes
    from pg_inherits where inhparent = 'kernel.log'::regclass`
  return size!
}
