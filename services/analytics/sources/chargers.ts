import {
  ChargerConnected,
  ChargerDisconnected,
  ChargerRegistered,
  ChargerRemoved,
  ConnectorReported,
} from '#contracts/ocpp'
import type { Tx } from '#kernel'
import { written } from '../generations.ts'
import type { AnalyticsHost, AnalyticsTx } from '../host.ts'
import { recordset } from './rows.ts'
import { insertOutlets, noteOutlet, type Outlet } from './session-store.ts'

/** When chargers and their connectors could be used. */
export function followChargers({ onMany }: AnalyticsHost): void {
  const about = (purpose: string) => ({ id: 'figures', purpose, from: 'beginning' }) as const

  const known =
    (removed: boolean) =>
    async (events: readonly { chargerId: string; timestamp: string; eventId: string }[], tx: AnalyticsTx) => {
      const { number: generation } = await written(tx)
      const rows = events.map(({ chargerId, timestamp, eventId }) => ({
        generation,
        charger_id: chargerId,
        removed,
        told_at: timestamp,
        told_id: eventId,
      }))
      await tx`
        insert into chargers as c
        select distinct on (charger_id) * from json_populate_recordset(null::chargers, ${recordset(tx, rows)})
        order by charger_id, told_at desc, told_id desc
        on conflict (generation, charger_id) do update set removed = excluded.removed, told_at = excluded.told_at,
          told_id = excluded.told_id
        where c.told_at is null or (c.told_at, c.told_id) < (excluded.told_at, excluded.told_id)`
    }
  onMany(ChargerRegistered, about('know which chargers there are'), known(false))
  onMany(ChargerRemoved, about('know which chargers there are no more'), known(true))

  const connection =
    (column: 'connected_at' | 'disconnected_at') =>
    async (events: readonly { chargerId: string; connectionId: string; at: string }[], tx: AnalyticsTx) => {
      const { number: generation } = await written(tx)
      await lockChargers(
        tx,
        generation,
        events.map(({ chargerId }) => chargerId),
      )
      const rows = events.map(({ chargerId, connectionId, at }) => ({
        generation,
        charger_id: chargerId,
        connection_id: connectionId,
        [column]: at,
      }))
      await noteConnections(tx, rows, column)
    }
  onMany(ChargerConnected, about('count time in which chargers are connected'), connection('connected_at'))
  onMany(ChargerDisconnected, about('count time in which chargers are not connected'), connection('disconnected_at'))

  onMany(ConnectorReported, about('count time in which connectors work'), async (events, tx) => {
    const { number: generation } = await written(tx)
    const outlets = new Map<string, Outlet>()
    const rows = events.map(({ chargerId, evse, connector, status, at, receivedAt, eventId }) => {
      // A clock that is fast for a while would else outdo all that is said once it is right.
      const moment = at < receivedAt ? at : receivedAt
      if (evse > 0 && connector > 0) noteOutlet(outlets, { chargerId, evse, connector, since: Date.parse(moment) })
      return {
        generation,
        charger_id: chargerId,
        evse,
        connector,
        at: moment,
        event_id: eventId,
        works: status !== 'unavailable' && status !== 'faulted',
      }
    })
    await Promise.all([...insertOutlets(tx, generation, outlets), noteReports(tx, rows)])
  })
}

/** What is told of these chargers is written by one transaction at a time, lest one does not see what another adds. */
async function lockChargers(tx: Tx, generation: number, ids: readonly string[]): Promise<void> {
  const sorted = [...new Set(ids)].sort()
  await tx`
    insert into chargers (generation, charger_id) select ${generation}, unnest(${sorted}::text[]) on conflict do nothing`
  await tx`
    select from chargers where generation = ${generation} and charger_id = any(${sorted}::text[])
    order by charger_id for no key update`
}

/** Notes when connections began or ended, and of those and the ones before them which came next. */
async function noteConnections(tx: Tx, rows: readonly object[], column: string): Promise<void> {
  const told = recordset(tx, rows)
  const [name] = [tx(column)]
  await tx`
    insert into connections (generation, charger_id, connection_id, ${name})
    select distinct on (charger_id, connection_id) generation, charger_id, connection_id, ${name}
    from json_populate_recordset(null::connections, ${told}) order by charger_id, connection_id
    on conflict (generation, charger_id, connection_id) do update set ${name} = excluded.${name}`
  await tx`
    update connections c set back_at = (
      select n.connected_at from connections n
      where n.generation = c.generation and n.charger_id = c.charger_id and n.connection_id > c.connection_id
        and n.connected_at is not null
      order by n.connection_id limit 1)
    from (
      select distinct r.generation, r.charger_id, r.connection_id as last, coalesce((
        select p.connection_id from connections p
        where p.generation = r.generation and p.charger_id = r.charger_id and p.connection_id < r.connection_id
          and p.connected_at is not null
        order by p.connection_id desc limit 1), '00000000-0000-0000-0000-000000000000') as first
      from json_populate_recordset(null::connections, ${told}) r) t
    where c.generation = t.generation and c.charger_id = t.charger_id and c.connection_id between t.first and t.last`
}

/** Notes what places said, and of that and what they said before until when it held. */
async function noteReports(tx: Tx, rows: readonly object[]): Promise<void> {
  const told = recordset(tx, rows)
  await tx`
    insert into reports select * from json_populate_recordset(null::reports, ${told})
    order by charger_id, evse, connector, at, event_id on conflict do nothing`
  await tx`
    update reports c set until_at = t.until_at from (
      select k.*, (
        select n.at from reports n
        where n.generation = k.generation and n.charger_id = k.charger_id and n.evse = k.evse
          and n.connector = k.connector and (n.at, n.event_id) > (k.at, k.event_id)
        order by n.at, n.event_id limit 1) as until_at
      from (
        select generation, charger_id, evse, connector, at, event_id
        from json_populate_recordset(null::reports, ${told})
        union
        select r.generation, r.charger_id, r.evse, r.connector, p.at, p.event_id
        from json_populate_recordset(null::reports, ${told}) r cross join lateral (
          select at, event_id from reports p
          where p.generation = r.generation and p.charger_id = r.charger_id and p.evse = r.evse
            and p.connector = r.connector and (p.at, p.event_id) < (r.at, r.event_id)
          order by p.at desc, p.event_id desc limit 1) p
      ) k) t
    where c.generation = t.generation and c.charger_id = t.charger_id and c.evse = t.evse
      and c.connector = t.connector and c.at = t.at and c.event_id = t.event_id
      and c.until_at is distinct from t.until_at`
}
