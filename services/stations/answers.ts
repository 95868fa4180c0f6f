import type { Static } from 'typebox'
import type { getConnector, getStation } from '#contracts/stations'
import { fail, type Db } from '#kernel'
import { told } from './stations/stations.ts'
import { findByCharger, findStation } from './stations/store.ts'

/** With a cable in it one may start: that is how most do. */
const startable = new Set(['available', 'preparing', 'occupied', 'finishing'])

/** See `get_connector`. */
export async function answerConnector(
  db: Db,
  { stationId, evse, connector }: Static<(typeof getConnector)['input']>,
): Promise<Static<(typeof getConnector)['output']>> {
  const station = await findStation(db, stationId)
  if (!station || station.deletedAt) return fail('not_found', 'station_unknown')
  const one =
    station.evses.find(each => each.evse === evse)?.connectors.find(each => each.connector === connector) ??
    fail('not_found', 'connector_unknown')
  const { connectorId, standard, maxPowerW, status, available } = one
  const { online } = station
  return {
    ...told(station),
    evse,
    connector,
    connectorId,
    standard,
    maxPowerW,
    status,
    online,
    available,
    startable: online && startable.has(status ?? ''),
  }
}

/** See `get_station`. */
export async function answerStation(
  db: Db,
  { stationId, chargerId }: Static<(typeof getStation)['input']>,
): Promise<Static<(typeof getStation)['output']>> {
  const station =
    (stationId !== undefined && (await findStation(db, stationId))) ||
    (chargerId !== undefined && (await findByCharger(db, chargerId)))
  if (!station) return fail('not_found', 'station_unknown')
  const { name, siteId, timeZone, address, coordinates, tariff, online, deletedAt, version } = station
  const { country = null, region = null } = address ?? {}
  return {
    ...told(station),
    name,
    siteId,
    timeZone,
    country,
    region,
    address: address && `${address.street}, ${[address.postalCode, address.city].filter(Boolean).join(' ')}`,
    coordinates,
    tariff,
    online,
    deleted: deletedAt !== null,
    version,
  }
}
