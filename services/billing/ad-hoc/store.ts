import type { Db, Tx } from '#kernel'
import type { Reason, Visit } from './visits.ts'

const columns = (db: Db) => db`
  v.id, v.key, v.terminal_id as "terminalId", v.reference, v.payment_id as "paymentId", v.station_id as "stationId",
  v.station_name as "stationName", v.charger_id as "chargerId", v.evse, v.connector,
  json_build_object('kind', v.seller_kind, 'id', v.seller_id) as seller, v.tariff_id as "tariffId", v.version, v.place,
  v.currency, v.amount_minor as "amountMinor", v.email, v.language, v.token, v.state, v.reason,
  v.request_id as "requestId", v.begin_by as "beginBy", v.session_id as "sessionId",
  v.stop_wanted_at as "stopWantedAt", v.stop_asked_at as "stopAskedAt", v.capture_minor as "captureMinor",
  v.returned_minor as "returnedMinor", v.captured_minor as "capturedMinor", v.created_at as "createdAt",
  v.authorised_at as "authorisedAt", v.ended_at as "endedAt", v.closed_at as "closedAt"`

type By = { id: string } | { key: string } | { sessionId: string } | { requestId: string } | { token: string }
const one = (db: Db, by: By) =>
  'id' in by
    ? db`v.id = ${by.id}`
    : 'key' in by
      ? db`v.key = ${by.key}`
      : 'sessionId' in by
        ? db`v.session_id = ${by.sessionId}`
        : 'requestId' in by
          ? db`v.request_id = ${by.requestId}`
          : db`v.token = ${by.token.toUpperCase()}`

export async function findVisit(db: Db, by: By): Promise<Visit | undefined> {
  const [row] = await db<Visit[]>`select ${columns(db)} from visits v where ${one(db, by)}`
  return row
}

/** Whoever also changes its payment locks that first. */
export async function lockVisit(tx: Tx, by: By): Promise<Visit | undefined> {
  const [row] = await tx<Visit[]>`select ${columns(tx)} from visits v where ${one(tx, by)} for update`
  return row
}

export type NewVisit = Omit<
  Visit,
  | 'reason'
  | 'requestId'
  | 'beginBy'
  | 'sessionId'
  | 'stopWantedAt'
  | 'stopAskedAt'
  | 'captureMinor'
  | 'returnedMinor'
  | 'capturedMinor'
  | 'endedAt'
  | 'authorisedAt'
  | 'closedAt'
>

/** False where the terminal told of it before. */
export async function insertVisit(tx: Tx, v: NewVisit): Promise<boolean> {
  const added = await tx`
    insert into visits (id, key, terminal_id, reference, payment_id, station_id, station_name, charger_id, evse,
      connector, seller_kind, seller_id, tariff_id, version, place, currency, amount_minor, email, language, token,
      state, created_at)
    values (${v.id}, ${v.key}, ${v.terminalId}, ${v.reference}, ${v.paymentId}, ${v.stationId}, ${v.stationName},
      ${v.chargerId}, ${v.evse}, ${v.connector}, ${v.seller.kind}, ${v.seller.id}, ${v.tariffId}, ${v.version},
      ${tx.json(v.place as never)}, ${v.currency}, ${v.amountMinor}, ${v.email}, ${v.language}, ${v.token}, ${v.state},
      ${v.createdAt})
    on conflict (terminal_id, reference) do nothing returning id`
  return added.length > 0
}

/** Those who have not paid yet at a plug. */
export async function countPaying(db: Db, { stationId, evse }: { stationId: string; evse: number }): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from visits where state = 'paying' and station_id = ${stationId} and evse = ${evse}`
  return row!.count
}

export const setStarting = (tx: Tx, id: string, about: { requestId: string; beginBy: Date; at: Date }) => tx`
  update visits set state = 'starting', request_id = ${about.requestId}, begin_by = ${about.beginBy},
    authorised_at = ${about.at}
  where id = ${id}`

export const setFailed = (tx: Tx, id: string, reason: Reason, at: Date) => tx`
  update visits set state = 'failed', reason = ${reason}, capture_minor = 0, ended_at = ${at} where id = ${id}`

/** The first session that begins with a token is the visit's. */
export async function takeSession(tx: Tx, token: string, sessionId: string): Promise<void> {
  await tx`
    update visits set session_id = ${sessionId},
      state = case when state in ('paying', 'starting') then 'charging' else state end
    where token = ${token.toUpperCase()} and session_id is null`
}

export const wantStop = (tx: Tx, id: string, at: Date) => tx`
  update visits set stop_wanted_at = coalesce(stop_wanted_at, ${at}::timestamptz) where id = ${id}`

export const noteStopAsked = (tx: Tx, id: string, at: Date) => tx`
  update visits set stop_asked_at = ${at} where id = ${id}`

export const setLapsed = (tx: Tx, id: string) => tx`
  update visits set reason = 'lapsed', capture_minor = 0 where id = ${id}`

export const setDone = (tx: Tx, id: string, captureMinor: bigint, at: Date) => tx`
  update visits set state = case when state = 'failed' then state else 'done' end,
    capture_minor = coalesce(capture_minor, ${captureMinor}),
    ended_at = coalesce(ended_at, ${at}::timestamptz)
  where id = ${id}`

export const addReturned = (tx: Tx, id: string, minor: bigint) => tx`
  update visits set returned_minor = returned_minor + ${minor} where id = ${id}`

export const addCaptured = (tx: Tx, id: string, minor: bigint) => tx`
  update visits set captured_minor = captured_minor + ${minor} where id = ${id}`

/** What hangs at a moment, by what is to be done. */
export const listDueVisits = (db: Db, before: { paying: Date; now: Date }) => db<{ id: string }[]>`
  select id from visits
  where (state = 'paying' and created_at < ${before.paying}) or (state = 'starting' and begin_by < ${before.now})
  order by created_at limit 500`

export const listCharging = (db: Db) => db<{ id: string; sessionId: string }[]>`
  select v.id, v.session_id as "sessionId" from visits v join charges c on c.session_id = v.session_id
  where v.state = 'charging' and c.state = 'running' order by v.created_at limit 1000`

/** Who paid by card is known by nothing but their card after a while, and who never paid by nothing. */
export async function forgetVisits(tx: Tx, before: Date): Promise<void> {
  await tx`update visits set email = null where email is not null and created_at < ${before}`
  await tx`
    delete from visits
    where state = 'failed' and session_id is null and payment_id is not null and created_at < ${before}`
}

/** Of terminals: what they have not done yet that is known. */
export const listOfTerminal = (db: Db, terminalId: string, limit: number) => db<Visit[]>`
  select ${columns(db)} from visits v
  where v.terminal_id = ${terminalId} and v.capture_minor is not null and v.closed_at is null
  order by v.created_at limit ${limit}`

export const setClosed = (tx: Tx, id: string, at: Date) => tx`update visits set closed_at = ${at} where id = ${id}`

export async function findOfTerminal(db: Db, terminalId: string, reference: string): Promise<Visit | undefined> {
  const [row] = await db<Visit[]>`
    select ${columns(db)} from visits v where v.terminal_id = ${terminalId} and v.reference = ${reference}`
  return row
}
