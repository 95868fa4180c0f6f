import { isDeepStrictEqual } from 'node:util'
import { Consumer, type GroupPartitionsAssigner } from '@platformatic/kafka'
import type { Pool } from '../database/database.ts'
import type { EventRow, Partition, Reader } from '../events/transport.ts'
import { openOutage } from '../telemetry/outage.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openFetcher, type Fetcher } from './fetcher.ts'
import { opening } from './opening.ts'
import type { KafkaSettings } from './client.ts'
import type { Topics } from './topics.ts'

interface Means {
  service: string
  names: readonly string[]
  reader: Reader
  pool: Pool
  kafka: KafkaSettings
  topics: Topics
  log: Log
  metrics: Metrics
}

/** How often we look whether a topic was made anew, or has more partitions. */
const lookMs = 30_000
const keyOf = ({ topic, number }: Partition): string => `${topic} ${number}`

/** A member of the group of a service: reads the partitions that Kafka gives it, from where the database says. */
export function openGroup(means: Means) {
  const { service, names, reader, kafka, topics, log, metrics } = means
  const consequence = `${service} hears of no events until it does`
  const outage = openOutage({ engine: 'kafka', consequence, log, metrics })
  const member = openMember(means, { assigned: () => void opened.wake(), stalled: rejoin })
  let partitions: Partition[] = []
  let fetcher: Fetcher | undefined
  let shapes: Awaited<ReturnType<Topics['shapesOf']>> | undefined
  /** Those whose offsets Kafka does not have. */
  let strayed: Partition[] = []
  let stopped = false

  const opened = opening(open, { topics, outage, stopped: () => stopped })

  function rejoin(): void {
    member.renew()
    void opened.wake()
  }

  const timer = setInterval(async () => {
    const now = await topics.shapesOf(names).catch(() => undefined)
    if (now && shapes && !stopped && !isDeepStrictEqual(now, shapes)) rejoin()
  }, lookMs)

  /** Joins where that is needed, learns what is ours, and follows it. */
  async function open(): Promise<void> {
    fetcher?.close()
    fetcher = undefined
    await topics.make(names)
    const assignments = await member.assignments()
    shapes = await topics.shapesOf(names)
    await reader.leave(partitions)
    partitions = assignments.flatMap(({ topic: name, partitions: numbers }) => {
      const topic = name.slice(kafka.prefix.length)
      return numbers.map(number => ({ service, topic, number, incarnation: shapes!.get(topic)?.id }))
    })
    const from = await placesOf(means, partitions, strayed)
    strayed = []
    fetcher = openFetcher({ ...means, name: service, partitions: from, arrived: reader.arrived, astray, outage })
    for (const partition of partitions) reader.arrived(partition)
  }

  function astray(lost: Partition[]): void {
    strayed = lost
    topics.doubt()
    void opened.wake()
  }

  void opened.wake()
  return {
    read: (partition: Partition, after: number, limit: number): EventRow[] =>
      fetcher?.read(partition, after, limit) ?? [],
    /**
     * Somebody has taken a partition, or wants a replay. As long as the group counts us among its members it is ours,
     * and taken anew; else we learn what is.
     */
    lost: () => member.onceCounted(() => void opened.wake()),
    lag: (): Map<string, number> => fetcher?.lag() ?? new Map(),
    age: (): number => fetcher?.age() ?? 0,
    /** Whether everything in Kafka has been handed out here, or handled by other members. */
    async settled(): Promise<boolean> {
      if (!fetcher) return false
      const ends = await topics.offsetsAt(names, 'latest')
      const lags = fetcher?.lag(ends).values()
      if (!lags || lags.some(lag => lag > 0)) return false
      return await isHandledElsewhere(means, ends, new Set(partitions.map(keyOf)))
    },
    async stop(): Promise<void> {
      stopped = true
      clearInterval(timer)
      // First what a member waits for, then what it may have opened meanwhile.
      await member.leave()
      await opened.idle()
      fetcher?.close()
      await member.leave()
    },
  }
}

/** A membership in the group of a service, made when it is needed. */
function openMember({ service, names, kafka, topics, log }: Means, hears: { assigned(): void; stalled(): void }) {
  let consumer: Consumer | undefined
  let isMember = false
  let isStale = false
  /** The membership whose next sign of life is waited for. */
  let awaited: Consumer | undefined

  async function leave(): Promise<void> {
    isMember = false
    const former = consumer
    consumer = undefined
    former?.removeAllListeners('consumer:group:join')
    await former?.close(true).catch(() => {})
  }

  async function join(): Promise<Consumer> {
    isStale = false
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
    isMember = true
    joining.on('consumer:group:join', hears.assigned)
    joining.on('consumer:heartbeat:stalled', hears.stalled)
    return joining
  }

  return {
    leave,
    /** What the group gives us; joins it first where that is needed. */
    async assignments() {
      const member = isMember && !isStale ? consumer! : await join()
      return member.assignments ?? []
    },
    /** Joins anew when it is asked next. */
    renew(): void {
      isStale = true
    },
    /** Calls back once the group has said that it still counts us; a membership that ends before learns what is its own anyhow. */
    onceCounted(then: () => void): void {
      if (!consumer || awaited === consumer) return
      awaited = consumer
      consumer.once('consumer:heartbeat:end', () => {
        awaited = undefined
        then()
      })
    },
  }
}

/** Takes partitions, and says where to begin each and where it ends today. */
async function placesOf(
  { names, reader, topics, log }: Means,
  partitions: readonly Partition[],
  strayed: readonly Partition[],
): Promise<Map<Partition, { start: number; end: number }>> {
  const starts = await reader.take(partitions)
  const [earliest, latest] = [await topics.offsetsAt(names, 'earliest'), await topics.offsetsAt(names, 'latest')]
  const from = new Map<Partition, { start: number; end: number }>()
  for (const [index, partition] of partitions.entries()) {
    const { topic, number } = partition
    const [first, end] = [earliest.get(topic)![number]!, latest.get(topic)![number]!]
    let start = starts[index]!
    if (start < first || start > end || strayed.some(stray => keyOf(stray) === keyOf(partition))) {
      // Nothing was there before the first one ever; anything else was removed before it was read.
      if (start > 0)
        log.error(
          { ...partition, wanted: start, first, end },
          'Kafka does not have what is to be read next; going on with what there is',
        )
      await reader.skip(partition, first)
      await reader.take([partition])
      start = first
    }
    from.set(partition, { start, end })
  }
  return from
}

/** Whether what is not `mine` has been handled up to these ends. */
async function isHandledElsewhere(
  { service, names, pool }: Means,
  ends: ReadonlyMap<string, readonly number[]>,
  mine: ReadonlySet<string>,
): Promise<boolean> {
  const known = await pool<{ topic: string; partition: number; offset: number }[]>`
    select s.topic, c.partition, c.at_offset::float8 as offset
    from kernel.cursors c join kernel.subscriptions s on s.name = c.subscription
    where s.service = ${service} and s.orphaned_at is null`
  const handled = (topic: string, number: number) =>
    known.find(row => row.topic === topic && row.partition === number)?.offset ?? -1
  return names.every(topic =>
    ends.get(topic)!.every((end, number) => mine.has(`${topic} ${number}`) || end <= handled(topic, number) + 1),
  )
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
