import type { Static } from 'typebox'
import { getPrices, type TariffTerms } from '#contracts/billing'
import type { StationsHost } from './host.ts'
import type { WholeStation } from './stations/stations.ts'

/** What charging costs anybody at each connector, by `evse connector`; nothing where billing does not answer. */
export async function pricesAt({ ask, log }: StationsHost, station: WholeStation): Promise<Map<string, TariffTerms>> {
  const connectors = station.evses.flatMap(({ evse, connectors }) =>
    connectors.map(({ connector }) => ({ evse, connector })),
  )
  if (!station.owner || connectors.length === 0) return new Map()
  const asked = { stationId: station.id, ownerId: station.owner.id, connectors: connectors.slice(0, 200) }
  const { prices }: Static<(typeof getPrices)['output']> = await ask(getPrices, asked).catch(error => {
    log.warn({ err: error, stationId: station.id }, 'the page of a station says no prices, as billing does not answer')
    return { prices: [] }
  })
  return new Map(prices.map(({ evse, connector, terms }) => [`${evse} ${connector}`, terms]))
}
