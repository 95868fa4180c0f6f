import { madeIn, newId, type Cursor, type Db, type Span, type Tx } from '#kernel'
import type { Kind } from '../messages.ts'
import type { Message } from '../store.ts'
import type { Webhook, WebhookOwner } from './webhook.ts'

const webhookColumns = (db: Db) => db`
  id, json_build_object('kind', owner_kind, 'id', owner_id) as owner, url, description, events, generation,
  former_until as "formerUntil", disabled_because as "disabledBecause", failing_since as "failingSince", failures,
  rests_until as "restsUntil", version, created_at as "createdAt"`

export type NewWebhook = Pick<Webhook, 'owner' | 'url' | 'description' | 'events'>

export async function insertWebhook(tx: Tx, { owner, url, description, events }: NewWebhook, at: Date) {
  const [webhook] = await tx<Webhook[]>`
    insert into webhooks (id, owner_kind, owner_id, url, description, events, created_at, updated_at)
    values (${newId()}, ${owner.kind}, ${owner.id}, ${url}, ${description}, ${events}, ${at}, ${at})
    returning ${webhookColumns(tx)}`
  return webhook!
}

/** Of any of these owners, the oldest first; locks nothing. */
export const listWebhooks = (db: Db, owners: readonly WebhookOwner[]) => db<Webhook[]>`
  select ${webhookColumns(db)} from webhooks
  where (owner_kind, owner_id) in (select kind, id
    from json_to_recordset(${db.json(owners as never)}) as r(kind text, id text))
  order by id`

/** Takes turns with whoever else adds one for this owner, until the commit. */
export async function countWebhooks(tx: Tx, { kind, id }: WebhookOwner): Promise<number> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${`webhooks ${kind} ${id}`}, 0))`
  const [row] = await tx<{ count: number }[]>`
    select count(*)::int as count from webhooks where owner_kind = ${kind} and owner_id = ${id}`
  return row!.count
}

export async function findWebhook(db: Db, id: string, lock = false): Promise<Webhook | undefined> {
  const [webhook] = await db<Webhook[]>`
    select ${webhookColumns(db)} from webhooks where id = ${id} ${lock ? db`for update` : db``}`
  return webhook
}

export async function updateWebhook(tx: Tx, webhook: Webhook, at: Date): Promise<void> {
  const { id, url, description, events, generation, formerUntil, disabledBecause, version } = webhook
  const { failingSince, failures, restsUntil } = webhook
  await tx`
    update webhooks set url = ${url}, description = ${description}, events = ${events}, generation = ${generation},
      former_until = ${formerUntil}, disabled_because = ${disabledBecause}, failing_since = ${failingSince},
      failures = ${failures}, rests_until = ${restsUntil}, version = ${version}, updated_at = ${at}
    where id = ${id}`
}

export const deleteWebhook = (tx: Tx, id: string) => tx`delete from webhooks where id = ${id}`

export const forgetWebhooks = (tx: Tx, { kind, id }: WebhookOwner) =>
  tx`delete from webhooks where owner_kind = ${kind} and owner_id = ${id}`

// ── Calls ──

export interface Call {
  id: string
  event: Kind | 'webhook.test'
  status: 'waiting' | 'sending' | 'delivered' | 'dead'
  tries: number
  nextAt: Date
  answer: number | null
  error: string | null
  createdAt: Date
  updatedAt: Date
}

const callColumns = (db: Db) =>
  db`id, event, status, tries, next_at as "nextAt", answer, error, created_at as "createdAt", updated_at as "updatedAt"`

/** What is sent of a message: `about` is what people are told of it, too. */
export interface News {
  message: Message
  body: string
}

/**
 * A call of each webhook that wants to know of these; an event goes to each once, in however many words it is told.
 * Resolves with the webhooks that have something to do.
 */
export async function insertCalls(tx: Tx, news: readonly News[], at: Date): Promise<string[]> {
  const rows = news.flatMap(({ message: { eventId, event, audience }, body }) =>
    audience.kind === 'address'
      ? []
      : { eventId, event, body, kind: audience.kind === 'managers' ? 'organisation' : audience.kind, to: audience.id },
  )
  if (rows.length === 0) return []
  const inserted = await tx<{ webhookId: string }[]>`
    insert into webhook_calls (id, webhook_id, event_id, event, body, next_at, created_at, updated_at)
    select gen_random_uuid(), w.id, r."eventId", r.event, r.body, ${at}, ${at}, ${at}
    from json_to_recordset(${tx.json(rows as never)}) as r("eventId" uuid, event text, body text, kind text, "to" text)
    join webhooks w on w.owner_kind = r.kind and w.owner_id = r."to"
    where w.disabled_because is null and (cardinality(w.events) = 0 or r.event = any(w.events))
    on conflict (webhook_id, event_id) do nothing returning webhook_id as "webhookId"`
  return [...new Set(inserted.map(({ webhookId }) => webhookId))]
}

/** What is due for a webhook, the oldest first; nobody else takes it before `until`. */
export const claimCalls = (tx: Tx, webhookId: string, at: Date, until: Date, most: number) => tx<
  (Pick<Call, 'id' | 'tries'> & { body: string })[]
>`
  with due as (
    select id from webhook_calls
    where webhook_id = ${webhookId} and status in ('waiting', 'sending') and next_at <= ${at}
    order by next_at, id limit ${most} for update skip locked)
  update webhook_calls c set status = 'sending', tries = tries + 1, next_at = ${until}, updated_at = ${at}
  from due where c.id = due.id returning c.id, c.tries, c.body`

/** How a try went; one that somebody else has taken over meanwhile is theirs. */
export const endCall = (
  tx: Tx,
  call: Pick<Call, 'id' | 'tries' | 'status' | 'nextAt' | 'answer' | 'error'>,
  at: Date,
) =>
  tx`
    update webhook_calls set status = ${call.status}, next_at = ${call.nextAt}, answer = ${call.answer},
      error = ${call.error}, updated_at = ${at}
    where id = ${call.id} and tries = ${call.tries} and status = 'sending'`

/** When there is something to do next; null where nothing is open. */
export async function nextCallAt(db: Db, webhookId: string): Promise<Date | null> {
  const [row] = await db<{ at: Date | null }[]>`
    select min(next_at) as at from webhook_calls where webhook_id = ${webhookId} and status in ('waiting', 'sending')`
  return row!.at
}

/** Webhooks with something that has been due for so long that the job for it must be lost. */
export const findForgotten = (db: Db, before: Date) => db<{ id: string }[]>`
  select distinct w.id from webhooks w join webhook_calls c on c.webhook_id = w.id
  where c.status in ('waiting', 'sending') and c.next_at < ${before} and w.disabled_because is null
    and (w.rests_until is null or w.rests_until < ${before})`

export const listCalls = (
  db: Db,
  { webhookId, status, created }: { webhookId: string; status: Call['status'] | undefined; created: Span },
  limit: number,
  before: Cursor | undefined,
) => db<Call[]>`
  select ${callColumns(db)} from webhook_calls
  where webhook_id = ${webhookId} ${status ? db`and status = ${status}` : db``} ${madeIn(db, 'created_at', created)}
    ${before ? db`and (created_at, id) < (${before[0] as string}::timestamptz, ${before[1] as string}::uuid)` : db``}
  order by created_at desc, id desc limit ${limit}`

/** Those that were given up, one or all since a time, are wanted again. Resolves with how many. */
export async function reviveCalls(tx: Tx, webhookId: string, which: { id: string } | { since: Date }, at: Date) {
  const chosen = 'id' in which ? tx`id = ${which.id}` : tx`created_at >= ${which.since}`
  const revived = await tx<Call[]>`
    update webhook_calls set status = 'waiting', tries = 0, next_at = ${at}, updated_at = ${at}
    where webhook_id = ${webhookId} and status = 'dead' and ${chosen} returning ${callColumns(tx)}`
  return revived
}

export async function findCall(db: Db, webhookId: string, id: string): Promise<Call | undefined> {
  const [call] = await db<Call[]>`
    select ${callColumns(db)} from webhook_calls where id = ${id} and webhook_id = ${webhookId}`
  return call
}

/** With what it sends. */
export async function findCallBody(db: Db, webhookId: string, id: string) {
  const [call] = await db<(Call & { body: string })[]>`
    select ${callColumns(db)}, body from webhook_calls where id = ${id} and webhook_id = ${webhookId}`
  return call
}

/** Calls older than `before` that are done with. */
export const dropCalls = (tx: Tx, before: Date) =>
  tx`delete from webhook_calls where created_at < ${before} and status in ('delivered', 'dead')`

// ── Of all owners ──

export interface FailingWebhook extends Webhook {
  /** How many calls of it were given up; no more than `mostShownDead + 1` are counted. */
  dead: number
  /** Why the last call did not arrive. */
  lastError: string | null
}

export const mostShownDead = 1_000

/** Webhooks at which nothing arrives, or that were switched off for it; the latest made first. */
export const listFailing = (db: Db, off: boolean | undefined, after: string | undefined, limit: number) => db<
  FailingWebhook[]
>`
  select ${webhookColumns(db)},
    (select count(*)::int from (select from webhook_calls c where c.webhook_id = webhooks.id and c.status = 'dead'
      limit ${mostShownDead + 1}) found) as dead,
    (select c.error from webhook_calls c
      where c.webhook_id = webhooks.id and c.status <> 'delivered' and c.tries > 0
      order by c.created_at desc, c.id desc limit 1) as "lastError"
  from webhooks
  where (failing_since is not null or disabled_because in ('failures', 'gone'))
    ${off === undefined ? db`` : off ? db`and disabled_because is not null` : db`and disabled_because is null`}
    ${after ? db`and id < ${after}` : db``}
  order by id desc limit ${limit}`

export interface DeadCall extends Call {
  webhookId: string
  owner: WebhookOwner
  url: string
}

/** Calls that were given up, of all or of one, the newest first. */
export const listDead = (
  db: Db,
  { webhookId, event, created }: { webhookId: string | undefined; event: string | undefined; created: Span },
  limit: number,
  before: Cursor | undefined,
) => db<DeadCall[]>`
  select c.id, c.event, c.status, c.tries, c.next_at as "nextAt", c.answer, c.error, c.created_at as "createdAt",
    c.updated_at as "updatedAt", w.id as "webhookId", w.url,
    json_build_object('kind', w.owner_kind, 'id', w.owner_id) as owner
  from webhook_calls c join webhooks w on w.id = c.webhook_id
  where c.status = 'dead' ${webhookId ? db`and c.webhook_id = ${webhookId}` : db``}
    ${event ? db`and c.event = ${event}` : db``} ${madeIn(db, 'c.created_at', created)}
    ${before ? db`and (c.created_at, c.id) < (${before[0] as string}::timestamptz, ${before[1] as string}::uuid)` : db``}
  order by c.created_at desc, c.id desc limit ${limit}`

/** One that was given up, with its webhook. */
export async function findDead(db: Db, id: string): Promise<{ webhookId: string } | undefined> {
  const [row] = await db<{ webhookId: string }[]>`
    select webhook_id as "webhookId" from webhook_calls where id = ${id} and status = 'dead'`
  return row
}

/** The oldest of a webhook that were given up since a time are wanted again. */
export async function reviveOldest(tx: Tx, webhookId: string, since: Date, most: number, at: Date): Promise<number> {
  const revived = await tx`
    update webhook_calls set status = 'waiting', tries = 0, next_at = ${at}, updated_at = ${at}
    where id in (select id from webhook_calls
      where webhook_id = ${webhookId} and status = 'dead' and created_at >= ${since}
      order by created_at, id limit ${most} for update skip locked)
    returning id`
  return revived.length
}
