import type { Owner } from '#contracts/shared'
import { Problem, violates, type Db, type Tx } from '#kernel'
import { openingRow, placeColumns, placeRow } from '../place.ts'
import type { EvseView, Station, WholeStation } from './stations.ts'

/** Whose things are that are nobody's, where an index needs somebody. */
export const nobody = '00000000-0000-0000-0000-000000000000'

/** A station without its parts, of `stations s`. */
export const stationColumns = (db: Db) => db`
  s.id, s.reference, s.charger_id as "chargerId", s.site_id as "siteId",
  case when s.owner_id is not null then json_build_object('kind', s.owner_kind, 'id', s.owner_id) end as owner,
  s.public, s.drafted, ${placeColumns(db, 's')}, s.online, s.online_since as "onlineSince", s.version,
  s.created_at as "createdAt", s.updated_at as "updatedAt", s.deleted_at as "deletedAt"`

/** Its EVSEs with their connectors. */
export const evsesColumn = (db: Db) => db`
  (select coalesce(json_agg(json_build_object('evse', e.evse, 'evseId', e.evse_id,
      'physicalReference', e.physical_reference, 'floorLevel', e.floor_level, 'status', null, 'connectors', (
        select coalesce(json_agg(json_build_object('connectorId', c.id, 'connector', c.connector,
            'standard', c.standard, 'format', c.format, 'powerType', c.power_type, 'maxVoltage', c.max_voltage,
            'maxAmperage', c.max_amperage, 'maxPowerW', c.max_power_w, 'tariff', c.tariff, 'status', c.status,
            'errorCode', c.error_code,
            'statusAt', to_char(c.status_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'available', c.available) order by c.connector), '[]')
        from connectors c where c.station_id = e.station_id and c.evse = e.evse)) order by e.evse), '[]')
    from evses e where e.station_id = s.id) as evses`

/** One that was deleted too. */
export async function findStation(db: Db, id: string): Promise<WholeStation | undefined> {
  const [row] = await db<WholeStation[]>`
    select ${stationColumns(db)}, ${evsesColumn(db)} from stations s where s.id = ${id}`
  return row
}

/** A station that nobody else changes until the transaction ends. */
export async function lockStation(tx: Tx, id: string): Promise<WholeStation | undefined> {
  // Two statements: what a wait for the lock let happen is seen by the second alone.
  await tx`select from stations where id = ${id} for no key update`
  return await findStation(tx, id)
}

export async function findByCharger(db: Db, chargerId: string): Promise<Station | undefined> {
  const [row] = await db<Station[]>`
    select ${stationColumns(db)} from stations s where s.charger_id = ${chargerId} and s.deleted_at is null`
  return row
}

export async function findByReference(db: Db, owner: Owner | null, reference: string): Promise<string | undefined> {
  const [row] = await db<{ id: string }[]>`
    select id from stations where coalesce(owner_id, ${nobody}) = ${owner?.id ?? nobody}
      and reference = ${reference} and deleted_at is null`
  return row?.id
}

/** What stands in the table of what people say; texts are found by their words. */
function rowOf(tx: Tx, station: Station) {
  const { address, opening, fault_contact, ...place } = placeRow(station)
  const json = (value: object | null) => value && tx.json(value as never)
  return {
    ...place,
    address: json(address),
    opening: json(opening),
    fault_contact: json(fault_contact),
    ...openingRow(station),
    country: address?.country ?? null,
    city: address?.city ?? null,
    reference: station.reference,
    charger_id: station.chargerId,
    site_id: station.siteId,
    owner_kind: station.owner?.kind ?? null,
    owner_id: station.owner?.id ?? null,
    public: station.public,
    drafted: station.drafted,
    version: station.version,
    updated_at: station.updatedAt,
  }
}

const wordsOf = ({ name, reference, chargerId, address, operatorName }: Station): string =>
  [name, reference, chargerId, address?.street, address?.postalCode, address?.city, operatorName]
    .filter(Boolean)
    .join(' ')

const refuseTaken = (error: unknown): never => {
  if (violates(error, 'stations_charger'))
    throw new Problem('conflict', 'charger_elsewhere', {
      errors: [{ pointer: '/chargerId', detail: 'must be a charger that stands at no other station' }],
    })
  if (violates(error, 'stations_reference'))
    throw new Problem('conflict', 'reference_taken', {
      errors: [{ pointer: '/reference', detail: 'must be one that no other station of the owner has' }],
    })
  throw error
}

/** Fails with `charger_elsewhere` and `reference_taken`: the indexes decide. */
export async function insertStation(tx: Tx, station: Station, chargerSince: Date | null): Promise<void> {
  const row = { id: station.id, created_at: station.createdAt, charger_since: chargerSince, ...rowOf(tx, station) }
  await tx`insert into stations ${tx({ ...row, words: '' } as never)}`.catch(refuseTaken)
  await noteWords(tx, station)
}

const noteWords = (tx: Tx, station: Station) => tx`
  update stations set words = to_tsvector('simple', ${wordsOf(station)}) where id = ${station.id}`

/** Fails as `insertStation` does; with a charger of its own since `chargerSince`, where that is another one now. */
export async function updateStation(tx: Tx, station: Station, chargerSince?: Date): Promise<void> {
  await tx`
    update stations set ${tx({
      ...rowOf(tx, station),
      ...(chargerSince && { charger_since: chargerSince, online: false, online_since: null }),
    } as never)}
    where id = ${station.id}`.catch(refuseTaken)
  await noteWords(tx, station)
  // What another device said does not hold for this one.
  if (chargerSince)
    await tx`
      update connectors set status = null, error_code = null, status_at = null, available = false
      where station_id = ${station.id}`
}

/**
 * It is somebody else's, whose site it stands at no more unless that is theirs too, and whose reference it keeps unless
 * they have it already.
 */
export const moveStation = (tx: Tx, id: string, owner: Owner, at: Date) => tx`
  update stations s set owner_kind = ${owner.kind}, owner_id = ${owner.id}, version = s.version + 1, drafted = false,
    updated_at = ${at},
    site_id = (select k.id from sites k where k.id = s.site_id and k.owner_id = ${owner.id}),
    reference = case when not exists (
      select from stations o where o.owner_id = ${owner.id} and o.reference = s.reference and o.deleted_at is null)
      then s.reference end
  where s.id = ${id}`

/** It stays for who refers to it, and is found by its id alone. */
export const markDeleted = (tx: Tx, id: string, at: Date) => tx`
  with gone as (delete from spots where station_id = ${id})
  update stations set deleted_at = ${at}, updated_at = ${at}, version = version + 1 where id = ${id}`

/** Lets a station have these EVSEs and connectors and no others; how they are is not touched. */
export async function writeEvses(tx: Tx, stationId: string, evses: readonly EvseView[]): Promise<void> {
  const connectors = evses.flatMap(({ evse, connectors }) => connectors.map(one => ({ evse, ...one })))
  await tx`
    delete from connectors c where c.station_id = ${stationId} and not exists (
      select from unnest(${connectors.map(({ evse }) => evse)}::int[],
        ${connectors.map(({ connector }) => connector)}::int[]) as k (evse, connector)
      where k.evse = c.evse and k.connector = c.connector)`
  await tx`delete from evses where station_id = ${stationId} and evse <> all(${evses.map(({ evse }) => evse)}::int[])`
  if (evses.length === 0) return
  const evseRows = evses.map(({ evse, evseId, physicalReference, floorLevel }) => ({
    station_id: stationId,
    evse,
    evse_id: evseId,
    physical_reference: physicalReference,
    floor_level: floorLevel,
  }))
  await tx`
    insert into evses ${tx(evseRows)}
    on conflict (station_id, evse) do update set evse_id = excluded.evse_id,
      physical_reference = excluded.physical_reference, floor_level = excluded.floor_level`
  const connectorRows = connectors.map(one => ({
    id: one.connectorId,
    station_id: stationId,
    evse: one.evse,
    connector: one.connector,
    standard: one.standard,
    format: one.format,
    power_type: one.powerType,
    max_voltage: one.maxVoltage,
    max_amperage: one.maxAmperage,
    max_power_w: one.maxPowerW,
    tariff: one.tariff,
  }))
  if (connectorRows.length > 0)
    await tx`
      insert into connectors ${tx(connectorRows)}
      on conflict (station_id, evse, connector) do update set standard = excluded.standard, format = excluded.format,
        power_type = excluded.power_type, max_voltage = excluded.max_voltage, max_amperage = excluded.max_amperage,
        max_power_w = excluded.max_power_w, tariff = excluded.tariff`
}

/** Whose a charger is, as far as anybody has told. */
export async function findChargerOwner(tx: Tx, chargerId: string): Promise<{ owner: Owner | null } | undefined> {
  const [row] = await tx<{ owner: Owner | null }[]>`
    select case when owner_id is not null then json_build_object('kind', owner_kind, 'id', owner_id) end as owner
    from chargers where id = ${chargerId}`
  return row
}
