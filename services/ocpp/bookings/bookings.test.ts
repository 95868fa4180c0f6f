import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BookingCancelled, BookingFulfilled, BookingHoldRequested, BookingMade } from '#contracts/booking'
import { CommandEnded } from '#contracts/ocpp'
import { SessionStartRequested } from '#contracts/sessions'
import { newId } from '#kernel'
import { boot16, boot2, open } from '../testing.ts'

const at = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString()

/** A booking of a charger's first EVSE that is kept now. */
const kept = (chargerId: string, driverId: string, more: object = {}) => ({
  bookingId: newId(),
  version: 1,
  state: 'reserved' as const,
  stationId: newId(),
  chargerId,
  evse: 1,
  connector: 1,
  owner: null,
  place: 'Market square',
  timeZone: 'Europe/Berlin',
  driverId,
  idToken: null,
  reservationId: 1042,
  from: at(-5),
  to: at(55),
  holdFrom: at(-20),
  expiresAt: at(10),
  ...more,
})
const free = { currency: null, feeMinor: 0 }

test('at a booked connector of 1.6 who booked it starts, and others are refused until they come or it is over', async t => {
  const { p, charger, card } = await open(t)
  const ada = newId()
  await card('ADA', { userId: ada })
  await card('GRACE')
  await card('FLEET')
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  for (const connectorId of [1, 2])
    await it.call('StatusNotification', { connectorId, status: 'Available', errorCode: 'NoError' })
  const booking = kept('CP-1', ada, { idToken: 'fleet' })
  await p.publish(BookingMade, { ...booking, ...free })
  await p.settle()
  const start = async (idTag: string, connectorId: number, minutes = 0) =>
    (await it.call('StartTransaction', { connectorId, idTag, meterStart: 0, timestamp: at(minutes) })).idTagInfo
  const stop = async (transactionId: number) =>
    await it.call('StopTransaction', { transactionId, meterStop: 1, timestamp: at(0) })
  assert.equal((await it.call('Authorize', { idTag: 'GRACE' })).idTagInfo.status, 'Accepted', 'the other is free')
  assert.equal((await start('GRACE', 1)).status, 'Blocked')
  assert.equal((await start('GRACE', 2)).status, 'Accepted')
  assert.equal((await start('GRACE', 1, -30)).status, 'Accepted', 'told late: it was not kept yet')
  // Whatever card of theirs the charger knows.
  assert.deepEqual((await it.call('Authorize', { idTag: 'ADA' })).idTagInfo.parentIdTag, 'BK1042')
  const { transactionId } = await it.call('StartTransaction', {
    connectorId: 1,
    idTag: 'FLEET',
    meterStart: 0,
    timestamp: at(0),
  })
  await stop(transactionId)
  await p.publish(BookingFulfilled, {
    ...booking,
    version: 2,
    state: 'fulfilled',
    sessionId: newId(),
    startedAt: at(0),
  })
  // What was told before comes again.
  await p.publish(BookingMade, { ...booking, ...free })
  await p.settle()
  assert.equal((await start('GRACE', 1)).status, 'Accepted')
})

test('a charger of 2.0.1 is told why somebody is refused, and a car that charges may end while another is booked', async t => {
  const { p, charger, card } = await open(t)
  await card('GRACE')
  const it = await charger('CP-2', 'ocpp2.0.1')
  await it.call('BootNotification', boot2)
  const place = { evseId: 1, connectorId: 1 }
  await it.call('StatusNotification', { timestamp: at(0), connectorStatus: 'Available', ...place })
  const idToken = { idToken: 'GRACE', type: 'ISO14443' }
  const event = async (eventType: string, seqNo: number, transactionId: string, triggerReason = 'Authorized') =>
    (
      await it.call('TransactionEvent', {
        eventType,
        seqNo,
        timestamp: at(0),
        triggerReason,
        transactionInfo: { transactionId },
        evse: { id: 1, connectorId: 1 },
        idToken,
      })
    ).idTokenInfo
  assert.equal((await event('Started', 0, 'T-1')).status, 'Accepted')
  const booking = kept('CP-2', newId())
  await p.publish(BookingMade, { ...booking, ...free })
  await p.settle()
  assert.equal((await it.call('Authorize', { idToken })).idTokenInfo.status, 'Accepted', 'who charges')
  assert.equal((await event('Updated', 1, 'T-1', 'StopAuthorized')).status, 'Accepted')
  assert.equal((await event('Ended', 2, 'T-1')).status, 'Accepted')
  const refused = await event('Started', 0, 'T-2')
  assert.equal(refused.status, 'NotAtThisTime')
  assert.match(refused.personalMessage.content, /^Reserved for somebody else until \d\d:\d\d UTC\.$/)
  assert.equal((await it.call('Authorize', { idToken })).idTokenInfo.status, 'NotAtThisTime', 'there is no other EVSE')
  await p.publish(BookingCancelled, { ...booking, version: 2, state: 'cancelled', ...free, by: 'driver', reason: null })
  await p.settle()
  assert.equal((await event('Started', 0, 'T-3')).status, 'Accepted')
})

test('chargers keep what is booked for a card of who booked it, once, and a start for somebody else ends before they hear of it', async t => {
  const { p, charger, card } = await open(t)
  const [ada, eve] = [newId(), newId()]
  await card('ADA', { userId: ada, groupId: 'TEAM' })
  const asked: [string, any][] = []
  for (const [id, version, boot] of [
    ['CP-OLD', 'ocpp1.6', boot16],
    ['CP-NEW', 'ocpp2.0.1', boot2],
  ] as const) {
    const it = await charger(id, version)
    await it.call('BootNotification', boot)
    for (const action of ['ReserveNow', 'CancelReservation', 'RemoteStartTransaction', 'RequestStartTransaction'])
      it.answers.set(action, (payload: unknown) => {
        asked.push([action, payload])
        return { status: 'Accepted' }
      })
  }
  const ended = async (requestId: string) => {
    for (;;) {
      await p.settle()
      const end = (await p.published(CommandEnded)).find(event => event.requestId === requestId)
      if (end) return end
    }
  }
  const expiresAt = at(10)
  for (const [chargerId, driverId] of [
    ['CP-OLD', ada],
    ['CP-NEW', eve],
  ] as const)
    for (const isKept of [true, false]) {
      const requestId = newId()
      const about = { requestId, bookingId: newId(), chargerId, evse: 1, kept: isKept, reservationId: 7 }
      const request = { ...about, driverId, idToken: null, expiresAt, until: at(1) }
      for (let time = 0; time < 2; time++) await p.publish(BookingHoldRequested, request)
      await ended(requestId)
    }
  assert.deepEqual(asked.splice(0), [
    ['ReserveNow', { connectorId: 1, expiryDate: expiresAt, idTag: 'ADA', parentIdTag: 'TEAM', reservationId: 7 }],
    ['CancelReservation', { reservationId: 7 }],
    [
      'ReserveNow',
      {
        id: 7,
        expiryDateTime: expiresAt,
        idToken: { idToken: 'BK7', type: 'Central' },
        evseId: 1,
        groupIdToken: { idToken: 'BK7', type: 'Central' },
      },
    ],
    ['CancelReservation', { reservationId: 7 }],
  ])

  await p.publish(BookingMade, { ...kept('CP-OLD', ada), ...free })
  await p.settle()
  const start = async (driverId: string, idToken: string) => {
    const requestId = newId()
    const token = { idToken, type: 'Central' }
    const about = { requestId, chargerId: 'CP-OLD', evse: 1, connector: null, token, own: true, driverId }
    await p.publish(SessionStartRequested, { ...about, remoteStartId: 1, until: at(1) })
    const { outcome, errorCode } = await ended(requestId)
    return [outcome, errorCode]
  }
  assert.deepEqual(await start(eve, 'OBEVE'), ['error', 'connector_booked'])
  assert.deepEqual(await start(ada, 'OBADA'), ['answered', undefined])
  assert.deepEqual(
    asked.map(([action]) => action),
    ['RemoteStartTransaction'],
  )
})
