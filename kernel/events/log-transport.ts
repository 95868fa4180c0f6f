import type { Pool } from '../database/database.ts'
import { StartError } from '../problem.ts'
import type { Log } from '../telemetry/log.ts'
import { inTime } from '../waiting.ts'
import { openTail } from './log-tail.ts'
import { wholeLog, type EventRow, type Partition, type Reader, type Transport } from './transport.ts'

/**
 * The event log itself: readers look at it right after a commit in this process, at a call from others, and every
 * second.
 */
export function logTransport({ pool, log }: { pool: Pool; log: Log }): Transport {
  let partitions: Partition[] = []
  let reader: Reader | undefined
  let watched: ReadonlyMap<string, (row: EventRow) => void> = new Map()
  let wanted: ReadonlySet<string> = new Set()

  // Pairs are compared so that no index fits but the one by topic: for a topic that was quiet for long the planner
  // would walk over all the others.
  const rowsOf = (topic: string, after: number, until: number, limit: number) => pool<EventRow[]>`
    select position::float8 as position, position::float8 as offset, topic, event_id, key, trace_id, actor, data,
      published_at
    from kernel.log e
    where (e.topic, e.position) > (${topic}, ${after}) and (e.topic, e.position) <= (${topic}, ${until})
      and e.position > ${after} and e.position <= ${until}
    order by e.topic, e.position limit ${limit}`

  const tail = openTail({
    pool,
    log,
    async watched(topics, from, to) {
      for (const topic of topics) {
        const tell = watched.get(topic)
        if (tell) for (const row of await rowsOf(topic, from, to, 1000)) tell(row)
      }
    },
    advanced(topics) {
      for (const partition of partitions) if (topics.has(partition.topic)) reader?.arrived(partition)
    },
  })

  return {
    isLog: true,
    async start(to, topics, watchedTopics) {
      watched = watchedTopics
      wanted = new Set([...topics.values()].flat())
      await refuseKafkaCursors(pool)
      await tail.start()
      const taken = [...topics].flatMap(([service, names]) =>
        names.map(topic => ({ service, topic, number: wholeLog })),
      )
      await to.take(taken)
      reader = to
      partitions = taken
      for (const partition of partitions) to.arrived(partition)
    },
    stop: () => tail.stop(),
    // What nobody here waits for is passed by within a second.
    committed: topics => tail.committed(topics.some(topic => watched.has(topic) || wanted.has(topic))),
    read: ({ topic }, after, limit) => rowsOf(topic, after, tail.horizon, limit),
    lost: partition => reader?.arrived(partition),
    async offsetsAt(topic, from) {
      const [first] = await pool<{ position: number | null }[]>`
        select min(position)::float8 as position from kernel.log
        where topic = ${topic} and published_at >= ${from ?? new Date(0)}`
      return new Map([[wholeLog, first!.position ?? tail.horizon + 1]])
    },
    // From the end: much may have been published before, and little since.
    async offsetsBehind(topic, at) {
      const [last] = await pool<{ position: number }[]>`
        select position::float8 as position from kernel.log e
        where (e.topic, e.position) > (${topic}, 0) and (e.topic, e.position) <= (${topic}, ${tail.horizon})
          and published_at < ${at}
        order by e.topic desc, e.position desc limit 1`
      return new Map(last && [[wholeLog, last.position + 1]])
    },
    async settled() {
      await tail.catchUp()
      return true
    },
    // While versions change, one does not know what only the other reads: such a reader is waited for, for a day.
    async passed() {
      // What nobody here waits for may not have been looked at yet; who has a position and does not commit is not waited
      // for.
      await inTime(1_000, () => tail.catchUp()).catch(() => {})
      const { horizon } = tail
      const [row] = await pool<{ unread: number | null }[]>`
        select min((select e.position from kernel.log e
          where (e.topic, e.position) > (s.topic, c.at_offset) and (e.topic, e.position) <= (s.topic, ${horizon})
            and e.position > c.at_offset order by e.topic, e.position limit 1))::float8 as unread
        from kernel.subscriptions s join kernel.cursors c on c.subscription = s.name
        where c.partition = ${wholeLog} and (s.orphaned_at is null or s.orphaned_at > now() - interval '1 day')`
      return Math.min(horizon, (row!.unread ?? Infinity) - 1)
    },
  }
}

/**
 * What travelled over Kafka has no place in the log's own partition: going back is for a person, once nothing is under
 * way any more.
 */
async function refuseKafkaCursors(pool: Pool): Promise<void> {
  const [ahead] = await pool`
    select from kernel.cursors k where k.partition <> ${wholeLog} and k.position > coalesce(
      (select position from kernel.cursors l where l.subscription = k.subscription and l.partition = ${wholeLog}), 0)
    limit 1`
  if (ahead)
    throw new StartError(
      'Events of this database have travelled over Kafka, and KAFKA_BROKERS is not set. ' +
        'Set it; or, to leave Kafka for good, see "Leaving Kafka" in docs/guides/operate.md.',
    )
}
