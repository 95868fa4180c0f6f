import { verbatim, type Db, type Tx } from '#kernel'
import type { PassportData } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import { searchWords } from '../columns.ts'
import type { Passport } from '../passports.ts'
import { dataFor } from './said.ts'
import { dayOf, reachOfView } from './views.ts'

export interface PassportRow extends Omit<Passport, 'owner' | 'readers' | 'data'> {
  /** As it was given; null for whom the rule will not let in. */
  data: string | null
  ownerKind: Owner['kind']
  ownerId: string
  readerIds: string[]
}

/** In every answer of a passport. */
export const head = `p.id, p.owner_kind as "ownerKind", p.owner_id as "ownerId", p.created_at as "createdAt", p.granularity,
  p.parent_id as "parentId", p.category, (select public_host from settings where owner_id = p.owner_id) as "publicHost"`

/** What an authority and who has a legitimate interest find it by. */
export function foundBy({ data, category, seen, updatedAt }: Passport) {
  const words = (view: 'authority' | 'interest'): string =>
    searchWords(dataFor(reachOfView(view), data, category, dayOf(updatedAt))).join(' ')
  return {
    authority_at: seen!.authority.at,
    interest_at: seen!.interest.at,
    words_authority: words('authority'),
    words_interest: words('interest'),
  }
}

/** Each version of a passport as it was, the first one first. */
export async function* versionsOf(tx: Tx, id: string): AsyncGenerator<Passport> {
  for (let version = 0; ;) {
    const [row] = await tx<(Omit<PassportRow, 'readerIds'> & { data: string })[]>`
      select ${tx.unsafe(head)}, v.status, v.version, v.at as "updatedAt", v.data::text as data
      from passports p join versions v on v.passport_id = p.id and v.version > ${version}
      where p.id = ${id} order by v.version limit 1`
    if (!row) return
    const { ownerKind, ownerId, data, ...passport } = row
    yield { ...passport, seen: null, data: verbatim<PassportData>(data), owner: { kind: ownerKind, id: ownerId } }
    version = row.version
  }
}

/** Keeps what views count of a version, and of the passport, whose last one it may be. */
export async function writeSeen(tx: Tx, passport: Passport): Promise<void> {
  const { id, version, seen } = passport
  await tx`update versions set seen = ${tx.json(seen as never)} where passport_id = ${id} and version = ${version}`
  await tx`
    update passports set ${tx({ seen: tx.json(seen as never), ...foundBy(passport) } as never)}
    where id = ${id} and version = ${version}`
}

/** The day by whose law all published passports were looked through last. */
export async function lawDay(db: Db): Promise<string> {
  const [row] = await db<{ day: string }[]>`select day::text as day from law_day`
  return row!.day
}

export async function noteLawDay(tx: Tx, day: string): Promise<void> {
  await tx`update law_day set day = greatest(day, ${day}::date)`
}

/** Nobody changes it until the transaction ends. */
export async function holdPublished(tx: Tx, id: string): Promise<void> {
  await tx`select from passports where id = ${id} for update`
}
