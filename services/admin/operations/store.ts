import type { EventActor } from '#contracts/shared'
import { madeIn, type Db, type Span, type Tx } from '#kernel'

/** What somebody looks for. */
export interface Wanted {
  readonly topic?: string | undefined
  readonly service?: string | undefined
  readonly key?: string | undefined
  readonly traceId?: string | undefined
  readonly published?: Span
  /** Between which positions it lies: from one on, before another. */
  readonly least: number
  readonly most: number
}

/** An event as it lies in the log. */
export interface Logged {
  readonly position: number
  readonly eventId: string
  readonly topic: string
  readonly service: string
  readonly key: string
  readonly traceId: string
  readonly actor: EventActor
  readonly publishedAt: Date
  readonly data: Record<string, unknown>
}

/** How far the clocks of who publishes may be apart. */
const apartMs = 60_000

/** Between which positions lies what was published within a span. */
export const stretchOf = async (db: Db, published: Span) => ({
  published,
  least: published.from ? await positionAt(db, published.from.getTime() - apartMs) : 0,
  most: published.to ? await positionAt(db, published.to.getTime() + apartMs) : Number.MAX_SAFE_INTEGER,
})

/** The log for people: the latest first, those before a position. */
export function browse(db: Db, wanted: Wanted, limit: number, before = Number.MAX_SAFE_INTEGER) {
  const { topic, service, key, traceId, published = {}, least, most } = wanted
  // What is rare is found by its index first, not by going through all from the end.
  return db<Logged[]>`
    with found as ${key || traceId ? db`materialized` : db`not materialized`} (
      select * from kernel.log where position >= ${least} and position < ${Math.min(before, most)}
        ${topic ? db`and topic = ${topic}` : db``} ${service ? db`and owner = ${service}` : db``}
        ${key ? db`and key = ${key}` : db``} ${traceId ? db`and left(trace_id, 32) = ${traceId}` : db``}
        ${madeIn(db, 'published_at', published)})
    select position::float8 as position, event_id as "eventId", topic, owner as service, key,
      left(trace_id, 32) as "traceId", actor, published_at as "publishedAt", data
    from found order by position desc limit ${limit}`
}

/** Halves the log until it is found: of events that are asked for by time nobody keeps an index. */
async function positionAt(db: Db, at: number): Promise<number> {
  const [ends] = await db<{ low: number | null; high: number | null }[]>`
    select min(position)::float8 as low, max(position)::float8 as high from kernel.log`
  let [low, high] = [ends!.low ?? 0, (ends!.high ?? 0) + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [row] = await db<{ position: number; at: Date }[]>`
      select position::float8 as position, published_at as at from kernel.log
      where position >= ${middle} order by position limit 1`
    if (!row || row.at.getTime() >= at) high = middle
    else low = row.position + 1
  }
  return low
}

export interface Reaction {
  readonly subscription: string
  readonly service: string
  readonly purpose: string | null
  readonly state: 'handled' | 'coming' | 'retrying' | 'dead' | 'waiting'
  readonly attempts: number
  readonly error: string | null
}

/** How each who reacts to an event's topic stands to it. */
export const reactionsTo = (db: Db, position: number) => db<Reaction[]>`
  select s.name as subscription, s.service, s.purpose, coalesce(d.attempts, 0) as attempts, d.error,
    coalesce(d.state, case when exists (
      select from kernel.cursors c where c.subscription = s.name and c.position >= l.position)
      then 'handled' else 'coming' end) as state
  from kernel.log l join kernel.subscriptions s on s.topic = l.topic and s.orphaned_at is null
  left join kernel.dead_letters d on d.subscription = s.name and d.key = l.key and d.event_id = l.event_id
  where l.position = ${position} order by 1`

export interface Letter {
  readonly id: string
  readonly subscription: string
  readonly topic: string
  readonly error: string | null
  readonly failedAt: Date
}

/** What is dead, of one subscription or of all. */
export const listDead = (db: Db, subscription: string | undefined, limit: number) => db<Letter[]>`
  select id, subscription, topic, error, failed_at as "failedAt" from kernel.dead_letters
  where state = 'dead' ${subscription === undefined ? db`` : db`and subscription = ${subscription}`}
  order by subscription, position limit ${limit}`

/** Lets these be tried again, as the route for single ones does; who reacts looks for them every second. */
export async function tryAgain(tx: Tx, ids: readonly string[]): Promise<number> {
  const tried = await tx`
    update kernel.dead_letters set state = 'retrying', next_at = now(), attempts = 0, told_at = null
    where id = any(${ids as string[]}::uuid[]) and state = 'dead'`
  return tried.count
}
