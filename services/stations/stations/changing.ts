import { isDeepStrictEqual } from 'node:util'
import { StationCreated, StationDeleted, StationUpdated } from '#contracts/stations'
import type { Owner } from '#contracts/shared'
import { newId, ownerFor, Problem, type Actor, type Tx } from '#kernel'
import { publishChanges } from '../live/reactions.ts'
import { lockChargers, showAvailable, showChargers } from '../live/store.ts'
import { placeSpots } from '../nearby/spots.ts'
import { holdSite } from '../sites/store.ts'
import { placeFrom } from '../place.ts'
import {
  described as toldOf,
  mayManage,
  requireWhole,
  told,
  type EvseBody,
  type EvseView,
  type StationBody,
  type WholeStation,
} from './stations.ts'
import {
  findByCharger,
  findChargerOwner,
  findStation,
  insertStation,
  lockStation,
  markDeleted,
  updateStation,
  writeEvses,
} from './store.ts'

type StationsTx = Tx<'stations'>

/**
 * A station as somebody writes it, made. Fails with `editor_required`, `site_unknown`, `charger_elsewhere`,
 * `reference_taken`, `position_missing` and `connector_twice`.
 */
export async function createStation(tx: StationsTx, actor: Actor, body: StationBody, at: Date): Promise<WholeStation> {
  const station: WholeStation = {
    ...(await described(tx, actor, body)),
    id: newId(at.getTime()),
    owner: ownerFor(actor),
    drafted: false,
    online: false,
    onlineSince: null,
    version: 1,
    createdAt: at,
    updatedAt: at,
    deletedAt: null,
    evses: evsesOf([], body.evses),
  }
  requireWhole(station, body.evses)
  if (station.chargerId !== null) await freeCharger(tx, actor, station.chargerId, at)
  await insertStation(tx, station, station.chargerId === null ? null : at)
  const made = await furnish(tx, station)
  await tx.publish(StationCreated, toldOf(made))
  return made
}

/** The same station when nothing of it changes. Fails as `createStation` does. */
export async function changeStation(
  tx: StationsTx,
  actor: Actor,
  before: WholeStation,
  body: StationBody,
  at: Date,
): Promise<WholeStation> {
  const next: WholeStation = {
    ...before,
    ...(await described(tx, actor, body)),
    // Who first says something of it takes it over.
    owner: before.owner ?? (actor.role === 'admin' ? null : ownerFor(actor)),
    drafted: false,
    evses: evsesOf(before.evses, body.evses),
  }
  requireWhole(next, body.evses)
  if (isDeepStrictEqual(saidOf(next), saidOf(before))) return before
  const isMoved = next.chargerId !== before.chargerId
  if (isMoved && next.chargerId !== null) await freeCharger(tx, actor, next.chargerId, at)
  const changed = { ...next, version: before.version + 1, updatedAt: at }
  await updateStation(tx, changed, isMoved ? at : undefined)
  const station = await furnish(tx, changed)
  await tx.publish(StationUpdated, toldOf(station))
  return station
}

export async function deleteStation(tx: StationsTx, station: WholeStation, at: Date): Promise<void> {
  await markDeleted(tx, station.id, at)
  await tx.publish(StationDeleted, { ...told(station), version: station.version + 1 })
}

/** What is written of a station in a body, with what its site says in its place. */
async function described(tx: Tx, actor: Actor, body: StationBody) {
  const { reference = null, chargerId = null, siteId = null, public: isPublic = false } = body
  const site = siteId === null ? undefined : await holdSite(tx, siteId)
  if (siteId !== null && (!site || !mayManage(actor, site))) throw new Problem('not_found', 'site_unknown')
  return { ...placeFrom(body, site), reference, chargerId, siteId, public: isPublic }
}

/** What people say of a station. */
const saidOf = ({ online: _, onlineSince: __, version: ___, updatedAt: ____, evses, ...said }: WholeStation) => ({
  ...said,
  evses: evses.map(({ status: _, connectors, ...evse }) => ({
    ...evse,
    connectors: connectors.map(({ status: _, errorCode: __, statusAt: ___, available: ____, ...one }) => one),
  })),
})

const plainEvse = { evseId: null, physicalReference: null, floorLevel: null, status: null }
const plainConnector = {
  standard: null,
  format: null,
  powerType: null,
  maxVoltage: null,
  maxAmperage: null,
  maxPowerW: null,
  tariff: null,
}
const unheard = { status: null, errorCode: null, statusAt: null, available: false }

/** The EVSEs that are given, with what chargers have said of themselves beside them. */
export function evsesOf(before: readonly EvseView[], given: readonly EvseBody[] | undefined): EvseView[] {
  if (!given) return [...before]
  const announced = before.flatMap(evse => {
    const connectors = evse.connectors.filter(({ status }) => status !== null)
    return connectors.length > 0 ? [{ ...evse, connectors }] : []
  })
  const numbers = [...new Set([...announced, ...given].map(({ evse }) => evse))].sort((a, b) => a - b)
  return numbers.map(number => {
    const [is, asked] = [before, given].map(list => list.find(({ evse }) => evse === number)) as [
      EvseView | undefined,
      EvseBody | undefined,
    ]
    const kept = announced.find(({ evse }) => evse === number)?.connectors ?? []
    const wanted = asked?.connectors ?? []
    const places = [...new Set([...kept, ...wanted].map(({ connector }) => connector))].sort((a, b) => a - b)
    return {
      ...plainEvse,
      ...(asked && { ...asked }),
      evse: number,
      connectors: places.map(connector => {
        const known = is?.connectors.find(one => one.connector === connector)
        const { connectorId, status, errorCode, statusAt, available } = known ?? { connectorId: newId(), ...unheard }
        const described = wanted.find(one => one.connector === connector)
        return {
          connectorId,
          ...plainConnector,
          ...described,
          connector,
          status,
          errorCode,
          statusAt,
          available,
        }
      }),
    }
  })
}

/**
 * Lets a charger be that of a station: a draft that was made for it goes. Fails with `charger_elsewhere` for one that stands
 * elsewhere or belongs to somebody else.
 */
async function freeCharger(tx: StationsTx, actor: Actor, chargerId: string, at: Date): Promise<void> {
  await lockChargers(tx, [chargerId])
  const charger = await findChargerOwner(tx, chargerId)
  const holder = await findByCharger(tx, chargerId)
  const isForeign = (owner: Owner | null | undefined) => owner !== undefined && !mayManage(actor, { owner })
  if (isForeign(charger?.owner) || (holder && !holder.drafted))
    throw new Problem('conflict', 'charger_elsewhere', {
      errors: [{ pointer: '/chargerId', detail: 'must be a charger of yours that stands at no other station' }],
    })
  const draft = holder && (await lockStation(tx, holder.id))
  if (draft) await deleteStation(tx, draft, at)
}

/** Writes the parts of a station that is written, and shows what its charger has said. */
async function furnish(tx: StationsTx, station: WholeStation): Promise<WholeStation> {
  await writeEvses(tx, station.id, station.evses)
  await placeSpots(tx, station)
  if (station.chargerId === null) await showAvailable(tx, [station.id])
  else {
    await lockChargers(tx, [station.chargerId])
    await publishChanges(tx, await showChargers(tx, [station.chargerId]))
  }
  return (await findStation(tx, station.id))!
}
