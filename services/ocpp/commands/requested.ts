import { AvailabilityRequested, RemedyRequested } from '#contracts/maintenance'
import { SessionStartRequested, SessionStopRequested } from '#contracts/sessions'
import { Problem } from '#kernel'
import { keptFrom } from '../bookings/kept.ts'
import { findBooked, nothingBooked } from '../bookings/store.ts'
import { findCharger } from '../chargers/store.ts'
import type { OcppHost } from '../host.ts'
import { findTokens, insertOwnToken } from '../tokens/store.ts'
import { availabilityCall, resetCall, startCall, stopCall, unlockCall } from './calls.ts'
import { refuseCommand, sendCommand } from './send.ts'

/** Sends what others ask for by events; `command.ended` tells them how it went. */
export function takeRequests(host: OcppHost): void {
  host.on(
    SessionStartRequested,
    { id: 'start', purpose: 'have chargers start sessions', from: 'now', afterFailure: 'pass' },
    async ({ requestId, chargerId, evse, connector, token, own, driverId, remoteStartId, ...event }, tx) => {
      // It has to be there when the charger asks about it.
      if (own && driverId) await insertOwnToken(tx, token, driverId, new Date(event.timestamp))
      const charger = await findCharger(tx, chargerId)
      const start = { ...token, evse: evse ?? connector ?? undefined, remoteStartId }
      const call = startCall(charger?.ocppVersion ?? 'ocpp1.6', start)
      const asked = { ...call, chargerId, requestId, askedBy: event.actor, until: new Date(event.until) }
      const userId =
        driverId ?? (await findTokens(tx, [token.idToken])).get(token.idToken.toUpperCase())?.userId ?? null
      const booked = (await findBooked(tx, [chargerId], host.now())).get(chargerId) ?? nothingBooked
      const kept = keptFrom(booked, { idToken: token.idToken, userId }, start.evse, host.now())
      if (kept) await refuseCommand(host, tx, asked, new Problem('conflict', 'connector_booked'))
      else await sendCommand(host, tx, asked)
    },
  )
  host.on(
    SessionStopRequested,
    { id: 'stop', purpose: 'have chargers stop sessions', from: 'now', afterFailure: 'pass' },
    async ({ requestId, chargerId, reference, actor, until }, tx) => {
      const charger = await findCharger(tx, chargerId)
      const call = stopCall(charger?.ocppVersion ?? 'ocpp1.6', reference)
      await sendCommand(host, tx, { ...call, chargerId, requestId, askedBy: actor, until: new Date(until) })
    },
  )
  host.on(
    RemedyRequested,
    { id: 'remedy', purpose: 'have chargers help themselves', from: 'now', afterFailure: 'pass' },
    async ({ requestId, chargerId, remedy, evse, connector, actor, until }, tx) => {
      const version = (await findCharger(tx, chargerId))?.ocppVersion ?? 'ocpp1.6'
      const call = remedy === 'reset' ? resetCall(version) : unlockCall(version, evse || 1, connector || 1)
      await sendCommand(host, tx, { ...call, chargerId, requestId, askedBy: actor, until: new Date(until) })
    },
  )
  host.on(
    AvailabilityRequested,
    { id: 'availability', purpose: 'take chargers out of service and back', from: 'now', afterFailure: 'pass' },
    async ({ requestId, chargerId, evse, operative, actor, until }, tx) => {
      const version = (await findCharger(tx, chargerId))?.ocppVersion ?? 'ocpp1.6'
      const call = availabilityCall(version, evse, operative)
      await sendCommand(host, tx, { ...call, chargerId, requestId, askedBy: actor, until: new Date(until) })
    },
  )
}
