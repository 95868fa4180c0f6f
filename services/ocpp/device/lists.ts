import type { Db, Span } from '#kernel'
import type { Place } from './places.ts'

export interface StoredVariable extends Place {
  readonly attribute: string
  readonly value: string | null
  readonly mutability: string | null
  readonly persistent: boolean | null
  readonly constant: boolean | null
  readonly data_type: string | null
  readonly unit: string | null
  readonly min_limit: number | null
  readonly max_limit: number | null
  readonly values_list: string | null
  readonly monitored: boolean | null
  readonly waiting: string | null
  readonly waiting_at: Date | null
  readonly reported_at: Date
}

/** Which variables a list has. */
export interface WantedVariables {
  readonly chargerId: string
  readonly search?: string | undefined
  readonly component?: string | undefined
  readonly evse?: number | undefined
  readonly waiting?: boolean | undefined
}

const ofVariables = (db: Db, { chargerId, search, component, evse, waiting }: WantedVariables) => db`
  charger_id = ${chargerId}
  ${
    search === undefined
      ? db``
      : db`and position(lower(${search}) in lower(concat_ws(' ', component, component_instance, variable,
          variable_instance, value))) > 0`
  }
  ${component === undefined ? db`` : db`and lower(component) = lower(${component})`}
  ${evse === undefined ? db`` : db`and evse = ${evse}`}
  ${waiting === undefined ? db`` : waiting ? db`and waiting_at is not null` : db`and waiting_at is null`}`

/** Where a page of variables begins: behind these. */
export type VariableKeys = readonly [string, string, number, number, string, string, string]
export const keysOf = (row: StoredVariable): VariableKeys => [
  row.component,
  row.component_instance,
  row.evse,
  row.connector,
  row.variable,
  row.variable_instance,
  row.attribute,
]

export const listVariables = (db: Db, wanted: WantedVariables, limit: number, after: VariableKeys | undefined) =>
  db<StoredVariable[]>`
  select * from variables where ${ofVariables(db, wanted)}
    ${
      after
        ? db`and (component, component_instance, evse, connector, variable, variable_instance, attribute)
            > (${after[0]}, ${after[1]}, ${after[2]}, ${after[3]}, ${after[4]}, ${after[5]}, ${after[6]})`
        : db``
    }
  order by component, component_instance, evse, connector, variable, variable_instance, attribute limit ${limit}`

export async function countVariables(db: Db, wanted: WantedVariables, most: number): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from (select from variables where ${ofVariables(db, wanted)} limit ${most}) v`
  return row!.count
}

/** The actual value of a variable of a controller, or of a key of 1.6. */
export async function findValue(
  db: Db,
  chargerId: string,
  { component = '', variable, instance = '' }: { component?: string; variable: string; instance?: string },
): Promise<string | undefined> {
  const [row] = await db<{ value: string | null }[]>`
    select value from variables where charger_id = ${chargerId} and component = ${component}
      and component_instance = '' and evse = 0 and connector = 0 and variable = ${variable}
      and variable_instance = ${instance} and attribute = 'Actual'`
  return row?.value ?? undefined
}

export interface StoredMonitor extends Place {
  readonly id: number
  readonly type: string
  readonly value: number
  readonly severity: number
  readonly transaction: boolean
  readonly kind: string | null
  readonly reported_at: Date
}

export const listMonitors = (db: Db, chargerId: string, limit: number, after: number) => db<StoredMonitor[]>`
  select * from monitors where charger_id = ${chargerId} and id > ${after} order by id limit ${limit}`

export interface StoredAlert {
  readonly id: string
  readonly kind: 'monitoring' | 'security'
  readonly type: string
  readonly component: string | null
  readonly component_instance: string | null
  readonly evse: number | null
  readonly connector: number | null
  readonly variable: string | null
  readonly variable_instance: string | null
  readonly value: string | null
  readonly severity: number | null
  readonly cleared: boolean
  readonly code: string | null
  readonly info: string | null
  readonly at: Date
  readonly received_at: Date
}

export interface WantedAlerts {
  readonly chargerId: string
  readonly kind?: string | undefined
  readonly type?: string | undefined
  readonly created: Span
}

/** The newest first. */
export const listAlerts = (db: Db, wanted: WantedAlerts, limit: number, before: string | undefined) => {
  const { chargerId, kind, type, created } = wanted
  return db<StoredAlert[]>`
    select * from alerts where charger_id = ${chargerId}
      ${kind ? db`and kind = ${kind}` : db``} ${type ? db`and type = ${type}` : db``}
      ${created.from ? db`and received_at >= ${created.from}` : db``}
      ${created.to ? db`and received_at < ${created.to}` : db``}
      ${before ? db`and id < ${before}` : db``}
    order by id desc limit ${limit}`
}

export interface StoredProfile {
  readonly id: number
  readonly evse: number
  readonly source: string
  readonly profile: Record<string, unknown>
  readonly reported_at: Date
}

export const listProfiles = (db: Db, chargerId: string, limit: number, after: readonly [number, number]) => db<
  StoredProfile[]
>`
  select * from charging_profiles where charger_id = ${chargerId} and (id, evse) > (${after[0]}, ${after[1]})
  order by id, evse limit ${limit}`

export interface StoredNotice {
  readonly topic: string
  readonly key: string
  readonly data: unknown
  readonly at: Date
}

export const listNotices = (
  db: Db,
  chargerId: string,
  topic: string | undefined,
  limit: number,
  after: readonly [string, string] | undefined,
) => db<StoredNotice[]>`
  select * from notices where charger_id = ${chargerId} ${topic ? db`and topic = ${topic}` : db``}
    ${after ? db`and (topic, key) > (${after[0]}, ${after[1]})` : db``}
  order by topic, key limit ${limit}`
