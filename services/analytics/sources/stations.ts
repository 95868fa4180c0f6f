import { TariffPublished } from '#contracts/billing'
import { StationCreated, StationDeleted, StationUpdated } from '#contracts/stations'
import type { Delivered } from '#kernel'
import { written } from '../generations.ts'
import type { AnalyticsHost, AnalyticsTx } from '../host.ts'
import { nobody, recordset } from './rows.ts'

type Event = Delivered<typeof StationCreated> | Delivered<typeof StationUpdated>

/** Where figures are from, and what tariffs are called: as it is now, of what was before too. */
export function followStations({ onMany }: AnalyticsHost): void {
  const about = { id: 'figures', purpose: 'know where figures are from', from: 'beginning' } as const
  const follow = async (events: readonly Event[], tx: AnalyticsTx) => {
    const { number: generation } = await written(tx)
    const rows = events.map(({ siteId, connectors, ...event }) => ({
      generation,
      station_id: event.stationId,
      owner_id: event.owner?.id ?? null,
      site_id: siteId ?? null,
      name: event.name,
      // Of what its charger alone has said there is nothing to know, and it may be told later or not at all.
      connectors: connectors?.filter(({ standard }) => standard !== null) ?? [],
      deleted: false,
      version: event.version,
      station_at: event.timestamp,
      told_id: event.eventId,
    }))
    const stood = events.flatMap(({ chargerId, stationId, timestamp }) =>
      chargerId === null ? [] : [{ generation, charger_id: chargerId, station_id: stationId, station_at: timestamp }],
    )
    await tx`
      insert into stood as s
      select generation, charger_id, station_id, max(station_at)
      from json_populate_recordset(null::stood, ${recordset(tx, stood)}) group by 1, 2, 3 order by 1, 2, 3
      on conflict (generation, charger_id, station_id) do update set station_at = excluded.station_at
      where s.station_at < excluded.station_at`
    await tx`
      insert into stations as s
      select distinct on (station_id) * from json_populate_recordset(null::stations, ${recordset(tx, rows)})
      order by station_id, version desc, station_at desc, told_id desc
      on conflict (generation, station_id) do update set owner_id = excluded.owner_id, site_id = excluded.site_id, name = excluded.name,
        connectors = excluded.connectors, version = excluded.version, station_at = excluded.station_at,
        told_id = excluded.told_id
      where (s.version, s.station_at, s.told_id) < (excluded.version, excluded.station_at, excluded.told_id)`
  }
  onMany(StationCreated, about, follow)
  onMany(StationUpdated, about, follow)
  // It may be told before what it was.
  onMany(StationDeleted, about, async (events, tx) => {
    const { number: generation } = await written(tx)
    const ids = [...new Set(events.map(({ stationId }) => stationId))].sort()
    await tx`
      insert into stations (generation, station_id, connectors, deleted, version, station_at, told_id)
      select ${generation}, id, '[]', true, 0, '-infinity', ${nobody} from unnest(${ids}::uuid[]) as id
      on conflict (generation, station_id) do update set deleted = true`
  })

  onMany(
    TariffPublished,
    { id: 'figures', purpose: 'know what tariffs are called', from: 'beginning' },
    async (events, tx) => {
      const { number: generation } = await written(tx)
      const rows = events.map(({ tariffId, name, version }) => ({ generation, tariff_id: tariffId, name, version }))
      await tx`
        insert into tariffs as t
        select distinct on (tariff_id) * from json_populate_recordset(null::tariffs, ${recordset(tx, rows)})
        order by tariff_id, version desc
        on conflict (generation, tariff_id) do update set name = excluded.name, version = excluded.version
        where t.version < excluded.version`
    },
  )
}
