import { Admin, ListOffsetTimestamps } from '@platformatic/kafka'
import type { Config } from './config.ts'
import type { Pool } from './database.ts'
import { newId } from './ids.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { fromNow, mostRows, openGroup } from './kafka-group.ts'
import { deadLetters, openRelay } from './relay.ts'
import type { EventRow, Lane, Reader, Road } from './road.ts'
import { openTail } from './tail.ts'

/** How to speak to Kafka. */
export interface KafkaSettings {
  readonly prefix: string
  readonly partitions: number
  readonly replicas: number
  /** Options of a client that is called so in Kafka's own logs. */
  client(name: string): { clientId: string; bootstrapBrokers: string[]; connectTimeout: number; requestTimeout: number }
}

export function kafkaSettings(config: Config): KafkaSettings {
  const { KAFKA_BROKERS, KAFKA_TLS, KAFKA_SASL, KAFKA_USERNAME, KAFKA_PASSWORD } = config
  return {
    prefix: config.KAFKA_TOPIC_PREFIX,
    partitions: config.KAFKA_PARTITIONS,
    replicas: config.KAFKA_REPLICATION,
    client: name => ({
      clientId: `ohmnibus-${name}`,
      bootstrapBrokers: KAFKA_BROKERS,
      connectTimeout: 5_000,
      requestTimeout: 30_000,
      ...(KAFKA_TLS && { tls: {} }),
      ...(KAFKA_SASL && { sasl: { mechanism: KAFKA_SASL as 'PLAIN', username: KAFKA_USERNAME!, password: KAFKA_PASSWORD! } }),
    }),
  }
}

/** Topics, made before they are used: a client that sends to one that is not there would try for ever. */
export interface Topics {
  /** Of an event's topic, as Kafka knows it. */
  nameOf(topic: string): string
  /** Resolves when these, by Kafka's names, are there. */
  make(names: ReadonlySet<string>): Promise<void>
  /** Kafka's ids of topics. */
  idsOf(names: readonly string[]): Promise<Map<string, string>>
  /** By topic and partition: the first offset there is, the next there will be, or the first of `at` or later, undefined where nothing is that young. */
  offsetsAt(names: readonly string[], at: 'earliest' | 'latest' | Date): Promise<Map<string, (number | undefined)[]>>
  check(): Promise<void>
  close(): Promise<void>
}

export function openTopics({ kafka, log }: { kafka: KafkaSettings; log: Log }): Topics {
  const made = new Set<string>()
  let admin: Admin | undefined
  const client = (): Admin => (admin ??= new Admin({ ...kafka.client('topics'), retries: 2, retryDelay: 250 }))
  const metadata = async (topics: readonly string[]) => await client().metadata({ topics: [...topics], forceUpdate: true })

  return {
    nameOf: topic => kafka.prefix + topic,
    async make(names) {
      const wanted = [...names].filter(name => !made.has(name))
      if (wanted.length === 0) return
      const there = new Set(await client().listTopics({}))
      const missing = wanted.filter(name => !there.has(name))
      for (const topic of missing)
        await client()
          .createTopics({ topics: [topic], partitions: kafka.partitions, replicas: kafka.replicas })
          .catch(error => {
            // Another process was quicker.
            if (!/already exists|TOPIC_ALREADY_EXISTS/i.test(JSON.stringify(errorsOf(error)))) throw error
          })
      const known = await metadata(wanted)
      for (const name of wanted) {
        const partitions = known.topics.get(name)?.partitionsCount
        if (!partitions) throw new Error(`Kafka has not made the topic ${name} yet`)
        if (partitions !== kafka.partitions)
          log.warn(
            { topic: name, partitions },
            'a topic has another number of partitions than KAFKA_PARTITIONS; it stays, as keys would move',
          )
        made.add(name)
      }
    },
    async idsOf(names) {
      const { topics } = await metadata(names)
      return new Map([...topics].map(([name, { id }]) => [name, id]))
    },
    async offsetsAt(names, at) {
      const { EARLIEST, LATEST } = ListOffsetTimestamps
      const timestamp = at === 'earliest' ? EARLIEST : at === 'latest' ? LATEST : BigInt(at.getTime())
      const { topics } = await metadata(names)
      const found = await client().listOffsets({
        topics: [...topics].map(([name, { partitionsCount }]) => ({
          name,
          partitions: Array.from({ length: partitionsCount }, (_, partitionIndex) => ({ partitionIndex, timestamp })),
        })),
      })
      return new Map(
        found.map(({ name, partitions }) => {
          const offsets: (number | undefined)[] = []
          for (const { partitionIndex, offset } of partitions) offsets[partitionIndex] = offset >= 0n ? Number(offset) : undefined
          return [name, offsets]
        }),
      )
    },
    async check() {
      await client().listTopics({})
    },
    async close() {
      await admin?.close().catch(() => {})
    },
  }
}

/** The messages and codes of an error and those it is made of. */
function errorsOf(error: unknown): string[] {
  const {
    message = '',
    apiId = '',
    errors = [],
    cause,
  } = error as { message?: string; apiId?: string; errors?: unknown[]; cause?: unknown }
  return [message, apiId, ...errors.flatMap(errorsOf), ...(cause ? errorsOf(cause) : [])]
}

/** Over Kafka: a relay sends the log of this database, and each service reads in a group of its own, with its offsets in its database. */
export function kafkaRoad(options: {
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
  const common = { pool, kafka, topics, log, metrics }
  const groups = new Map<string, ReturnType<typeof openGroup>>()
  let watcher: ReturnType<typeof openGroup> | undefined
  metrics.gauge('ohmnibus_kafka_lag', 'Events in Kafka a service has still to handle', ['service', 'topic'], async gauge => {
    for (const [service, group] of groups) for (const [topic, lag] of await group.lag()) gauge.set({ service, topic }, lag)
  })
  metrics.gauge('ohmnibus_kafka_oldest_unhandled_seconds', 'Age of the oldest event that was read and not handled', ['service'], gauge => {
    for (const [service, group] of groups) gauge.set({ service }, group.age())
  })

  const limited = async (work: Promise<unknown> | undefined): Promise<void> => {
    await Promise.race([work, new Promise(resolve => setTimeout(resolve, 2_000).unref())])
  }

  return {
    async start(reader, read, watched) {
      await tail.start()
      relay.start()
      const everything = [...options.published, deadLetters, ...[...read.values()].flatMap(names => [...names])]
      void topics.make(new Set(everything.map(topics.nameOf))).catch(() => {})
      for (const [service, names] of read)
        groups.set(service, openGroup({ service, groupId: kafka.prefix + service, names: [...names], reader, ...common }))
      if (watched.size > 0) {
        const [groupId, names] = [`${kafka.prefix}watch-${newId()}`, [...watched.keys()]]
        watcher = openGroup({ service: 'watch', groupId, names, reader: watchingFromNow(watched), ...common })
      }
      for (const group of [...groups.values(), watcher]) group?.start()
    },
    async stop() {
      await limited(Promise.allSettled([tail.stop(), relay.stop(), ...[...groups.values(), watcher].map(group => group?.stop())]))
    },
    committed: () => tail.committed(),
    read: async (lane, after, limit, name) => groups.get(lane.service)?.read(lane, after, limit, name) ?? [],
    lost: lane => groups.get(lane.service)?.rejoin(),
    async offsetsAt(topic, from) {
      const name = topics.nameOf(topic)
      const [offsets, ends] = await Promise.all([topics.offsetsAt([name], from ?? 'earliest'), topics.offsetsAt([name], 'latest')])
      return new Map(ends.get(name)!.map((end, partition) => [partition, (offsets.get(name)?.[partition] ?? end)!]))
    },
    async settled() {
      await tail.catchUp()
      const [row] = await pool<{ newest: number }[]>`select coalesce(max(position), 0)::float8 as newest from kernel.log`
      if ((await relay.sent()) < row!.newest) return false
      for (const group of groups.values()) if (!(await group.settled())) return false
      return true
    },
    passed: () => relay.sent(),
    check: () => topics.check(),
  }

  /** A reader that keeps nothing: each process hears everything from now on, at least once. */
  function watchingFromNow(watched: ReadonlyMap<string, (row: EventRow) => void>): Reader {
    const next = new Map<string, number>()
    const keyOf = ({ topic, number }: Lane): string => `${topic} ${number}`
    return {
      async take(lanes) {
        return lanes.map(lane => next.get(keyOf(lane)) ?? fromNow)
      },
      async leave() {},
      async skip(lane, offset) {
        next.set(keyOf(lane), offset)
      },
      arrived(lane) {
        for (const row of watcher!.read(lane, (next.get(keyOf(lane)) ?? 0) - 1, mostRows, 'watch')) {
          watched.get(lane.topic)!(row)
          next.set(keyOf(lane), row.offset + 1)
        }
      },
    }
  }
}
