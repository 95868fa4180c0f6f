import { ChargerBooted, type OcppVersion } from '#contracts/ocpp'
import { findChargers } from '../chargers/store.ts'
import { sendToAll } from '../commands/send.ts'
import type { OcppHost } from '../host.ts'
import { tellStarted } from '../prices/tariffs.ts'
import { syncStarted, type SyncList } from '../local-list/sync.ts'
import { endWaiting, forgetAlerts } from './rows.ts'

/** After each start a charger is asked once for all that it is made of and how it is set. */
export function mirrorDevices(host: OcppHost, sync: SyncList): void {
  host.onMany(
    ChargerBooted,
    { id: 'mirror', purpose: 'ask a charger that has started for its settings', from: 'now' },
    async (events, tx) => {
      const booted = events.filter(({ status }) => status === 'accepted')
      if (booted.length === 0) return
      await endWaiting(tx, booted)
      const chargers = await findChargers(tx, [...new Set(booted.map(({ chargerId }) => chargerId))])
      const byId = new Map(chargers.map(charger => [charger.id, charger]))
      const asks = booted.flatMap(({ eventId, chargerId, at }) => {
        const charger = byId.get(chargerId)
        if (!charger?.ocppVersion) return []
        const askedBy = { userId: null, role: 'system' } as const
        return { charger, chargerId, requestId: eventId, askedBy, ...inventory(charger.ocppVersion, new Date(at)) }
      })
      await sendToAll(host, tx, asks)
      await syncStarted(tx, sync, [...byId.keys()])
      await tellStarted(host, tx, [...byId.keys()])
    },
  )

  host.every('1 hour', 'forget alerts of chargers after a year', async () => {
    await host.db.transaction(tx => forgetAlerts(tx, new Date(host.now().getTime() - 365 * 86_400_000)))
  })
}

/** All keys of 1.6 (§5.8); all variables of 2.x (B07), by a number that the next has not. */
const inventory = (version: OcppVersion, at: Date) =>
  version === 'ocpp1.6'
    ? { action: 'GetConfiguration', payload: {} }
    : {
        action: 'GetBaseReport',
        payload: { requestId: requestIdAt(at), reportBase: 'FullInventory' },
      }

/** A number for a request that is told apart from others of its charger by its time. */
export const requestIdAt = (at: Date): number => at.getTime() % 2 ** 31
