import type { Switch } from '#contracts/admin'
import { Problem, stringify, type Db, type Tx } from '#kernel'
import type { Setting } from './settings.ts'

const columns = (db: Db) => db`
  key, kind, choices, critical, description, value::json as value, version, changed_by as "changedBy",
  changed_at as "changedAt"`

export const listSettings = (db: Db) => db<Setting[]>`select ${columns(db)} from settings order by key`

export async function findSetting(db: Db, key: string): Promise<Setting | undefined> {
  const [row] = await db<Setting[]>`select ${columns(db)} from settings where key = ${key}`
  return row
}

export async function lockSetting(tx: Tx, key: string): Promise<Setting | undefined> {
  const [row] = await tx<Setting[]>`select ${columns(tx)} from settings where key = ${key} for update`
  return row
}

/** Fails with `setting_exists`. */
export async function insertSetting(tx: Tx, s: Setting): Promise<void> {
  const [inserted] = await tx`
    insert into settings (key, kind, choices, critical, description, value, version, changed_by, changed_at)
    values (${s.key}, ${s.kind}, ${s.choices as string[]}::text[], ${s.critical}, ${s.description},
      ${stringify(s.value)}, ${s.version}, ${s.changedBy}, ${s.changedAt})
    on conflict (key) do nothing returning key`
  if (!inserted) throw new Problem('conflict', 'setting_exists')
  await insertSettingVersion(tx, s)
}

export async function updateSetting(tx: Tx, s: Setting): Promise<void> {
  await tx`
    update settings set value = ${stringify(s.value)}, version = ${s.version}, changed_by = ${s.changedBy},
      changed_at = ${s.changedAt}
    where key = ${s.key}`
  await insertSettingVersion(tx, s)
}

const insertSettingVersion = (tx: Tx, s: Setting) => tx`
  insert into setting_versions (key, version, value, changed_by, changed_at)
  values (${s.key}, ${s.version}, ${stringify(s.value)}, ${s.changedBy}, ${s.changedAt})`

/** The latest first. */
export const settingVersions = (db: Db, key: string) => db<
  Pick<Setting, 'version' | 'value' | 'changedBy' | 'changedAt'>[]
>`
  select version, value::json as value, changed_by as "changedBy", changed_at as "changedAt" from setting_versions
  where key = ${key} order by version desc limit 200`

/** A switch, and who turned it last. */
export interface Turned extends Switch {
  readonly description: string
  readonly changedBy: string
  readonly changedAt: Date
}

const switchColumns = (db: Db) => db`
  name, description, is_on as "isOn", share_basis_points as "shareBasisPoints", only_for as only, never_for as never,
  version, changed_by as "changedBy", changed_at as "changedAt"`

export const listSwitches = (db: Db) => db<Turned[]>`select ${switchColumns(db)} from switches order by name`

export async function findSwitch(db: Db, name: string): Promise<Turned | undefined> {
  const [row] = await db<Turned[]>`select ${switchColumns(db)} from switches where name = ${name}`
  return row
}

export async function lockSwitch(tx: Tx, name: string): Promise<Turned | undefined> {
  const [row] = await tx<Turned[]>`select ${switchColumns(tx)} from switches where name = ${name} for update`
  return row
}

/** Writes a switch, new or turned. Fails with `switch_exists` where a new one is there already. */
export async function writeSwitch(tx: Tx, s: Turned): Promise<void> {
  const [written] = await tx`
    insert into switches (name, description, is_on, share_basis_points, only_for, never_for, version, changed_by,
      changed_at)
    values (${s.name}, ${s.description}, ${s.isOn}, ${s.shareBasisPoints}, ${s.only}::uuid[], ${s.never}::uuid[],
      ${s.version}, ${s.changedBy}, ${s.changedAt})
    on conflict (name) do update set description = excluded.description, is_on = excluded.is_on,
      share_basis_points = excluded.share_basis_points, only_for = excluded.only_for, never_for = excluded.never_for,
      version = excluded.version, changed_by = excluded.changed_by, changed_at = excluded.changed_at
      where switches.version = excluded.version - 1
    returning name`
  if (!written) throw new Problem('conflict', 'switch_exists')
  const { changedBy, changedAt, ...turned } = s
  await tx`
    insert into switch_versions (name, version, turned, changed_by, changed_at)
    values (${s.name}, ${s.version}, ${stringify(turned)}, ${changedBy}, ${changedAt})`
}

/** The latest first. */
export const switchVersions = (db: Db, name: string) => db<
  { version: number; turned: Switch & { description: string }; changedBy: string; changedAt: Date }[]
>`
  select version, turned::json as turned, changed_by as "changedBy", changed_at as "changedAt" from switch_versions
  where name = ${name} order by version desc limit 200`
