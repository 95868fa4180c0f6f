import type { Cursor, Db, Span, Tx } from '#kernel'
import type { Audience, Draft, Locale } from './kinds/kind.ts'
import type { Choices, Kind } from './messages.ts'

// ── Messages ──

export interface Message {
  id: string
  eventId: string
  event: Kind
  audience: Audience
  /** Audiences that hear of the event in other words; who belongs to one of them is left out. */
  told: Audience[]
  facts: Record<string, unknown>
  path: string | null
}

/** False when the event has told this audience already. */
export async function insertMessage(
  tx: Tx,
  id: string,
  event: { id: string; kind: Kind },
  { audience, told, facts, path }: Draft & { told: Audience[] },
  at: Date,
): Promise<boolean> {
  const [to, locale] =
    audience.kind === 'address' ? [audience.address.toLowerCase(), audience.locale] : [audience.id, null]
  const inserted = await tx`
    insert into messages (id, event_id, event, audience_kind, audience, locale, facts, path, told, created_at)
    values (${id}, ${event.id}, ${event.kind}, ${audience.kind}, ${to}, ${locale}, ${tx.json(facts as never)},
      ${path ?? null}, ${tx.json(told as never)}, ${at})
    on conflict do nothing returning id`
  return inserted.length > 0
}

interface MessageRow extends Omit<Message, 'audience'> {
  kind: Audience['kind']
  to: string
  locale: Locale | null
}

/** A message nobody has addressed yet. */
export async function findOpenMessage(db: Db, id: string): Promise<Message | undefined> {
  const [row] = await db<MessageRow[]>`
    select id, event_id as "eventId", event, audience_kind as kind, audience as "to", locale, facts, path, told
    from messages where id = ${id} and addressed_at is null`
  if (!row) return undefined
  const { kind, to, locale, ...message } = row
  return { ...message, audience: kind === 'address' ? { kind, address: to, locale: locale! } : { kind, id: to } }
}

/** True for the one transaction that may address the message; others wait for it and get false. */
export async function markAddressed(tx: Tx, id: string, at: Date): Promise<boolean> {
  const marked = await tx`
      update messages set addressed_at = greatest(created_at, ${at})
      where id = ${id} and addressed_at is null returning id`
  return marked.length > 0
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

/**
 * Adds notifications of one event, one a person, in the order of their inboxes. Resolves with those who had none of
 * this event yet.
 */
export async function insertNotifications(
  tx: Tx,
  eventId: string,
  event: Kind,
  notifications: readonly { id: string; userId: string; title: string; text: string; path: string | null }[],
  at: Date,
): Promise<{ id: string; userId: string }[]> {
  if (notifications.length === 0) return []
  // Sorted, so that two that share readers wait for each other instead of locking each other out.
  const userIds = notifications.map(({ userId }) => userId).sort()
  const inboxes = await tx<{ userId: string; position: number }[]>`
    insert into inboxes as i (user_id, position) select unnest(${userIds}::uuid[]), 1
    on conflict (user_id) do update set position = i.position + 1 returning user_id as "userId", position`
  const positions = new Map(inboxes.map(({ userId, position }) => [userId, position]))
  const rows = notifications.map(({ id, userId, title, text, path }) => ({
    id,
    user_id: userId,
    position: positions.get(userId)!,
    event_id: eventId,
    event,
    title,
    text,
    path,
    created_at: at,
  }))
  return await tx<{ id: string; userId: string }[]>`
    insert into notifications ${tx(rows)} on conflict (event_id, user_id) do nothing returning id, user_id as "userId"`
}

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

/** Adds mails of one message. Resolves with the ids of those whose address has no mail of this event yet. */
export async function insertDeliveries(
  tx: Tx,
  message: Message,
  deliveries: readonly { id: string; address: string; name: string | null; locale: Locale }[],
  at: Date,
): Promise<string[]> {
  if (deliveries.length === 0) return []
  const rows = deliveries.map(delivery => ({
    ...delivery,
    message_id: message.id,
    event_id: message.eventId,
    created_at: at,
    updated_at: at,
  }))
  const inserted = await tx<
    { id: string }[]
  >`insert into deliveries ${tx(rows)} on conflict (event_id, address) do nothing returning id`
  return inserted.map(({ id }) => id)
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
      update deliveries set status = 'waiting', updated_at = ${at} where id = ${id} and status = 'dead' returning id`
  return revived.length > 0
}

/** What has been open since before `since`: its job must have died with its last try. */
export async function findLeftLying(db: Db, since: Date): Promise<{ messages: string[]; deliveries: string[] }> {
  const messages = await db<
    { id: string }[]
  >`select id from messages where addressed_at is null and created_at < ${since} order by created_at limit 1000`
  const deliveries = await db<{ id: string }[]>`
    select id from deliveries where status in ('waiting', 'sending', 'failed') and updated_at < ${since}
    order by updated_at limit 1000`
  return { messages: messages.map(({ id }) => id), deliveries: deliveries.map(({ id }) => id) }
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
