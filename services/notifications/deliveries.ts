import type { Cursor, Db, Span, Tx } from '#kernel'
import type { Locale } from './kinds/kind.ts'
import type { Closing } from './mailing/store.ts'
import type { Kind } from './messages.ts'
import { timingColumns } from './store.ts'
import type { Timing } from './timing.ts'

export const deliveryStatuses = ['waiting', 'sending', 'sent', 'failed', 'dead', 'obsolete'] as const
export const deliveryChannels = ['email', 'push', 'sms'] as const
/** By mail to an address, by push to a device (`push:<id>`), by SMS to a number. */
export type DeliveryChannel = (typeof deliveryChannels)[number]
export type DeliveryStatus = (typeof deliveryStatuses)[number]

export interface Delivery {
  id: string
  event: Kind
  channel: DeliveryChannel
  address: string
  status: DeliveryStatus
  tries: number
  error: string | null
  locale: Locale
  facts: Record<string, unknown>
  createdAt: Date
  updatedAt: Date
}

const deliveryColumns = (db: Db) => db`
  d.id, m.event, d.channel, d.address, d.status, d.tries, d.error, d.locale, m.facts, d.created_at as "createdAt",
  d.updated_at as "updatedAt"`

export interface NewDelivery {
  id: string
  messageId: string
  eventId: string
  channel: DeliveryChannel
  address: string
  name: string | null
  locale: Locale
  /** Null for an address without an account. */
  userId: string | null
  /** When the digest goes out that it is for; null for what goes out by itself. */
  digestAt: Date | null
}

/** Resolves with the ids of those whose address has no mail of their event yet. */
export async function insertDeliveries(tx: Tx, deliveries: readonly NewDelivery[], at: Date): Promise<Set<string>> {
  if (deliveries.length === 0) return new Set()
  const inserted = await tx<{ id: string }[]>`
    insert into deliveries
      (id, message_id, event_id, channel, address, name, locale, user_id, digest_at, created_at, updated_at)
    select id, "messageId", "eventId", channel, address, name, locale, "userId", "digestAt", ${at}, ${at}
    from json_to_recordset(${tx.json(deliveries as never)}) as r(id uuid, "messageId" uuid, "eventId" uuid,
      channel text, address citext, name text, locale text, "userId" uuid, "digestAt" timestamptz)
    on conflict (event_id, address) do nothing returning id`
  return new Set(inserted.map(({ id }) => id))
}

/** What is gathered for an address of one kind. */
export interface Mailing {
  address: string
  event: Kind
}

/** Of mailings that something was added to those that nobody waits to send yet, and when that may be. */
export async function awaitMailings(
  tx: Tx,
  mailings: readonly Mailing[],
  at: Date,
): Promise<(Mailing & { nextAt: Date })[]> {
  if (mailings.length === 0) return []
  return await tx<(Mailing & { nextAt: Date })[]>`
    insert into mailings as m (address, event, next_at, waiting)
    select distinct on (address, event) address, event, ${at}::timestamptz, true
    from json_to_recordset(${tx.json(mailings as never)}) as r(address citext, event text)
    order by address, event
    on conflict (address, event) do update set waiting = true, next_at = greatest(m.next_at, ${at}) where not m.waiting
    returning address, event, next_at as "nextAt"`
}

/** A delivery that is being sent now, with what its message says. */
export interface Claimed {
  id: string
  event: Kind
  channel: DeliveryChannel
  /** This one included. */
  tries: number
  address: string
  name: string | null
  locale: Locale
  facts: Record<string, unknown>
  path: string | null
  createdAt: Date
  userId: string | null
  /** Why its address takes no mail. */
  closed: Closing | null
}

const claimedColumns = (db: Db) => db`
  d.id, m.event, d.channel, d.tries, d.address, d.name, d.locale, m.facts, m.path, d.created_at as "createdAt", d.user_id as "userId",
  (select because from closed_addresses c where c.address = d.address and c.reopened_at is null) as closed`

/** Those of a mail that it shows, the oldest first, and how many it tells of in all. */
export interface ClaimedTogether {
  shown: Claimed[]
  total: number
}

/**
 * What waits of a kind for an address, as the mail `mailId`; what that mail took at an earlier try, if there was one.
 * The next one may go at `nextAt`. Undefined when there is nothing (more) to send.
 */
export async function claimTogether(
  tx: Tx,
  mailId: string,
  { address, event }: Mailing,
  { at, nextAt, most }: { at: Date; nextAt: Date; most: number },
): Promise<ClaimedTogether | undefined> {
  const claim = (chosen: ReturnType<Db>) => claimAll(tx, mailId, chosen, { at, most })
  const before = await claim(tx`d.mail_id = ${mailId} and ${isOpen(tx)}`)
  if (before) return before
  // Held first, so that nobody adds to what was claimed already without a job of its own.
  await tx`
    update mailings set waiting = false, next_at = ${nextAt}
    where address = ${address}::citext and event = ${event}`
  return await claim(tx`
    d.address = ${address}::citext and d.status = 'waiting' and d.mail_id is null and d.digest_at is null
      and m.event = ${event}`)
}

/** What waits for somebody's digests until `until`, or all of it, as `claimTogether` does. */
export async function claimDigest(
  tx: Tx,
  mailId: string,
  { userId, until }: { userId: string; until: Date | null },
  { at, most }: { at: Date; most: number },
): Promise<ClaimedTogether | undefined> {
  const before = await claimAll(tx, mailId, tx`d.mail_id = ${mailId} and ${isOpen(tx)}`, { at, most })
  return (
    before ??
    (await claimAll(
      tx,
      mailId,
      tx`d.user_id = ${userId} and d.digest_at is not null and d.status = 'waiting' and d.mail_id is null
        ${until ? tx`and d.digest_at <= ${until}` : tx``}`,
      { at, most },
    ))
  )
}

const isOpen = (db: Db) => db`d.status in ('waiting', 'sending', 'failed')`

async function claimAll(
  tx: Tx,
  mailId: string,
  chosen: ReturnType<Db>,
  { at, most }: { at: Date; most: number },
): Promise<ClaimedTogether | undefined> {
  const rows = await tx<(Claimed & { total: number })[]>`
    with claimed as (
      update deliveries d set status = 'sending', tries = tries + 1, updated_at = ${at}, mail_id = ${mailId}
      from messages m
      where ${chosen} and (m.id, m.event_id) = (d.message_id, d.event_id)
      returning ${claimedColumns(tx)}
    )
    select *, (count(*) over ())::int as total from claimed order by "createdAt", id limit ${most}`
  return rows.length > 0 ? { shown: rows, total: rows[0]!.total } : undefined
}

/** What its reader chose of a mail that is to go out; undefined where they chose nothing. */
export async function timingOf(db: Db, deliveryId: string): Promise<(Timing & { event: Kind }) | undefined> {
  const [row] = await db<(Timing & { event: Kind })[]>`
    select m.event, ${timingColumns(db)}
    from deliveries d join preferences p on p.user_id = d.user_id
      join messages m on (m.id, m.event_id) = (d.message_id, d.event_id)
    where d.id = ${deliveryId}`
  return row
}

/** The same of what is gathered for an address, or was claimed as the mail `mailId`. */
export async function timingOfMailing(db: Db, mailId: string, { address }: Mailing): Promise<Timing | undefined> {
  const [row] = await db<Timing[]>`
    select ${timingColumns(db)} from deliveries d join preferences p on p.user_id = d.user_id
    where (d.mail_id = ${mailId} and ${isOpen(db)})
      or (d.address = ${address}::citext and d.status = 'waiting' and d.mail_id is null)
    limit 1`
  return row
}

/** How the try of a mail went, for all that it tells of. */
export async function endTogether(
  tx: Tx,
  mailId: string,
  status: 'sent' | 'failed' | 'dead' | 'obsolete',
  error: string | null,
  at: Date,
): Promise<void> {
  await tx`
    update deliveries set status = ${status}, error = ${error}, updated_at = ${at}
    where mail_id = ${mailId} and status = 'sending'`
}

/** Forgets when those were sent that nothing waits for. */
export const dropMailings = (tx: Tx, before: Date) => tx`
  delete from mailings where not waiting and next_at < ${before}`

/**
 * Undefined when there is nothing (more) to send. One in `sending` was left by a worker that died, and is sent again.
 */
export async function claimDelivery(tx: Tx, id: string, at: Date): Promise<Claimed | undefined> {
  const [row] = await tx<Claimed[]>`
    update deliveries d set status = 'sending', tries = tries + 1, updated_at = ${at} from messages m
    where d.id = ${id} and d.status in ('waiting', 'sending', 'failed')
      and (m.id, m.event_id) = (d.message_id, d.event_id)
    returning ${claimedColumns(tx)}`
  return row
}

export async function endTry(
  tx: Tx,
  id: string,
  status: 'sent' | 'failed' | 'dead' | 'obsolete',
  error: string | null,
  at: Date,
): Promise<void> {
  await tx`
    update deliveries set status = ${status}, error = ${error}, updated_at = ${at}
    where id = ${id} and status = 'sending'`
}

export interface DeliveryFilter {
  channel?: DeliveryChannel
  status?: DeliveryStatus
  created: Span
}

const chosenDeliveries = (db: Db, { channel, status, created: { from, to } }: DeliveryFilter) => db`
  ${status ? db`d.status = ${status}` : db`true`} ${channel ? db`and d.channel = ${channel}` : db``}
  ${from ? db`and d.created_at >= ${from}` : db``} ${to ? db`and d.created_at < ${to}` : db``}`

/** The newest first, below the time and id `before`. */
export const listDeliveries = (
  db: Db,
  filter: DeliveryFilter,
  { before, limit }: { before?: Cursor; limit: number },
): Promise<Delivery[]> => db<Delivery[]>`
  select ${deliveryColumns(db)} from deliveries d join messages m on (m.id, m.event_id) = (d.message_id, d.event_id)
  where ${chosenDeliveries(db, filter)}
    ${before ? db`and (d.created_at, d.id) < (${before[0]!}::timestamptz, ${before[1]!}::uuid)` : db``}
  order by d.created_at desc, d.id desc limit ${limit}`

/** As many as there are, `most` at most. */
export async function countDeliveries(db: Db, filter: DeliveryFilter, most: number): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count
    from (select from deliveries d where ${chosenDeliveries(db, filter)} limit ${most}) counted`
  return row!.count
}

export async function findDelivery(db: Db, id: string): Promise<Delivery | undefined> {
  const [row] = await db<Delivery[]>`
    select ${deliveryColumns(db)} from deliveries d join messages m on (m.id, m.event_id) = (d.message_id, d.event_id)
    where d.id = ${id}`
  return row
}

/** One with what its message says, as it would be sent. */
export async function findContent(db: Db, id: string): Promise<(Claimed & Delivery) | undefined> {
  const [row] = await db<(Claimed & Delivery)[]>`
    select ${claimedColumns(db)}, d.status, d.error, d.updated_at as "updatedAt"
    from deliveries d join messages m on (m.id, m.event_id) = (d.message_id, d.event_id)
    where d.id = ${id}`
  return row
}

/** Takes dead deliveries back to work, the oldest `most` of a channel, or of a kind, since a time. Resolves with their ids. */
export async function reviveMany(
  tx: Tx,
  { channel, event, from }: { channel?: DeliveryChannel; event?: Kind; from?: Date },
  most: number,
  at: Date,
): Promise<string[]> {
  const revived = await tx<{ id: string }[]>`
    update deliveries set status = 'waiting', mail_id = null, digest_at = null, updated_at = ${at}
    where (id, event_id) in (
      select d.id, d.event_id from deliveries d join messages m on (m.id, m.event_id) = (d.message_id, d.event_id)
      where d.status = 'dead' ${channel ? tx`and d.channel = ${channel}` : tx``}
        ${event ? tx`and m.event = ${event}` : tx``} ${from ? tx`and d.created_at >= ${from}` : tx``}
      order by d.created_at, d.id limit ${most})
    returning id`
  return revived.map(({ id }) => id)
}

/** Takes a dead delivery back to work; false when it is not dead (any more). */
export async function revive(tx: Tx, id: string, at: Date): Promise<boolean> {
  const revived = await tx`
    update deliveries set status = 'waiting', mail_id = null, digest_at = null, updated_at = ${at}
    where id = ${id} and status = 'dead' returning id`
  return revived.length > 0
}

export interface LeftLying extends Mailing {
  id: string
  mailId: string | null
  userId: string | null
  digestAt: Date | null
}

/** What has been open since before `since`: its job must have died with its last try. */
export async function findLeftLying(db: Db, since: Date): Promise<{ messages: string[]; deliveries: LeftLying[] }> {
  const messages = await db<
    { id: string }[]
  >`select id from messages where addressed_at is null and created_at < ${since} order by created_at limit 1000`
  const deliveries = await db<LeftLying[]>`
    select d.id, d.address, m.event, d.mail_id as "mailId", d.user_id as "userId", d.digest_at as "digestAt"
    from deliveries d join messages m on (m.id, m.event_id) = (d.message_id, d.event_id)
    where d.status in ('waiting', 'sending', 'failed') and d.updated_at < ${since}
      and (d.digest_at is null or d.digest_at < ${since})
    order by d.updated_at limit 1000`
  return { messages: messages.map(({ id }) => id), deliveries }
}
