import type { Db, Standing, Tx } from '#kernel'

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
  readonly standing: Standing
  readonly begunAt: Date
  /** Whether the reactions have begun anew. */
  readonly rewound: boolean
}

export async function building(db: Db): Promise<Building | undefined> {
  const [row] = await db<Building[]>`
    select ${columns(db)}, standing, begun_at as "begunAt", rewound from generations where state = 'building'`
  return row
}

/** False where one is being made already. */
export async function insertBuilding(tx: Tx, timeZone: string, standing: Standing, at: Date): Promise<boolean> {
  await tx`select from generations for update`
  const made = await tx`
    insert into generations (number, time_zone, state, standing, begun_at, rewound)
    select number + 1, ${timeZone}, 'building', ${tx.json(standing as never)}, ${at}, false
    from generations where state = 'read' and not exists (select from generations where state = 'building')
    returning number`
  return made.length > 0
}

export const noteRewound = (tx: Tx, number: number) => tx`
  update generations set rewound = true where number = ${number}`

/** The one that was made takes the place of the other. */
export async function show(tx: Tx, number: number): Promise<void> {
  await tx`delete from generations where state = 'read' and exists (
    select from generations where number = ${number} and state = 'building')`
  await tx`update generations set state = 'read', standing = null, begun_at = null where number = ${number}`
}

export const drop = (tx: Tx, number: number) => tx`delete from generations where number = ${number}`

/** All that was ever figured and is neither shown nor made. */
export async function sweep(tx: Tx): Promise<void> {
  for (const table of tables)
    await tx`delete from ${tx(table)} where generation <> all(array(select number from generations))`
}

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
]

/** Days in which nothing is yet are those of the time zone that is set now. */
export const setTimeZone = (tx: Tx, timeZone: string) => tx`
  update generations g set time_zone = ${timeZone}
  where not exists (select from sessions where generation = g.number)
    and not exists (select from passports where generation = g.number)`
