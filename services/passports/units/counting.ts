import type { Db } from '#kernel'
import { dataPoints } from '#law'
import type { PassportsHost } from '../host.ts'
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
const counted = (db: Db, { ownerId, on, compare, category }: Counted) => db`
  passports p
  left join assessments a on a.passport_id = p.id and a.rules = ${rules()}
    and a.from_on <= ${on}::text::date and a.until_on > ${on}::text::date
  ${
    compare
      ? db`left join assessments b on b.passport_id = p.id and b.rules = ${rules()}
          and b.from_on <= ${compare}::text::date and b.until_on > ${compare}::text::date`
      : db``
  }
  where p.status <> 'archived'
    ${ownerId === undefined ? db`` : db`and p.owner_id = ${ownerId}`}
    ${category ? db`and p.category = ${category}` : db``}`

const readyThen = (db: Db, { compare }: Counted) => (compare ? db`b.ready` : db`null::boolean`)

/** How many stand alike: passports of one model do, so that these are few where passports are many. */
interface Alike {
  readonly category: string | null
  readonly key: string | null
  readonly missing: readonly number[] | null
  readonly ready: boolean | null
  readonly readyThen: boolean | null
  readonly passports: number
}

export interface Standing {
  /** Whether of all of them it is kept how they stand. */
  readonly complete: boolean
  /** The largest first, a thousand at most. */
  readonly groups: readonly Group[]
  readonly categories: readonly Group[]
  readonly gaps: readonly Gap[]
}

/** How passports stand, by what they are told apart by. Those that are new are looked at first, where they are few. */
export async function standingOf(db: PassportsHost['db'], of: Counted, kind: Kind): Promise<Standing> {
  const first = await alikeOf(db, of, kind)
  const alike = first.some(isUnknown) && (await lookAtNew(db, of)) ? await alikeOf(db, of, kind) : first
  return {
    complete: !alike.some(isUnknown),
    groups: groupedBy(alike, ({ key }) => key).slice(0, mostGroups),
    categories: groupedBy(alike, ({ category }) => category),
    gaps: gapsIn(alike),
  }
}

const isUnknown = ({ missing }: Alike): boolean => missing === null

async function alikeOf(db: Db, of: Counted, kind: Kind): Promise<Alike[]> {
  const key = { category: db`p.category`, model: db`p.model`, organisation: db`p.owner_id::text` }[kind]
  return await db<Alike[]>`
    select p.category, ${key} as key, a.missing, a.ready, ${readyThen(db, of)} as "readyThen", count(*)::int as passports
    from ${counted(db, of)} group by 1, 2, 3, 4, 5`
}

function groupedBy(alike: readonly Alike[], keyOf: (one: Alike) => string | null): Group[] {
  const groups = [...Map.groupBy(alike, keyOf)].map(([key, those]) => {
    const count = (isCounted: (one: Alike) => boolean | null = () => true): number =>
      those.reduce((sum, one) => sum + (isCounted(one) ? one.passports : 0), 0)
    return { key, passports: count(), ready: count(one => one.ready), readyThen: count(one => one.readyThen) }
  })
  return groups.sort((a, b) => b.passports - a.passports || ((a.key ?? '') < (b.key ?? '') ? -1 : 1))
}

function gapsIn(alike: readonly Alike[]): Gap[] {
  const counts = new Map<number, number>()
  for (const { missing, passports } of alike)
    for (const point of missing ?? []) counts.set(point, (counts.get(point) ?? 0) + passports)
  return [...counts]
    .map(([dataPoint, passports]) => {
      const { name, article } = dataPoints.find(({ nr }) => nr === dataPoint)!
      return { dataPoint, name, article, passports }
    })
    .sort((a, b) => b.passports - a.passports || a.dataPoint - b.dataPoint)
}

const atOnce = 1000

/** Looks at those of which it is not kept how they stand; more than a thousand of them the job is about to look at. */
export async function lookAtNew(db: PassportsHost['db'], of: Counted): Promise<boolean> {
  const rows = await db<{ id: string }[]>`
    select p.id from ${counted(db, of)} and a.passport_id is null limit ${atOnce + 1}`
  if (rows.length === 0 || rows.length > atOnce) return false
  await db.transaction(async tx => {
    const ids = rows.map(({ id }) => id)
    await assessAll(tx, await holdFree(tx, ids))
  })
  return true
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
      ${readyThen(db, of)} as "readyThen", a.missing
    from ${counted(db, of)} and p.id > ${after ?? '00000000-0000-0000-0000-000000000000'}
    order by p.id limit ${limit}`
}
