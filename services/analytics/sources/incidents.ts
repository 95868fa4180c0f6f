import { IncidentClosed, IncidentOpened } from '#contracts/maintenance'
import type { Delivered } from '#kernel'
import { written } from '../generations.ts'
import type { AnalyticsHost, AnalyticsTx } from '../host.ts'
import { recordset } from './rows.ts'

/** What did not work, once for each incident, when it began; whose it was is as it was told at its end. */
export function followIncidents({ onMany }: AnalyticsHost): void {
  const follow =
    (isLast: boolean) =>
    async (
      events: readonly (Delivered<typeof IncidentOpened> | Delivered<typeof IncidentClosed>)[],
      tx: AnalyticsTx,
    ) => {
      const { number: generation } = await written(tx)
      const rows = events.map(event => ({
        generation,
        incident_id: event.incidentId,
        opened_at: event.openedAt,
        source: event.source,
        owner_id: event.owner?.id ?? null,
        // Where its charger stands is known from others, and here only if they were heard first.
        station_id: event.chargerId === null ? event.stationId : null,
        charger_id: event.chargerId,
        evse: event.evse,
        connector: event.connector,
      }))
      await tx`
        insert into incidents
        select distinct on (incident_id) * from json_populate_recordset(null::incidents, ${recordset(tx, rows)})
        order by incident_id
        on conflict (generation, incident_id) do ${
          isLast
            ? tx`update set opened_at = excluded.opened_at, owner_id = excluded.owner_id,
                station_id = excluded.station_id, charger_id = excluded.charger_id, evse = excluded.evse,
                connector = excluded.connector`
            : tx`nothing`
        }`
    }
  const about = { id: 'figures', purpose: 'count what does not work', from: 'beginning' } as const
  onMany(IncidentOpened, about, follow(false))
  onMany(IncidentClosed, about, follow(true))
}
