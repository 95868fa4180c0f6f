import { hash } from 'node:crypto'
import { verbatim, type Db, type Tx } from '#kernel'
import { attributes, ruleSets, type Granularity } from '#law'
import type { PassportData } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import type { Member } from '../audiences/said.ts'
import { standingsOf, type Standing } from './readiness.ts'
import { settingsOf, settingsOfAll } from './settings-store.ts'
import { findLine } from './store.ts'

/** Another one where what is kept of each passport is. */
const form = 2

let known: string | undefined
/** What tells these tables of the law from those of another version of the platform. */
export const rules = (): string => (known ??= hash('sha256', JSON.stringify([form, ruleSets, attributes])).slice(0, 16))

interface Assessed {
  readonly id: string
  readonly owner: Pick<Owner, 'id'>
  readonly version: number
}

/** Keeps whether a passport is ready as it is now, which nobody else changes until the transaction ends. */
export async function assessOne(
  tx: Tx,
  passport: Assessed & Member & { readonly parentId: string | null },
): Promise<void> {
  const { id, parentId } = passport
  const above = parentId ? await findLine(tx, parentId, true) : []
  const settings = await settingsOf(tx, passport.owner.id)
  await keep(tx, [{ passport, standings: standingsOf([passport, ...above], settings) }], [id])
}

/** The same of passports that were just made, and stand alike. */
export async function insertAlike(tx: Tx, passports: readonly Assessed[], line: readonly Member[]): Promise<void> {
  const [first] = passports
  if (!first) return
  const standings = standingsOf(line, await settingsOf(tx, first.owner.id))
  await keep(
    tx,
    passports.map(passport => ({ passport, standings })),
    [],
  )
}

interface Row {
  readonly id: string
  readonly ownerId: string
  readonly parentId: string | null
  readonly granularity: Granularity
  readonly version: number
  readonly updatedAt: Date
  readonly data: string
}

/** Passports with their lines, in the order of the ids; what they begin with is read once. */
export async function familiesOf(
  tx: Tx,
  ids: readonly string[],
): Promise<{ one: Member & Omit<Row, 'data'>; line: readonly Member[] }[]> {
  const found = new Map<string, Member & Omit<Row, 'data'>>()
  for (let wanted = [...ids]; wanted.length > 0;) {
    const rows = await tx<Row[]>`
      select p.id, p.owner_id as "ownerId", p.parent_id as "parentId", p.granularity, p.version,
        p.updated_at as "updatedAt", v.data::text as data
      from passports p join versions v on v.passport_id = p.id and v.version = p.version
      where p.id = any(${wanted})`
    for (const row of rows) found.set(row.id, { ...row, data: verbatim<PassportData>(row.data) })
    wanted = [...new Set(rows.flatMap(({ parentId }) => (parentId && !found.has(parentId) ? [parentId] : [])))]
  }
  const above = (id: string | null): Member[] => {
    const one = id === null ? undefined : found.get(id)
    return one ? [one, ...above(one.parentId)] : []
  }
  return ids.flatMap(id => {
    const one = found.get(id)
    return one ? [{ one, line: above(id) }] : []
  })
}

/** Keeps the same of passports that nobody else changes until the transaction ends. */
export async function assessAll(tx: Tx, ids: readonly string[]): Promise<void> {
  const families = await familiesOf(tx, ids)
  const settings = await settingsOfAll(tx, [...new Set(families.map(({ one }) => one.ownerId))])
  await keep(
    tx,
    families.map(({ one, line }) => ({
      passport: { id: one.id, owner: { id: one.ownerId }, version: one.version },
      standings: standingsOf(line, settings.get(one.ownerId)),
    })),
    ids,
  )
}

async function keep(
  tx: Tx,
  found: readonly { passport: Assessed; standings: readonly Standing[] }[],
  former: readonly string[],
): Promise<void> {
  const rows = found.flatMap(({ passport, standings }) => standings.map(standing => ({ passport, standing })))
  const of = <T>(read: (row: (typeof rows)[number]) => T): T[] => rows.map(read)
  if (former.length > 0) await tx`delete from assessments where passport_id = any(${former as string[]})`
  if (rows.length === 0) return
  await tx`
    insert into assessments (passport_id, owner_id, version, from_on, until_on, rule_set, ready, missing, rules)
    select id, owner_id, version, from_on::date, until_on::date, rule_set, missing = '{}', missing::smallint[], ${rules()} from unnest(${of(({ passport }) => passport.id)}::uuid[],
      ${of(({ passport }) => passport.owner.id)}::uuid[], ${of(({ passport }) => passport.version)}::integer[],
      ${of(({ standing }) => standing.from)}::text[], ${of(({ standing }) => standing.until)}::text[],
      ${of(({ standing }) => standing.ruleSet)}::text[], ${of(({ standing }) => `{${standing.missing.join()}}`)}::text[])
      as found (id, owner_id, version, from_on, until_on, rule_set, missing)`
}

/** They have another owner now, in a version that says the same; what that one declared has them looked at again. */
export async function moveAssessments(tx: Tx, ids: readonly string[], ownerId: string): Promise<void> {
  await tx`
    update assessments set owner_id = ${ownerId}, version = version + 1,
      rules = case when exists (select from settings where owner_id = ${ownerId}) then '' else rules end
    where passport_id = any(${ids as string[]})`
}

/** A change of a passport, as they are looked through. */
export interface Place {
  readonly at: string
  readonly id: string
}

export const beginning: Place = { at: '-infinity', id: '00000000-0000-0000-0000-000000000000' }

/** From where on passports may not have been looked at by these rules: some time before where the last look ended. */
export async function uncheckedFrom(db: Db): Promise<Place> {
  const [row] = await db<{ rules: string; at: string }[]>`
    select rules, (until_at - interval '10 minutes')::text as at from readiness_checks`
  return row!.rules === rules() ? { ...beginning, at: row!.at } : beginning
}

/** Of those that changed after a place the next ones that were not looked at as they are now, in the order of their changes. */
export async function nextUnchecked(db: Db, { at, id }: Place, limit: number): Promise<Place[]> {
  return await db<Place[]>`
    select p.id, p.updated_at::text as at from passports p
    where p.version > 0 and (p.updated_at, p.id) > (${at}::text::timestamptz, ${id})
      and not exists (
        select from assessments a where a.passport_id = p.id and a.version = p.version and a.rules = ${rules()}
      )
    order by p.updated_at, p.id limit ${limit}`
}

/** Of these, those that nobody changes just now, and not until the transaction ends. */
export async function holdFree(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    select id from passports where id = any(${ids as string[]}) order by id for update skip locked`
  return rows.map(({ id }) => id)
}

/** The next ones of an owner; nobody changes them until the transaction ends. */
export async function holdOwned(tx: Tx, ownerId: string, after: string | null, limit: number): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    select id from passports
    where owner_id = ${ownerId} and id > ${after ?? beginning.id} order by id limit ${limit} for update`
  return rows.map(({ id }) => id)
}

export async function noteChecked(tx: Tx, until: Date): Promise<void> {
  await tx`update readiness_checks set rules = ${rules()}, until_at = ${until}`
}
