import type { Cursor, Db, Span, Tx } from '#kernel'
import type { Audience, Locale } from './kinds/kind.ts'
import type { Choices, Kind } from './messages.ts'

// ── Messages ──

export interface Message {
  id: string
  eventId: string
  event: Kind
  /** Who caused the event; null for the platform itself. */
  actorId: string | null
  audience: Audience
  /** Audiences that hear of the event in other words; who belongs to one of them is left out. */
  told: Audience[]
  facts: Record<string, unknown>
  path: string | null
}

// Rows of many at once travel as one parameter: a statement for each number of them would have to be planned anew.

/** Resolves with the ids of those whose event had not told their audience yet. */
export async function insertMessages(tx: Tx, messages: readonly Message[], at: Date): Promise<string[]> {
  if (messages.length === 0) return []
  const rows = messages.map(({ audience, ...message }) => ({
    ...message,
    kind: audience.kind,
    to: audience.kind === 'address' ? audience.address.toLowerCase() : audience.id,
    locale: audience.kind === 'address' ? audience.locale : null,
  }))
  const inserted = await tx<{ id: string }[]>`
    insert into messages
      (id, event_id, event, actor_id, audience_kind, audience, locale, facts, path, told, created_at)
    select id, "eventId", event, "actorId", kind, "to", locale, facts, path, told, ${at}
    from json_to_recordset(${tx.json(rows as never)}) as r(id uuid, "eventId" uuid, event text, "actorId" uuid,
      kind text, "to" text, locale text, facts jsonb, path text, told jsonb)
    on conflict do nothing returning id`
  return inserted.map(({ id }) => id)
}

interface MessageRow extends Omit<Message, 'audience'> {
  kind: Audience['kind']
  to: string
  locale: Locale | null
}

export async function findMessages(db: Db, ids: readonly string[]): Promise<Message[]> {
  const rows = await db<MessageRow[]>`
    select id, event_id as "eventId", event, actor_id as "actorId", audience_kind as kind, audience as "to", locale,
      facts, path, told
    from messages where id = any(${ids as string[]})`
  return rows.map(({ kind, to, locale, ...message }) => ({
    ...message,
    audience: (kind === 'address' ? { kind, address: to, locale: locale! } : { kind, id: to }) as Audience,
  }))
}

/** Those that this transaction alone may address; others wait for it and get none of them. */
export async function markAddressed(tx: Tx, ids: readonly string[], at: Date): Promise<Set<string>> {
  // Locked in one order, so that two that share messages wait for each other instead of locking each other out.
  const marked = await tx<{ id: string }[]>`
    update messages m set addressed_at = greatest(created_at, ${at})
    from (select id, event_id from messages where id = any(${ids as string[]}) and addressed_at is null
      order by id for update) open
    where (m.id, m.event_id) = (open.id, open.event_id) returning m.id`
  return new Set(marked.map(({ id }) => id))
}

// ── Notifications ──

export interface Notification {
  id: string
  event: Kind
  title: string
  text: string
  path: string | null
  createdAt: Date
  readAt: Date | null
  position: number
}

const notificationColumns = (db: Db) =>
  db`id, event, title, text, path, created_at as "createdAt", read_at as "readAt", position`

export type NewNotification = Pick<Notification, 'id' | 'event' | 'title' | 'text' | 'path'> & {
  userId: string
  eventId: string
}

/** In the order given, each behind what its person has already. Resolves with those whose event was new to them. */
export async function insertNotifications(
  tx: Tx,
  notifications: readonly NewNotification[],
  at: Date,
): Promise<Pick<NewNotification, 'id' | 'userId' | 'event'>[]> {
  if (notifications.length === 0) return []
  const counts = [...Map.groupBy(notifications, ({ userId }) => userId)]
    .map(([userId, of]) => ({ userId, count: of.length }))
    // Sorted, so that two that share readers wait for each other instead of locking each other out.
    .sort((a, b) => (a.userId < b.userId ? -1 : 1))
  const inboxes = await tx<{ userId: string; position: number }[]>`
    insert into inboxes as i (user_id, position)
    select "userId", count from json_to_recordset(${tx.json(counts)}) as r("userId" uuid, count integer)
    on conflict (user_id) do update set position = i.position + excluded.position
    returning user_id as "userId", position`
  const last = new Map(inboxes.map(({ userId, position }) => [userId, position]))
  const rows = notifications
    .toReversed()
    .map(notification => {
      const position = last.get(notification.userId)!
      last.set(notification.userId, position - 1)
      return { ...notification, position }
    })
    .toReversed()
  return await tx<Pick<NewNotification, 'id' | 'userId' | 'event'>[]>`
    insert into notifications (id, user_id, position, event_id, event, title, text, path, created_at)
    select id, "userId", position, "eventId", event, title, text, path, ${at}
    from json_to_recordset(${tx.json(rows as never)}) as r(id uuid, "userId" uuid, position integer, "eventId" uuid,
      event text, title text, text text, path text)
    on conflict (event_id, user_id) do nothing returning id, user_id as "userId", event`
}

/** What people were told of these events in the application. */
export const listToldOf = (db: Db, eventIds: readonly string[]) => db<
  (Pick<Notification, 'id' | 'event' | 'title' | 'text' | 'path' | 'createdAt'> & { userId: string })[]
>`
  select id, user_id as "userId", event, title, text, path, created_at as "createdAt"
  from notifications where event_id = any(${eventIds as string[]})`

export interface NotificationFilter {
  unread: boolean
  created: Span
}

const chosenNotifications = (db: Db, userId: string, { unread, created: { from, to } }: NotificationFilter) => db`
  user_id = ${userId} ${unread ? db`and read_at is null` : db``}
  ${from ? db`and created_at >= ${from}` : db``} ${to ? db`and created_at < ${to}` : db``}`

/** The newest first, below the position `before`. */
export const listNotifications = (
  db: Db,
  userId: string,
  filter: NotificationFilter,
  { before, limit }: { before?: number; limit: number },
): Promise<Notification[]> => db<Notification[]>`
  select ${notificationColumns(db)} from notifications
  where ${chosenNotifications(db, userId, filter)} and position < ${before ?? 2 ** 31 - 1}
  order by position desc limit ${limit}`

/** As many as there are, `most` at most. */
export async function countNotifications(
  db: Db,
  userId: string,
  filter: NotificationFilter,
  most: number,
): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count
    from (select from notifications where ${chosenNotifications(db, userId, filter)} limit ${most}) counted`
  return row!.count
}

/** The oldest first, above the position `after`: nothing can come in below what was read once. */
export const listNewer = (db: Db, userId: string, after: number, limit: number): Promise<Notification[]> => db<
  Notification[]
>`
  select ${notificationColumns(db)} from notifications
  where user_id = ${userId} and position > ${after} order by position limit ${limit}`

/** Whether everything that came after a position is still there; not for one that nothing has reached yet. */
export async function isKept(db: Db, userId: string, position: number): Promise<boolean> {
  const [row] = await db<{ newest: number; oldest: number | null }[]>`
    select coalesce((select position from inboxes where user_id = ${userId}), 0) as newest,
      (select min(position) from notifications where user_id = ${userId}) as oldest`
  const { newest, oldest } = row!
  return position === newest || (position >= 0 && position < newest && oldest !== null && oldest <= position + 1)
}

/** Position of the newest notification of a person; 0 without any. */
export async function newestPosition(db: Db, userId: string): Promise<number> {
  const [row] = await db<{ position: number }[]>`select position from inboxes where user_id = ${userId}`
  return row?.position ?? 0
}

/** The notification as read; the first time counts. */
export async function markRead(tx: Tx, id: string, userId: string, at: Date): Promise<Notification | undefined> {
  const [row] = await tx<Notification[]>`
    update notifications set read_at = coalesce(read_at, ${at}) where id = ${id} and user_id = ${userId}
    returning ${notificationColumns(tx)}`
  return row
}

/** Resolves with how many there were to read. */
export async function markAllRead(tx: Tx, userId: string, at: Date): Promise<number> {
  const { count } = await tx`update notifications set read_at = ${at} where user_id = ${userId} and read_at is null`
  return count
}

/** What a person was told in the application, and what they chose. */
export async function forgetPerson(tx: Tx, userId: string): Promise<void> {
  await tx`delete from notifications where user_id = ${userId}`
  await tx`delete from inboxes where user_id = ${userId}`
  await tx`delete from preferences where user_id = ${userId}`
}

// ── Deliveries ──

export const deliveryStatuses = ['waiting', 'sending', 'sent', 'failed', 'dead', 'obsolete'] as const
export type DeliveryStatus = (typeof deliveryStatuses)[number]

export interface Delivery {
  id: string
  event: Kind
  address: string
  status: DeliveryStatus
  tries: number
  error: string | null
  createdAt: Date
  updatedAt: Date
}

const deliveryColumns = (db: Db) => db`
  d.id, m.event, d.address, d.status, d.tries, d.error, d.created_at as "createdAt", d.updated_at as "updatedAt"`

export interface NewDelivery {
  id: string
  messageId: string
  eventId: string
  address: string
  name: string | null
  locale: Locale
}

/** Resolves with the ids of those whose address has no mail of their event yet. */
export async function insertDeliveries(tx: Tx, deliveries: readonly NewDelivery[], at: Date): Promise<Set<string>> {
  if (deliveries.length === 0) return new Set()
  const inserted = await tx<{ id: string }[]>`
    insert into deliveries (id, message_id, event_id, address, name, locale, created_at, updated_at)
    select id, "messageId", "eventId", address, name, locale, ${at}, ${at}
    from json_to_recordset(${tx.json(deliveries as never)}) as r(id uuid, "messageId" uuid, "eventId" uuid,
      address citext, name text, locale text)
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
  address: string
  name: string | null
  locale: Locale
  facts: Record<string, unknown>
  path: string | null
  createdAt: Date
}

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
  const claim = async (chosen: ReturnType<Db>): Promise<ClaimedTogether | undefined> => {
    const rows = await tx<(Claimed & { total: number })[]>`
      with claimed as (
        update deliveries d set status = 'sending', tries = tries + 1, updated_at = ${at}, mail_id = ${mailId}
        from messages m
        where ${chosen} and (m.id, m.event_id) = (d.message_id, d.event_id)
        returning d.id, m.event, d.address, d.name, d.locale, m.facts, m.path, d.created_at as "createdAt"
      )
      select *, (count(*) over ())::int as total from claimed order by "createdAt", id limit ${most}`
    return rows.length > 0 ? { shown: rows, total: rows[0]!.total } : undefined
  }
  const before = await claim(tx`d.mail_id = ${mailId} and d.status in ('waiting', 'sending', 'failed')`)
  if (before) return before
  // Held first, so that nobody adds to what was claimed already without a job of its own.
  await tx`
    update mailings set waiting = false, next_at = ${nextAt}
    where address = ${address}::citext and event = ${event}`
  return await claim(tx`
    d.address = ${address}::citext and d.status = 'waiting' and d.mail_id is null and m.event = ${event}`)
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
    returning d.id, m.event, d.address, d.name, d.locale, m.facts, m.path, d.created_at as "createdAt"`
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
  status?: DeliveryStatus
  created: Span
}

const chosenDeliveries = (db: Db, { status, created: { from, to } }: DeliveryFilter) => db`
  ${status ? db`d.status = ${status}` : db`true`}
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

/** Takes a dead delivery back to work; false when it is not dead (any more). */
export async function revive(tx: Tx, id: string, at: Date): Promise<boolean> {
  const revived = await tx`
    update deliveries set status = 'waiting', mail_id = null, updated_at = ${at}
    where id = ${id} and status = 'dead' returning id`
  return revived.length > 0
}

/** What has been open since before `since`: its job must have died with its last try. */
export async function findLeftLying(
  db: Db,
  since: Date,
): Promise<{ messages: string[]; deliveries: (Mailing & { id: string; mailId: string | null })[] }> {
  const messages = await db<
    { id: string }[]
  >`select id from messages where addressed_at is null and created_at < ${since} order by created_at limit 1000`
  const deliveries = await db<(Mailing & { id: string; mailId: string | null })[]>`
    select d.id, d.address, m.event, d.mail_id as "mailId"
    from deliveries d join messages m on (m.id, m.event_id) = (d.message_id, d.event_id)
    where d.status in ('waiting', 'sending', 'failed') and d.updated_at < ${since}
    order by d.updated_at limit 1000`
  return { messages: messages.map(({ id }) => id), deliveries }
}

// ── Retention ──

const families = ['deliveries', 'notifications', 'messages'] as const

/**
 * Has parts of `periodMs` ready for the time to come, and drops those in which all events are older than `before`;
 * resolves with how many.
 */
export async function tend(tx: Tx, at: Date, periodMs: number, before: Date): Promise<number> {
  let dropped = 0
  // In this order, as a delivery needs its message.
  for (const family of families) {
    const [tended] = await tx<{ count: number }[]>`
      select kernel.tend(${family}, ${at}, ${periodMs} * interval '1 ms', ${before}) as count`
    dropped += tended!.count
  }
  return dropped
}

// ── Preferences ──

export interface Preferences extends Choices {
  locale: Locale | null
  /** 0 for somebody who has chosen nothing yet. */
  version: number
}

const none: Preferences = { email: {}, inApp: {}, locale: null, version: 0 }

export async function findPreferences(db: Db, userIds: readonly string[]): Promise<Map<string, Preferences>> {
  const rows = await db<(Preferences & { userId: string })[]>`
    select user_id as "userId", email, in_app as "inApp", locale, version
    from preferences where user_id = any(${userIds as string[]})`
  return new Map(rows.map(({ userId, ...preferences }) => [userId, preferences]))
}

export const preferencesOf = async (db: Db, userId: string): Promise<Preferences> =>
  (await findPreferences(db, [userId])).get(userId) ?? none

/** The person's preferences, which nobody else changes until the transaction ends. */
export async function lockPreferences(tx: Tx, userId: string): Promise<Preferences> {
  await tx`insert into preferences (user_id) values (${userId}) on conflict do nothing`
  await tx`select from preferences where user_id = ${userId} for update`
  return await preferencesOf(tx, userId)
}

export async function updatePreferences(
  tx: Tx,
  userId: string,
  { email, inApp, locale, version }: Preferences,
): Promise<void> {
  await tx`
    update preferences set email = ${tx.json(email as never)}, in_app = ${tx.json(inApp as never)},
      locale = ${locale}, version = ${version}
    where user_id = ${userId}`
}
