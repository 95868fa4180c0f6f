import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BookingFeeDue, BookingFeeWaived } from '#contracts/booking'
import { newId } from '#kernel'
import { open } from '../testing.ts'

test('what a booking costs is taken from the wallet once, then owed, and given back once, in any order', async t => {
  const { p, as, seller, fund, wallet, isRight, operator } = await open(t)
  const driverId = newId()
  await fund(driverId, 700n)
  const fee = (kind: 'booking' | 'no-show') => ({
    feeId: newId(),
    bookingId: newId(),
    kind,
    driverId,
    seller,
    place: { timeZone: 'Europe/Berlin', country: 'DEU', region: null },
    currency: 'EUR',
    amountMinor: 500,
    at: '2027-03-01T10:00:00.000Z',
  })
  const [first, second, never] = [fee('booking'), fee('no-show'), fee('booking')]
  const tell = async (event: typeof BookingFeeDue | typeof BookingFeeWaived, what: ReturnType<typeof fee>) => {
    // However often it is delivered.
    for (let time = 0; time < 2; time++) await p.publish(event, what)
    await p.settle()
    const { balanceMinor, owedMinor, blocked } = await wallet(driverId)
    return [balanceMinor, owedMinor, blocked]
  }
  const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  const said = { name: 'Voltaic GmbH', address, taxId: 'DE136695976', smallBusiness: false, rounding: 'document' }
  const put = await operator.put('/seller', said)
  assert.equal(put.status, 200, JSON.stringify(put.body))
  assert.deepEqual(await tell(BookingFeeDue, first), [200, 0, false])
  assert.deepEqual(await tell(BookingFeeDue, second), [0, 300, true])
  assert.deepEqual(await tell(BookingFeeWaived, first), [200, 0, false])
  assert.deepEqual(await tell(BookingFeeWaived, never), [200, 0, false])
  assert.deepEqual(await tell(BookingFeeDue, never), [200, 0, false], 'it was given back before it was asked for')
  const { items } = (await as({ userId: driverId }).get('/wallet/postings?currency=EUR')).body
  assert.deepEqual(
    new Set(items.map(({ kind }: { kind: string }) => kind)),
    new Set(['top-up', 'booking-fee', 'no-show-fee', 'booking-fee-given-back']),
  )
  const [taxes] = await p.db('billing')`
    select balance_minor as minor from ledger_accounts where kind = 'tax' and owner_id = ${seller.id}`
  assert.equal(taxes!.minor, 80n, '19 per cent of what is left')
  await isRight()
})
