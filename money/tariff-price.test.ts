import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { priceOf, reservationPriceOf, type Moment } from './tariff-price.ts'
import type { Terms } from './tariff-words.ts'

type Elements = Terms['elements']

const terms = (elements: Elements, more: Partial<Terms> = {}): Terms => ({
  currency: 'EUR',
  taxIncluded: true,
  elements,
  ...more,
})
const perKwh = (price: string, restrictions?: Elements[number]['restrictions']): Elements[number] => ({
  priceComponents: [{ type: 'ENERGY', price }],
  ...(restrictions && { restrictions }),
})

/** `wh` at minutes after a start; steady in between. */
const course = (start: string, ...points: [minutes: number, wh: number][]): Moment[] =>
  points.map(([minutes, energyWh]) => ({ at: Date.parse(start) + minutes * 60_000, energyWh }))

const price = (of: Terms, moments: Moment[], zone = 'Europe/Berlin') => {
  const { totalMinor, lines } = priceOf(of, moments, zone)
  assert.equal(
    lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0n),
    totalMinor,
  )
  return { total: totalMinor, lines: lines.map(({ type, quantity, amountMinor }) => [type, quantity, amountMinor]) }
}

suite('the price of a session', () => {
  const hour = course('2027-03-01T09:00:00Z', [0, 0], [60, 11_000])

  test('is energy, time and a fee for the session, each at its price', () => {
    const all = terms([
      {
        priceComponents: [
          { type: 'ENERGY', price: '0.49' },
          { type: 'TIME', price: '0.6' },
          { type: 'FLAT', price: '1.00' },
        ],
      },
    ])
    assert.deepEqual(price(all, hour), {
      total: 699n,
      lines: [
        ['FLAT', 1, 100n],
        ['ENERGY', 11_000, 539n],
        ['TIME', 3_600, 60n],
      ],
    })
  })

  test('is nothing for a session that never was, and the fee alone for one of no energy and no time', () => {
    const fee = terms([
      {
        priceComponents: [
          { type: 'ENERGY', price: '0.49' },
          { type: 'FLAT', price: '0.35' },
        ],
      },
    ])
    assert.deepEqual(price(fee, []), { total: 0n, lines: [] })
    assert.equal(price(fee, course('2027-03-01T09:00:00Z', [0, 0], [0, 0])).total, 35n)
  })

  test('is rounded once, and its lines add up', () => {
    const three = terms([
      perKwh('0.333', { maxEnergyWh: 1000 }),
      perKwh('0.333', { maxEnergyWh: 2000 }),
      perKwh('0.333'),
    ])
    assert.equal(price(three, course('2027-03-01T09:00:00Z', [0, 0], [60, 3_000])).total, 100n)
  })

  test('changes with the hour of the place, in the middle of a session', () => {
    const night = terms([perKwh('0.29', { startTime: '22:00', endTime: '06:00' }), perKwh('0.59')])
    // 21:30 to 22:30 in Berlin, 11 kW: half at each price.
    assert.deepEqual(price(night, course('2027-01-10T20:30:00Z', [0, 0], [60, 11_000])), {
      total: 484n,
      lines: [
        ['ENERGY', 5_500, 325n],
        ['ENERGY', 5_500, 159n],
      ],
    })
    assert.equal(price(night, course('2027-01-10T20:30:00Z', [0, 0], [60, 11_000]), 'UTC').total, 649n)
  })

  test('follows the clock where it is set forward and back', () => {
    const early = terms([perKwh('1', { startTime: '02:00', endTime: '03:00' }), perKwh('0')])
    // 28 March 2027: 02:00 to 03:00 is not there. 31 October: it is there twice.
    assert.equal(price(early, course('2027-03-27T23:00:00Z', [0, 0], [240, 40_000])).total, 0n)
    assert.equal(price(early, course('2027-10-30T22:00:00Z', [0, 0], [300, 50_000])).total, 2000n)
    const half = terms([perKwh('1', { startTime: '02:30', endTime: '02:45' }), perKwh('0')])
    assert.equal(price(half, course('2027-10-30T22:00:00Z', [0, 0], [300, 50_000])).total, 500n)
  })

  test('changes with date, weekday, energy, duration and power', () => {
    const start = '2027-12-31T22:30:00Z' // 23:30 on a Friday in Berlin
    const moments = course(start, [0, 0], [60, 10_000])
    const half = (restrictions: NonNullable<Elements[number]['restrictions']>) =>
      price(terms([perKwh('1', restrictions), perKwh('0')]), moments).total
    assert.equal(half({ startDate: '2028-01-01' }), 500n)
    assert.equal(half({ endDate: '2028-01-01' }), 500n)
    assert.equal(half({ daysOfWeek: ['SATURDAY'] }), 500n)
    assert.equal(half({ minEnergyWh: 4_000 }), 600n)
    assert.equal(half({ maxEnergyWh: 4_000 }), 400n)
    assert.equal(half({ minDurationSeconds: 900 }), 750n)
    assert.equal(half({ maxDurationSeconds: 900 }), 250n)
    assert.deepEqual([half({ minPowerW: 10_000 }), half({ minPowerW: 10_001 })], [1000n, 0n])
    assert.deepEqual([half({ maxPowerW: 10_001 }), half({ maxPowerW: 10_000 })], [1000n, 0n])
  })

  test('is due for standing around once the grace is over, and only where nothing flows for a while', () => {
    const idle = terms([
      {
        priceComponents: [
          { type: 'ENERGY', price: '0.5' },
          { type: 'PARKING_TIME', price: '6', graceSeconds: 900 },
        ],
      },
    ])
    const stays = course('2027-03-01T09:00:00Z', [0, 0], [60, 10_000], [75, 10_000], [135, 10_000])
    assert.deepEqual(price(idle, stays).lines, [
      ['ENERGY', 10_000, 500n],
      ['PARKING_TIME', 3_600, 600n],
    ])
    // A meter of whole kWh: what stands still between two readings still charges.
    const coarse = course('2027-03-01T09:00:00Z', [0, 0], [2, 0], [4, 1000], [6, 1000], [8, 2000])
    assert.equal(price(idle, coarse).total, 100n)
  })

  test('counts what is begun as a whole step of the price that was last', () => {
    const steps = terms([
      {
        priceComponents: [
          { type: 'TIME', price: '6', stepSize: 900 },
          { type: 'ENERGY', price: '1', stepSize: 1000 },
        ],
      },
    ])
    assert.deepEqual(price(steps, course('2027-03-01T09:00:00Z', [0, 0], [16, 1_001])).lines, [
      ['ENERGY', 2_000, 200n],
      ['TIME', 1_800, 300n],
    ])
  })

  test('has an end below and above', () => {
    const bounded = terms([perKwh('0.5')], { minPrice: '2.00', maxPrice: '10.00' })
    const of = (wh: number) => price(bounded, course('2027-03-01T09:00:00Z', [0, 0], [60, wh]))
    assert.deepEqual([of(0).total, of(1_000).total, of(10_000).total, of(100_000).total], [0n, 200n, 500n, 1000n])
    assert.deepEqual(of(100_000).lines.at(-1), ['MAXIMUM', 1, -4000n])
  })

  test('of three weeks with a reading a minute is found in no time', () => {
    const long = course(
      '2027-03-15T00:00:00Z',
      ...Array.from({ length: 30_240 }, (_, m): [number, number] => [m, m * 3]),
    )
    const night = terms([perKwh('0.29', { startTime: '22:00', endTime: '06:00' }), perKwh('0.59')])
    const began = process.cpuUsage()
    price(night, long)
    const { user } = process.cpuUsage(began)
    assert.ok(user < 5_000_000, `${user / 1000} ms`)
  })

  test('does not depend on how often the meter was read while the car took power steadily', () => {
    const tariff = terms([
      perKwh('0.29', { startTime: '22:00', endTime: '06:00' }),
      perKwh('0.39', { maxEnergyWh: 7_000 }),
      {
        priceComponents: [
          { type: 'ENERGY', price: '0.59' },
          { type: 'TIME', price: '1.2' },
        ],
      },
    ])
    const whole = course('2027-01-10T19:00:00Z', [0, 0], [240, 48_000])
    const expected = priceOf(tariff, whole, 'Europe/Berlin').totalMinor
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 239 }), { maxLength: 30 }), minutes => {
        const points = [0, ...minutes.toSorted((a, b) => a - b), 240].map((m): [number, number] => [m, m * 200])
        assert.equal(priceOf(tariff, course('2027-01-10T19:00:00Z', ...points), 'Europe/Berlin').totalMinor, expected)
      }),
    )
  })
})

suite('the price of a reservation', () => {
  const kept = (prices: Elements[number]['priceComponents']): Elements[number] => ({
    priceComponents: prices,
    restrictions: { reservation: 'RESERVATION' },
  })
  const expired = (prices: Elements[number]['priceComponents']): Elements[number] => ({
    priceComponents: prices,
    restrictions: { reservation: 'RESERVATION_EXPIRES' },
  })
  const charging: Elements[number] = {
    priceComponents: [
      { type: 'FLAT', price: '0.50' },
      { type: 'ENERGY', price: '0.25' },
    ],
  }
  const due = (of: Terms, minutes: number, isExpired: boolean): bigint => {
    const from = Date.parse('2027-03-01T09:00:00Z')
    return reservationPriceOf(of, { from, to: from + minutes * 60_000, isExpired }, 'Europe/Berlin').totalMinor
  }

  test('is that of the examples of OCPI (2.2.1 mod_tariffs, 15 to 18), and no part of what the session costs', () => {
    const byTime = terms([kept([{ type: 'TIME', price: '5.00', stepSize: 60 }]), charging])
    assert.equal(due(byTime, 15, false), 125n)
    const withFee = terms([
      kept([
        { type: 'FLAT', price: '2.00' },
        { type: 'TIME', price: '5.00', stepSize: 300 },
      ]),
      charging,
    ])
    assert.equal(due(withFee, 13, false), 325n)
    const feeIfExpired = terms([
      expired([{ type: 'FLAT', price: '4.00' }]),
      kept([{ type: 'TIME', price: '2.00', stepSize: 600 }]),
      charging,
    ])
    assert.deepEqual([due(feeIfExpired, 22, false), due(feeIfExpired, 60, true)], [100n, 600n])
    const timeIfExpired = terms([
      kept([{ type: 'TIME', price: '3.00', stepSize: 600 }]),
      charging,
      expired([{ type: 'TIME', price: '6.00', stepSize: 600 }]),
    ])
    assert.deepEqual([due(timeIfExpired, 22, false), due(timeIfExpired, 90, true)], [150n, 900n])
    const session = course('2027-03-01T09:00:00Z', [0, 0], [60, 20_000])
    for (const one of [byTime, withFee, feeIfExpired, timeIfExpired]) assert.equal(price(one, session).total, 550n)
  })

  test('changes with the hour of the place, and has neither the least nor the most of sessions', () => {
    const night: Elements[number] = {
      priceComponents: [{ type: 'TIME', price: '1.00' }],
      restrictions: { reservation: 'RESERVATION', startTime: '10:30', endTime: '06:00' },
    }
    const of = terms([night, kept([{ type: 'TIME', price: '4.00' }])], { minPrice: '50', maxPrice: '60' })
    // From ten to eleven by the clock of Berlin.
    assert.deepEqual([due(of, 60, false), due(of, 60, true), due(of, 0, false)], [250n, 250n, 0n])
    assert.equal(due(terms([charging]), 60, true), 0n)
  })
})
