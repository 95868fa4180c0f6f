import type { Database, Db, Standing, Tx } from '#kernel'

/** A whole of all figures. */
export interface Generation {
  readonly number: number
  /** Of its days. */
  readonly timeZone: string
}

const columns = (db: Db) => db`number, time_zone as "timeZone"`

/** The one that reactions write to. */
export async function written(tx: Db): Promise<Generation> {
  const [row] = await tx<Generation[]>`select ${columns(tx)} from generations order by number desc limit 1`
  return row!
}

/** The one that people are shown. */
export async function shown(db: Db): Promise<Generation> {
  const [row] = await db<Generation[]>`select ${columns(db)} from generations where state = 'read'`
  return row!
}

/** One that is being made. */
export interface Building extends Generation {
  /** Where the reactions stood when it was begun: it is whole once they stand there again. */
  readonly standing: Standing
  readonly begunAt: Date
  /** It is shown even if it has less than the one that is, as the event log does not go back as far. */
  readonly evenIfLess: boolean
}

export async function building(db: Db): Promise<Building | undefined> {
  const [row] = await db<Building[]>`
    select ${columns(db)}, standing, begun_at as "begunAt", even_if_less as "evenIfLess" from generations
    where state = 'building'`
  return row
}

/** False where one is being made already. */
export async function insertBuilding(tx: Tx, made: Omit<Building, 'number'>): Promise<boolean> {
  await tx`select from generations for update`
  const inserted = await tx`
    insert into generations (number, time_zone, state, standing, begun_at, even_if_less, rewound)
    select nextval('generation_numbers'), ${made.timeZone}, 'building', ${tx.json(made.standing as never)},
      ${made.begunAt}, ${made.evenIfLess}, false
    where not exists (select from generations where state = 'building')
    returning number`
  return inserted.length > 0
}

/** One whose reactions have to begin anew. */
export async function unwound(db: Db): Promise<number | undefined> {
  const [row] = await db<{ number: number }[]>`select number from generations where not rewound`
  return row?.number
}

export const noteRewound = (tx: Tx, number: number) => tx`
  update generations set rewound = true where number = ${number}`

/** So many rows at a time: however large a generation is, none of the statements about it lasts long. */
const atOnce = 10_000

/** Whether what is shown has sessions, passports or orders that this one has not. */
export async function hasLess(db: Db, number: number, most = atOnce): Promise<boolean> {
  const read = (await shown(db)).number
  for (const [table, key] of [
    ['sessions', 'session_id'],
    ['passports', 'passport_id'],
    ['shop_moves', 'cause'],
  ] as const)
    for (let after: string | null = null; ;) {
      const [page]: { last: string | null; count: number; less: boolean | null }[] = await db`
        select (array_agg(p.key order by p.key))[count(*)]::text as last, count(*)::int as count,
          bool_or(not exists (select from ${db(table)} n where n.generation = ${number} and n.${db(key)} = p.key)) as less
        from (
          select ${db(key)} as key from ${db(table)}
          where generation = ${read} ${after === null ? db`` : db`and ${db(key)} > ${after}`}
          order by ${db(key)} limit ${most}
        ) p`
      if (page!.less) return true
      if (page!.count < most) break
      after = page!.last
    }
  return false
}

/** It takes the place of the one that was shown. */
export async function show(tx: Tx, number: number): Promise<void> {
  await tx`select from generations for update`
  await tx`
    with left_behind as (delete from generations where state = 'read' returning number)
    insert into gone (number) select number from left_behind`
  await tx`
    update generations set state = 'read', standing = null, begun_at = null, even_if_less = false
    where number = ${number}`
}

/** It is not shown; the other one has to be told what it has missed meanwhile. */
export async function giveUp(tx: Tx, number: number): Promise<void> {
  await tx`select from generations for update`
  await tx`
    with left_behind as (delete from generations where number = ${number} returning number)
    insert into gone (number) select number from left_behind`
  await tx`update generations set rewound = false where state = 'read'`
}

/** All that is neither shown nor made goes, some at a time; where that is broken off the rest goes the next time. */
export async function sweep(db: Database<'analytics'>, most = atOnce): Promise<void> {
  const gone = await db<{ number: number }[]>`
    select number from gone where number not in (select number from generations) order by number`
  for (const { number } of gone) {
    for (const table of tables) while ((await db.transaction(tx => deleteSome(tx, table, number, most))) === most);
    // A reaction that was under way when it went may have written to it since: that lasts a minute at the most.
    await db.transaction(tx => tx`delete from gone where number = ${number} and at < now() - interval '2 minutes'`)
  }
}

const deleteSome = async (tx: Tx, table: string, number: number, most: number): Promise<number> =>
  (
    await tx`
      delete from ${tx(table)} where ctid = any(array(
        select ctid from ${tx(table)} where generation = ${number} limit ${most}))`
  ).count

const tables = [
  'sessions',
  'places',
  'slots',
  'days',
  'driver_months',
  'stations',
  'stood',
  'tariffs',
  'outlets',
  'chargers',
  'connections',
  'reports',
  'incidents',
  'passports',
  'passport_counts',
  'passport_days',
  'shop_moves',
  'shop_vendors',
  'session_credits',
]

/** Days in which nothing is yet are those of the time zone that is set now. */
export const setTimeZone = (tx: Tx, timeZone: string) => tx`
  update generations g set time_zone = ${timeZone}
  where not exists (select from sessions where generation = g.number)
    and not exists (select from passports where generation = g.number)
    and not exists (select from shop_moves where generation = g.number)`
