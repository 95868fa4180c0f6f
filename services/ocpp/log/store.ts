import type { OcppVersion } from '#contracts/ocpp'
import type { Db } from '#kernel'
import type { Fragment } from '../search.ts'

/** A message and its answer, as it is shown. */
export interface Message {
  readonly id: string
  readonly messageId: string
  readonly direction: 'received' | 'sent'
  readonly action: string
  readonly ocppVersion: OcppVersion
  readonly at: Date
  readonly payload: unknown
  readonly outcome: 'answered' | 'error' | 'timeout' | 'unsent'
  readonly answer: unknown
  readonly errorCode: string | null
  readonly errorDescription: string | null
}

/** Which messages are meant, by what they say. */
export interface Said {
  readonly action?: string | undefined
  readonly direction?: 'received' | 'sent' | undefined
  readonly outcome?: Message['outcome'] | undefined
  readonly errorCode?: string | undefined
  readonly text?: string | undefined
  readonly from?: Date | undefined
  readonly to?: Date | undefined
}

/** Those of a charger; none from before it was this charger. */
export interface Wanted extends Said {
  readonly chargerId: string
  readonly since: Date
}

/** So many messages are looked at for a page, and so many where each has to be read through. */
const mostLookedAt = 10_000
const mostReadThrough = 1_000
/** What is larger is not shown in a list, and not read through any further. */
const mostShown = 65_536
/** A call to a charger is written down when it has ended, and clocks differ. */
const lag = { early: 60_000, late: 3_600_000 }

const columns = (db: Db) => db`
  id, message_id as "messageId", direction, action, ocpp_version as "ocppVersion", at, outcome,
  error_code as "errorCode", error_description as "errorDescription"`

const readThrough = (db: Db, text: string) => {
  const pattern = text.toLowerCase()
  return db`and (position(${pattern} in lower(left(payload::text, ${mostShown}))) > 0
    or position(${pattern} in lower(left(answer::text, ${mostShown}))) > 0
    or position(${pattern} in lower(error_description)) > 0)`
}

const saying = (db: Db, { action, direction, outcome, errorCode, text, from, to }: Said) => db`
  ${action === undefined ? db`` : db`and action = ${action}`}
  ${direction ? db`and direction = ${direction}` : db``} ${outcome ? db`and outcome = ${outcome}` : db``}
  ${errorCode === undefined ? db`` : db`and error_code = ${errorCode}`}
  ${from ? db`and at >= ${from}` : db``} ${to ? db`and at < ${to}` : db``}
  ${text === undefined ? db`` : readThrough(db, text)}`

const short = (db: Db, column: 'payload' | 'answer') =>
  db`case when length(${db(column)}::text) <= ${mostShown} then ${db(column)} end as ${db(column)}`

const stretchTo = (db: Db, to: Date | undefined, before: string | undefined) => db`
  ${to ? db`and id < kernel.uuid_at(${new Date(to.getTime() + lag.late)})` : db``}
  ${before ? db`and id < ${before}` : db``}`

/** Where an index finds them; the rest is looked at one by one. */
function stretchOf(db: Db, { chargerId, since, outcome, errorCode, from, to }: Wanted, before: string | undefined) {
  const isFailed = errorCode !== undefined || (outcome !== undefined && outcome !== 'answered')
  const first = new Date(Math.max(since.getTime(), from?.getTime() ?? 0) - lag.early)
  return db`
    charger_id = ${chargerId} and id >= kernel.uuid_at(${first}) ${stretchTo(db, to, before)} ${isFailed ? db`and outcome <> 'answered'` : db``}`
}

const mostFor = ({ text }: Said): number => (text === undefined ? mostLookedAt : mostReadThrough)

/** Of a stretch what is looked at at once, and of that what is wanted of one charger. */
const ofOne = (db: Db, wanted: Wanted, stretch: Fragment) => db`
  from (select * from messages where ${stretch} order by id desc limit ${mostFor(wanted)}) m
  where at >= ${wanted.since} ${saying(db, wanted)}`

/** Those of all chargers. */
function stretchOfAll(db: Db, { from, to }: Said, before: string | undefined) {
  const first = new Date((from?.getTime() ?? lag.early) - lag.early)
  return db`id >= kernel.uuid_at(${first}) ${stretchTo(db, to, before)}`
}

/** Whose chargers; null is nobody's, undefined everybody's. */
type Scopes = readonly (string | null)[] | undefined

/** The same of all chargers that belong to these. */
function ofAll(db: Db, scopes: Scopes, wanted: Said, stretch: Fragment) {
  const owners = scopes?.filter(owner => owner !== null) ?? []
  return db`
    from (select * from messages where ${stretch} order by id desc limit ${mostFor(wanted)}) m
    where exists (
      select from chargers c where c.id = m.charger_id and m.at >= c.created_at
        ${scopes ? db`and (c.owner_id = any(${owners}) ${scopes.includes(null) ? db`or c.owner_id is null` : db``})` : db``})
      ${saying(db, wanted)}`
}

/**
 * The latest first, up to `limit`, and behind which one to go on; undefined where there are no more. However rare what
 * is wanted is, a page costs no more: it may hold less than `limit`, and there be more behind it.
 */
export async function listMessages(
  db: Db,
  wanted: Wanted,
  limit: number,
  before: string | undefined,
): Promise<{ messages: Message[]; behind: string | undefined }> {
  const stretch = stretchOf(db, wanted, before)
  const messages = await db<Message[]>`
    select ${columns(db)}, ${short(db, 'payload')}, ${short(db, 'answer')} ${ofOne(db, wanted, stretch)}
    order by id desc limit ${limit + 1}`
  return await cut(db, messages, limit, stretch, mostFor(wanted))
}

/** The same over all chargers that belong to these. */
export async function listAllMessages(db: Db, scopes: Scopes, wanted: Said, limit: number, before: string | undefined) {
  const stretch = stretchOfAll(db, wanted, before)
  const messages = await db<(Message & { chargerId: string })[]>`
    select ${columns(db)}, charger_id as "chargerId", ${short(db, 'payload')}, ${short(db, 'answer')}
    ${ofAll(db, scopes, wanted, stretch)}
    order by id desc limit ${limit + 1}`
  return await cut(db, messages, limit, stretch, mostFor(wanted))
}

/** How many there are among as many as a page looks at; `exact` is false where the stretch goes on. */
export const countMessages = (db: Db, wanted: Wanted) => {
  const stretch = stretchOf(db, wanted, undefined)
  return countOf(db, ofOne(db, wanted, stretch), stretch, mostFor(wanted))
}
export const countAllMessages = (db: Db, scopes: Scopes, wanted: Said) => {
  const stretch = stretchOfAll(db, wanted, undefined)
  return countOf(db, ofAll(db, scopes, wanted, stretch), stretch, mostFor(wanted))
}

async function countOf(db: Db, found: Fragment, stretch: Fragment, most: number) {
  const [row] = await db<{ count: number; exact: boolean }[]>`
    select (select count(*)::int ${found}) as count,
      not exists (select from messages where ${stretch} order by id desc offset ${most} limit 1) as exact`
  return row!
}

/** As many as were asked for; where there were fewer among those looked at, behind the last of these. */
async function cut<M extends Message>(db: Db, messages: M[], limit: number, stretch: Fragment, most: number) {
  if (messages.length > limit) return { messages: messages.slice(0, limit), behind: messages[limit - 1]!.id }
  const [end] = await db<{ id: string }[]>`
    select id from messages where ${stretch} order by id desc offset ${most - 1} limit 1`
  return { messages, behind: end?.id }
}

/** All of one message. */
export async function findMessage(db: Db, chargerId: string, since: Date, id: string): Promise<Message | undefined> {
  const [row] = await db<Message[]>`
    select ${columns(db)}, payload, answer from messages
    where charger_id = ${chargerId} and id = ${id} and at >= ${since}`
  return row
}

/** What was written down of a charger behind an id, oldest first. */
export const messagesBehind = (db: Db, chargerId: string, id: string, limit: number) => db<Message[]>`
  select ${columns(db)}, payload, answer from messages
  where charger_id = ${chargerId} and id > ${id} order by id limit ${limit}`
