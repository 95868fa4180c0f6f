import type { ConnectorStandard } from '#contracts/stations'
import type { Tx } from '#kernel'
import type { WholeStation } from '../stations/stations.ts'

/** From what power on a connector belongs to a class: slow, three-phase, fast, very fast. */
export const powerClasses = [0, 22_000, 50_000, 150_000] as const

/** A kind of connector and power as a number: what an index begins with has few bytes. FNV-1a of 32 bits. */
export function kindOf(standard: ConnectorStandard | null, leastPowerW: number): number {
  let hash = 0x811c9dc5
  for (const letter of `${standard ?? '*'}/${leastPowerW}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193)
  return hash
}

/** The greatest class that power of this much is in. */
export const classOf = (powerW: number): number => powerClasses.findLast(least => least <= powerW)!

export interface Spot {
  readonly kind: number
  readonly standard: ConnectorStandard | null
  readonly leastPowerW: number
  readonly maxPowerW: number
}

/** As what a station is found: of any connector, and of each standard it has; of each class of power that it reaches. */
export function spotsOf({ evses }: Pick<WholeStation, 'evses'>): Spot[] {
  const connectors = evses.flatMap(({ connectors }) => connectors)
  const standards = new Set([null, ...connectors.map(({ standard }) => standard)])
  return [...standards].flatMap(standard => {
    const of = connectors.filter(one => standard === null || one.standard === standard)
    const maxPowerW = Math.max(0, ...of.map(({ maxPowerW }) => maxPowerW ?? 0))
    return powerClasses
      .filter(least => least <= maxPowerW)
      .map(leastPowerW => ({ kind: kindOf(standard, leastPowerW), standard, leastPowerW, maxPowerW }))
  })
}

/** Lets a station be found for what it is now. */
export async function placeSpots(tx: Tx, station: WholeStation): Promise<void> {
  await tx`delete from spots where station_id = ${station.id}`
  if (!station.public || !station.coordinates || station.deletedAt) return
  const { latitude, longitude } = station.coordinates
  const spots = spotsOf(station)
  await tx`
    insert into spots (station_id, kind, standard, least_power_w, max_power_w, position)
    select ${station.id}, k.kind, k.standard, k.least, k.most, ll_to_earth(${latitude}, ${longitude})
    from unnest(${spots.map(({ kind }) => kind)}::int[], ${spots.map(({ standard }) => standard)}::text[],
      ${spots.map(({ leastPowerW }) => leastPowerW)}::int[], ${spots.map(({ maxPowerW }) => maxPowerW)}::int[])
      as k (kind, standard, least, most)`
}
