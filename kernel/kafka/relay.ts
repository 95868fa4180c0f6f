import { setTimeout as sleep } from 'node:timers/promises'
import { compatibilityPartitioner, Producer, stringSerializers } from '@platformatic/kafka'
import postgres from 'postgres'
import type { Pool } from '../database/database.ts'
import { openOutage } from '../telemetry/outage.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { inTime, wakeable } from '../waiting.ts'
import { messageOf, type LogRow, type TextMessage } from './message.ts'
import type { KafkaSettings } from './client.ts'
import type { Topics } from './topics.ts'

/** Sends the event log of one database to Kafka; of all processes on it one does. */
export interface Relay {
  start(): void
  /** Whether it is this process that sends. */
  readonly leads: boolean
  /** There may be something new in the event log. */
  wake(): void
  /** Position up to which everything is in Kafka. */
  sent(): Promise<number>
  stop(): Promise<void>
}

interface Means {
  pool: Pool
  /** The position up to which the log can be read without missing anything. */
  horizon: () => number
  kafka: KafkaSettings
  topics: Topics
  log: Log
  metrics: Metrics
}

/** Locks of one session: the leader's. */
const leadership = 7305218802
const mostRows = 500
/** Kafka takes a megabyte at once in a partition, unless it is told otherwise. */
const mostBytes = 800_000
const mostHeaders = 600
const pollMs = 1_000
/**
 * A leader that is frozen, or whose network is silent, asks nothing for so long, and PostgreSQL ends its session and
 * with it the lock.
 */
const frozenMs = 8_000

/** The topic of what failed for good, beside the list of dead letters. */
export const deadLetters = 'dead-letters'

/** Fails when nobody sends the event log of this database to Kafka. */
export async function checkRelay(pool: Pool): Promise<void> {
  const [led] = await pool`
    select from pg_locks where locktype = 'advisory' and granted and objsubid = 1
      and (classid::bigint << 32) | objid::bigint = ${leadership}
      and database = (select oid from pg_database where datname = current_database())`
  if (!led) throw new Error('no process sends events to Kafka')
}

/**
 * The leader holds an advisory lock on a connection of its own, asks for it again together with every look at the event
 * log, and so learns that it has lost the connection before it sends more. What was sent and not marked is sent again
 * by the next one; readers skip what they have by position.
 */
export function openRelay(options: Means): Relay {
  const { pool, topics, log, metrics } = options
  const own = connectionOfItsOwn(pool)
  const sender = openSender(options)
  const tellLeader = tellingChanges(log)
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let leader = false
  let failures = 0
  let atOnce = mostRows
  /** Sent to Kafka, and marked so by the next look at the event log. */
  let sentTo = 0
  let hasDead = true

  const sentTotal = metrics.counter('ohmnibus_relay_sent_total', 'Events sent to Kafka')
  const outage = openOutage({ engine: 'kafka', consequence: 'events wait until it does', log, metrics })
  const failedTotal = metrics.counter('ohmnibus_relay_failures_total', 'Attempts to send that failed')
  showUnsent(pool, metrics, () => leader)

  const work = wakeable(async () => {
    try {
      while (!stopped && (await step()));
      failures = 0
      outage.worked()
      return false
    } catch (error) {
      if (stopped) return false
      leader = false
      sentTo = 0
      failedTotal.inc()
      outage.failed('send', error)
      await sleep(Math.min(2_000, 50 * 2 ** ++failures))
      return !stopped
    }
  })

  /** Marks the batch before and sends the next one; true when there is something to mark, and so maybe more to send. */
  async function step(): Promise<boolean> {
    const rows = await markAndLook(own, sentTo, options.horizon(), atOnce)
    sentTo = 0
    leader = rows[0]!.leads
    tellLeader(leader)
    if (!leader) return false
    if (hasDead) {
      hasDead = false
      hasDead = await tellDeadLetters(own, topics, sender.send)
    }
    if (rows[0]!.position === null) return false
    const messages = fitting(rows.map(row => messageOf(row, topics.nameOf(row.topic))))
    await sender.send(messages)
    sentTotal.inc(messages.length)
    sentTo = rows[messages.length - 1]!.position
    atOnce = messages.length < rows.length ? messages.length : Math.min(mostRows, atOnce * 2)
    return true
  }

  /** Where it ends before the next look: others would send all of that again. */
  const mark = async () => {
    if (sentTo > 0)
      await own`update kernel.relay set position = ${sentTo}, updated_at = now() where position < ${sentTo}`
  }
  const look = () => void (!stopped && work.wake())

  return {
    start() {
      timer = setInterval(() => {
        hasDead = true
        look()
      }, pollMs)
      look()
    },
    get leads() {
      return leader
    },
    // Others learn once a second whether the leader is still there: they need not all ask at every commit.
    wake: () => leader && look(),
    async sent() {
      const [row] = await pool<{ position: number }[]>`select position::float8 as position from kernel.relay`
      return row!.position
    },
    async stop() {
      stopped = true
      clearInterval(timer)
      // A send that waits for a broker that is away would keep everything from ending.
      await inTime(1_500, () => work.idle().then(mark)).catch(() => {})
      await inTime(500, () => sender.close()).catch(() => {})
      await own.end({ timeout: 1 })
    },
  }
}

/** Who fails to send leads again a moment later, which is no news. */
function tellingChanges(log: Log): (leader: boolean) => void {
  let told = false
  return leader => {
    if (leader !== told) log.info({ leader }, 'the relay to Kafka changes hands')
    told = leader
  }
}

/**
 * Marks what was sent, asks to lead, and reads on as far as `horizon`; a row without a position where nothing is new.
 */
const markAndLook = (own: Pool, sentTo: number, horizon: number, most: number) => own<(LogRow & { leads: boolean })[]>`
  with state as materialized (
      select greatest(position, ${sentTo}) as position, pg_try_advisory_lock(${leadership}) as leads
      from kernel.relay),
    marked as (update kernel.relay set position = ${sentTo}, updated_at = now() where position < ${sentTo})
  select s.leads, e.position::float8 as position, topic, owner, event_id, key, trace_id, actor::text as actor,
    data::text as data, published_at
  from state s left join lateral (
    select * from kernel.log l where s.leads and l.position > s.position and l.position <= ${horizon}
    order by l.position limit ${most}) e on true
  order by e.position`

function connectionOfItsOwn(pool: Pool): Pool {
  const { connection, ...others } = pool.options
  // The driver takes options as it has read them too, its types do not know that.
  return postgres({
    ...others,
    max: 1,
    idle_timeout: null,
    connection: { ...connection, idle_session_timeout: frozenMs },
  } as never) as never
}

/** As many as may go together, at least one. */
function fitting(messages: TextMessage[]): TextMessage[] {
  let bytes = 0
  const first = messages.findIndex(({ value }) => {
    bytes += Buffer.byteLength(value!) + mostHeaders
    return bytes > mostBytes
  })
  return first < 0 ? messages : messages.slice(0, Math.max(1, first))
}

/** Sends dead letters that were not sent yet; true when there are more. */
async function tellDeadLetters(
  own: Pool,
  topics: Topics,
  send: (messages: TextMessage[]) => Promise<void>,
): Promise<boolean> {
  const dead = await own<(LogRow & { id: string; subscription: string; error: string })[]>`
    select id, subscription, error, position::float8 as position, topic, service as owner, event_id, key, trace_id,
      actor::text as actor, data::text as data, published_at
    from kernel.dead_letters where state = 'dead' and told_at is null order by failed_at limit 50`
  const letters = fitting(
    dead.map(row => {
      const { headers, ...rest } = messageOf(row, topics.nameOf(deadLetters))
      const more = { ohmnibus_subscription: row.subscription, ohmnibus_error: row.error.split('\n', 1)[0]! }
      return { ...rest, headers: { ...headers, ...more } }
    }),
  )
  if (letters.length === 0) return false
  await send(letters)
  await own`
    update kernel.dead_letters set told_at = now()
    where id = any(${dead.slice(0, letters.length).map(({ id }) => id)}) and state = 'dead'`
  return letters.length < dead.length || dead.length === 50
}

/** Sends one at a time, awaited: with more in flight a broker that restarts sees doubles and breaks of order. */
function openSender({ kafka, topics }: { kafka: KafkaSettings; topics: Topics }) {
  let producer: Producer<string, string, string, string> | undefined
  return {
    async send(messages: TextMessage[]): Promise<void> {
      await topics.make(new Set(messages.map(({ topic }) => topic!.slice(kafka.prefix.length))))
      producer ??= new Producer({
        ...kafka.client('relay'),
        idempotent: true,
        acks: -1,
        retries: 3,
        retryDelay: 250,
        partitioner: compatibilityPartitioner,
        serializers: stringSerializers,
      })
      try {
        await producer.send({ messages })
      } catch (error) {
        // Its sequence of numbers may be broken: a new one begins anew, and readers skip what arrived all the same.
        const broken = producer
        producer = undefined
        topics.doubt()
        void broken.close().catch(() => {})
        throw error
      }
    },
    close: async () => await producer?.close(),
  }
}

/** Shows who sends a database's log, and what is still to be sent. */
function showUnsent(pool: Pool, metrics: Metrics, leads: () => boolean): void {
  const database = String(pool.options.database)
  metrics.gauge(
    'ohmnibus_relay_leader',
    'Whether this process sends the event log of a database to Kafka',
    ['database'],
    gauge => gauge.set({ database }, leads() ? 1 : 0),
  )
  metrics.gauge(
    'ohmnibus_relay_oldest_unsent_seconds',
    'Age of the oldest event that is not in Kafka yet',
    ['database'],
    async gauge => {
      const [row] = await pool<{ age: number | null }[]>`
        select extract(epoch from clock_timestamp() - published_at)::float8 as age from kernel.log
        where position > (select position from kernel.relay) order by position limit 1`
      gauge.set({ database }, row?.age ?? 0)
    },
  )
  metrics.gauge(
    'ohmnibus_relay_unsent',
    'Events that are not in Kafka yet, counted up to ten thousand',
    ['database'],
    async gauge => {
      const [row] = await pool<{ unsent: number }[]>`
        select count(*)::int as unsent from (
          select from kernel.log where position > (select position from kernel.relay) limit 10000) unsent`
      gauge.set({ database }, row!.unsent)
    },
  )
}
