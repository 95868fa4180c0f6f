import { compatibilityPartitioner, Producer, stringSerializers, type MessageToProduce } from '@platformatic/kafka'
import postgres from 'postgres'
import { traceparent } from '../telemetry/context.ts'
import type { Pool } from '../database/database.ts'
import type { KafkaSettings, Topics } from './topics.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openOutage } from '../telemetry/engine-failures.ts'
import type { EventRow } from '../events/transport.ts'

/** Sends the log of one database to Kafka; of all processes on it one does. */
export interface Relay {
  start(): void
  /** Whether it is this process that sends. */
  readonly leads: boolean
  /** There may be something new in the log. */
  wake(): void
  /** Position up to which everything is in Kafka. */
  sent(): Promise<number>
  stop(): Promise<void>
}

type TextMessage = MessageToProduce<string, string, string, string>

/** Of the log or of a dead letter; what is JSON there goes out as it is. */
interface LogRow extends Omit<EventRow, 'actor' | 'data' | 'offset'> {
  owner: string
  actor: string
  data: string
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

/** Fails when nobody sends the log of this database to Kafka. */
export async function checkRelay(pool: Pool): Promise<void> {
  const [led] = await pool`select from pg_locks where locktype = 'advisory' and granted and objsubid = 1
    and (classid::bigint << 32) | objid::bigint = ${leadership} and database = (select oid from pg_database where datname = current_database())`
  if (!led) throw new Error('no process sends events to Kafka')
}

/**
 * The leader holds an advisory lock on a connection of its own, asks for it again together with every look at the log,
 * and so learns that it has lost the connection before it sends more. What was sent and not marked is sent again by the
 * next one; readers skip what they have by position.
 */
export function openRelay(options: {
  pool: Pool
  horizon: () => number
  kafka: KafkaSettings
  topics: Topics
  log: Log
  metrics: Metrics
}): Relay {
  const { pool, kafka, topics, log, metrics } = options
  const { connection, ...others } = pool.options
  // The driver takes options as it has read them too, its types do not know that.
  const own = postgres({
    ...others,
    max: 1,
    idle_timeout: null,
    connection: { ...connection, idle_session_timeout: frozenMs },
  } as never)
  let producer: Producer<string, string, string, string> | undefined
  let stopped = false
  let again = false
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let leader = false
  let failures = 0
  let atOnce = mostRows
  /** Sent to Kafka, and marked so by the next look at the log. */
  let sentTo = 0
  let hasDead = true

  const database = String(pool.options.database)
  const sentTotal = metrics.counter('ohmnibus_relay_sent_total', 'Events sent to Kafka')
  const outage = openOutage({ engine: 'kafka', consequence: 'events wait in the log until it does', log, metrics })
  const failedTotal = metrics.counter('ohmnibus_relay_failures_total', 'Attempts to send that failed')
  metrics.gauge(
    'ohmnibus_relay_leader',
    'Whether this process sends the log of a database to Kafka',
    ['database'],
    gauge => gauge.set({ database }, leader ? 1 : 0),
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
      const [row] = await pool<{ unsent: number }[]>`select count(*)::int as unsent from
      (select from kernel.log where position > (select position from kernel.relay) limit 10000) unsent`
      gauge.set({ database }, row!.unsent)
    },
  )

  const look = (): void => {
    again = true
    if (!stopped) running ??= work()
  }

  async function work(): Promise<void> {
    while (again && !stopped) {
      again = false
      try {
        while (!stopped && (await step()));
        failures = 0
        outage.worked()
      } catch (error) {
        if (stopped) break
        leader = false
        sentTo = 0
        failedTotal.inc()
        outage.failed('send', error)
        await new Promise(resolve => setTimeout(resolve, Math.min(2_000, 50 * 2 ** ++failures)))
        again = true
      }
    }
    // Together with the last look at `again`: nobody may come in between.
    running = undefined
  }

  /** Marks the batch before and sends the next one; true when there is something to mark, and so maybe more to send. */
  async function step(): Promise<boolean> {
    const rows = await own<(LogRow & { leads: boolean })[]>`
      with state as materialized (select greatest(position, ${sentTo}) as position, pg_try_advisory_lock(${leadership}) as leads from kernel.relay),
        marked as (update kernel.relay set position = ${sentTo}, updated_at = now() where position < ${sentTo})
      select s.leads, e.position::float8 as position, topic, owner, event_id, key, trace_id, actor::text as actor, data::text as data, published_at
      from state s left join lateral (select * from kernel.log l where s.leads and l.position > s.position and l.position <= ${options.horizon()}
        order by l.position limit ${atOnce}) e on true order by e.position`
    sentTo = 0
    const leads = rows[0]!.leads
    if (leads !== leader) log.info({ leader: leads }, 'the relay to Kafka changes hands')
    leader = leads
    if (!leader) return false
    if (hasDead) {
      hasDead = false
      await tellDeadLetters()
    }
    if (rows[0]!.position === null) return false
    const messages = fitting(rows.map(message))
    await send(messages)
    sentTotal.inc(messages.length)
    sentTo = rows[messages.length - 1]!.position
    atOnce = messages.length < rows.length ? messages.length : Math.min(mostRows, atOnce * 2)
    return true
  }

  /** Where it ends before the next look: others would send all of that again. */
  const mark = () => own`update kernel.relay set position = ${sentTo}, updated_at = now() where position < ${sentTo}`

  /** As many as may go together, at least one. */
  function fitting(messages: TextMessage[]): TextMessage[] {
    let bytes = 0
    const first = messages.findIndex(({ value }) => (bytes += Buffer.byteLength(value!) + mostHeaders) > mostBytes)
    return first < 0 ? messages : messages.slice(0, Math.max(1, first))
  }

  async function tellDeadLetters(): Promise<void> {
    const dead = await own<(LogRow & { id: string; subscription: string; error: string })[]>`
      select id, subscription, error, position::float8 as position, topic, service as owner, event_id, key, trace_id, actor::text as actor,
        data::text as data, published_at
      from kernel.parked where state = 'dead' and told_at is null order by parked_at limit 50`
    const letters = fitting(
      dead.map(row => {
        const { headers, ...rest } = message(row)
        const more = { ohmnibus_subscription: row.subscription, ohmnibus_error: row.error.split('\n', 1)[0]! }
        return { ...rest, topic: topics.nameOf(deadLetters), headers: { ...headers, ...more } }
      }),
    )
    if (letters.length === 0) return
    await send(letters)
    await own`update kernel.parked set told_at = now() where id = any(${dead.slice(0, letters.length).map(({ id }) => id)}) and state = 'dead'`
    hasDead = letters.length < dead.length || dead.length === 50
  }

  /** Exactly one at a time, awaited: with more in flight a broker that restarts sees doubles and breaks of order. */
  async function send(messages: TextMessage[]): Promise<void> {
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
  }

  // The data of an event has at least its key.
  const message = (row: LogRow): TextMessage => ({
    topic: topics.nameOf(row.topic),
    key: row.key,
    value: `{"eventId":"${row.event_id}","timestamp":"${row.published_at.toISOString()}","actor":${row.actor},${row.data.slice(row.data.indexOf('{') + 1)}`,
    timestamp: BigInt(row.published_at.getTime()),
    headers: {
      ce_specversion: '1.0',
      ce_id: row.event_id,
      ce_type: row.topic,
      ce_source: `urn:ohmnibus:${row.owner}`,
      ce_subject: row.key,
      ce_time: row.published_at.toISOString(),
      ce_sequence: String(row.position),
      'content-type': 'application/json',
      traceparent: traceparent(row.trace_id),
    },
  })

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
      await Promise.race([running?.then(mark), new Promise(resolve => setTimeout(resolve, 1_500).unref())]).catch(
        () => {},
      )
      await Promise.race([producer?.close(), new Promise(resolve => setTimeout(resolve, 500).unref())]).catch(() => {})
      await own.end({ timeout: 1 })
    },
  }
}

/** The topic of what failed for good, beside the list of dead letters. */
export const deadLetters = 'dead-letters'
