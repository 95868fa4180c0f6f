import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, compatibilityPartitioner, Producer, stringSerializers } from '@platformatic/kafka'
import { newId } from '../../kernel/ids.ts'
import { alternate, median, quantile, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import { openDeliveries } from '../toys/deliveries.ts'
import type { World } from '../world.ts'

/**
 * Events over Kafka: how many a second the relay sends, and from the commit of an event to the commit of its reaction.
 */
export async function kafka(world: World): Promise<Line[]> {
  const { rounds, seconds, quick } = world.size
  const database = await world.database('row_kafka')
  const platform = await world.platform(database, ['toys'])
  const bare = await openBare(world.ground.settings(database).KAFKA_BROKERS!)
  const sql = world.sqlOf(database)
  const deliveries = openDeliveries(sql)
  const count = quick ? 5_000 : 20_000

  const handled: number[] = []
  const subject = async (): Promise<number> => {
    const newest = await deliveries.publish(count)
    const begun = performance.now()
    while ((await sql`select from kernel.relay where position >= ${newest}`).length === 0) await sleep(5)
    const sent = (count * 1000) / (performance.now() - begun)
    await deliveries.reacted(count)
    handled.push(count / (await deliveries.seconds()))
    return sent
  }
  const sent = await alternate(rounds, () => bare.send(count), subject)

  const rate = 500
  const delays = await deliveries.delays(platform.url, { rate, seconds: seconds * 2 })
  const [p50, p99] = [quantile(delays, 0.5), quantile(delays, 0.99)]
  await Promise.all([platform.close(), bare.close()])
  return [
    {
      work: `${count.toLocaleString('en')} waiting events, sent to Kafka`,
      floor: `${perSecond(sent.floor)} the bare client, as large, 500 a send, one at a time`,
      ohmnibus: `${perSecond(sent.subject)}; ${perSecond(median(handled))} to the last reaction, each with one row written`,
      ratio: sent.ratio,
      budget: '≥ 0.50',
      met: sent.ratio.median >= 0.5,
    },
    {
      work: `over Kafka, from an event's commit to its reaction's commit, ${rate} events/s`,
      ohmnibus: `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms (${delays.length} events)`,
      budget: 'p50 < 5 ms, p99 < 20 ms',
      met: p50 < 5 && p99 < 20,
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
      for (let sent = 0; sent < count; sent += 500)
        await producer.send({ messages: Array.from({ length: 500 }, message) })
      return (count * 1000) / (performance.now() - begun)
    },
    close: () => producer.close(),
  }
}
