import type { Owner } from '#contracts/shared'
import { stringify, type Db, type Tx } from '#kernel'
import type { Place, Rule, Session } from './sessions.ts'

export interface Stored extends Omit<Session, 'token' | 'closed' | 'energyWh'> {
  token: string | null
  tokenType: string | null
  tokenAccepted: boolean | null
  closedAt: Date | null
  closedReason: Rule | null
  closedOn: Date | null
  energyWh: number
}

export const sessionColumns = (db: Db) => db`
  s.id, s.charger_id as "chargerId", s.reference, s.station_id as "stationId", s.evse, s.connector,
  case when s.owner_id is not null then json_build_object('kind', s.owner_kind, 'id', s.owner_id) end as owner,
  s.owner_told as "ownerTold", s.driver_id as "driverId", s.token, s.token_type as "tokenType",
  s.token_accepted as "tokenAccepted", s.offline, s.begun_at as "begunAt", s.stopped_at as "stoppedAt",
  s.first_at as "firstAt", s.last_at as "lastAt", s.last_seq as "lastSeq", s.heard_at as "heardAt",
  s.closed_at as "closedAt", s.closed_reason as "closedReason", s.closed_on as "closedOn",
  s.started_at as "startedAt", s.ended_at as "endedAt", s.stop_reason as "stopReason",
  s.charging_state as "chargingState", s.meter, s.energy_wh::float8 as "energyWh", s.power_w as "powerW",
  s.soc_percent as "socPercent", s.live_at as "liveAt", s.updated_at as "updatedAt"`

export function readSession({
  token,
  tokenType,
  tokenAccepted,
  closedAt,
  closedReason,
  closedOn,
  ...row
}: Stored): Session {
  return {
    ...row,
    token: token === null ? null : { idToken: token, type: tokenType!, accepted: tokenAccepted! },
    closed: closedAt && { at: closedAt, rule: closedReason!, on: closedOn! },
  }
}

export async function findSession(db: Db, id: string): Promise<Session | undefined> {
  const [row] = await db<Stored[]>`select ${sessionColumns(db)} from sessions s where s.id = ${id}`
  return row && readSession(row)
}

/** Those of these ids, for a change; always in one order, so that nobody waits for one who waits for them. */
export async function lockSessions(tx: Tx, ids: readonly string[]): Promise<Map<string, Session>> {
  const rows = await tx<Stored[]>`
    select ${sessionColumns(tx)} from sessions s where s.id = any(${ids as string[]}) order by s.id for update`
  return new Map(rows.map(row => [row.id, readSession(row)]))
}

/** As they are now. */
export async function writeSessions(tx: Tx, sessions: readonly Session[]): Promise<void> {
  // A text of no type: the driver's JSON would be quoted once more.
  const rows = tx.typed(stringify(sessions.map(stored)) as never, 705)
  await tx`
    insert into sessions as s
    select * from json_populate_recordset(null::sessions, ${rows})
    on conflict (id) do update set station_id = excluded.station_id, evse = excluded.evse,
      connector = excluded.connector, owner_kind = excluded.owner_kind, owner_id = excluded.owner_id,
      owner_told = excluded.owner_told, driver_id = excluded.driver_id, token = excluded.token,
      token_type = excluded.token_type, token_accepted = excluded.token_accepted, offline = excluded.offline,
      begun_at = excluded.begun_at, stopped_at = excluded.stopped_at, first_at = excluded.first_at,
      last_at = excluded.last_at, last_seq = excluded.last_seq, heard_at = excluded.heard_at,
      closed_at = excluded.closed_at, closed_reason = excluded.closed_reason, closed_on = excluded.closed_on,
      started_at = excluded.started_at, ended_at = excluded.ended_at, stop_reason = excluded.stop_reason,
      charging_state = excluded.charging_state, meter = excluded.meter, energy_wh = excluded.energy_wh,
      power_w = excluded.power_w, soc_percent = excluded.soc_percent, live_at = excluded.live_at,
      updated_at = excluded.updated_at, thinned = false`
}

const stored = (session: Session) => ({
  id: session.id,
  charger_id: session.chargerId,
  reference: session.reference,
  station_id: session.stationId,
  evse: session.evse,
  connector: session.connector,
  owner_kind: session.owner?.kind ?? null,
  owner_id: session.owner?.id ?? null,
  owner_told: session.ownerTold,
  driver_id: session.driverId,
  token: session.token?.idToken ?? null,
  token_type: session.token?.type ?? null,
  token_accepted: session.token?.accepted ?? null,
  offline: session.offline,
  begun_at: session.begunAt,
  stopped_at: session.stoppedAt,
  first_at: session.firstAt,
  last_at: session.lastAt,
  last_seq: session.lastSeq,
  heard_at: session.heardAt,
  closed_at: session.closed?.at ?? null,
  closed_reason: session.closed?.rule ?? null,
  closed_on: session.closed?.on ?? null,
  started_at: session.startedAt,
  ended_at: session.endedAt,
  stop_reason: session.stopReason,
  charging_state: session.chargingState,
  meter: session.meter,
  energy_wh: session.energyWh,
  power_w: session.powerW,
  soc_percent: session.socPercent,
  live_at: session.liveAt,
  updated_at: session.updatedAt,
  thinned: false,
})

// ── Chargers and connectors, as events said last ──

/** Where new sessions are: nobody changes whose the chargers are before the sessions are there too. */
export async function holdPlaces(tx: Tx, chargerIds: readonly string[]): Promise<Map<string, Place>> {
  const ids = [...new Set(chargerIds)].sort()
  await tx`insert into chargers (id) select unnest(${ids}::text[]) on conflict (id) do nothing`
  const rows = await tx<(Place & { id: string })[]>`
    select id, case when owner_id is not null then json_build_object('kind', owner_kind, 'id', owner_id) end as owner,
      station_id as "stationId"
    from chargers where id = any(${ids}) order by id for share`
  return new Map(rows.map(({ id, ...place }) => [id, place]))
}

/** Whose a charger is; its sessions go along that were while it was nobody's. */
export async function setOwner(tx: Tx, id: string, owner: Owner | null, at: Date): Promise<void> {
  const [kind, ownerId] = [owner?.kind ?? null, owner?.id ?? null]
  const changed = await tx`
    insert into chargers as c (id, owner_kind, owner_id, owner_at) values (${id}, ${kind}, ${ownerId}, ${at})
    on conflict (id) do update set owner_kind = excluded.owner_kind, owner_id = excluded.owner_id,
      owner_at = excluded.owner_at
    where c.owner_at is null or c.owner_at < excluded.owner_at
    returning id`
  if (changed.length > 0)
    await tx`
      update sessions set owner_kind = ${kind}, owner_id = ${ownerId}
      where charger_id = ${id} and not owner_told and owner_id is distinct from ${ownerId}`
}

/** Which station a charger stands for; its sessions that are at none are at this one. */
export async function setStation(tx: Tx, id: string, stationId: string, at: Date): Promise<void> {
  const changed = await tx`
    insert into chargers as c (id, station_id, station_at) values (${id}, ${stationId}, ${at})
    on conflict (id) do update set station_id = excluded.station_id, station_at = excluded.station_at
    where c.station_at is null or c.station_at < excluded.station_at
    returning id`
  if (changed.length > 0)
    await tx`update sessions set station_id = ${stationId} where charger_id = ${id} and station_id is null`
}

/** That a charger has a connection, or (`at`) has lost it; of an earlier one nothing is noted. */
export const noteConnection = (tx: Tx, id: string, connectionId: string, at: Date | null) => tx`
  insert into chargers as c (id, connection_id, disconnected_at) values (${id}, ${connectionId}, ${at})
  on conflict (id) do update set connection_id = excluded.connection_id, disconnected_at = excluded.disconnected_at
  where c.connection_id is null or c.connection_id < excluded.connection_id
    or (c.connection_id = excluded.connection_id and excluded.disconnected_at is not null)`

export interface ConnectorRow {
  readonly charger_id: string
  readonly evse: number
  readonly connector: number
  readonly status: string
  readonly at: string
  readonly heard_at: string
}

/** How connectors are; of each what was heard last. */
export const noteConnectors = (tx: Tx, rows: readonly ConnectorRow[]) => tx`
  insert into connectors as c
  select * from json_populate_recordset(null::connectors, ${tx.typed(stringify(rows) as never, 705)})
  on conflict (charger_id, evse, connector) do update set status = excluded.status, at = excluded.at,
    heard_at = excluded.heard_at
  where c.heard_at <= excluded.heard_at`

// ── Sessions that nobody ends ──

export interface Forgotten {
  readonly id: string
  readonly rule: Rule
  readonly at: Date
}

/**
 * Sessions that cannot go on: of which the charger began another since, whose connector it has called free since, or
 * whose charger has had no connection for a time. `before` leaves it time to speak of them.
 */
export const listForgotten = (db: Db, before: Date, silentBefore: Date) => db<Forgotten[]>`
  select s.id, f.rule, f.at
  from sessions s
  left join chargers c on c.id = s.charger_id
  cross join lateral (
    (select 'AnotherSession' as rule, o.started_at as at, 1 as turn from sessions o
      where o.charger_id = s.charger_id and o.evse = s.evse and o.evse > 0 and o.id <> s.id and o.begun_at > s.last_at
        -- It is the same moment then, and the index has it: all that were before are not looked at.
        and o.started_at > s.last_at and o.heard_at < ${before}
      order by o.started_at limit 1)
    union all
    (select 'ConnectorAvailable', greatest(n.at, s.last_at), 2 from connectors n
      where n.charger_id = s.charger_id and n.evse = s.evse and n.evse > 0 and s.connector in (0, n.connector)
        and n.status = 'available' and n.heard_at > s.heard_at and n.heard_at < ${before} limit 1)
    union all
    (select 'ChargerSilent', s.last_at, 3
      where s.heard_at < ${silentBefore}
        and (c.connection_id is null or c.disconnected_at < ${silentBefore}))
    order by turn limit 1) f
  where s.ended_at is null and s.heard_at < ${before}
  order by s.id limit 500`
