import { stringify, type Db, type Tx } from '#kernel'
import type { Place } from './places.ts'

/** What a charger said of an attribute of a variable; what it did not say stays as it was. */
export interface VariableRow extends Place {
  readonly attribute: string
  readonly value: string | null
  readonly mutability?: string | undefined
  readonly persistent?: boolean | undefined
  readonly constant?: boolean | undefined
  readonly data_type?: string | undefined
  readonly unit?: string | undefined
  readonly min_limit?: number | undefined
  readonly max_limit?: number | undefined
  readonly values_list?: string | undefined
  readonly monitored?: boolean | undefined
}

export interface MonitorRow extends Place {
  readonly id: number
  readonly type: string
  readonly value: number
  readonly severity: number
  readonly transaction: boolean
  readonly kind: string | null
}

export interface AlertRow extends Partial<Place> {
  readonly id: string
  readonly charger_id: string
  readonly kind: 'monitoring' | 'security'
  readonly type: string
  readonly value?: string | undefined
  readonly severity?: number | undefined
  readonly cleared: boolean
  readonly code?: string | undefined
  readonly info?: string | undefined
  readonly monitor_id?: number | undefined
  readonly transaction?: string | undefined
  readonly at: Date
  readonly received_at: Date
}

export interface ProfileRow {
  readonly id: number
  readonly evse: number
  readonly source: string
  readonly profile: object
}

// Texts of no type: the driver's JSON would be quoted once more.
const json = (db: Db, rows: readonly unknown[]) => db.typed(stringify(rows) as never, 705)

/** The last of each key: a statement writes a row once. */
const lastBy = <R>(rows: readonly R[], key: (row: R) => unknown): R[] => [
  ...new Map(rows.map(row => [key(row), row])).values(),
]

const placeKey = (row: Place & { attribute?: string }): string =>
  JSON.stringify([
    row.component,
    row.component_instance,
    row.evse,
    row.connector,
    row.variable,
    row.variable_instance,
    row.attribute,
  ])

export async function writeVariables(
  tx: Tx,
  chargerId: string,
  rows: readonly VariableRow[],
  reportedAt: Date,
): Promise<void> {
  if (rows.length === 0) return
  const all = lastBy(rows, placeKey).map(row => ({ ...row, charger_id: chargerId, reported_at: reportedAt }))
  await tx`
    insert into variables as v select * from json_populate_recordset(null::variables, ${json(tx, all)})
    on conflict (charger_id, component, component_instance, evse, connector, variable, variable_instance, attribute)
    do update set value = excluded.value, mutability = coalesce(excluded.mutability, v.mutability),
      persistent = coalesce(excluded.persistent, v.persistent), constant = coalesce(excluded.constant, v.constant),
      data_type = coalesce(excluded.data_type, v.data_type), unit = coalesce(excluded.unit, v.unit),
      min_limit = coalesce(excluded.min_limit, v.min_limit), max_limit = coalesce(excluded.max_limit, v.max_limit),
      values_list = coalesce(excluded.values_list, v.values_list),
      monitored = coalesce(excluded.monitored, v.monitored), reported_at = excluded.reported_at
    where v.reported_at <= excluded.reported_at`
}

/** Values that a charger took and that hold from its next start on. */
export const noteWaiting = (
  tx: Tx,
  chargerId: string,
  rows: readonly (Place & { attribute: string; waiting: string | null })[],
  at: Date,
) => {
  const all = lastBy(rows, placeKey).map(row => ({ ...row, charger_id: chargerId, waiting_at: at, reported_at: at }))
  return tx`
    insert into variables as v select * from json_populate_recordset(null::variables, ${json(tx, all)})
    on conflict (charger_id, component, component_instance, evse, connector, variable, variable_instance, attribute)
    do update set waiting = excluded.waiting, waiting_at = excluded.waiting_at`
}

/** What waited for a start of these chargers holds now. */
export const endWaiting = (tx: Tx, booted: readonly { chargerId: string; at: string }[]) => tx`
  update variables v set value = v.waiting, waiting = null, waiting_at = null
  from unnest(${booted.map(({ chargerId }) => chargerId)}::text[], ${booted.map(({ at }) => at)}::timestamptz[])
    as b (charger_id, at)
  where v.charger_id = b.charger_id and v.waiting_at < b.at`

export async function writeMonitors(
  tx: Tx,
  chargerId: string,
  rows: readonly MonitorRow[],
  reportedAt: Date,
): Promise<void> {
  if (rows.length === 0) return
  const all = lastBy(rows, ({ id }) => id).map(row => ({ ...row, charger_id: chargerId, reported_at: reportedAt }))
  await tx`
    insert into monitors as m select * from json_populate_recordset(null::monitors, ${json(tx, all)})
    on conflict (charger_id, id) do update set component = excluded.component,
      component_instance = excluded.component_instance, evse = excluded.evse, connector = excluded.connector,
      variable = excluded.variable, variable_instance = excluded.variable_instance, type = excluded.type,
      value = excluded.value, severity = excluded.severity, transaction = excluded.transaction,
      kind = coalesce(excluded.kind, m.kind), reported_at = excluded.reported_at`
}

export const removeMonitors = (tx: Tx, chargerId: string, ids: readonly number[]) => tx`
  delete from monitors where charger_id = ${chargerId} and id = any(${ids as number[]})`

export const writeAlerts = (tx: Tx, rows: readonly AlertRow[]) => tx`
  insert into alerts select * from json_populate_recordset(null::alerts, ${json(tx, rows)})`

/** For a year. */
export const forgetAlerts = (tx: Tx, before: Date) => tx`
  delete from alerts where id in (select id from alerts where received_at < ${before} limit 10000)`

export async function writeProfiles(
  tx: Tx,
  chargerId: string,
  rows: readonly ProfileRow[],
  reportedAt: Date,
): Promise<void> {
  if (rows.length === 0) return
  const all = lastBy(rows, ({ id, evse }) => `${id} ${evse}`).map(row => ({
    ...row,
    charger_id: chargerId,
    reported_at: reportedAt,
  }))
  await tx`
    insert into charging_profiles select * from json_populate_recordset(null::charging_profiles, ${json(tx, all)})
    on conflict (charger_id, id, evse) do update set source = excluded.source, profile = excluded.profile,
      reported_at = excluded.reported_at`
}

/** Which profiles a charger was told to forget; all where nothing is said. */
export interface ProfileCriteria {
  readonly id?: number | undefined
  readonly evse?: number | undefined
  readonly purpose?: string | undefined
  readonly stackLevel?: number | undefined
}

export const removeProfiles = (tx: Tx, chargerId: string, { id, evse, purpose, stackLevel }: ProfileCriteria) => tx`
  delete from charging_profiles where charger_id = ${chargerId}
    ${id === undefined ? tx`` : tx`and id = ${id}`}
    ${evse === undefined ? tx`` : tx`and evse = ${evse}`}
    ${purpose === undefined ? tx`` : tx`and profile ->> 'chargingProfilePurpose' = ${purpose}`}
    ${stackLevel === undefined ? tx`` : tx`and (profile ->> 'stackLevel')::int = ${stackLevel}`}`

export type ReportKind = 'variables' | 'monitors' | 'profiles'
const tables = { variables: 'variables', monitors: 'monitors', profiles: 'charging_profiles' } as const

/** All there is was asked for. */
export const expectReport = (tx: Tx, chargerId: string, kind: ReportKind, requestId: number, at: Date) => tx`
  insert into reports values (${chargerId}, ${kind}, ${requestId}, ${at})
  on conflict (charger_id, kind, request_id) do update set asked_at = excluded.asked_at`

/** The last part is here: what no part has named is no more. */
export const endReport = (tx: Tx, chargerId: string, kind: ReportKind, requestId: number) => tx`
  with done as (
    delete from reports where charger_id = ${chargerId} and kind = ${kind} and request_id = ${requestId}
    returning asked_at)
  delete from ${tx(tables[kind])} t using done where t.charger_id = ${chargerId} and t.reported_at < done.asked_at`

/** All was told at once. */
export const removeOlder = (tx: Tx, chargerId: string, kind: ReportKind, before: Date) => tx`
  delete from ${tx(tables[kind])} where charger_id = ${chargerId} and reported_at < ${before}`

export interface Notice {
  readonly topic: string
  readonly key: string
  readonly data: unknown
}

export async function writeNotices(tx: Tx, chargerId: string, notices: readonly Notice[], at: Date): Promise<void> {
  if (notices.length === 0) return
  const all = lastBy(notices, ({ topic, key }) => `${topic}\n${key}`).map(row => ({
    ...row,
    charger_id: chargerId,
    at,
  }))
  await tx`
    insert into notices as n select * from json_populate_recordset(null::notices, ${json(tx, all)})
    on conflict (charger_id, topic, key) do update set data = excluded.data, at = excluded.at
    where n.at <= excluded.at`
}

export const removeNotices = (tx: Tx, chargerId: string, topic: string, key?: string) => tx`
  delete from notices where charger_id = ${chargerId} and topic = ${topic}
    ${key === undefined ? tx`` : tx`and key = ${key}`}`

/** A part of what a charger has stored of a customer. */
export interface CustomerPart {
  readonly chargerId: string
  readonly requestId: number
  readonly seqNo: number
  readonly data: string
  readonly isLast: boolean
  readonly at: Date
}

export const writeCustomerPart = (tx: Tx, { chargerId, requestId, seqNo, data, isLast, at }: CustomerPart) => tx`
  insert into customer_parts (charger_id, request_id, seq_no, data, is_last, received_at)
  values (${chargerId}, ${requestId}, ${seqNo}, ${data}, ${isLast}, ${at})
  on conflict (charger_id, request_id, seq_no) do update set data = excluded.data, is_last = excluded.is_last,
    received_at = excluded.received_at`
