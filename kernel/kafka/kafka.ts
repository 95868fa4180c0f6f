import { Admin } from '@platformatic/kafka'
import type { Config } from '../config/config.ts'
import type { Pool } from '../database/database.ts'
import { openTail } from '../events/log-tail.ts'
import type { Transport } from '../events/transport.ts'
import { Problem } from '../problem.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { inTime } from '../waiting.ts'
import { openGroup } from './consumer.ts'
import { checkRelay, deadLetters, openRelay } from './relay.ts'
import { kafkaSettings, type KafkaSettings } from './client.ts'
import { openTopics, type Topics } from './topics.ts'
import { watchTopics } from './watcher.ts'

/**
 * Kafka as the transport of events, for all databases of a process. Whether it is there or away shows later: nothing
 * here waits for it.
 */
export function openKafka(options: { config: Config; log: Log; metrics: Metrics }) {
  const { log, metrics } = options
  const kafka = kafkaSettings(options.config)
  let admin: Admin | undefined
  const client = (): Admin => (admin ??= new Admin({ ...kafka.client('topics'), retries: 2, retryDelay: 250 }))
  const topics = openTopics({ kafka, client, log })

  return {
    transport: (pool: Pool, published: readonly string[]): Transport =>
      kafkaTransport({ pool, kafka, topics, published, log, metrics }),
    async check(): Promise<void> {
      await client().listTopics()
    },
    checkRelay,
    async close(): Promise<void> {
      await admin?.close().catch(() => {})
    },
  }
}

/**
 * Over Kafka: a relay sends the event log of this database, and each service reads in a group of its own, with its
 * offsets in its database.
 */
function kafkaTransport(options: {
  pool: Pool
  kafka: KafkaSettings
  topics: Topics
  /** Of the events that services here publish: made at start, so that others may read them. */
  published: readonly string[]
  log: Log
  metrics: Metrics
}): Transport {
  const { pool, kafka, topics, log, metrics } = options
  const tail = openTail({ pool, log, watched: async () => {}, advanced: () => relay.wake(), eager: () => relay.leads })
  const relay = openRelay({ pool, horizon: () => tail.horizon, kafka, topics, log, metrics })
  const groups = new Map<string, ReturnType<typeof openGroup>>()
  let watcher: ReturnType<typeof watchTopics> | undefined
  metrics.gauge('ohmnibus_kafka_lag', 'Events in Kafka a service has still to handle', ['service', 'topic'], gauge => {
    for (const [service, group] of groups) for (const [topic, lag] of group.lag()) gauge.set({ service, topic }, lag)
  })
  metrics.gauge(
    'ohmnibus_kafka_oldest_unhandled_seconds',
    'Age of the oldest event that was read and not handled',
    ['service'],
    gauge => {
      for (const [service, group] of groups) gauge.set({ service }, group.age())
    },
  )

  const offsetsAt = async (topic: string, at: 'earliest' | Date): Promise<Map<number, number>> =>
    new Map((await topics.offsetsAt([topic], at)).get(topic)!.entries())

  return {
    isLog: false,
    async start(reader, read, watched) {
      await tail.start()
      relay.start()
      const everything = new Set([...options.published, deadLetters, ...[...read.values()].flat()])
      // Whoever needs one that could not be made tries again.
      void topics.make(everything).catch(() => {})
      for (const [service, names] of read)
        groups.set(service, openGroup({ service, names, reader, pool, kafka, topics, log, metrics }))
      if (watched.size > 0) watcher = watchTopics({ watched, kafka, topics, log, metrics })
    },
    async stop() {
      const ending = () => Promise.allSettled([tail, relay, ...groups.values(), watcher].map(part => part?.stop()))
      // A broker that is away must not keep everything from ending.
      await inTime(2_000, ending).catch(() => {})
    },
    committed: () => tail.committed(true),
    read: async (partition, after, limit) => groups.get(partition.service)?.read(partition, after, limit) ?? [],
    lost: partition => groups.get(partition.service)?.lost(),
    async offsetsAt(topic, from) {
      try {
        return await offsetsAt(topic, from ?? 'earliest')
      } catch (error) {
        throw Object.assign(new Problem('unavailable', 'kafka_unavailable'), { cause: error })
      }
    },
    offsetsBehind: offsetsAt,
    async settled() {
      await tail.catchUp()
      const [row] = await pool<
        { newest: number }[]
      >`select coalesce(max(position), 0)::float8 as newest from kernel.log`
      if ((await relay.sent()) < row!.newest) return false
      for (const group of groups.values()) if (!(await group.settled())) return false
      return true
    },
    passed: () => relay.sent(),
  }
}
