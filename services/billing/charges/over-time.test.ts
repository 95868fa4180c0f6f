import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SessionCharged } from '#contracts/billing'
import { newId } from '#kernel'
import { open, perKwh } from '../testing.ts'

const berlin = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
const sellsFromBerlin = { name: 'Example Charging', address: berlin, taxId: 'DE136695976' }

test('where the rate of the tax changes at midnight, a session has the rate of the day on which it ends there', async t => {
  const it = await open(t, { begin: '2025-06-30T20:00:00Z', now: () => new Date('2025-06-30T19:00:00Z') })
  const { tariff, operator, fund, started, ended, wallet, as, known, isRight } = it
  Object.assign(known, { country: 'EST', timeZone: 'Europe/Tallinn' })
  await tariff(perKwh('0.50', { taxIncluded: false }))
  assert.equal((await operator.put('/seller', sellsFromBerlin)).status, 200)
  // Midnight in Tallinn is at 21:00 UTC, 22:00 in the summer of who sells.
  for (const [from, minutes, percent, total] of [
    [0, 59, '22', 610],
    [60, 120, '24', 620],
    [30, 90, '24', 620],
  ] as const) {
    const driverId = newId()
    const one = { sessionId: newId(), driverId, energyWh: 10_000, from, minutes }
    await fund(driverId, 2_000n)
    await started(one)
    await ended(one)
    const words = `from minute ${from} to ${minutes}`
    const { balanceMinor, heldMinor } = await wallet(driverId)
    assert.deepEqual([2_000 - balanceMinor, heldMinor], [total, 0], words)
    const driver = as({ userId: driverId })
    const [invoice, ...others] = (await driver.get('/invoices')).body.items
    assert.deepEqual(others, [])
    const { netMinor, taxMinor, totalMinor, state } = invoice
    assert.deepEqual([netMinor, taxMinor, totalMinor, state], [500, total - 500, total, 'paid'], words)
    const { lines } = (await driver.get(`/invoices/${invoice.id}`)).body
    assert.deepEqual(
      lines.map(({ taxPercent, totalMinor }: any) => [taxPercent, totalMinor]),
      [[percent, total]],
      words,
    )
  }
  await isRight()
})

suite('a session of three weeks', () => {
  // From noon on in Berlin, 1 kW all the time: 504 hours, of them eight each night, in which clocks are set.
  for (const [season, begin, nights] of [
    ['spring, one hour of a night is not there', '2027-03-14T11:00:00Z', 167],
    ['autumn, one hour of a night is there twice', '2027-10-17T10:00:00Z', 169],
  ] as const)
    test(`keeps what was kept at its begin, and is charged and invoiced by the clock of the place; in ${season}`, async t => {
      let now = new Date(begin)
      const it = await open(t, { begin, now: () => now })
      const { p, tariff, operator, fund, started, ended, wallet, as, periodically, isRight } = it
      const elements = [
        {
          priceComponents: [{ type: 'ENERGY' as const, price: '0.10' }],
          restrictions: { startTime: '22:00', endTime: '06:00' },
        },
        { priceComponents: [{ type: 'ENERGY' as const, price: '0.50' }] },
      ]
      now = new Date(Date.parse(begin) - 3_600_000)
      await tariff(perKwh('0.50', { elements }))
      assert.equal((await operator.put('/seller', sellsFromBerlin)).status, 200)
      const driverId = newId()
      const minutes = 21 * 1_440
      // The meter is read every hour.
      const course = Array.from({ length: 503 }, (_, hour) => [60 * (hour + 1), 1_000 * (hour + 1)] as const)
      const one = { sessionId: newId(), driverId, energyWh: 504_000, minutes, course }
      now = new Date(begin)
      await fund(driverId, 20_000n)
      await started(one)
      assert.equal((await wallet(driverId)).heldMinor, 2_000)
      for (const days of [1, 20]) {
        now = new Date(Date.parse(begin) + days * 86_400_000)
        await periodically(/give back/)
        assert.equal((await wallet(driverId)).heldMinor, 2_000, `day ${days}`)
      }
      now = new Date(Date.parse(begin) + minutes * 60_000)
      await ended(one)
      const total = nights * 10 + (504 - nights) * 50
      const { balanceMinor, heldMinor, owedMinor } = await wallet(driverId)
      assert.deepEqual([balanceMinor, heldMinor, owedMinor], [20_000 - total, 0, 0])
      const driver = as({ userId: driverId })
      const { price } = (await driver.get(`/charges/${one.sessionId}`)).body
      assert.deepEqual(
        price.lines.map(({ quantity, amountMinor }: any) => [quantity, amountMinor]).toSorted(),
        [
          [nights * 1_000, nights * 10],
          [(504 - nights) * 1_000, (504 - nights) * 50],
        ].toSorted(),
      )
      const [invoice, ...others] = (await driver.get('/invoices')).body.items
      assert.deepEqual([others, invoice.totalMinor, invoice.state], [[], total, 'paid'])
      assert.equal((await p.published(SessionCharged)).length, 1)
      const whole = (await driver.get(`/invoices/${invoice.id}`)).body
      assert.equal(whole.suppliedTo, new Date(now).toISOString().slice(0, 10))
      await isRight()
    })
})
