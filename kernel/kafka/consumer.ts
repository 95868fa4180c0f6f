import { setTimeout as sleep } from 'node:timers/promises'
import { Consumer, type GroupPartitionsAssigner } from '@platformatic/kafka'
import type { Pool } from '../database/database.ts'
import type { KafkaSettings, Topics } from './topics.ts'
import { openFetcher, type Fetcher } from './fetcher.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openOutage } from '../telemetry/engine-failures.ts'
import type { EventRow, Lane, Reader } from '../events/transport.ts'

interface Common {
  kafka: KafkaSettings
  topics: Topics
  log: Log
  metrics: Metrics
}

const retryMs = 500
/** How often we look whether a topic was made anew, or has more partitions. */
const lookMs = 30_000

/** A member of the group of a service: reads the lanes that Kafka gives it, from where the database says. */
export function openGroup(options: { service: string; names: readonly string[]; reader: Reader; pool: Pool } & Common) {
  const { service, names, reader, pool, kafka, topics, log, metrics } = options
  const outage = openOutage({
    engine: 'kafka',
    consequence: `${service} hears of no events until it does`,
    log,
    metrics,
  })
  const keyOf = ({ topic, number }: Lane): string => `${topic} ${number}`
  let consumer: Consumer | undefined
  let member = false
  let lanes: Lane[] = []
  let fetcher: Fetcher | undefined
  let shapes: Awaited<ReturnType<Topics['shapesOf']>> | undefined
  /** Lanes whose offsets Kafka does not have. */
  let strayed: Lane[] = []
  let stopped = false
  let asking = false

  const { again: reopen, next, ended } = inTurn(open, outage, () => stopped, topics)
  const rejoin = (): void => {
    next(leave)
    reopen()
  }
  const timer = setInterval(async () => {
    const now = await topics.shapesOf(names).catch(() => undefined)
    const same = (topic: string) =>
      now!.get(topic)!.id === shapes!.get(topic)?.id && now!.get(topic)!.partitions === shapes!.get(topic)?.partitions
    if (now && shapes && !stopped && !names.every(same)) rejoin()
  }, lookMs)

  async function leave(): Promise<void> {
    fetcher?.close()
    fetcher = undefined
    member = false
    const former = consumer
    consumer = undefined
    former?.removeAllListeners('consumer:group:join')
    await former?.close(true).catch(() => {})
  }

  async function join(): Promise<Consumer> {
    await leave()
    const joining = new Consumer({
      ...kafka.client(service),
      groupId: kafka.prefix + service,
      sessionTimeout: 10_000,
      rebalanceTimeout: 10_000,
      heartbeatInterval: 1_000,
      retries: 5,
      retryDelay: 250,
      partitionAssigner: assign,
    })
    consumer = joining
    joining.on('error' as never, (error: Error) => log.debug({ err: error, service }, 'a consumer complained'))
    joining.topics.trackAll(...names.map(topics.nameOf))
    await joining.joinGroup({})
    member = true
    joining.on('consumer:group:join', reopen)
    joining.on('consumer:heartbeat:stalled', rejoin)
    return joining
  }

  /** Joins where that is needed, learns what is ours, and follows it. */
  async function open(): Promise<void> {
    fetcher?.close()
    fetcher = undefined
    asking = false
    await topics.make(names)
    const reading = member ? consumer! : await join()
    shapes = await topics.shapesOf(names)
    await reader.leave(lanes)
    lanes = (reading.assignments ?? []).flatMap(({ topic: name, partitions }) => {
      const topic = name.slice(kafka.prefix.length)
      return partitions.map(number => ({ service, topic, number, incarnation: shapes!.get(topic)?.id }))
    })
    const starts = await reader.take(lanes)
    const [earliest, latest] = [await topics.offsetsAt(names, 'earliest'), await topics.offsetsAt(names, 'latest')]
    const from = new Map<Lane, { start: number; end: number }>()
    for (const [index, lane] of lanes.entries()) {
      const [first, end] = [earliest.get(lane.topic)![lane.number]!, latest.get(lane.topic)![lane.number]!]
      let start = starts[index]!
      if (start < first || start > end || strayed.some(stray => keyOf(stray) === keyOf(lane))) {
        // Nothing was there before the first one ever; anything else was removed before it was read.
        if (start > 0)
          log.error(
            { ...lane, wanted: start, first, end },
            'Kafka does not have what is to be read next; going on with what there is',
          )
        await reader.skip(lane, first)
        await reader.take([lane])
        start = first
      }
      from.set(lane, { start, end })
    }
    strayed = []
    fetcher = openFetcher({
      name: service,
      lanes: from,
      arrived: reader.arrived,
      astray,
      kafka,
      topics,
      outage,
      log,
      metrics,
    })
    for (const lane of lanes) reader.arrived(lane)
  }

  function astray(lanes: Lane[]): void {
    strayed = lanes
    topics.doubt()
    reopen()
  }

  reopen()
  return {
    read: (lane: Lane, after: number, limit: number, name: string): EventRow[] =>
      fetcher?.read(lane, after, limit, name) ?? [],
    /**
     * Somebody has taken a lane, or wants a replay. As long as the group counts us among its members the lane is ours,
     * and taken anew; else we learn what is.
     */
    lost(): void {
      if (asking) return
      asking = true
      consumer?.once('consumer:heartbeat:end', reopen)
    },
    lag: (): Map<string, number> => fetcher?.lag() ?? new Map(),
    age: (): number => fetcher?.age() ?? 0,
    /** Whether everything in Kafka has been handed out here, or handled by other members. */
    async settled(): Promise<boolean> {
      const ends = await topics.offsetsAt(names, 'latest')
      if (!fetcher || [...fetcher.lag(ends).values()].some(lag => lag > 0)) return false
      const known = await pool<{ topic: string; lane: number; offset: number }[]>`
        select s.topic, l.lane, min(l.at_offset)::float8 as offset from kernel.lanes l join kernel.subscriptions s on s.name = l.subscription
        where s.service = ${service} group by 1, 2`
      const handled = (topic: string, number: number) =>
        known.find(row => row.topic === topic && row.lane === number)?.offset ?? -1
      const mine = new Set(lanes.map(keyOf))
      return names.every(topic =>
        ends.get(topic)!.every((end, number) => mine.has(`${topic} ${number}`) || end <= handled(topic, number) + 1),
      )
    },
    async stop(): Promise<void> {
      stopped = true
      clearInterval(timer)
      // First what a member waits for, then what it may have opened meanwhile.
      await leave()
      await ended()
      await leave()
    },
  }
}

/** Tells a process of events of some topics, all partitions, from about when it started, each at least once. */
export function watchTopics(options: { watched: ReadonlyMap<string, (row: EventRow) => void> } & Common) {
  const { watched, kafka, topics, log, metrics } = options
  const names = [...watched.keys()]
  const outage = openOutage({
    engine: 'kafka',
    consequence: 'what others revoke is not heard of until it does',
    log,
    metrics,
  })
  // Earlier by as much as the clocks of machines may be apart.
  const since = new Date(Date.now() - 90_000)
  const heard = new Map<string, number>()
  const keyOf = ({ incarnation, number }: Lane): string => `${incarnation} ${number}`
  let fetcher: Fetcher | undefined
  let stopped = false

  const { again: reopen, ended } = inTurn(open, outage, () => stopped, topics)

  async function open(): Promise<void> {
    fetcher?.close()
    await topics.make(names)
    const shapes = await topics.shapesOf(names)
    const [recent, earliest, latest] = await Promise.all(
      [since, 'earliest' as const, 'latest' as const].map(at => topics.offsetsAt(names, at)),
    )
    const lanes = names.flatMap(topic =>
      recent!.get(topic)!.map((offset, number) => {
        const lane = { service: 'watch', topic, number, incarnation: shapes.get(topic)!.id }
        const wanted = heard.get(keyOf(lane)) ?? offset
        const start = Math.min(Math.max(wanted, earliest!.get(topic)![number]!), latest!.get(topic)![number]!)
        heard.set(keyOf(lane), start)
        return [lane, { start, end: start }] as const
      }),
    )
    fetcher = openFetcher({
      name: 'watch',
      lanes: new Map(lanes),
      arrived,
      astray,
      kafka,
      topics,
      outage,
      log,
      metrics,
    })
    for (const [lane] of lanes) arrived(lane)
  }

  function arrived(lane: Lane): void {
    const next = (): EventRow[] => fetcher!.read(lane, heard.get(keyOf(lane))! - 1, 1_000, 'watch')
    for (let rows = next(); rows.length > 0; rows = next())
      for (const row of rows) {
        watched.get(lane.topic)!(row)
        heard.set(keyOf(lane), row.offset + 1)
      }
  }

  function astray(): void {
    topics.doubt()
    reopen()
  }

  reopen()
  return {
    async stop(): Promise<void> {
      stopped = true
      await ended()
      fetcher?.close()
    },
  }
}

/** Does `work` until it succeeds, one after the other; of many wishes only the last is worth the work. */
function inTurn(
  work: () => Promise<void>,
  outage: ReturnType<typeof openOutage>,
  stopped: () => boolean,
  topics: Topics,
) {
  let turn: Promise<unknown> = Promise.resolve()
  let wanted = 0
  return {
    again(): void {
      const mine = ++wanted
      turn = turn.then(async () => {
        while (!stopped() && mine === wanted)
          try {
            return await work()
          } catch (error) {
            if (stopped()) return
            topics.doubt()
            outage.failed('join', error)
            await sleep(retryMs)
          }
      })
    },
    next(work: () => Promise<void>): void {
      turn = turn.then(work)
    },
    ended: () => turn,
  }
}

/** Each partition goes to one of those who read its topic, which are not all while two versions run side by side. */
const assign: GroupPartitionsAssigner = (_, members, __, { topics }) => {
  const shares = [...members.keys()]
    .sort()
    .map(memberId => ({ memberId, assignments: new Map<string, { topic: string; partitions: number[] }>() }))
  let turn = 0
  for (const [topic, { partitionsCount }] of [...topics].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const readers = shares.filter(({ memberId }) => members.get(memberId)!.topics?.includes(topic))
    for (let partition = 0; partition < partitionsCount && readers.length > 0; partition++) {
      const { assignments } = readers[turn++ % readers.length]!
      const share = assignments.get(topic) ?? { topic, partitions: [] }
      share.partitions.push(partition)
      assignments.set(topic, share)
    }
  }
  return shares
}
