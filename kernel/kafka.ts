import { Admin, ListOffsetTimestamps } from '@platformatic/kafka'
import type { Config } from './config.ts'
import type { Pool } from './database.ts'
import { openGroup, watchTopics } from './kafka-group.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { Problem } from './problem.ts'
import { checkRelay, deadLetters, openRelay } from './relay.ts'
import type { Road } from './road.ts'
import { openTail } from './tail.ts'

/** How to speak to Kafka. */
export interface KafkaSettings {
  /** Before the names of topics and groups. */
  readonly prefix: string
  readonly partitions: number
  readonly replicas: number
  /** How long Kafka keeps events, in milliseconds; -1 for ever. */
  readonly retentionMs: number
  /** Options of a client that is called so in Kafka's own logs. */
  client(name: string): { clientId: string; bootstrapBrokers: string[]; connectTimeout: number; requestTimeout: number }
}

export function kafkaSettings(config: Config): KafkaSettings {
  const { KAFKA_BROKERS, KAFKA_TLS, KAFKA_SASL, KAFKA_USERNAME, KAFKA_PASSWORD, EVENT_RETENTION } = config
  return {
    prefix: config.KAFKA_TOPIC_PREFIX,
    partitions: config.KAFKA_PARTITIONS,
    replicas: config.KAFKA_REPLICATION,
    // Kafka does not ask whether somebody has still to read what it drops: a service that is away for some days finds everything.
    retentionMs: EVENT_RETENTION === undefined ? -1 : Math.max(EVENT_RETENTION, 7 * 86_400_000),
    client: name => ({
      clientId: `ohmnibus-${name}`,
      bootstrapBrokers: KAFKA_BROKERS,
      connectTimeout: 5_000,
      requestTimeout: 20_000,
      ...(KAFKA_TLS && { tls: {} }),
      ...(KAFKA_SASL && { sasl: { mechanism: KAFKA_SASL as 'PLAIN', username: KAFKA_USERNAME!, password: KAFKA_PASSWORD! } }),
    }),
  }
}

/** What Kafka knows of topics, by the names of events. */
export interface Topics {
  /** Of an event's topic, as Kafka knows it. */
  nameOf(topic: string): string
  /** Resolves when these are there: a client that sends to or reads from one that is not would try for ever. */
  make(topics: Iterable<string>): Promise<void>
  /** Something did not work: `make` does not trust what it knows. */
  doubt(): void
  /** Kafka's id of a topic and the number of its partitions. */
  shapesOf(topics: readonly string[]): Promise<Map<string, { id: string; partitions: number }>>
  /** By partition: the first offset there is, the next there will be, or the first of `at` or later, which is the next there will be where nothing is that young. */
  offsetsAt(topics: readonly string[], at: 'earliest' | 'latest' | Date): Promise<Map<string, number[]>>
}

export type Kafka = ReturnType<typeof openKafka>

/** Kafka as the road of events, for all databases of a process. Whether it is there or away shows later: nothing here waits for it. */
export function openKafka(options: { config: Config; log: Log; metrics: Metrics }) {
  const { log, metrics } = options
  const kafka = kafkaSettings(options.config)
  const made = new Set<string>()
  let admin: Admin | undefined
  const client = (): Admin => (admin ??= new Admin({ ...kafka.client('topics'), retries: 2, retryDelay: 250 }))
  const nameOf = (topic: string): string => kafka.prefix + topic

  const topics: Topics = {
    nameOf,
    async make(wanted) {
      const unknown = [...wanted].filter(topic => !made.has(topic))
      if (unknown.length === 0) return
      const there = new Set(await client().listTopics())
      const missing = unknown.map(nameOf).filter(name => !there.has(name))
      const configs = Object.entries({
        'cleanup.policy': 'delete',
        'retention.ms': String(kafka.retentionMs),
        // As large as what clients may send us, with room for more.
        'max.message.bytes': String(8 * 1024 * 1024),
      }).map(([name, value]) => ({ name, value }))
      if (missing.length > 0)
        await client()
          .createTopics({ topics: missing, partitions: kafka.partitions, replicas: kafka.replicas, configs })
          .catch(error => {
            // Another process was quicker.
            if (!faultsOf(error).every(({ apiId }) => apiId === 'TOPIC_ALREADY_EXISTS')) throw error
          })
      for (const [topic, { partitions }] of await topics.shapesOf(unknown)) {
        if (partitions !== kafka.partitions)
          log.warn({ topic, partitions }, 'a topic has another number of partitions than KAFKA_PARTITIONS; it stays, as keys would move')
        made.add(topic)
      }
    },
    doubt: () => made.clear(),
    async shapesOf(wanted) {
      const known = await client().metadata({ topics: wanted.map(nameOf), forceUpdate: true })
      return new Map(
        wanted.map(topic => {
          const { id, partitionsCount } = known.topics.get(nameOf(topic)) ?? {}
          if (!id || !partitionsCount) throw new Error(`Kafka has not made the topic ${nameOf(topic)} yet`)
          return [topic, { id, partitions: partitionsCount }]
        }),
      )
    },
    async offsetsAt(wanted, at) {
      const shapes = await topics.shapesOf(wanted)
      const list = async (timestamp: bigint): Promise<Map<string, bigint[]>> => {
        const found = await client().listOffsets({
          topics: [...shapes].map(([topic, { partitions }]) => ({
            name: nameOf(topic),
            partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp })),
          })),
        })
        return new Map(
          found.map(({ name, partitions }) => [
            name.slice(kafka.prefix.length),
            partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex).map(({ offset }) => offset),
          ]),
        )
      }
      const { EARLIEST, LATEST } = ListOffsetTimestamps
      // The end first: whatever comes between the two looks must not be passed over.
      const ends = await list(LATEST)
      const found = at === 'latest' ? ends : await list(at === 'earliest' ? EARLIEST : BigInt(at.getTime()))
      return new Map(
        wanted.map(topic => [topic, found.get(topic)!.map((offset, index) => Number(offset < 0n ? ends.get(topic)![index] : offset))]),
      )
    },
  }

  return {
    road: (pool: Pool, published: readonly string[]): Road => kafkaRoad({ pool, kafka, topics, published, log, metrics }),
    async check(): Promise<void> {
      await client().listTopics()
    },
    checkRelay,
    async close(): Promise<void> {
      await admin?.close().catch(() => {})
    },
  }
}

/** An error, or those that it is made of. */
const faultsOf = (error: { errors?: unknown[]; apiId?: string }): { apiId?: string }[] =>
  error.errors?.length ? error.errors.flatMap(part => faultsOf(part as {})) : [error]

/** Over Kafka: a relay sends the log of this database, and each service reads in a group of its own, with its offsets in its database. */
function kafkaRoad(options: {
  pool: Pool
  kafka: KafkaSettings
  topics: Topics
  /** Of the events that services here publish: made at start, so that others may read them. */
  published: readonly string[]
  log: Log
  metrics: Metrics
}): Road {
  const { pool, kafka, topics, log, metrics } = options
  const tail = openTail({ pool, log, watched: async () => {}, advanced: () => relay.wake() })
  const relay = openRelay({ pool, horizon: () => tail.horizon, kafka, topics, log, metrics })
  const groups = new Map<string, ReturnType<typeof openGroup>>()
  let watcher: ReturnType<typeof watchTopics> | undefined
  metrics.gauge('ohmnibus_kafka_lag', 'Events in Kafka a service has still to handle', ['service', 'topic'], gauge => {
    for (const [service, group] of groups) for (const [topic, lag] of group.lag()) gauge.set({ service, topic }, lag)
  })
  metrics.gauge('ohmnibus_kafka_oldest_unhandled_seconds', 'Age of the oldest event that was read and not handled', ['service'], gauge => {
    for (const [service, group] of groups) gauge.set({ service }, group.age())
  })

  return {
    async start(reader, read, watched) {
      await tail.start()
      relay.start()
      const everything = new Set([...options.published, deadLetters, ...[...read.values()].flatMap(names => [...names])])
      // Whoever needs one that could not be made tries again.
      void topics.make(everything).catch(() => {})
      for (const [service, names] of read)
        groups.set(service, openGroup({ service, names: [...names], reader, pool, kafka, topics, log, metrics }))
      if (watched.size > 0) watcher = watchTopics({ watched, kafka, topics, log, metrics })
    },
    async stop() {
      const ended = Promise.allSettled([tail, relay, ...groups.values(), watcher].map(part => part?.stop()))
      // A broker that is away must not keep everything from ending.
      await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 2_000).unref())])
    },
    committed: () => tail.committed(),
    read: async (lane, after, limit, name) => groups.get(lane.service)?.read(lane, after, limit, name) ?? [],
    lost: lane => groups.get(lane.service)?.lost(),
    async offsetsAt(topic, from) {
      try {
        return new Map((await topics.offsetsAt([topic], from ?? 'earliest')).get(topic)!.entries())
      } catch (error) {
        throw Object.assign(new Problem('unavailable', 'kafka_unavailable'), { cause: error })
      }
    },
    async settled() {
      await tail.catchUp()
      const [row] = await pool<{ newest: number }[]>`select coalesce(max(position), 0)::float8 as newest from kernel.log`
      if ((await relay.sent()) < row!.newest) return false
      for (const group of groups.values()) if (!(await group.settled())) return false
      return true
    },
    passed: () => relay.sent(),
  }
}
