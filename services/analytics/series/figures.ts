import type { Grouping } from '#contracts/analytics'
import type { Db } from '#kernel'
import type { Generation } from '../generations.ts'
import { add, nothing, type Source, type Sums } from './measures.ts'
import type { Buckets } from './span.ts'
import { merged, overlap, type Stretch } from './stretches.ts'

/** Whose figures, of what. */
export interface Scope {
  /** Undefined is everybody's. */
  readonly owners: readonly string[] | undefined
  readonly stationId?: string | undefined
  readonly siteId?: string | undefined
  readonly operatorId?: string | undefined
  readonly chargerId?: string | undefined
  readonly tariffId?: string | undefined
}

export interface Question {
  readonly generation: Generation
  readonly buckets: Buckets
  readonly scope: Scope
  readonly grouping: Grouping | undefined
  readonly sources: readonly Source[]
  readonly now: Date
}

/** Sums by interval, of groups by their key; null is what belongs to none. */
export interface Figures {
  readonly all: Map<string | null, Sums[]>
  /** In each currency, by its code. */
  readonly money: Map<string, Map<string | null, Sums[]>>
}

export async function figuresOf(db: Db, question: Question): Promise<Figures> {
  const { sources } = question
  const asks = (source: Source): boolean => sources.includes(source)
  const figures: Figures = { all: new Map(), money: new Map() }
  const [used, outlets, outages, incidents] = await Promise.all([
    sources.some(source => source in columns) ? listUse(db, question) : [],
    asks('capacity') || asks('outages') ? listOutlets(db, question) : [],
    asks('outages') ? listOutages(db, question) : [],
    asks('incidents') ? listIncidents(db, question) : [],
  ])
  const { length } = question.buckets.starts
  const rowOf = (table: Map<string | null, Sums[]>, key: string | null): Sums[] => {
    const known = table.get(key) ?? Array.from({ length }, nothing)
    table.set(key, known)
    return known
  }
  for (const { bucket, key, currency, energyWh, busySeconds, sessions, netMinor, totalMinor } of used) {
    add(rowOf(figures.all, key)[bucket]!, { energyWh, busySeconds, sessions })
    if (currency === null) continue
    const table = figures.money.get(currency) ?? new Map<string | null, Sums[]>()
    figures.money.set(currency, table)
    add(rowOf(table, key)[bucket]!, { netMinor, totalMinor })
  }
  for (const { bucket, key, count } of incidents) add(rowOf(figures.all, key)[bucket]!, { incidents: count })
  addCapacity(question, outlets, outages, key => rowOf(figures.all, key))
  return figures
}

interface Used {
  readonly bucket: number
  readonly key: string | null
  readonly currency: string | null
  readonly energyWh: number
  readonly busySeconds: number
  readonly sessions: number
  readonly netMinor: number
  readonly totalMinor: number
}

/** Of sums, by what they are for. */
const columns: Partial<Record<Source, readonly (readonly [name: keyof Used, column: string])[]>> = {
  energy: [['energyWh', 'energy_wh']],
  time: [['busySeconds', 'busy_seconds']],
  sessions: [['sessions', 'sessions']],
  money: [
    ['netMinor', 'net_minor'],
    ['totalMinor', 'total_minor'],
  ],
}

async function listUse(db: Db, question: Question): Promise<Used[]> {
  const { buckets, sources } = question
  const { starts, to, days, untilDay, byDay } = buckets
  // What is not asked for is not added up: it is most of the work.
  const wanted = sources.flatMap(source => columns[source] ?? [])
  const sums = wanted
    .map(([name, column]) => db`sum(f.${db(column)})::float8 as ${db(name)}`)
    .reduce((all, one) => db`${all}, ${one}`)
  const inAll = { energyWh: 0, busySeconds: 0, sessions: 0, netMinor: 0, totalMinor: 0 }
  const rows = byDay
    ? await db<Used[]>`
        select width_bucket(f.day, (select ${days as string[]}::text[]::date[])) - 1 as bucket, ${keysOf(db, question)},
          ${sums}
        from days f ${keyed(db, question)}
        where f.generation = ${question.generation.number} and f.day >= ${days[0]!}::text::date
          and f.day < ${untilDay}::text::date
        group by 1, 2, 3`
    : await db<Used[]>`
        select width_bucket(f.at, (select ${instants(starts)}::text[]::timestamptz[])) - 1 as bucket,
          ${keysOf(db, question)}, ${sums}
        from slots f ${keyed(db, question)}
        where f.generation = ${question.generation.number} and f.at >= ${new Date(starts[0]!)} and f.at < ${new Date(to)}
        group by 1, 2, 3`
  return rows.map(row => ({ ...inAll, ...row }))
}

/** Whether it matters which place a sum is of. */
const asksForPlaces = ({ scope, grouping, sources }: Question): boolean =>
  grouping !== undefined || sources.includes('money') || Object.values(scope).some(value => value !== undefined)

const keysOf = (db: Db, question: Question): Fragment =>
  asksForPlaces(question)
    ? db`k.key, ${question.sources.includes('money') ? db`k.currency` : db`null::text`} as currency`
    : db`null::text as key, null::text as currency`

/** The places of sums, by their group. */
function keyed(db: Db, question: Question): Fragment {
  if (!asksForPlaces(question)) return db``
  const { generation, scope, grouping } = question
  return db`
    join (
      select p.id, p.currency, ${keyOf(db, grouping, db`p`, db`p.owner_id`)} as key
      from (select *, null::uuid as station_id from places where generation = ${generation.number}) p
      ${standing(db, generation, db`p`)}
      where true ${within(db, scope, db`p`, db`p.owner_id`)}
        ${scope.tariffId === undefined ? db`` : db`and p.tariff_id = ${scope.tariffId}`}
    ) k on k.id = f.place`
}

/** Read by a query of its own, or they would be read again for each row. */
const instants = (moments: readonly number[]): string[] => moments.map(at => new Date(at).toISOString())

const noFragment = (db: Db) => db``
type Fragment = ReturnType<typeof noFragment>

/** The station of a row, or where its charger was last, as `s`. What a session was told with depends on who came first. */
const standing = (db: Db, { number }: Generation, row: Fragment): Fragment => db`
  left join (
    select distinct on (charger_id) charger_id, station_id from stood
    where generation = ${number} order by charger_id, station_at desc, station_id
  ) a on a.charger_id = ${row}.charger_id
  left join stations s on s.generation = ${number} and s.station_id = coalesce(${row}.station_id, a.station_id)`

/** What is asked for, and what one may see. */
const within = (db: Db, scope: Scope, row: Fragment, owner: Fragment): Fragment => db`
  ${scope.owners === undefined ? db`` : db`and ${owner} = any(${scope.owners as string[]}::uuid[])`}
  ${scope.operatorId === undefined ? db`` : db`and ${owner} = ${scope.operatorId}`}
  ${scope.stationId === undefined ? db`` : db`and coalesce(${row}.station_id, a.station_id) = ${scope.stationId}`}
  ${scope.siteId === undefined ? db`` : db`and s.site_id = ${scope.siteId}`}
  ${scope.chargerId === undefined ? db`` : db`and ${row}.charger_id = ${scope.chargerId}`}`

function keyOf(db: Db, grouping: Grouping | undefined, row: Fragment, owner: Fragment): Fragment {
  switch (grouping) {
    case 'station':
      return db`coalesce(${row}.station_id, a.station_id)::text`
    case 'site':
      return db`s.site_id::text`
    case 'operator':
      return db`${owner}::text`
    case 'charger':
      return db`${row}.charger_id`
    case 'tariff':
      return db`${row}.tariff_id::text`
    case 'connector-type':
      return db`(
        select min(c->>'standard') from jsonb_array_elements(s.connectors) c
        where (c->>'evse')::int = ${row}.evse and (c->>'connector')::int = ${row}.connector)`
    case undefined:
      return db`null::text`
  }
}

interface Outlet {
  readonly chargerId: string
  readonly evse: number
  readonly connector: number
  readonly since: Date
  readonly removedAt: Date | null
  readonly key: string | null
}

const listOutlets = (db: Db, { generation, scope, grouping, buckets }: Question): Promise<Outlet[]> => db<Outlet[]>`
  select o.charger_id as "chargerId", o.evse, o.connector, o.since, case when c.removed then c.told_at end as "removedAt",
    ${keyOf(db, grouping, db`o`, db`s.owner_id`)} as key
  from (select *, null::uuid as station_id from outlets where generation = ${generation.number}) o
    ${standing(db, generation, db`o`)}
    left join chargers c on c.generation = o.generation and c.charger_id = o.charger_id
  where o.since < ${new Date(buckets.to)} ${within(db, scope, db`o`, db`s.owner_id`)}
  order by o.charger_id, o.evse, o.connector`

/** When a place of a charger could not be used; EVSE 0 is all of it, connector 0 all of an EVSE. */
interface Outage {
  readonly chargerId: string
  readonly evse: number
  readonly connector: number
  readonly from: Date
  readonly to: Date | null
}

async function listOutages(db: Db, { generation: { number }, buckets }: Question): Promise<Outage[]> {
  const [from, to] = [new Date(buckets.starts[0]!), new Date(buckets.to)]
  return await db<Outage[]>`
    select charger_id as "chargerId", 0 as evse, 0 as connector, disconnected_at as from, back_at as to from connections
    where generation = ${number} and disconnected_at < ${to} and (back_at > ${from} or back_at is null)
      and (back_at > disconnected_at or back_at is null)
    union all
    select charger_id, evse, connector, at, until_at from reports
    where generation = ${number} and not works and at < ${to} and (until_at > ${from} or until_at is null)`
}

const listIncidents = (db: Db, { generation, scope, grouping, buckets }: Question) => db<
  { bucket: number; key: string | null; count: number }[]
>`
  select width_bucket(i.opened_at, (select ${instants(buckets.starts)}::text[]::timestamptz[])) - 1 as bucket,
    ${keyOf(db, grouping, db`i`, db`i.owner_id`)} as key, count(*)::int as count
  from incidents i ${standing(db, generation, db`i`)}
  where i.generation = ${generation.number} and i.opened_at >= ${new Date(buckets.starts[0]!)}
    and i.opened_at < ${new Date(buckets.to)} ${within(db, scope, db`i`, db`i.owner_id`)}
  group by 1, 2`

/** Time that connectors and EVSEs were there, until now, and that these were out. */
function addCapacity(
  { buckets, now }: Question,
  outlets: readonly Outlet[],
  outages: readonly Outage[],
  rowOf: (key: string | null) => Sums[],
): void {
  const addSpan = (key: string | null, from: number, to: number, what: 'connector' | 'evse' | 'out'): void => {
    const row = rowOf(key)
    for (let index = indexOf(buckets.starts, from); index < row.length; index++) {
      const start = Math.max(from, buckets.starts[index]!)
      const end = Math.min(to, buckets.starts[index + 1] ?? buckets.to)
      if (start >= to) return
      if (end > start) row[index]![`${what}Seconds`] += (end - start) / 1000
    }
  }
  const outOf = outagesBy(outages)
  for (const [, group] of Map.groupBy(outlets, ({ chargerId, evse }) => `${chargerId} ${evse}`)) {
    const [{ chargerId, evse, key, removedAt }] = group as [Outlet]
    const until = Math.min(removedAt?.getTime() ?? Infinity, now.getTime())
    for (const { since } of group) addSpan(key, since.getTime(), until, 'connector')
    const since = Math.min(...group.map(outlet => outlet.since.getTime()))
    addSpan(key, since, until, 'evse')
    const connectors = group.map(({ connector }) => connector)
    for (const [from, to] of outOf(chargerId, evse, connectors))
      addSpan(key, Math.max(from, since), Math.min(to, until), 'out')
  }
}

/** When an EVSE could not be used: its charger, it, or all its connectors. */
function outagesBy(outages: readonly Outage[]) {
  const by = Map.groupBy(outages, ({ chargerId, evse, connector }) => `${chargerId} ${evse} ${connector}`)
  const of = (chargerId: string, evse: number, connector: number): Stretch[] =>
    (by.get(`${chargerId} ${evse} ${connector}`) ?? []).map(({ from, to }) => [
      from.getTime(),
      to?.getTime() ?? Infinity,
    ])
  return (chargerId: string, evse: number, connectors: readonly number[]): Stretch[] =>
    merged([
      ...of(chargerId, 0, 0),
      ...of(chargerId, evse, 0),
      ...connectors.map(connector => merged(of(chargerId, evse, connector))).reduce(overlap),
    ])
}

/** The interval that a moment is in; the first for what was before. */
function indexOf(starts: readonly number[], at: number): number {
  let [low, high] = [0, starts.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle]! <= at) low = middle
    else high = middle - 1
  }
  return low
}

/** What stations and tariffs are called. */
export async function namesOf(
  db: Db,
  { number }: Generation,
  grouping: Grouping | undefined,
  keys: readonly string[],
): Promise<Map<string, string>> {
  if (keys.length === 0 || (grouping !== 'station' && grouping !== 'tariff')) return new Map()
  const rows =
    grouping === 'station'
      ? await db<{ id: string; name: string | null }[]>`
          select station_id as id, name from stations
          where generation = ${number} and station_id = any(${keys as string[]}::uuid[])`
      : await db<{ id: string; name: string | null }[]>`
          select tariff_id as id, name from tariffs
          where generation = ${number} and tariff_id = any(${keys as string[]}::uuid[])`
  return new Map(rows.flatMap(({ id, name }) => (name === null ? [] : [[id, name] as const])))
}
