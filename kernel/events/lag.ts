import type { Pool } from '../database/database.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { wholeLog } from './transport.ts'

/** Closes the range, so that PostgreSQL walks the index of one topic and no further. */
const maxPosition = Number.MAX_SAFE_INTEGER

/**
 * What a subscription has in the log still to handle, counted up to the limit asked for, and how old the oldest of it
 * is.
 */
export interface Backlog {
  readonly name: string
  readonly lag: number
  /** Seconds. */
  readonly age: number | null
}

/**
 * Shows operators what the subscriptions of these names, which read the log itself, have still to handle; others ask
 * with what is given back.
 */
export function openBacklog(pool: Pool, metrics: Metrics, names: () => string[]): (most: number) => Promise<Backlog[]> {
  const unread = async (most: number): Promise<Backlog[]> =>
    await pool<Backlog[]>`
    select s.name, u.lag, u.age from kernel.subscriptions s join kernel.lanes l on l.subscription = s.name,
      lateral (select count(*)::int as lag, extract(epoch from clock_timestamp() - min(published_at))::float8 as age from (select published_at
        from kernel.log e where (e.topic, e.position) > (s.topic, l.at_offset) and (e.topic, e.position) <= (s.topic, ${maxPosition}) and e.position > l.at_offset
        order by e.topic, e.position limit ${most}) unread) u
    where l.lane = ${wholeLog} and s.name = any(${names()})`
  metrics.gauge(
    'ohmnibus_event_lag',
    'Events of the log a subscription has still to handle',
    ['subscription'],
    async gauge => {
      for (const { name, lag } of await unread(10_000)) gauge.set({ subscription: name }, lag)
    },
  )
  metrics.gauge(
    'ohmnibus_event_oldest_unhandled_seconds',
    'Age of the oldest event a subscription has still to handle',
    ['subscription'],
    async gauge => {
      for (const { name, age } of await unread(1)) gauge.set({ subscription: name }, age ?? 0)
    },
  )
  return unread
}
