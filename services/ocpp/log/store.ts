import type { OcppVersion } from '#contracts/ocpp'
import type { Db } from '#kernel'

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

/** Which messages of a charger are meant; none from before it was this charger. */
export interface Wanted {
  readonly chargerId: string
  readonly since: Date
  readonly action?: string | undefined
  readonly direction?: 'received' | 'sent' | undefined
  readonly outcome?: Message['outcome'] | undefined
  readonly errorCode?: string | undefined
  readonly text?: string | undefined
  readonly from?: Date | undefined
  readonly to?: Date | undefined
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

/** Where an index finds them; the rest is looked at one by one. */
function stretchOf(db: Db, { chargerId, since, outcome, errorCode, from, to }: Wanted, before: string | undefined) {
  const isFailed = errorCode !== undefined || (outcome !== undefined && outcome !== 'answered')
  const first = new Date(Math.max(since.getTime(), from?.getTime() ?? 0) - lag.early)
  return db`
    charger_id = ${chargerId} and id >= kernel.uuid_at(${first})
    ${to ? db`and id < kernel.uuid_at(${new Date(to.getTime() + lag.late)})` : db``}
    ${before ? db`and id < ${before}` : db``} ${isFailed ? db`and outcome <> 'answered'` : db``}`
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
  const { since, action, direction, outcome, errorCode, text, from, to } = wanted
  const stretch = stretchOf(db, wanted, before)
  const most = text === undefined ? mostLookedAt : mostReadThrough
  const short = (column: 'payload' | 'answer') =>
    db`case when length(${db(column)}::text) <= ${mostShown} then ${db(column)} end as ${db(column)}`
  const messages = await db<Message[]>`
    select ${columns(db)}, ${short('payload')}, ${short('answer')}
    from (select * from messages where ${stretch} order by id desc limit ${most}) m
    where at >= ${since} ${action === undefined ? db`` : db`and action = ${action}`}
      ${direction ? db`and direction = ${direction}` : db``} ${outcome ? db`and outcome = ${outcome}` : db``}
      ${errorCode === undefined ? db`` : db`and error_code = ${errorCode}`}
      ${from ? db`and at >= ${from}` : db``} ${to ? db`and at < ${to}` : db``}
      ${text === undefined ? db`` : readThrough(db, text)}
    order by id desc limit ${limit + 1}`
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
