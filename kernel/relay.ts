import { compatibilityPartitioner, Producer, stringSerializers, type MessageToProduce } from '@platformatic/kafka'
import postgres from 'postgres'
import { traceparent } from './context.ts'
import type { Pool } from './database.ts'
import type { KafkaSettings, Topics } from './kafka.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { EventRow } from './road.ts'

/** Sends the log of one database to Kafka; of all processes on it one does. */
export interface Relay {
  start(): void
  /** There may be something new in the log. */
  wake(): void
  /** Position up to which everything is in Kafka. */
  sent(): Promise<number>
  stop(): Promise<void>
}

type TextMessage = MessageToProduce<string, string, string, string>

interface LogRow extends EventRow {
  owner: string
}

/** Locks of one session: the leader's. */
const leadership = 7305218802
const batch = 500
const pollMs = 1_000
/** A leader that is frozen, or whose network is silent, asks nothing for so long, and PostgreSQL ends its session and with it the lock. */
const frozenMs = 8_000

/** Fails when nobody sends the log of this database to Kafka. */
export async function checkRelay(pool: Pool): Promise<void> {
  const [led] = await pool`select from pg_locks where locktype = 'advisory' and granted and objsubid = 1
    and (classid::bigint << 32) | objid::bigint = ${leadership} and database = (select oid from pg_database where datname = current_database())`
  if (!led) throw new Error('no process sends events to Kafka')
}

/**
 * The leader holds an advisory lock on a connection of its own, asks for it again together with every look at the log, and so learns that it has
 * lost the connection before it sends more. What was sent and not marked is sent again by the next one; readers skip what they have by position.
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
  const { connection, ...others } = pool.options as unknown as postgres.Options<{}>
  const own = postgres({ ...others, max: 1, idle_timeout: null, connection: { ...connection, idle_session_timeout: frozenMs } } as never)
  let producer: Producer<string, string, string, string> | undefined
  let stopped = false
  let again = false
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let leader = false
  let failures = 0

  const database = String(pool.options.database)
  const sentTotal = metrics.counter('ohmnibus_relay_sent_total', 'Events sent to Kafka')
  const failedTotal = metrics.counter('ohmnibus_relay_failures_total', 'Attempts to send that failed')
  metrics.gauge('ohmnibus_relay_leader', 'Whether this process sends the log of a database to Kafka', ['database'], gauge =>
    gauge.set({ database }, leader ? 1 : 0),
  )
  metrics.gauge('ohmnibus_relay_oldest_unsent_seconds', 'Age of the oldest event that is not in Kafka yet', ['database'], async gauge => {
    const [row] = await pool<{ age: number | null }[]>`
      select extract(epoch from clock_timestamp() - published_at)::float8 as age from kernel.log
      where position > (select position from kernel.relay) order by position limit 1`
    gauge.set({ database }, row?.age ?? 0)
  })
  metrics.gauge('ohmnibus_relay_unsent', 'Events that are not in Kafka yet, counted up to ten thousand', ['database'], async gauge => {
    const [row] = await pool<{ unsent: number }[]>`select count(*)::int as unsent from
      (select from kernel.log where position > (select position from kernel.relay) limit 10000) unsent`
    gauge.set({ database }, row!.unsent)
  })

  const wake = (): void => {
    again = true
    if (!stopped) running ??= work()
  }

  async function work(): Promise<void> {
    while (again && !stopped) {
      again = false
      try {
        while (!stopped && (await step()));
        failures = 0
      } catch (error) {
        if (stopped) break
        leader = false
        failedTotal.inc()
        // At first it may just be restarting.
        if (failures++ % 20 === 3) log.warn({ err: error }, 'events cannot be sent to Kafka; trying again')
        await new Promise(resolve => setTimeout(resolve, Math.min(2_000, 50 * 2 ** failures)))
        again = true
      }
    }
    // Together with the last look at `again`: nobody may come in between.
    running = undefined
  }

  /** One batch, from the look at the lock to the mark; true when there may be more. */
  async function step(): Promise<boolean> {
    const [state] = await own<{ leader: boolean; position: number }[]>`
      select position::float8 as position, pg_try_advisory_lock(${leadership}) as leader from kernel.relay`
    if (state!.leader !== leader) log.info({ leader: state!.leader }, 'the relay to Kafka changes hands')
    leader = state!.leader
    if (!leader) return false
    const rows = await own<LogRow[]>`
      select position::float8 as position, 0 as offset, topic, owner, event_id, key, trace_id, actor, data, published_at
      from kernel.log e where position > ${state!.position} and position <= ${options.horizon()} order by e.position limit ${batch}`
    if (rows.length > 0) {
      await send(rows.map(message))
      sentTotal.inc(rows.length)
      await own`update kernel.relay set position = ${rows.at(-1)!.position}, updated_at = now() where position < ${rows.at(-1)!.position}`
    }
    const told = await tellDeadLetters()
    return rows.length === batch || told
  }

  async function tellDeadLetters(): Promise<boolean> {
    const dead = await own<(LogRow & { id: string; subscription: string; error: string })[]>`
      select id, subscription, error, position::float8 as position, 0 as offset, topic, service as owner, event_id, key, trace_id, actor, data, published_at
      from kernel.parked where state = 'dead' and told_at is null order by parked_at limit ${batch}`
    if (dead.length === 0) return false
    await send(
      dead.map(row => {
        const { headers, ...rest } = message(row)
        const more = { ohmnibus_subscription: row.subscription, ohmnibus_error: row.error }
        return { ...rest, topic: topics.nameOf(deadLetters), headers: { ...headers, ...more } }
      }),
    )
    await own`update kernel.parked set told_at = now() where id = any(${dead.map(({ id }) => id)})`
    return dead.length === batch
  }

  /** Exactly one at a time, awaited: with more in flight a broker that restarts sees doubles and breaks of order. */
  async function send(messages: TextMessage[]): Promise<void> {
    await topics.make(new Set(messages.map(({ topic }) => topic)))
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
      void broken.close().catch(() => {})
      throw error
    }
  }

  const message = (row: LogRow): TextMessage => ({
    topic: topics.nameOf(row.topic),
    key: row.key,
    value: JSON.stringify({ eventId: row.event_id, timestamp: row.published_at.toISOString(), actor: row.actor, ...row.data }),
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
      timer = setInterval(wake, pollMs)
      wake()
    },
    wake,
    async sent() {
      const [row] = await pool<{ position: number }[]>`select position::float8 as position from kernel.relay`
      return row!.position
    },
    async stop() {
      stopped = true
      clearInterval(timer)
      // A send that waits for a broker that is away would keep everything from ending.
      await Promise.race([running, new Promise(resolve => setTimeout(resolve, 1_500).unref())])
      await Promise.race([producer?.close(), new Promise(resolve => setTimeout(resolve, 500).unref())]).catch(() => {})
      await own.end({ timeout: 1 })
    },
  }
}

/** The topic of what failed for good, beside the list of dead letters. */
export const deadLetters = 'dead-letters'
