import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, compatibilityPartitioner, Producer, stringSerializers } from '@platformatic/kafka'
import { newId } from '../../kernel/ids.ts'
import { startEngine } from '../../tools/engines/engine.ts'
import { alternate, paced, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import { ToyMade } from '../toys/service.ts'
import type { World } from '../world.ts'

/** Events over Kafka: how many a second the relay sends, and from the commit of an event to the commit of its reaction. */
export async function kafka(world: World): Promise<Line[]> {
  const { rounds, seconds, quick } = world.size
  const engine = await startEngine('kafka', { folder: world.folder })
  const database = await world.database('row_kafka')
  const platform = await world.platform(database, ['toys'], engine.settings)
  const bare = await openBare(engine.settings.KAFKA_BROKERS!)
  const sql = world.sqlOf(database)
  const count = quick ? 5_000 : 20_000

  const taken = (begun: number): number => (count * 1000) / (performance.now() - begun)
  let newest = 0
  const publish = async (): Promise<void> => {
    await sql.begin(async tx => {
      const [last] = await tx<{ position: number }[]>`
        with made as (
          insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
          select id, ${ToyMade.topic}, 'toys', id::text, ${'0'.repeat(32)}, '{"userId":null,"role":"system"}', json_build_object('toyId', id, 'colour', 'red')
          from (select uuidv7() as id from generate_series(1, ${count}::int)) made returning position
        ) select max(position)::float8 as position from made`
      newest = last!.position
      await tx`notify ohmnibus_events, 'bench'`
    })
  }
  const handled: number[] = []
  const subject = async (): Promise<number> => {
    await publish()
    const begun = performance.now()
    while ((await sql`select from kernel.relay where position >= ${newest}`).length === 0) await sleep(5)
    const sent = taken(begun)
    await reacted()
    handled.push(taken(begun))
    return sent
  }
  const reacted = async (): Promise<void> => {
    const missing = () => sql`select from kernel.log where topic = ${ToyMade.topic} having count(*) > (select count(*) from toys.seen)`
    while ((await missing()).length > 0) await sleep(20)
  }
  const sent = await alternate(rounds, () => bare.send(count), subject)

  const rate = 500
  await sql`truncate toys.seen`
  await sql`truncate kernel.log`
  await paced(platform.url, { method: 'POST', paths: ['/api/toys'] }, { rate, seconds: seconds * 2 })
  await reacted()
  const [latency] = await sql<{ events: number; p50: number; p99: number }[]>`
    select count(*)::int as events, percentile_disc(0.5) within group (order by ms) as p50, percentile_disc(0.99) within group (order by ms) as p99
    from (
      select 1000 * extract(epoch from pg_xact_commit_timestamp(seen.xmin) - pg_xact_commit_timestamp(log.xmin))::float8 as ms
      from toys.seen join kernel.log using (event_id)
    ) measured`
  await Promise.all([platform.close(), bare.close()])
  await engine.stop()
  return [
    {
      work: `${count.toLocaleString('en')} waiting events, sent to Kafka`,
      floor: `${perSecond(sent.floor)} the bare client, as large, 500 a send, one at a time`,
      ohmnibus: `${perSecond(sent.subject)}; ${perSecond(Math.max(...handled))} to the last reaction, each with one row written`,
      ratio: sent.ratio,
      budget: '≥ 0.50',
      met: sent.ratio.median >= 0.5,
    },
    {
      work: `over Kafka, from an event's commit to its reaction's commit, ${rate} events/s`,
      ohmnibus: `p50 ${latency!.p50.toFixed(1)} ms, p99 ${latency!.p99.toFixed(1)} ms (${latency!.events} events)`,
      budget: 'p50 < 15 ms, p99 < 60 ms',
      met: latency!.p50 < 15 && latency!.p99 < 60,
    },
  ]
}

/** Nothing but the client, with the promises that the relay needs. */
async function openBare(broker: string) {
  const at = { clientId: 'bare', bootstrapBrokers: [broker] }
  const admin = new Admin(at)
  await admin.createTopics({ topics: ['bare'], partitions: 6, replicas: 1 })
  await admin.close()
  const producer = new Producer({
    ...at,
    idempotent: true,
    acks: -1,
    partitioner: compatibilityPartitioner,
    serializers: stringSerializers,
  })
  const message = () => {
    const id = newId()
    const time = new Date().toISOString()
    const value = { eventId: id, timestamp: time, actor: { userId: null, role: 'system' }, toyId: id, colour: 'red' }
    const headers = {
      ce_specversion: '1.0',
      ce_id: id,
      ce_type: 'toy.made',
      ce_source: 'urn:ohmnibus:toys',
      ce_subject: id,
      ce_time: time,
      ce_sequence: '1000',
      'content-type': 'application/json',
      traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`,
    }
    return { topic: 'bare', key: id, value: JSON.stringify(value), headers }
  }
  return {
    async send(count: number): Promise<number> {
      const begun = performance.now()
      for (let sent = 0; sent < count; sent += 500) await producer.send({ messages: Array.from({ length: 500 }, message) })
      return (count * 1000) / (performance.now() - begun)
    },
    close: () => producer.close(),
  }
}
