import type { Db } from '#kernel'
import { dataPoints } from '#law'
import { assessAll, holdFree, rules } from './assessments.ts'

/** Which passports are counted, on which days. */
export interface Counted {
  /** Whose; everybody's without. */
  readonly ownerId: string | undefined
  readonly on: string
  readonly compare?: string | undefined
  readonly category?: string | undefined
}

/** What passports are told apart by. */
export const kinds = ['category', 'model', 'organisation'] as const
export type Kind = (typeof kinds)[number]

/** How many of one kind there are, and are ready. */
export interface Group {
  readonly key: string | null
  readonly passports: number
  readonly ready: number
  readonly readyThen: number
}

/** What most lack first. */
export interface Gap {
  readonly dataPoint: number
  readonly name: string
  readonly article: string
  readonly passports: number
}

const mostGroups = 1000

/** Passports with what is kept of them on a day, and on the one to compare with; archived ones are no concern. */
const counted = (db: Db, { ownerId, on, compare = on, category }: Counted) => db`
  passports p
  left join assessments a on a.passport_id = p.id and a.rules = ${rules()}
    and a.from_on <= ${on}::text::date and a.until_on > ${on}::text::date
  left join assessments b on b.passport_id = p.id and b.rules = ${rules()}
    and b.from_on <= ${compare}::text::date and b.until_on > ${compare}::text::date
  where p.status <> 'archived'
    ${ownerId === undefined ? db`` : db`and p.owner_id = ${ownerId}`}
    ${category ? db`and p.category = ${category}` : db``}`

/** The largest first, a thousand at most. */
export async function groupsOf(db: Db, of: Counted, kind: Kind): Promise<Group[]> {
  const key = { category: db`p.category`, model: db`p.model`, organisation: db`p.owner_id::text` }[kind]
  return await db<Group[]>`
    select ${key} as key, count(*)::int as passports, count(*) filter (where a.ready)::int as ready,
      count(*) filter (where b.ready)::int as "readyThen"
    from ${counted(db, of)} group by 1 order by 2 desc, 1 limit ${mostGroups}`
}

export async function gapsOf(db: Db, of: Counted): Promise<Gap[]> {
  // Passports of one model lack the same: counted together they are few.
  const rows = await db<{ dataPoint: number; passports: number }[]>`
    select point as "dataPoint", sum(passports)::int as passports from (
      select a.missing, count(*) as passports from ${counted(db, of)} and a.missing <> '{}' group by 1
    ) alike, unnest(alike.missing) point group by 1 order by 2 desc, 1`
  return rows.map(({ dataPoint, passports }) => {
    const { name, article } = dataPoints.find(({ nr }) => nr === dataPoint)!
    return { dataPoint, name, article, passports }
  })
}

const atOnce = 1000

/**
 * Whether of all of them it is kept how they stand. Where of few it is not, as they are new, they are looked at first; more
 * of them a job is about to look at.
 */
export async function isComplete(db: Db, of: Counted): Promise<boolean> {
  const rows = await db<{ id: string }[]>`
    select p.id from ${counted(db, of)} and a.passport_id is null limit ${atOnce + 1}`
  if (rows.length === 0) return true
  if (rows.length > atOnce) return false
  return await db.transaction(async tx => {
    const free = await holdFree(
      tx,
      rows.map(({ id }) => id),
    )
    await assessAll(tx, free)
    return free.length === rows.length
  })
}

/** A passport as a line of a report. */
export interface Line {
  readonly id: string
  readonly identifier: string | null
  readonly granularity: string
  readonly model: string | null
  readonly category: string | null
  readonly ready: boolean | null
  readonly readyThen: boolean | null
  readonly missing: readonly number[] | null
}

/** In the order of their ids. */
export async function linesOf(db: Db, of: Counted, after: string | undefined, limit: number): Promise<Line[]> {
  return await db<Line[]>`
    select p.id, coalesce(p.identifier_whole, p.identifier) as identifier, p.granularity, p.model, p.category, a.ready,
      b.ready as "readyThen", a.missing
    from ${counted(db, of)} and p.id > ${after ?? '00000000-0000-0000-0000-000000000000'}
    order by p.id limit ${limit}`
}
