import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BookingFeeDue, BookingMade, BookingOffered, BookingRejected } from '#contracts/booking'
import { hour, minute, open } from '../testing.ts'

test('what is free again is offered to who waited first, for some minutes, and then to the next', async t => {
  const { driver, operator, spot, span, pass, turn, p } = await open(t)
  await operator().put('/policies', { currency: 'EUR', bookingFeeMinor: 100 })
  const [ada, grace, eve, mallory] = [driver(), driver(), driver(), driver()]
  const slot = { ...spot(), ...span(3 * hour) }
  const booked = await ada.books(slot)
  const wait = async (who: typeof ada, more: object = {}) => {
    const { status, text, body } = await who.post('/waiting', { ...slot, ...more })
    assert.equal(status, 201, text)
    await p.settle()
    // Of two who come in one moment neither is first.
    pass(1000)
    return body
  }
  // More than will be free, then two who want just that.
  await wait(mallory, span(3 * hour, 4 * hour))
  const later = await ada.books({ ...spot(), ...span(4 * hour) })
  await wait(grace)
  await wait(eve)
  assert.equal((await p.published(BookingOffered)).length, 0)
  await ada.post(`/${booked.id}/cancel`, {})
  await p.settle()
  const [offer, ...others] = await p.published(BookingOffered)
  assert.deepEqual([offer!.driverId, others.length], [grace.userId, 0])
  assert.equal((await driver().post('', slot)).body.code, 'booking_taken', 'it is kept for her')
  assert.equal((await eve.post(`/${offer!.bookingId}/accept`)).body.code, 'booking_unknown')
  pass(11 * minute)
  await turn()
  assert.equal((await grace.post(`/${offer!.bookingId}/accept`)).body.code, 'offer_over')
  assert.deepEqual(
    (await grace.list('/waiting')).map(({ state }) => state),
    ['ended'],
  )
  assert.equal((await p.published(BookingRejected)).length, 1)
  const second = (await p.published(BookingOffered))[1]!
  assert.equal(second.driverId, eve.userId)
  assert.equal((await p.published(BookingFeeDue)).length, 2, 'an offer costs nothing')
  const taken = await eve.post(`/${second.bookingId}/accept`)
  assert.deepEqual([taken.status, taken.body.state, taken.body.fees[0].amountMinor], [200, 'reserved', 100])
  assert.equal((await eve.post(`/${second.bookingId}/accept`)).body.code, 'offer_over')
  assert.deepEqual(
    (await eve.list('/waiting')).map(({ state }) => state),
    ['served'],
  )

  // Both go: now there is room for who wanted more, who leaves it.
  await ada.post(`/${later.id}/cancel`, {})
  await eve.post(`/${second.bookingId}/cancel`, {})
  await p.settle()
  const third = (await p.published(BookingOffered))[2]!
  assert.equal(third.driverId, mallory.userId)
  assert.equal((await mallory.post(`/${third.bookingId}/decline`)).body.state, 'rejected')
  await driver().books(slot)
  assert.equal((await p.published(BookingMade)).length, 4)
})

test('who waits for what is free is offered it at once, who waits no longer is not, and of a fault nobody is', async t => {
  const { driver, spot, span, says, pass, turn, p } = await open(t)
  const [ada, grace] = [driver(), driver()]
  await ada.post('/waiting', { ...spot(), ...span(hour) })
  await p.settle()
  assert.equal((await p.published(BookingOffered)).length, 1)
  const slot = { ...spot(2), ...span(hour) }
  const booked = await ada.books(slot)
  const { id } = (await grace.post('/waiting', slot)).body
  assert.equal((await ada.delete(`/waiting/${id}`)).body.code, 'wait_unknown')
  assert.equal((await grace.delete(`/waiting/${id}`)).status, 204)
  await ada.post(`/${booked.id}/cancel`, {})
  await p.settle()
  assert.equal((await p.published(BookingOffered)).length, 1)
  await says('faulted', 2)
  await grace.post('/waiting', slot)
  await p.settle()
  assert.equal((await p.published(BookingOffered)).length, 1)
  pass(3 * hour)
  await turn()
  assert.deepEqual(new Set((await grace.list('/waiting')).map(({ state }) => state)), new Set(['ended']))
})
