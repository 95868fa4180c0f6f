import type { Db, Span, Tx } from '#kernel'
import type { Audience, Locale } from './kinds/kind.ts'
import type { Choices, Kind } from './messages.ts'
import { untimed, type Timing } from './timing.ts'

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

/** What a person was told in the application, what they chose, and that mails were theirs. */
export async function forgetPerson(tx: Tx, userId: string): Promise<void> {
  await tx`delete from notifications where user_id = ${userId}`
  await tx`delete from inboxes where user_id = ${userId}`
  await tx`delete from preferences where user_id = ${userId}`
  await tx`delete from push_devices where user_id = ${userId}`
  await tx`delete from phones where user_id = ${userId}`
  await tx`delete from closed_addresses where user_id = ${userId}`
  await tx`
    update deliveries set user_id = null,
      status = case when digest_at is not null and status = 'waiting' then 'obsolete' else status end
    where user_id = ${userId}`
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

export interface Preferences extends Choices, Timing {
  locale: Locale | null
  /** 0 for somebody who has chosen nothing yet. */
  version: number
}

const none: Preferences = { email: {}, inApp: {}, push: {}, sms: {}, ...untimed, locale: null, version: 0 }

/** Of `preferences p`. */
export const timingColumns = (db: Db) => db`
  p.time_zone as "timeZone", p.digest, p.digest_at as "digestAt",
  case when p.quiet_from is not null then json_build_object('from', p.quiet_from, 'to', p.quiet_to) end as quiet`

export async function findPreferences(db: Db, userIds: readonly string[]): Promise<Map<string, Preferences>> {
  const rows = await db<(Preferences & { userId: string })[]>`
    select p.user_id as "userId", p.email, p.in_app as "inApp", p.push, p.sms, p.locale, p.version, ${timingColumns(db)}
    from preferences p where user_id = any(${userIds as string[]})`
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
  { email, inApp, push, sms, timeZone, quiet, digest, digestAt, locale, version }: Preferences,
): Promise<void> {
  await tx`
    update preferences set email = ${tx.json(email as never)}, in_app = ${tx.json(inApp as never)},
      push = ${tx.json(push as never)}, sms = ${tx.json(sms as never)}, time_zone = ${timeZone},
      quiet_from = ${quiet?.from ?? null}, quiet_to = ${quiet?.to ?? null}, digest = ${digest}, digest_at = ${digestAt},
      locale = ${locale}, version = ${version}
    where user_id = ${userId}`
}
