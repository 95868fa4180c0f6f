import type { Tx } from '#kernel'
import { dayOf } from '../days.ts'
import type { Generation } from '../generations.ts'
import { instant, nobody, recordset } from './rows.ts'
import { idOfPlace, measured, placeOf, sharesOf, type Credited, type Place, type Session } from './sessions.ts'

interface Row {
  readonly session_id: string
  readonly told_at: Date | null
  readonly told_rank: number | null
  readonly told_id: string | null
  readonly charger_id: string | null
  readonly evse: number | null
  readonly connector: number | null
  readonly owner_id: string | null
  readonly driver_id: string | null
  readonly started_at: Date | null
  readonly ended_at: Date | null
  readonly energy_wh: number | null
  readonly mark_at: string[] | null
  readonly mark_wh: number[] | null
  readonly revision: number | null
  readonly seller_id: string | null
  readonly tariff_id: string | null
  readonly currency: string | null
  readonly net_minor: number | null
  readonly tax_minor: number | null
  readonly total_minor: number | null
  readonly charged_at: Date | null
  readonly credited_net_minor: number
  readonly credited_tax_minor: number
  readonly credited_total_minor: number
}

const sessionOf = (row: Row): Session => ({
  id: row.session_id,
  told: row.told_at && {
    at: row.told_at.getTime(),
    rank: row.told_rank!,
    eventId: row.told_id!,
    chargerId: row.charger_id!,
    evse: row.evse!,
    connector: row.connector!,
    ownerId: row.owner_id,
    driverId: row.driver_id,
    startedAt: row.started_at!.getTime(),
    endedAt: row.ended_at?.getTime() ?? null,
    energyWh: row.energy_wh!,
  },
  marks: (row.mark_at ?? []).map((at, index) => [Date.parse(at), row.mark_wh![index]!] as const),
  charged:
    row.revision === null
      ? null
      : {
          revision: row.revision,
          sellerId: row.seller_id!,
          tariffId: row.tariff_id,
          currency: row.currency!,
          netMinor: row.net_minor!,
          taxMinor: row.tax_minor!,
          totalMinor: row.total_minor!,
          endedAt: row.charged_at!.getTime(),
        },
  credited: {
    netMinor: row.credited_net_minor,
    taxMinor: row.credited_tax_minor,
    totalMinor: row.credited_total_minor,
  },
})

const rowOf = (generation: number, { id, told, marks, charged, credited }: Session) => ({
  generation,
  session_id: id,
  told_at: instant(told?.at ?? null),
  told_rank: told?.rank ?? null,
  told_id: told?.eventId ?? null,
  charger_id: told?.chargerId ?? null,
  evse: told?.evse ?? null,
  connector: told?.connector ?? null,
  owner_id: told?.ownerId ?? null,
  driver_id: told?.driverId ?? null,
  started_at: instant(told?.startedAt ?? null),
  ended_at: instant(told?.endedAt ?? null),
  energy_wh: told?.energyWh ?? null,
  mark_at: marks.map(([at]) => instant(at)),
  mark_wh: marks.map(([, wh]) => wh),
  revision: charged?.revision ?? null,
  seller_id: charged?.sellerId ?? null,
  tariff_id: charged?.tariffId ?? null,
  currency: charged?.currency ?? null,
  net_minor: charged?.netMinor ?? null,
  tax_minor: charged?.taxMinor ?? null,
  total_minor: charged?.totalMinor ?? null,
  charged_at: instant(charged?.endedAt ?? null),
  credited_net_minor: credited.netMinor,
  credited_tax_minor: credited.taxMinor,
  credited_total_minor: credited.totalMinor,
})

/** These sessions, which nobody else changes until the transaction ends; in one order, so that nobody waits in a circle. */
export async function lockSessions(tx: Tx, generation: number, ids: readonly string[]): Promise<Map<string, Session>> {
  const sorted = [...new Set(ids)].sort()
  const [, rows] = await Promise.all([
    tx`insert into sessions (generation, session_id) select ${generation}, unnest(${sorted}::uuid[]) on conflict do nothing`,
    tx<Row[]>`
      select session_id, told_at, told_rank, told_id, charger_id, evse, connector, owner_id, driver_id,
        started_at, ended_at, energy_wh::float8, to_json(mark_at) as mark_at, to_json(mark_wh) as mark_wh, revision,
        seller_id, tariff_id, currency, net_minor::float8, tax_minor::float8, total_minor::float8, charged_at,
        credited_net_minor::float8, credited_tax_minor::float8, credited_total_minor::float8
      from sessions where generation = ${generation} and session_id = any(${sorted}::uuid[])
      order by session_id for no key update`,
  ])
  return new Map(rows.map(row => [row.session_id, sessionOf(row)]))
}

const writeSessions = (tx: Tx, { number }: Generation, sessions: readonly Session[]) => tx`
  update sessions s set told_at = r.told_at, told_rank = r.told_rank, told_id = r.told_id, charger_id = r.charger_id,
    evse = r.evse, connector = r.connector, owner_id = r.owner_id, driver_id = r.driver_id,
    started_at = r.started_at, ended_at = r.ended_at, energy_wh = r.energy_wh, mark_at = r.mark_at, mark_wh = r.mark_wh,
    revision = r.revision, seller_id = r.seller_id, tariff_id = r.tariff_id, currency = r.currency,
    net_minor = r.net_minor, tax_minor = r.tax_minor, total_minor = r.total_minor, charged_at = r.charged_at,
    credited_net_minor = r.credited_net_minor, credited_tax_minor = r.credited_tax_minor,
    credited_total_minor = r.credited_total_minor
  from json_populate_recordset(null::sessions, ${recordset(
    tx,
    sessions.map(session => rowOf(number, session)),
  )}) r
  where s.generation = r.generation and s.session_id = r.session_id`

/** What was given back of sessions by hand, each once; resolves with what that is in all of each. */
export async function noteCredits(
  tx: Tx,
  generation: number,
  credits: readonly (Credited & { readonly creditId: string; readonly sessionId: string })[],
): Promise<Map<string, Credited>> {
  const rows = credits.map(({ creditId, sessionId, netMinor, taxMinor, totalMinor }) => ({
    generation,
    credit_id: creditId,
    session_id: sessionId,
    net_minor: netMinor,
    tax_minor: taxMinor,
    total_minor: totalMinor,
  }))
  await tx`
    insert into session_credits select * from json_populate_recordset(null::session_credits, ${recordset(tx, rows)})
    order by credit_id on conflict do nothing`
  const sums = await tx<(Credited & { sessionId: string })[]>`
    select session_id as "sessionId", sum(net_minor)::float8 as "netMinor", sum(tax_minor)::float8 as "taxMinor",
      sum(total_minor)::float8 as "totalMinor"
    from session_credits
    where generation = ${generation} and session_id = any(${credits.map(({ sessionId }) => sessionId)}::uuid[])
    group by 1`
  return new Map(sums.map(({ sessionId, ...credited }) => [sessionId, credited]))
}

/** What a session adds is taken off as it was and put on as it is: so it does not matter in which order things come. */
export async function replaceSessions(
  tx: Tx,
  generation: Generation,
  changes: readonly (readonly [before: Session, after: Session])[],
  outlets: ReadonlyMap<string, Outlet>,
): Promise<void> {
  if (changes.length === 0) return void (await Promise.all(insertOutlets(tx, generation.number, outlets)))
  const sums = differences(generation, changes)
  await Promise.all([
    writeSessions(
      tx,
      generation,
      changes.map(([, after]) => after),
    ),
    ...insertOutlets(tx, generation.number, outlets),
    ...writePlaces(tx, generation.number, sums.places),
    ...writeSums(tx, generation.number, 'slots', 'at', sums.slots),
    ...writeSums(tx, generation.number, 'days', 'day', sums.days),
    ...writeMonths(tx, generation.number, sums.months),
  ])
}

type Table<T> = Map<string, T & { sums: number[] }>

function differences({ timeZone }: Generation, changes: readonly (readonly [Session, Session])[]) {
  const slots: Table<{ at: string; place: string }> = new Map()
  const days: Table<{ at: string; place: string }> = new Map()
  const places: Table<Place> = new Map()
  const months: Table<{ ownerId: string; driverId: string; month: string }> = new Map()
  const add = <T extends object>(table: Table<T>, key: string, what: T, values: readonly number[], sign: number) => {
    const known = table.get(key) ?? { ...what, sums: values.map(() => 0) }
    for (const [index, value] of values.entries()) known.sums[index]! += sign * value
    table.set(key, known)
  }
  const count = (session: Session, sign: 1 | -1): void => {
    const place = placeOf(session)
    if (!place) return
    const id = idOfPlace(place)
    add(places, id, place, [1], sign)
    for (const [slot, sums] of sharesOf(session)) {
      const [at, day] = [instant(slot)!, dayOf(timeZone, slot)]
      add(slots, `${at} ${id}`, { at, place: id }, sums, sign)
      add(days, `${day} ${id}`, { at: day, place: id }, sums, sign)
    }
    const { driverId, startedAt } = session.told!
    if (!driverId) return
    const month = `${dayOf(timeZone, startedAt).slice(0, 7)}-01`
    const of = { ownerId: place.ownerId ?? nobody, driverId, month }
    add(months, `${of.ownerId} ${driverId} ${month}`, of, [1], sign)
  }
  for (const [before, after] of changes) {
    count(before, -1)
    count(after, 1)
  }
  for (const table of [slots, days, places, months])
    for (const [key, { sums }] of table as Table<object>) if (sums.every(sum => sum === 0)) table.delete(key)
  return { slots, days, places, months }
}

const isLess = ({ sums }: { sums: number[] }): boolean => sums.some(sum => sum < 0)

function writePlaces(tx: Tx, generation: number, places: Table<Place>) {
  if (places.size === 0) return []
  const rows = [...places].map(([id, place]) => ({
    generation,
    id,
    owner_id: place.ownerId,
    charger_id: place.chargerId,
    evse: place.evse,
    connector: place.connector,
    tariff_id: place.tariffId,
    currency: place.currency,
    sessions: place.sums[0],
  }))
  const left = [...places].flatMap(([id, place]) => (isLess(place) ? [id] : []))
  return [
    tx`
      insert into places as p select * from json_populate_recordset(null::places, ${recordset(tx, rows)}) order by id
      on conflict (generation, id) do update set sessions = p.sessions + excluded.sessions`,
    ...(left.length > 0
      ? [
          tx`
          delete from places
          where generation = ${generation} and id = any(${left}::uuid[]) and sessions = 0`,
        ]
      : []),
  ]
}

function writeSums(
  tx: Tx,
  generation: number,
  name: 'slots' | 'days',
  when: 'at' | 'day',
  table: Table<{ at: string; place: string }>,
) {
  if (table.size === 0) return []
  const rows = [...table.values()].map(({ at, place, sums }) => ({
    generation,
    [when]: at,
    place,
    ...Object.fromEntries(measured.map((column, index) => [column, sums[index]])),
  }))
  const into = tx(name)
  const column = tx(when)
  const left = [...table.values()].filter(isLess).map(({ at, place }) => ({ generation, [when]: at, place }))
  return [
    tx`
      insert into ${into} as s select * from json_populate_recordset(null::${into}, ${recordset(tx, rows)})
      order by ${column}, place
      on conflict (generation, ${column}, place) do update set energy_wh = s.energy_wh + excluded.energy_wh,
        busy_seconds = s.busy_seconds + excluded.busy_seconds, sessions = s.sessions + excluded.sessions,
        charged = s.charged + excluded.charged, net_minor = s.net_minor + excluded.net_minor,
        tax_minor = s.tax_minor + excluded.tax_minor, total_minor = s.total_minor + excluded.total_minor`,
    ...(left.length > 0
      ? [
          tx`
          delete from ${into} s using json_populate_recordset(null::${into}, ${recordset(tx, left)}) r
          where s.generation = r.generation and s.${column} = r.${column} and s.place = r.place
            and s.energy_wh = 0 and s.busy_seconds = 0 and s.sessions = 0 and s.charged = 0`,
        ]
      : []),
  ]
}

function writeMonths(tx: Tx, generation: number, months: Table<{ ownerId: string; driverId: string; month: string }>) {
  if (months.size === 0) return []
  const rows = [...months.values()].map(({ ownerId, driverId, month, sums }) => ({
    generation,
    owner_id: ownerId,
    driver_id: driverId,
    month,
    sessions: sums[0],
  }))
  const less = [...months.values()].some(isLess)
  return [
    tx`
      insert into driver_months as d
      select * from json_populate_recordset(null::driver_months, ${recordset(tx, rows)}) order by owner_id, driver_id, month
      on conflict (generation, owner_id, driver_id, month) do update set sessions = d.sessions + excluded.sessions`,
    ...(less
      ? [
          tx`
          delete from driver_months d using json_populate_recordset(null::driver_months, ${recordset(tx, rows)}) r
          where d.generation = r.generation and d.owner_id = r.owner_id and d.driver_id = r.driver_id
            and d.month = r.month and d.sessions = 0`,
        ]
      : []),
  ]
}

/** A connector, since when anything is known of it. */
export interface Outlet {
  readonly chargerId: string
  readonly evse: number
  readonly connector: number
  readonly since: number
}

/** Of each the earliest. */
export function noteOutlet(rows: Map<string, Outlet>, outlet: Outlet): void {
  const key = `${outlet.chargerId}\n${outlet.evse} ${outlet.connector}`
  const known = rows.get(key)
  if (!known || outlet.since < known.since) rows.set(key, outlet)
}

export function insertOutlets(tx: Tx, generation: number, outlets: ReadonlyMap<string, Outlet>) {
  if (outlets.size === 0) return []
  const rows = [...outlets.values()].map(({ chargerId, since, ...place }) => ({
    generation,
    charger_id: chargerId,
    ...place,
    since: instant(since),
  }))
  return [
    tx`
      insert into outlets as o select * from json_populate_recordset(null::outlets, ${recordset(tx, rows)})
      order by charger_id, evse, connector
      on conflict (generation, charger_id, evse, connector) do update set since = excluded.since
      where excluded.since < o.since`,
  ]
}
