import type { Remedy } from '#contracts/maintenance'
import { stringify, type Db, type Tx } from '#kernel'
import { incidentColumns } from '../incidents/store.ts'
import type { Incident } from '../incidents/incidents.ts'

export interface Tried {
  readonly id: string
  readonly incidentId: string
  readonly chargerId: string
  readonly remedy: Remedy
  readonly askedBy: string | null
  readonly requestedAt: Date
  readonly outcome: string | null
  readonly status: string | null
  readonly errorCode: string | null
}

const columns = (db: Db) => db`
  id, incident_id as "incidentId", charger_id as "chargerId", remedy, asked_by as "askedBy",
  requested_at as "requestedAt", outcome, status, error_code as "errorCode"`

export const listRemedies = (db: Db, incidentId: string) => db<Tried[]>`
  select ${columns(db)} from remedies where incident_id = ${incidentId} order by requested_at desc, id desc limit 50`

export const insertRemedy = (tx: Tx, { id, incidentId, chargerId, remedy, askedBy, requestedAt }: Tried) => tx`
  insert into remedies (id, incident_id, charger_id, remedy, asked_by, requested_at)
  values (${id}, ${incidentId}, ${chargerId}, ${remedy}, ${askedBy}, ${requestedAt})`

/** How many a charger has tried since then. */
export async function countRemedies(tx: Tx, chargerId: string, since: Date): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    select count(*)::int as count from remedies where charger_id = ${chargerId} and requested_at > ${since}`
  return row!.count
}

export const endRemedy = (
  tx: Tx,
  id: string,
  { outcome, status, errorCode }: Pick<Tried, 'outcome' | 'status' | 'errorCode'>,
) => tx`
  update remedies set outcome = ${outcome}, status = ${status}, error_code = ${errorCode}
  where id = ${id} and outcome is null`

/** Connected chargers with a connector that is faulted since before then, where something is left to be tried. */
export const listTroubled = (tx: Tx, before: Date) => tx<(Incident & { tried: Remedy[]; lastAt: Date | null })[]>`
  select ${incidentColumns(tx)}, r.tried, r.last_at as "lastAt"
  from incidents i join chargers c on c.id = i.charger_id
  cross join lateral (select coalesce(array_agg(remedy), '{}') as tried, max(requested_at) as last_at
    from remedies where incident_id = i.id) r
  where i.closed_at is null and i.cleared_at is null and i.source = 'fault' and i.opened_at <= ${before}
    and c.accepted and c.connection_id is not null and c.disconnected_at is null and not 'reset' = any(r.tried)
  order by i.opened_at, i.id limit 200 for update of i`

export async function isCharging(tx: Tx, chargerId: string): Promise<boolean> {
  const rows = await tx`select from charging where charger_id = ${chargerId} and not ended limit 1`
  return rows.length > 0
}

interface Session {
  readonly sessionId: string
  readonly chargerId: string
  readonly startedAt: string
}

/** That cars charge, or do no more: what has ended begins no more. */
export async function noteSessions(tx: Tx, sessions: readonly Session[], ended: boolean): Promise<void> {
  const rows = sessions.map(({ sessionId, chargerId, startedAt }) => ({
    session_id: sessionId,
    charger_id: chargerId,
    ended,
    begun_at: startedAt,
  }))
  await tx`
    insert into charging as c
    select distinct on (session_id) * from json_populate_recordset(null::charging, ${tx.typed(stringify(rows) as never, 705)})
    on conflict (session_id) do update set ended = true, begun_at = excluded.begun_at
    where excluded.ended and not c.ended`
}

/** So long ago nothing is told of them any more. */
export const forgetSessions = (tx: Tx, before: Date) => tx`delete from charging where begun_at < ${before}`
