import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { daysAfter, dueForChange, endOf, nextTry, periodAt, restOf, type Anchor } from './calendar.ts'

const anchor = (at: string, more: Partial<Anchor> = {}): Anchor => ({
  anchorAt: new Date(at),
  anchorPeriod: 0,
  interval: 'month',
  timeZone: 'Europe/Berlin',
  ...more,
})
const ends = (one: Anchor, periods: number[]) => periods.map(period => endOf(one, period).toISOString().slice(0, 16))

test('who begins on the 31st pays on the last day of shorter months, and on the 31st again', () => {
  assert.deepEqual(ends(anchor('2027-01-31T09:00:00Z'), [1, 2, 3, 12, 13]), [
    '2027-02-28T09:00',
    '2027-03-31T08:00',
    '2027-04-30T08:00',
    '2028-01-31T09:00',
    '2028-02-29T09:00',
  ])
  const leap = anchor('2028-02-29T12:00:00Z', { interval: 'year', timeZone: 'UTC' })
  assert.deepEqual(ends(leap, [1, 4]), ['2029-02-28T12:00', '2032-02-29T12:00'])
})

test('an hour that the clock leaves out or has twice is one moment, and the hours after it are as before', () => {
  const left = anchor('2027-02-28T01:30:00Z', { anchorAt: new Date('2027-02-28T01:30:00Z') })
  assert.deepEqual(ends(left, [1, 2]), ['2027-03-28T01:30', '2027-04-28T00:30'])
  const twice = anchor('2027-09-30T00:30:00Z')
  assert.deepEqual(ends(twice, [1, 2]), ['2027-10-30T00:30', '2027-11-30T01:30'])
  assert.equal(
    daysAfter(new Date('2027-03-27T10:00:00Z'), 1, 'Europe/Berlin').toISOString(),
    '2027-03-28T09:00:00.000Z',
  )
})

test('periods follow each other without a gap, whenever and wherever one begins', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }),
      fc.constantFrom(
        'UTC',
        'Europe/Berlin',
        'America/Sao_Paulo',
        'Asia/Kolkata',
        'Pacific/Apia',
        'Australia/Lord_Howe',
      ),
      fc.constantFrom('month' as const, 'year' as const),
      fc.integer({ min: 1, max: 60 }),
      (at, timeZone, interval, period) => {
        const one = anchor(at.toISOString(), { timeZone, interval })
        assert.ok(endOf(one, period) > endOf(one, period - 1))
        const found = periodAt(one, 1, endOf(one, period))
        assert.deepEqual([found.period, found.from], [period + 1, endOf(one, period)])
      },
    ),
  )
})

test('after a clock that jumped, or a long rest, one period is charged and not all that passed', () => {
  const one = anchor('2027-01-31T09:00:00Z')
  const { period, from, to } = periodAt(one, 2, new Date('2027-08-10T00:00:00Z'))
  assert.deepEqual(
    [period, from.toISOString(), to.toISOString()],
    [7, '2027-07-31T08:00:00.000Z', '2027-08-31T08:00:00.000Z'],
  )
})

test('what is left of a period and what is used of it is the price, and a change costs the difference to the cent', () => {
  const span = { from: new Date('2027-04-01T00:00:00Z'), to: new Date('2027-05-01T00:00:00Z') }
  assert.equal(restOf(1_000n, span, new Date('2027-04-11T00:00:00Z')), 667n)
  const small = { planName: 'Small', priceMinor: 1_000n, currency: 'EUR', interval: 'month' as const }
  const great = { planName: 'Great', priceMinor: 2_599n, currency: 'EUR', interval: 'month' as const }
  const at = new Date('2027-04-11T00:00:00Z')
  const up = dueForChange(small, great, span, 100n, at)
  assert.deepEqual([up.amountMinor, up.creditMinor], [1_733n - 667n - 100n, 0n])
  assert.deepEqual(
    up.lines.map(({ what, minor }) => [what, minor]),
    [
      ['rest', -667],
      ['rest', 1_733],
      ['credit', -100],
    ],
  )
  const down = dueForChange(great, small, span, 0n, at)
  assert.deepEqual([down.amountMinor, down.creditMinor], [0n, 1_066n])
  const yearly = dueForChange(small, { ...great, interval: 'year', priceMinor: 20_000n }, span, 0n, at)
  assert.equal(yearly.amountMinor, 19_333n)
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10_000_000n }),
      fc.bigInt({ min: 0n, max: 10_000_000n }),
      fc.bigInt({ min: 0n, max: 100_000n }),
      fc.integer({ min: 0, max: 30 * 86_400_000 }),
      (before, after, credit, ms) => {
        const at = new Date(span.from.getTime() + ms)
        const due = dueForChange({ ...small, priceMinor: before }, { ...great, priceMinor: after }, span, credit, at)
        const sum = due.lines.reduce((sum, { minor }) => sum + BigInt(minor), 0n)
        // Nothing is lost: what is paid and what is kept are what the lines say.
        assert.equal(due.amountMinor - due.creditMinor, restOf(after, span, at) - restOf(before, span, at) - credit)
        if (due.amountMinor > 0n) assert.equal(sum, due.amountMinor)
      },
    ),
  )
})

test('what was not paid is tried on days 1, 3, 5 and 7, with most of a day between two', () => {
  const since = new Date('2027-04-01T00:00:00Z')
  const tries = [1, 2, 3, 4].map(attempts => nextTry(since, attempts, [1, 3, 5, 7], since)!.toISOString().slice(0, 10))
  assert.deepEqual(tries, ['2027-04-02', '2027-04-04', '2027-04-06', '2027-04-08'])
  assert.equal(nextTry(since, 5, [1, 3, 5, 7], since), undefined)
  const late = nextTry(since, 2, [1, 3, 5, 7], new Date('2027-06-01T00:00:00Z'))
  assert.equal(late!.toISOString(), '2027-06-01T20:00:00.000Z')
})
