import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BookingCancelled,
  BookingChanged,
  BookingDue,
  BookingFailed,
  BookingMade,
  BookingMissed,
  BookingOffered,
} from '#contracts/booking'
import { newId } from '#kernel'
import { everything, open, self } from './testing.ts'

test('a driver hears of what they booked by the clock of the station, and of what becomes of it', async t => {
  const p = await open(t)
  const booking = {
    bookingId: newId(),
    version: 1,
    state: 'reserved' as const,
    stationId: newId(),
    chargerId: null,
    evse: 2,
    connector: 1,
    owner: null,
    place: 'Market square',
    timeZone: 'Europe/Berlin',
    driverId: self.id,
    idToken: null,
    reservationId: 7,
    from: '2027-03-27T23:30:00.000Z',
    to: '2027-03-28T01:30:00.000Z',
    holdFrom: '2027-03-27T23:15:00.000Z',
    expiresAt: '2027-03-27T23:45:00.000Z',
  }
  const fee = { currency: 'EUR', feeMinor: 500 }
  const none = { currency: null, feeMinor: 0 }
  await p.publish(BookingMade, { ...booking, ...none }, { userId: self.id, role: 'user' })
  await p.settle()
  await p.publish(BookingDue, booking)
  await p.publish(BookingChanged, { ...booking, moved: false })
  await p.publish(BookingChanged, { ...booking, moved: true })
  await p.publish(BookingCancelled, { ...booking, ...none, state: 'cancelled', by: 'driver', reason: null })
  await p.publish(BookingCancelled, { ...booking, ...none, state: 'cancelled', by: 'operator', reason: 'Works' })
  await p.publish(BookingMissed, { ...booking, ...fee, state: 'no-show' })
  await p.publish(BookingFailed, { ...booking, state: 'failed', reason: 'faulted' })
  await p.publish(BookingOffered, { ...booking, state: 'pending', offeredUntil: '2027-03-27T12:00:00.000Z' })
  await p.settle()
  const { mails, inApp } = await everything(p)
  const titles = [
    'Booked: Market square (booking.made)',
    'Free for you: Market square (booking.offered)',
    'You missed your booking: Market square (booking.missed)',
    'Your booking begins soon: Market square (booking.due)',
    'Your booking cannot be honoured: Market square (booking.failed)',
    'Your booking is at another point: Market square (booking.changed)',
    'Your booking was cancelled: Market square (booking.cancelled)',
  ].map(title => `ada@example.com: ${title}`)
  assert.deepEqual(mails, titles)
  assert.deepEqual(inApp, titles)
  const [made] = await p.db('notifications')`select text from notifications where event = 'booking.made'`
  // The clock is set forward that night.
  assert.match(made!.text, /Sun, 28 Mar 2027, 00:30 CET until Sun, 28 Mar 2027, 03:30 CEST/)
  const [missed] = await p.db('notifications')`select text from notifications where event = 'booking.missed'`
  assert.match(missed!.text, /It costs €5\.00, as was shown when you booked\./)
})
