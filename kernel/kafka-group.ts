import { Consumer, stringDeserializers, type Message } from '@platformatic/kafka'
import { newTraceId, readTraceparent, traceNote } from './context.ts'
import type { Pool } from './database.ts'
import type { KafkaSettings, Topics } from './kafka.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { EventRow, Lane, Reader } from './road.ts'

/** What one service has still to read of a partition. */
interface Buffered {
  readonly lane: Lane
  rows: EventRow[]
  /** The offset of the next message that Kafka has for us. */
  next: number
  /** There was no room: what comes after the last row has to be fetched again. */
  full: boolean
  /** The last offset each reader has done with. */
  readonly done: Map<string, number>
}

/** Rows of a lane that are kept; more are fetched again when these are done. */
export const mostRows = 2_000
/** An offset for who wants to hear only what is new, since the process started. */
export const fromNow = Number.MAX_SAFE_INTEGER
const retryMs = 500

/** One member of a group, which reads what Kafka gives it from where the reader wants it, and keeps it until every reader is done with it. */
export function openGroup(options: {
  service: string
  groupId: string
  /** Of events. */
  names: readonly string[]
  reader: Reader
  pool: Pool
  kafka: KafkaSettings
  topics: Topics
  log: Log
  metrics: Metrics
}) {
  const { service, groupId, names, reader, pool, kafka, topics, log } = options
  const foreign = options.metrics.counter('ohmnibus_kafka_foreign_messages_total', 'Messages in our topics that are no events of ours', [
    'topic',
  ])
  // A little earlier: the clocks of machines differ.
  const startedAt = new Date(Date.now() - 5_000)
  let stopped = false
  const lanes = new Map<string, Buffered>()
  const keyOf = (topic: string, partition: number): string => `${topic} ${partition}`
  const kafkaNames = names.map(topics.nameOf)
  let consumer: Consumer<string, string, string, string> | undefined
  let stream: Awaited<ReturnType<NonNullable<typeof consumer>['consume']>> | undefined
  let turn: Promise<unknown> = Promise.resolve()
  let wanted = 0
  let joined = false

  /** One after the other; only the last of many wishes is worth the work. */
  const reopen = (): void => {
    const mine = ++wanted
    joined = false
    turn = turn.then(async () => {
      while (!stopped && mine === wanted)
        try {
          await open()
          joined = mine === wanted
          return
        } catch (error) {
          log.warn({ err: error, service }, 'events cannot be read from Kafka; trying again')
          await new Promise(resolve => setTimeout(resolve, retryMs))
        }
    })
  }

  async function closeStream(): Promise<void> {
    const open = stream
    stream = undefined
    open?.removeAllListeners('close')
    await open?.close().catch(() => {})
  }

  function rejoin(): void {
    turn = turn.then(leave)
    reopen()
  }

  async function leave(): Promise<void> {
    await closeStream()
    const former = consumer
    consumer = undefined
    former?.removeAllListeners('consumer:group:join')
    await former?.close(true).catch(() => {})
  }

  /** Joins where that is needed, learns what is ours, and reads it from where the database says. */
  async function open(): Promise<void> {
    await closeStream()
    await topics.make(new Set(kafkaNames))
    if (!consumer) {
      consumer = new Consumer({
        ...kafka.client(service),
        groupId,
        autocommit: false,
        minBytes: 1,
        maxWaitTime: 1_000,
        sessionTimeout: 10_000,
        rebalanceTimeout: 10_000,
        heartbeatInterval: 1_000,
        retries: 5,
        retryDelay: 250,
        deserializers: stringDeserializers,
      })
      consumer.on('error' as never, (error: Error) => log.debug({ err: error, service }, 'a consumer complained'))
      // For good, or the end of a stream would take them from the group.
      consumer.topics.trackAll(...kafkaNames)
      await consumer.joinGroup({})
      consumer.on('consumer:group:join', reopen)
      consumer.on('consumer:heartbeat:stalled', rejoin)
    }
    const reading = consumer
    const assigned = (reading.assignments ?? []).flatMap(({ topic, partitions }) => partitions.map(number => ({ topic, number })))
    const ids = await topics.idsOf(kafkaNames)
    const before = [...lanes.values()].map(({ lane }) => lane)
    await reader.leave(before)
    lanes.clear()
    const taken = assigned.map(({ topic, number }) => ({
      service,
      topic: topic.slice(kafka.prefix.length),
      number,
      incarnation: ids.get(topic),
    }))
    const starts = await reader.take(taken)
    const [earliest, latest] = await Promise.all([topics.offsetsAt(kafkaNames, 'earliest'), topics.offsetsAt(kafkaNames, 'latest')])
    const recent = starts.includes(fromNow) ? await topics.offsetsAt(kafkaNames, startedAt) : new Map<string, number[]>()
    const offsets = kafkaNames.flatMap(topic => (latest.get(topic) ?? []).map((_, partition) => ({ topic, partition, offset: 0n })))
    for (const [index, lane] of taken.entries()) {
      const topic = topics.nameOf(lane.topic)
      const [first, end] = [earliest.get(topic)![lane.number]!, latest.get(topic)![lane.number]!]
      let start = starts[index]!
      if (start === fromNow) await reader.skip(lane, (start = recent.get(topic)?.[lane.number] ?? end))
      else if (start < first || start > end) {
        // Nothing was there before the first one ever; anything else was removed before it was read.
        if (start > 0)
          log.error({ ...lane, wanted: start, first, end }, 'Kafka does not have what is to be read next; going on with what there is')
        await reader.skip(lane, first)
        await reader.take([lane])
        start = first
      }
      lanes.set(keyOf(topic, lane.number), { lane, rows: [], next: start, full: false, done: new Map() })
      offsets.find(entry => entry.topic === topic && entry.partition === lane.number)!.offset = BigInt(start)
    }
    if (taken.length === 0) return
    stream = await reading.consume({ topics: [...kafkaNames], mode: 'manual', offsets, fallbackMode: 'earliest' })
    stream.on('data', receive)
    stream.on('error', error => log.debug({ err: error, service }, 'a stream of Kafka ended with an error'))
    stream.on('close', () => {
      if (!stopped) reopen()
    })
  }

  function receive(message: Message<string, string, string, string>): void {
    const lane = lanes.get(keyOf(message.topic, message.partition))
    const offset = Number(message.offset)
    // From before: the stream of an earlier assignment, or a topic that was made anew.
    if (!lane || offset < lane.next || lane.full) return
    if (lane.rows.length >= mostRows) {
      lane.full = true
      return
    }
    lane.next = offset + 1
    const row = eventOf(message, lane.lane.topic)
    if (!row) {
      foreign.inc({ topic: lane.lane.topic })
      log.error({ topic: message.topic, partition: message.partition, offset }, 'a message in a topic of events is none, and was skipped')
      return
    }
    lane.rows.push(row)
    reader.arrived(lane.lane)
  }

  return {
    start: reopen,
    reopen,
    rejoin,
    read(lane: Lane, after: number, limit: number, name: string): EventRow[] {
      const buffered = lanes.get(keyOf(topics.nameOf(lane.topic), lane.number))
      if (!buffered) return []
      buffered.done.set(name, after)
      const least = Math.min(...buffered.done.values())
      const unread = buffered.rows.findIndex(row => row.offset > least)
      if (unread !== 0) buffered.rows.splice(0, unread < 0 ? buffered.rows.length : unread)
      const rows = buffered.rows.filter(row => row.offset > after).slice(0, limit)
      // What did not fit comes again when the rest is done.
      if (rows.length === 0 && buffered.full) reopen()
      return rows
    },
    async settled(): Promise<boolean> {
      await turn
      if (!joined || !consumer) return false
      if ([...(await this.lag()).values()].some(lag => lag > 0)) return false
      // What other members read, and what is nobody's at this moment.
      const latest = await topics.offsetsAt(kafkaNames, 'latest')
      const known = await pool<{ topic: string; lane: number; offset: number }[]>`
        select s.topic, l.lane, min(l.at_offset)::float8 as offset from kernel.lanes l join kernel.subscriptions s on s.name = l.subscription
        where s.service = ${service} group by 1, 2`
      return names.every(topic =>
        (latest.get(topics.nameOf(topic)) ?? []).every((end, number) => {
          const mark = known.find(row => row.topic === topic && row.lane === number)
          return lanes.has(keyOf(topics.nameOf(topic), number)) || end! <= (mark?.offset ?? -1) + 1
        }),
      )
    },
    async lag(): Promise<Map<string, number>> {
      const lag = new Map<string, number>()
      if (!consumer || lanes.size === 0) return lag
      const latest = await topics.offsetsAt(kafkaNames, 'latest')
      for (const { lane, next, rows } of lanes.values()) {
        const behind = (latest.get(topics.nameOf(lane.topic))?.[lane.number] ?? 0) - next + rows.length
        lag.set(lane.topic, (lag.get(lane.topic) ?? 0) + Math.max(0, behind))
      }
      return lag
    },
    age: (): number =>
      Math.max(0, ...[...lanes.values()].map(({ rows }) => (rows[0] ? (Date.now() - rows[0].published_at.getTime()) / 1000 : 0))),
    async stop(): Promise<void> {
      stopped = true
      await turn
      await leave()
    },
  }
}

/** Undefined for what is no event as `relay.ts` sends it. */
function eventOf(message: Message<string, string, string, string>, topic: string): EventRow | undefined {
  try {
    const { eventId, timestamp, actor, ...data } = JSON.parse(message.value) as {
      eventId: string
      timestamp: string
      actor: EventRow['actor']
    }
    const position = Number(message.headers.get('ce_sequence'))
    const published_at = new Date(timestamp)
    if (!(position > 0) || !eventId || !actor || Number.isNaN(published_at.getTime())) return undefined
    return {
      position,
      offset: Number(message.offset),
      topic,
      event_id: eventId,
      key: message.key,
      trace_id: traceNote(
        readTraceparent(message.headers.get('traceparent')) ?? { traceId: newTraceId(), spanId: undefined, sampled: undefined },
      ),
      actor,
      data,
      published_at,
    }
  } catch {
    return undefined
  }
}
