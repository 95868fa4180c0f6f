import { Consumer, IS_CONTROL, protocolErrorsCodesById, type KafkaRecord, type RecordsBatch } from '@platformatic/kafka'
import { newTraceId, readTraceparent, traceNote } from '../telemetry/context.ts'
import type { KafkaSettings, Topics } from './topics.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Outage } from '../telemetry/engine-failures.ts'
import type { EventRow, Lane } from '../events/transport.ts'

/** Reads partitions, for each reader of them at its own pace. */
export interface Fetcher {
  /** Up to `limit` events of a lane after an offset. What is not here yet comes later, and `arrived` tells. */
  read(lane: Lane, after: number, limit: number, reader: string): EventRow[]
  /** By topic: events that some reader has still to get, as far as known or up to these ends of partitions. */
  lag(ends?: ReadonlyMap<string, readonly number[]>): Map<string, number>
  /** Age in seconds of the oldest event that is here and that some reader has still to get; 0 without one. */
  age(): number
  close(): void
}

interface Part {
  readonly lane: Lane
  readonly start: number
  /** Where the partition ended when we looked last. */
  end: number
  /** By name. Those who stand at the same place get the same rows. */
  readonly readers: Map<string, Place>
}

/** How far a reader has come in a partition, and what is ready for it. */
interface Place {
  rows: EventRow[]
  bytes: number
  /** No event from here to `next` is missing among `rows`. */
  first: number
  /** The offset of the next message to fetch. */
  next: number
}

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>

/** What is ready for a reader of a partition; more is fetched when there is room again. */
const mostRows = 1_000
const mostBytes = 8 * 1024 * 1024
const retryMs = 250

/**
 * Each broker has one request at a time, for all partitions it leads that somebody has room for; so a reader that is
 * stuck holds up no other. The library's own streams know one place a partition and stop or go on as a whole, and read
 * on where they were when a partition comes back.
 */
export function openFetcher(options: {
  name: string
  /** What to follow; nothing is fetched before somebody reads. */
  lanes: ReadonlyMap<Lane, { start: number; end: number }>
  kafka: KafkaSettings
  topics: Topics
  arrived: (lane: Lane) => void
  /** Kafka does not have what is wanted of these lanes, or does not know a topic any more. Nothing more is fetched. */
  astray: (lanes: Lane[]) => void
  outage: Outage
  log: Log
  metrics: Metrics
}): Fetcher {
  const { kafka, topics, outage, log } = options
  const foreign = options.metrics.counter(
    'ohmnibus_kafka_foreign_messages_total',
    'Messages in our topics that are no events of ours',
    ['topic'],
  )
  const keyOf = ({ topic, number }: Lane): string => `${topic} ${number}`
  const parts = new Map<string, Part>()
  for (const [lane, from] of options.lanes) parts.set(keyOf(lane), { lane, ...from, readers: new Map() })
  const names = [...new Set([...options.lanes.keys()].map(({ topic }) => topics.nameOf(topic)))]
  // In no group: it is just a client that can fetch, on connections that nothing else has to wait for.
  const client = new Consumer({ ...kafka.client(options.name), groupId: 'none', retries: 0, metadataMaxAge: 60_000 })
  client.topics.trackAll(...names)
  const busy = new Set<number>()
  let closed = false

  const isFull = ({ rows, bytes }: Place): boolean => rows.length >= mostRows || bytes >= mostBytes
  const hasRoom = ({ readers }: Part): boolean => [...readers.values()].some(place => !isFull(place))

  async function pump(): Promise<void> {
    try {
      if (parts.size === 0) return
      const { topics: known } = await client.metadata({ topics: [...names] })
      const leaderOf = ({ lane }: Part): number =>
        known.get(topics.nameOf(lane.topic))!.partitions[lane.number]?.leader ?? -1
      for (const [node, asked] of Map.groupBy([...parts.values()].filter(hasRoom), leaderOf)) {
        if (node < 0) throw new Error('a partition has no leader')
        if (busy.has(node) || closed) continue
        busy.add(node)
        void fetchFrom(
          node,
          new Map(asked.map(part => [`${known.get(topics.nameOf(part.lane.topic))!.id} ${part.lane.number}`, part])),
        )
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

  function lose(lanes: Lane[]): void {
    parts.clear()
    setTimeout(() => !closed && options.astray(lanes), retryMs)
  }

  /** `asked` by Kafka's id of the topic and number. */
  async function fetchFrom(node: number, asked: ReadonlyMap<string, Part>): Promise<void> {
    const from = new Map([...asked].map(([key, part]) => [key, turnOf(part)]))
    // Some are not in this request, and must not wait long for the next: who stands elsewhere, and who has no room at
    // this moment.
    const left = [...parts.values()].some(({ readers }) =>
      [...readers.values()].some((place, _, [one]) => isFull(place) || place.next !== one!.next),
    )
    try {
      const answer = await client
        .fetch({
          node,
          minBytes: 1,
          maxBytes: 16 * 1024 * 1024,
          maxWaitTime: left ? 50 : 1_000,
          topics: [...from].map(([key, offset]) => ({
            topicId: key.split(' ')[0]!,
            partitions: [
              {
                partition: asked.get(key)!.lane.number,
                fetchOffset: BigInt(offset),
                partitionMaxBytes: 1024 * 1024,
                currentLeaderEpoch: -1,
                lastFetchedEpoch: -1,
              },
            ],
          })),
        })
        // One partition in error makes the answer an error, with all the others in it.
        .catch((error: { response?: FetchResponse }) => error.response ?? Promise.reject(error))
      busy.delete(node)
      if (!closed) take(answer, asked, from)
    } catch (error) {
      busy.delete(node)
      failed(error)
    }
  }

  /** The offset to go on from in a partition: readers that stand at different places take turns. */
  function turnOf({ readers }: Part): number {
    const [name, place] = [...readers].find(([, place]) => !isFull(place))!
    readers.delete(name)
    readers.set(name, place)
    return place.next
  }

  function take(answer: FetchResponse, asked: ReadonlyMap<string, Part>, from: ReadonlyMap<string, number>): void {
    const faults = new Map<string, Lane[]>()
    if (answer.errorCode) faults.set(codeOf(answer.errorCode), [])
    for (const { topicId, partitions } of answer.responses)
      for (const { partitionIndex, errorCode, highWatermark, records } of partitions) {
        const key = `${topicId} ${partitionIndex}`
        const part = asked.get(key)
        if (!part) continue
        if (errorCode !== 0) faults.set(codeOf(errorCode), [...(faults.get(codeOf(errorCode)) ?? []), part.lane])
        else {
          part.end = Number(highWatermark)
          if (records?.length) keep(part, from.get(key)!, records)
        }
      }
    if (faults.keys().some(code => gone.has(code))) lose(faults.get('OFFSET_OUT_OF_RANGE') ?? [])
    else if (faults.size > 0) failed(new Error(`Kafka answered ${[...faults.keys()].join(', ')}`))
    else {
      outage.worked()
      void pump()
    }
  }

  function keep(part: Part, from: number, batches: readonly RecordsBatch[]): void {
    const { lane, readers } = part
    const last = batches.at(-1)!
    const to = Number(last.firstOffset) + last.lastOffsetDelta + 1
    const takers = [...readers.values()].filter(place => place.next >= from && place.next < to && !isFull(place))
    const least = Math.min(...takers.map(({ next }) => next))
    for (const batch of batches)
      for (const record of batch.attributes & IS_CONTROL ? [] : batch.records) {
        const offset = Number(batch.firstOffset) + record.offsetDelta
        // A batch may begin before what was asked for.
        if (offset < least) continue
        const row = eventOf(record, lane.topic, offset)
        if (!row) {
          foreign.inc({ topic: lane.topic })
          log.error({ ...lane, offset }, 'a message in a topic of events is none, and was skipped')
        } else
          for (const place of takers)
            if (offset >= place.next) {
              place.rows.push(row)
              place.bytes += record.length
            }
      }
    for (const place of takers) place.next = to
    options.arrived(lane)
  }

  return {
    read(lane, after, limit, reader) {
      const part = parts.get(keyOf(lane))
      if (!part) return []
      let place = part.readers.get(reader)
      if (!place || after + 1 < place.first || after + 1 > place.next) {
        place = { rows: [], bytes: 0, first: after + 1, next: after + 1 }
        part.readers.set(reader, place)
        void pump()
        return []
      }
      const wasFull = isFull(place)
      if (after + 1 > place.first) {
        const kept = place.rows.filter(row => row.offset > after)
        place.bytes *= place.rows.length === 0 ? 0 : kept.length / place.rows.length
        place.rows = kept
        place.first = after + 1
      }
      if (wasFull && !isFull(place)) void pump()
      return place.rows.slice(0, limit)
    },
    lag(ends) {
      const lag = new Map<string, number>()
      for (const { lane, start, end, readers } of parts.values()) {
        const known = ends?.get(lane.topic)?.[lane.number] ?? end
        const places = readers.size > 0 ? [...readers.values()] : [{ next: start, rows: [] }]
        const behind = places.map(({ next, rows }) => Math.max(0, known - next) + rows.length)
        lag.set(lane.topic, (lag.get(lane.topic) ?? 0) + Math.max(...behind))
      }
      return lag
    },
    age() {
      const waiting = [...parts.values()].flatMap(({ readers }) =>
        [...readers.values()].flatMap(({ rows }) => rows.slice(0, 1)),
      )
      return waiting.length === 0
        ? 0
        : Math.max(0, (Date.now() - Math.min(...waiting.map(row => row.published_at.getTime()))) / 1000)
    },
    close() {
      closed = true
      parts.clear()
      client.close().catch(() => {})
    },
  }
}

/** Nothing that a second try would change. */
const gone = new Set(['OFFSET_OUT_OF_RANGE', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID', 'INCONSISTENT_TOPIC_ID'])
const codeOf = (code: number): string => protocolErrorsCodesById[code] ?? String(code)

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Undefined for what is no event as `relay.ts` sends it: one of these could neither be handled nor kept as a dead
 * letter.
 */
function eventOf({ key, value, headers }: KafkaRecord, topic: string, offset: number): EventRow | undefined {
  try {
    const header = (name: string): string | undefined =>
      headers.find(([key]) => key?.toString() === name)?.[1]?.toString()
    const { eventId, timestamp, actor, ...data } = JSON.parse(value!.toString()) as {
      eventId: string
      timestamp: string
      actor: EventRow['actor']
    }
    const position = Number(header('ce_sequence'))
    const publishedAt = new Date(timestamp)
    const ours = header('ce_type') === topic && header('ce_id') === eventId && uuid.test(eventId)
    if (
      !ours ||
      !key ||
      !actor ||
      !Number.isSafeInteger(position) ||
      position < 1 ||
      Number.isNaN(publishedAt.getTime())
    )
      return undefined
    const trace = readTraceparent(header('traceparent')) ?? { traceId: newTraceId() }
    return {
      position,
      offset,
      topic,
      event_id: eventId,
      key: key.toString(),
      trace_id: traceNote(trace),
      actor,
      data,
      published_at: publishedAt,
    }
  } catch {
    return undefined
  }
}
