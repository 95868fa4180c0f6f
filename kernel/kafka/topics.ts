import { ListOffsetTimestamps, type Admin } from '@platformatic/kafka'
import type { Log } from '../telemetry/log.ts'
import type { KafkaSettings } from './client.ts'

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
  /**
   * By partition: the first offset there is, the next there will be, or the first of `at` or later, which is the next
   * there will be where nothing is that young.
   */
  offsetsAt(topics: readonly string[], at: 'earliest' | 'latest' | Date): Promise<Map<string, number[]>>
}

/** Asks and makes them with a client that is opened when it is first needed. */
export function openTopics({ kafka, client, log }: { kafka: KafkaSettings; client: () => Admin; log: Log }): Topics {
  const made = new Set<string>()
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
          log.warn(
            { topic, partitions },
            'a topic has another number of partitions than KAFKA_PARTITIONS; it stays, as keys would move',
          )
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
        wanted.map(topic => [
          topic,
          found.get(topic)!.map((offset, index) => Number(offset < 0n ? ends.get(topic)![index] : offset)),
        ]),
      )
    },
  }
  return topics
}

/** An error, or those that it is made of. */
const faultsOf = (error: { errors?: unknown[]; apiId?: string }): { apiId?: string }[] =>
  error.errors?.length ? error.errors.flatMap(part => faultsOf(part as {})) : [error]
