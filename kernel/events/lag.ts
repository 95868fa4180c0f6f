import type { Pool } from '../database/database.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { wholeLog } from './transport.ts'

/** Closes the range, so that PostgreSQL walks the index of one topic and no further. */
const maxPosition = Number.MAX_SAFE_INTEGER

/**
 * What a subscription has in the event log still to handle, counted up to the limit asked for, and how old the oldest
 * of it is.
 */
export interface Lag {
  readonly name: string
  readonly lag: number
  /** Seconds. */
  readonly age: number | null
}

/** How far all subscriptions of a database that read the event log itself are behind, those of other processes too. */
export const lagOf = async (pool: Pool, most: number): Promise<Lag[]> =>
  await pool<Lag[]>`
    select s.name, u.lag, u.age from kernel.subscriptions s join kernel.cursors c on c.subscription = s.name, lateral (
      select count(*)::int as lag, extract(epoch from clock_timestamp() - min(published_at))::float8 as age from (
        select published_at from kernel.log e
        where (e.topic, e.position) > (s.topic, c.at_offset) and (e.topic, e.position) <= (s.topic, ${maxPosition})
          and e.position > c.at_offset
        order by e.topic, e.position limit ${most}) unread) u
    where c.partition = ${wholeLog} and s.orphaned_at is null`

/**
 * Shows operators how far they are behind, where the event log itself is the transport, and which no code has any more.
 */
export function showLag(pool: Pool, metrics: Metrics, isLog: boolean): void {
  metrics.gauge(
    'ohmnibus_event_lag',
    'Events of the event log a subscription has still to handle',
    ['subscription'],
    async gauge => {
      if (isLog) for (const { name, lag } of await lagOf(pool, 10_000)) gauge.set({ subscription: name }, lag)
    },
  )
  metrics.gauge(
    'ohmnibus_event_oldest_unhandled_seconds',
    'Age of the oldest event a subscription has still to handle',
    ['subscription'],
    async gauge => {
      if (isLog) for (const { name, age } of await lagOf(pool, 1)) gauge.set({ subscription: name }, age ?? 0)
    },
  )
  metrics.gauge(
    'ohmnibus_event_orphaned_seconds',
    'For how long no code has had a subscription any more',
    ['subscription'],
    async gauge => {
      for (const { name, age } of await pool<Lag[]>`
        select name, extract(epoch from clock_timestamp() - orphaned_at)::float8 as age from kernel.subscriptions
        where orphaned_at is not null`)
        gauge.set({ subscription: name }, age!)
    },
  )
}
