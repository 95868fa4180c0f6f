import type { Static } from 'typebox'
import type { getPrices, TariffTerms } from '#contracts/billing'
import type { Owner } from '#contracts/shared'
import { madeIn, Problem, type Db, type Span, type Tx } from '#kernel'

/** Where a tariff is in force: all of it null is wherever its owner says nothing else. */
export interface Use {
  readonly stationId: string | null
  readonly evse: number | null
  readonly connector: number | null
  /** Of drivers; null is for everybody. */
  readonly groupId: string | null
}

export interface Tariff {
  readonly id: string
  readonly owner: Owner
  readonly name: string
  readonly terms: TariffTerms
  readonly uses: readonly Use[]
  readonly version: number
  readonly createdAt: Date
  readonly withdrawnAt: Date | null
}

const columns = (db: Db) => db`
  t.id, json_build_object('kind', t.owner_kind, 'id', t.owner_id) as owner, t.name, v.terms,
  coalesce((
    select json_agg(json_build_object('stationId', u.station_id, 'evse', u.evse, 'connector', u.connector,
      'groupId', u.group_id) order by u.station_id, u.evse, u.connector, u.group_id)
    from tariff_uses u where u.tariff_id = t.id), '[]'::json) as uses,
  t.version, t.created_at as "createdAt", t.withdrawn_at as "withdrawnAt"`
const current = (db: Db) => db`tariffs t join tariff_terms v on v.tariff_id = t.id and v.version = t.version`

export async function findTariff(db: Db, id: string): Promise<Tariff | undefined> {
  const [row] = await db<Tariff[]>`select ${columns(db)} from ${current(db)} where t.id = ${id}`
  return row
}

export async function lockTariff(tx: Tx, id: string): Promise<Tariff | undefined> {
  const [row] = await tx<Tariff[]>`select ${columns(tx)} from ${current(tx)} where t.id = ${id} for update of t`
  return row
}

/** The newest first; of everybody where no owners are named. */
export const listTariffs = (
  db: Db,
  { owners, created }: { owners: readonly string[] | undefined; created: Span },
  limit: number,
  before?: string,
) => db<Tariff[]>`
  select ${columns(db)} from ${current(db)}
  where t.withdrawn_at is null ${owners ? db`and t.owner_id = any(${owners as string[]}::uuid[])` : db``}
    ${madeIn(db, 't.created_at', created)} ${before === undefined ? db`` : db`and t.id < ${before}`}
  order by t.id desc limit ${limit}`

export async function insertTariff(tx: Tx, { id, owner, name, version, createdAt }: Tariff): Promise<void> {
  await tx`
    insert into tariffs (id, owner_kind, owner_id, name, version, created_at)
    values (${id}, ${owner.kind}, ${owner.id}, ${name}, ${version}, ${createdAt})`
}

export async function updateTariff(tx: Tx, { id, name, version, withdrawnAt }: Tariff): Promise<void> {
  await tx`
    update tariffs set name = ${name}, version = ${version}, withdrawn_at = ${withdrawnAt} where id = ${id}`
}

export async function insertTerms(tx: Tx, { id, version, terms }: Tariff, since: Date): Promise<void> {
  await tx`
    insert into tariff_terms (tariff_id, version, terms, since)
    values (${id}, ${version}, ${tx.json(terms as never)}, ${since})`
}

/**
 * Puts these in the place of those there were; what stays is in force since it was. Violates `tariff_uses_one` where
 * another tariff is in force there; fails with `group_unknown` for a group that was dissolved a moment ago.
 */
export async function setUses(
  tx: Tx,
  { id, owner, uses }: Pick<Tariff, 'id' | 'owner' | 'uses'>,
  at: Date,
): Promise<void> {
  const groups = [...new Set(uses.flatMap(({ groupId }) => groupId ?? []))]
  const there = await tx`select from driver_groups where id = any(${groups}::uuid[]) for key share`
  if (there.length < groups.length) throw new Problem('not_found', 'group_unknown')
  const wanted = tx`
    json_to_recordset(${tx.json(uses as never)}) as w ("stationId" uuid, evse integer, connector integer, "groupId" uuid)`
  const isSame = tx`
    (u.station_id, u.evse, u.connector, u.group_id) is not distinct from (w."stationId", w.evse, w.connector, w."groupId")`
  await tx`
    with ended as (
      delete from tariff_uses u where tariff_id = ${id} and not exists (select from ${wanted} where ${isSame}) returning *)
    insert into tariff_uses_past (tariff_id, owner_id, station_id, evse, connector, group_id, since, until)
    select tariff_id, owner_id, station_id, evse, connector, group_id, since, ${at} from ended where since < ${at}`
  if (uses.length > 0)
    await tx`
      insert into tariff_uses (tariff_id, owner_id, station_id, evse, connector, group_id, since)
      select ${id}, ${owner.id}, w."stationId", w.evse, w.connector, w."groupId", ${at} from ${wanted}
      where not exists (select from tariff_uses u where u.tariff_id = ${id} and ${isSame})`
}

/** A plug, and who wants to charge there. */
export interface Place {
  readonly ownerId: string
  readonly stationId: string
  readonly evse: number
  readonly connector: number
  readonly driverId: string | null
}

/** What charging costs there, now: the tariff for the driver's group before that for all, the nearer before the wider. */
export async function tariffAt(
  db: Db,
  { ownerId, stationId, evse, connector, driverId }: Place,
): Promise<Tariff | undefined> {
  const [row] = await db<Tariff[]>`
    select ${columns(db)} from ${current(db)} join tariff_uses u on u.tariff_id = t.id
    where u.owner_id = ${ownerId} and (u.station_id is null or u.station_id = ${stationId})
      and (u.evse is null or u.evse = ${evse}) and (u.connector is null or u.connector = ${connector})
      and (u.group_id is null or exists (
        select from driver_group_members m where m.group_id = u.group_id and m.driver_id = ${driverId}))
    order by u.group_id is null, u.connector is null, u.evse is null, u.station_id is null, t.id limit 1`
  return row
}

/** The same as it was at a moment, with the terms of then. */
export async function tariffIn(
  db: Db,
  { ownerId, stationId, evse, connector, driverId }: Place,
  at: Date,
): Promise<{ tariffId: string; version: number; terms: TariffTerms } | undefined> {
  const [row] = await db<{ tariffId: string; version: number; terms: TariffTerms }[]>`
    select v.tariff_id as "tariffId", v.version, v.terms
    from (
      select tariff_id, station_id, evse, connector, group_id from tariff_uses
      where owner_id = ${ownerId} and since <= ${at}
      union all
      select tariff_id, station_id, evse, connector, group_id from tariff_uses_past
      where owner_id = ${ownerId} and since <= ${at} and until > ${at}
    ) u cross join lateral (
      select tariff_id, version, terms from tariff_terms
      where tariff_id = u.tariff_id and since <= ${at} order by version desc limit 1
    ) v
    where (u.station_id is null or u.station_id = ${stationId}) and (u.evse is null or u.evse = ${evse})
      and (u.connector is null or u.connector = ${connector})
      and (u.group_id is null or exists (
        select from driver_group_members m where m.group_id = u.group_id and m.driver_id = ${driverId}))
    order by u.group_id is null, u.connector is null, u.evse is null, u.station_id is null, v.tariff_id limit 1`
  return row
}

export async function termsOf(db: Db, tariffId: string, version: number): Promise<TariffTerms | undefined> {
  const [row] = await db<{ terms: TariffTerms }[]>`
    select terms from tariff_terms where tariff_id = ${tariffId} and version = ${version}`
  return row?.terms
}

/** What was said since when, the newest first. */
export const listVersions = (db: Db, tariffId: string, limit: number, before?: number) => db<
  { version: number; since: Date; terms: TariffTerms }[]
>`
  select version, since, terms from tariff_terms
  where tariff_id = ${tariffId} ${before === undefined ? db`` : db`and version < ${before}`}
  order by version desc limit ${limit}`

/** See `get_prices`. */
export async function answerPrices(
  db: Db,
  { stationId, ownerId, connectors }: Static<(typeof getPrices)['input']>,
): Promise<Static<(typeof getPrices)['output']>> {
  const found = await Promise.all(
    connectors.map(async place => ({
      ...place,
      tariff: await tariffAt(db, { ...place, stationId, ownerId, driverId: null }),
    })),
  )
  return { prices: found.flatMap(({ tariff, ...place }) => (tariff ? { ...place, terms: tariff.terms } : [])) }
}
