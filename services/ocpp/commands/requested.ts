import { AdHocStartRequested, AdHocStopRequested } from '#contracts/billing'
import { AvailabilityRequested, RemedyRequested } from '#contracts/maintenance'
import { SessionStartRequested, SessionStopRequested } from '#contracts/sessions'
import { Problem, type Tx } from '#kernel'
import { keptFrom } from '../bookings/kept.ts'
import { findBooked, nothingBooked } from '../bookings/store.ts'
import { judge } from '../tokens/authorise.ts'
import { findCharger } from '../chargers/store.ts'
import type { OcppHost } from '../host.ts'
import { dropPassingTokens, findTokens, insertOwnToken, insertPassingToken } from '../tokens/store.ts'
import { availabilityCall, resetCall, startCall, stopCall, unlockCall, type Start } from './calls.ts'
import { refuseCommand, sendCommand, type Asked } from './send.ts'

/** Sends what others ask for by events; `command.ended` tells them how it went. */
export function takeRequests(host: OcppHost): void {
  host.on(
    SessionStartRequested,
    { id: 'start', purpose: 'have chargers start sessions', from: 'now', afterFailure: 'pass' },
    async ({ requestId, chargerId, evse, connector, token, own, driverId, remoteStartId, ...event }, tx) => {
      // It has to be there when the charger asks about it.
      if (own && driverId) await insertOwnToken(tx, token, driverId, new Date(event.timestamp))
      const userId =
        driverId ?? (await findTokens(tx, [token.idToken])).get(token.idToken.toUpperCase())?.userId ?? null
      const wanted = { ...token, evse: evse ?? connector ?? undefined, remoteStartId, userId }
      await start(host, tx, wanted, { chargerId, requestId, askedBy: event.actor, until: new Date(event.until) })
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
    AdHocStartRequested,
    {
      id: 'ad-hoc start',
      purpose: 'have chargers start sessions that are paid for',
      from: 'now',
      afterFailure: 'pass',
    },
    async ({ requestId, visitId, chargerId, evse, idToken, remoteStartId, actor, timestamp, until, ...event }, tx) => {
      const token = { idToken, type: 'Central' }
      const times = { createdAt: new Date(timestamp), expiresAt: new Date(event.tokenUntil) }
      await insertPassingToken(tx, token, visitId, times)
      const wanted = { ...token, evse, remoteStartId, userId: null }
      await start(host, tx, wanted, { chargerId, requestId, askedBy: actor, until: new Date(until) })
    },
  )
  host.on(
    AdHocStopRequested,
    {
      id: 'ad-hoc stop',
      purpose: 'have chargers stop what is not paid for any more',
      from: 'now',
      afterFailure: 'pass',
    },
    async ({ requestId, chargerId, sessionId, actor, until }, tx) => {
      const { ocppVersion: version = null } = (await findCharger(tx, chargerId)) ?? {}
      const [transaction] = await tx<{ reference: string }[]>`
        select reference from transactions where id = ${sessionId} and ended_at is null`
      if (!transaction) return
      const call = stopCall(version ?? 'ocpp1.6', transaction.reference)
      await sendCommand(host, tx, { ...call, chargerId, requestId, askedBy: actor, until: new Date(until) })
    },
  )
  host.every('1 day', 'forget tokens of who paid in advance', async () => {
    await host.db.transaction(tx => dropPassingTokens(tx, new Date(host.now().getTime() - 30 * 86_400_000)))
  })
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

/** Has a charger begin, unless the connector is booked for somebody else, or who wants it owes too much or has too little. */
async function start(
  host: OcppHost,
  tx: Tx<'ocpp'>,
  { userId, ...wanted }: Start & { readonly userId: string | null },
  about: Omit<Asked, 'action' | 'payload'>,
): Promise<void> {
  const { chargerId } = about
  const charger = await findCharger(tx, chargerId)
  const asked = { ...startCall(charger?.ocppVersion ?? 'ocpp1.6', wanted), ...about }
  const booked = (await findBooked(tx, [chargerId], host.now())).get(chargerId) ?? nothingBooked
  const kept = keptFrom(booked, { idToken: wanted.idToken, userId }, wanted.evse, host.now())
  if (kept) return await refuseCommand(host, tx, asked, new Problem('conflict', 'connector_booked'))
  const token = (await findTokens(tx, [wanted.idToken])).get(wanted.idToken.toUpperCase())
  const begins = { transactionId: undefined, evse: wanted.evse }
  const { lacks } = charger ? judge({ token, charger, at: host.now(), begins }) : {}
  if (lacks)
    await refuseCommand(host, tx, asked, new Problem('conflict', lacks === 'funds' ? 'debt_unpaid' : 'wallet_low'))
  else await sendCommand(host, tx, asked)
}
