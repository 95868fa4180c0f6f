import {
  ChargerChanged,
  ChargerConnected,
  ChargerDisconnected,
  ChargerRegistered,
  CommandEnded,
  ConnectorReported,
  TransactionReported,
} from '#contracts/ocpp'
import { StationCreated, StationUpdated } from '#contracts/stations'
import { take } from './following.ts'
import type { SessionsHost } from './host.ts'
import { endRequest } from './requests.ts'
import { noteConnection, noteConnectors, setOwner, setStation, type ConnectorRow } from './store.ts'

export function reactions({ on, onMany }: SessionsHost): void {
  onMany(
    TransactionReported,
    { id: 'follow', purpose: 'keep sessions by what chargers say', from: 'beginning', afterFailure: 'pass' },
    (events, tx) => take(tx, events),
  )
  onMany(
    ConnectorReported,
    { id: 'connectors', purpose: 'know which connectors are free', from: 'beginning', afterFailure: 'pass' },
    async (events, tx) => {
      // Of each the last.
      const rows = new Map<string, ConnectorRow>()
      for (const { chargerId, evse, connector, status, at, receivedAt } of events)
        rows.set([chargerId, evse, connector].join('\n'), {
          charger_id: chargerId,
          evse,
          connector,
          status,
          at,
          heard_at: receivedAt,
        })
      await noteConnectors(tx, [...rows.values()])
    },
  )
  for (const event of [ChargerRegistered, ChargerChanged])
    on(
      event,
      { id: 'owner', purpose: 'know whose chargers are', from: 'beginning' },
      async ({ chargerId, owner, timestamp }, tx) => await setOwner(tx, chargerId, owner, new Date(timestamp)),
    )
  for (const event of [StationCreated, StationUpdated])
    on(
      event,
      { id: 'station', purpose: 'know which station a charger stands for', from: 'beginning' },
      async ({ stationId, chargerId, timestamp }, tx) =>
        chargerId && (await setStation(tx, chargerId, stationId, new Date(timestamp))),
    )
  on(
    ChargerConnected,
    { id: 'connected', purpose: 'know which chargers can be heard', from: 'beginning' },
    async ({ chargerId, connectionId }, tx) => await noteConnection(tx, chargerId, connectionId, null),
  )
  on(
    ChargerDisconnected,
    { id: 'disconnected', purpose: 'know which chargers can be heard no more', from: 'beginning' },
    async ({ chargerId, connectionId, at }, tx) => await noteConnection(tx, chargerId, connectionId, new Date(at)),
  )
  on(
    CommandEnded,
    { id: 'answer', purpose: 'keep what chargers answer to who starts and stops', from: 'beginning' },
    async (event, tx) => event.requestId && (await endRequest(tx, event.requestId, event)),
  )
}
