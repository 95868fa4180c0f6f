import { Consumer, IS_CONTROL, protocolErrorsCodesById, type RecordsBatch } from '@platformatic/kafka'
import type { EventRow, Partition } from '../events/transport.ts'
import type { Outage } from '../telemetry/outage.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { eventOf } from './message.ts'
import type { KafkaSettings } from './client.ts'
import type { Topics } from './topics.ts'

/** Reads partitions, each as fast as its reader goes. */
export interface Fetcher {
  /** Up to `limit` events of a partition after an offset. What is not here yet comes later, and `arrived` tells. */
  read(partition: Partition, after: number, limit: number): EventRow[]
  /** By topic: events that are still to get, as far as known or up to these ends of partitions. */
  lag(ends?: ReadonlyMap<string, readonly number[]>): Map<string, number>
  /** Age in seconds of the oldest event that is here and still to get; 0 without one. */
  age(): number
  close(): void
}

/** How far a partition was read, and what is ready of it. */
interface Place {
  readonly partition: Partition
  /** Where the partition ended when we looked last. */
  end: number
  /** False until somebody reads: nothing is fetched before. */
  wanted: boolean
  rows: EventRow[]
  bytes: number
  /** No event from here to `next` is missing among `rows`. */
  first: number
  /** The offset of the next message to fetch. */
  next: number
}

interface Means {
  name: string
  /** What to follow. */
  partitions: ReadonlyMap<Partition, { start: number; end: number }>
  kafka: KafkaSettings
  topics: Topics
  arrived: (partition: Partition) => void
  /** Kafka does not have what is wanted of these, or does not know a topic any more. Nothing more is fetched. */
  astray: (partitions: Partition[]) => void
  outage: Outage
  log: Log
  metrics: Metrics
}

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>

/** What is ready of a partition; more is fetched when there is room again. */
const mostRows = 1_000
const mostBytes = 8 * 1024 * 1024
const retryMs = 250
const keyOf = ({ topic, number }: Partition): string => `${topic} ${number}`

/**
 * Each broker has one request at a time, for all partitions it leads that there is room for; so one that is stuck holds
 * up no other. The library's own streams stop or go on as a whole, and read on where they were when a partition comes
 * back.
 */
export function openFetcher(options: Means): Fetcher {
  const { kafka, topics, outage } = options
  const keep = keeper(options)
  const places = placesOf(options.partitions)
  const names = [...new Set([...places.values()].map(({ partition }) => topics.nameOf(partition.topic)))]
  // In no group: it is just a client that can fetch, on connections that nothing else has to wait for.
  const client = new Consumer({ ...kafka.client(options.name), groupId: 'none', retries: 0, metadataMaxAge: 60_000 })
  client.topics.trackAll(...names)
  const busy = new Set<number>()
  let closed = false

  async function pump(): Promise<void> {
    try {
      if (places.size === 0) return
      const { topics: known } = await client.metadata({ topics: names })
      const topicOf = ({ partition }: Place) => known.get(topics.nameOf(partition.topic))!
      const ready = [...places.values()].filter(place => place.wanted && !isFull(place))
      const byLeader = Map.groupBy(ready, place => topicOf(place).partitions[place.partition.number]?.leader ?? -1)
      for (const [node, asked] of byLeader) {
        if (node < 0) throw new Error('a partition has no leader')
        if (busy.has(node) || closed) continue
        busy.add(node)
        void fetchFrom(node, new Map(asked.map(place => [`${topicOf(place).id} ${place.partition.number}`, place])))
      }
    } catch (error) {
      failed(error)
    }
  }

  function failed(error: unknown): void {
    if (closed) return
    outage.failed('read', error)
    client.clearMetadata()
    // Of what the cluster does not have there is no use in asking again.
    if ((error as { code?: string }).code === 'PLT_KFK_USER') lose([])
    else setTimeout(pump, retryMs)
  }

  function lose(partitions: Partition[]): void {
    places.clear()
    setTimeout(() => !closed && options.astray(partitions), retryMs)
  }

  /** `asked` by Kafka's id of the topic and number. */
  async function fetchFrom(node: number, asked: ReadonlyMap<string, Place>): Promise<void> {
    const from = new Map([...asked].map(([key, { next }]) => [key, next]))
    try {
      // Some have no room at this moment, and must not wait long for the next request.
      const waitMs = places.values().some(isFull) ? 50 : 1_000
      const answer = await fetch(client, node, from, waitMs).finally(() => busy.delete(node))
      if (!closed) take(answer, asked, from)
    } catch (error) {
      failed(error)
    }
  }

  function take(answer: FetchResponse, asked: ReadonlyMap<string, Place>, from: ReadonlyMap<string, number>): void {
    const faults = faultsOf(answer, asked)
    for (const [key, place, { errorCode, highWatermark, records }] of answersOf(answer, asked)) {
      if (errorCode !== 0) continue
      place.end = Number(highWatermark)
      // Somebody may have gone elsewhere meanwhile.
      if (records?.length && from.get(key) === place.next) keep(place, records)
    }
    if (faults.keys().some(code => gone.has(code))) lose(faults.get('OFFSET_OUT_OF_RANGE') ?? [])
    else if (faults.size > 0) failed(new Error(`Kafka answered ${[...faults.keys()].join(', ')}`))
    else {
      outage.worked()
      void pump()
    }
  }

  return {
    read(partition, after, limit) {
      const place = places.get(keyOf(partition))
      if (!place) return []
      const hadRoom = place.wanted && !isFull(place)
      goTo(place, after + 1)
      if (!hadRoom && !isFull(place)) void pump()
      return place.rows.slice(0, limit)
    },
    lag: ends => lagOf(places.values(), ends),
    age: () => ageOf(places.values()),
    close() {
      closed = true
      places.clear()
      client.close().catch(() => {})
    },
  }
}

const placesOf = (partitions: Means['partitions']): Map<string, Place> =>
  new Map(
    [...partitions].map(([partition, { start, end }]) => [
      keyOf(partition),
      { partition, end, wanted: false, rows: [], bytes: 0, first: start, next: start },
    ]),
  )

const isFull = ({ rows, bytes }: Place): boolean => rows.length >= mostRows || bytes >= mostBytes

/** Lets go of what is before an offset, or begins anew there when it is not among what was read. */
function goTo(place: Place, offset: number): void {
  place.wanted = true
  if (offset < place.first || offset > place.next)
    return void Object.assign(place, { rows: [], bytes: 0, first: offset, next: offset })
  if (offset === place.first) return
  const kept = place.rows.filter(row => row.offset >= offset)
  place.bytes *= place.rows.length === 0 ? 0 : kept.length / place.rows.length
  place.rows = kept
  place.first = offset
}

/** Keeps what was fetched, and tells of it. */
function keeper({ arrived, log, metrics }: Means): (place: Place, batches: readonly RecordsBatch[]) => void {
  const foreign = metrics.counter(
    'ohmnibus_kafka_foreign_messages_total',
    'Messages in our topics that are no events of ours',
    ['topic'],
  )
  return (place, batches) => {
    const { partition } = place
    for (const batch of batches)
      for (const record of batch.attributes & IS_CONTROL ? [] : batch.records) {
        const offset = Number(batch.firstOffset) + record.offsetDelta
        // A batch may begin before what was asked for.
        if (offset < place.next) continue
        const row = eventOf(record, partition.topic, offset)
        if (row) {
          place.rows.push(row)
          place.bytes += record.length
        } else {
          foreign.inc({ topic: partition.topic })
          log.error({ ...partition, offset }, 'a message in a topic of events is none, and was skipped')
        }
      }
    const last = batches.at(-1)!
    place.next = Math.max(place.next, Number(last.firstOffset) + last.lastOffsetDelta + 1)
    arrived(partition)
  }
}

/** Asks a broker for partitions, by Kafka's id of the topic and number, each from an offset. */
const fetch = (client: Consumer, node: number, from: ReadonlyMap<string, number>, maxWaitTime: number) =>
  client
    .fetch({
      node,
      minBytes: 1,
      maxBytes: 16 * 1024 * 1024,
      maxWaitTime,
      topics: [...from].map(([key, offset]) => {
        const [topicId, number] = key.split(' ') as [string, string]
        const partition = {
          partition: Number(number),
          fetchOffset: BigInt(offset),
          partitionMaxBytes: 1024 * 1024,
          currentLeaderEpoch: -1,
          lastFetchedEpoch: -1,
        }
        return { topicId, partitions: [partition] }
      }),
    })
    // One partition in error makes the answer an error, with all the others in it.
    .catch((error: { response?: FetchResponse }) => error.response ?? Promise.reject(error))

/** What is said about each place that was asked for. */
const answersOf = ({ responses }: FetchResponse, asked: ReadonlyMap<string, Place>) =>
  responses.flatMap(({ topicId, partitions }) =>
    partitions.flatMap(about => {
      const key = `${topicId} ${about.partitionIndex}`
      const place = asked.get(key)
      return place ? [[key, place, about] as const] : []
    }),
  )

/** By what is wrong, the partitions it is wrong with; none where all are. */
function faultsOf(answer: FetchResponse, asked: ReadonlyMap<string, Place>): Map<string, Partition[]> {
  const faults = new Map<string, Partition[]>()
  if (answer.errorCode) faults.set(codeOf(answer.errorCode), [])
  for (const [, { partition }, { errorCode }] of answersOf(answer, asked))
    if (errorCode !== 0) faults.set(codeOf(errorCode), [...(faults.get(codeOf(errorCode)) ?? []), partition])
  return faults
}

function lagOf(places: Iterable<Place>, ends?: ReadonlyMap<string, readonly number[]>): Map<string, number> {
  const lag = new Map<string, number>()
  for (const { partition, next, rows, ...place } of places) {
    const end = ends?.get(partition.topic)?.[partition.number] ?? place.end
    lag.set(partition.topic, (lag.get(partition.topic) ?? 0) + Math.max(0, end - next) + rows.length)
  }
  return lag
}

function ageOf(places: Iterable<Place>): number {
  const waiting = [...places].flatMap(({ rows }) => rows.slice(0, 1)).map(row => row.published_at.getTime())
  return waiting.length === 0 ? 0 : Math.max(0, (Date.now() - Math.min(...waiting)) / 1000)
}

/** Nothing that a second try would change. */
const gone = new Set(['OFFSET_OUT_OF_RANGE', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID', 'INCONSISTENT_TOPIC_ID'])
const codeOf = (code: number): string => protocolErrorsCodesById[code] ?? String(code)
