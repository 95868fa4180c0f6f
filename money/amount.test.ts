import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decimalOf, digitsOf, divided, exact, isCurrency, majorOf, rounded, shown, toWhole } from './amount.ts'

test('a currency has the digits it is paid in', () => {
  assert.deepEqual(['EUR', 'JPY', 'KWD', 'INR', 'CHF'].map(digitsOf), [2, 0, 3, 2, 2])
  assert.throws(() => digitsOf('EUX'), RangeError)
  assert.deepEqual([isCurrency('GBP'), isCurrency('gbp')], [true, false])
})

test('prices times quantities are exact until they are rounded once, halves away from zero', () => {
  // 0.1 + 0.2 as a float would be 0.30000000000000004.
  assert.equal(rounded(exact('0.1').add(exact('0.2')), 'EUR'), 30n)
  // 18.437 kWh at 0.49: 9.03413.
  assert.equal(rounded(exact('0.49').mul(exact(18_437, 1000)), 'EUR'), 903n)
  assert.deepEqual(
    ['0.005', '-0.005', '0.0049', '1.015'].map(text => rounded(exact(text), 'EUR')),
    [1n, -1n, 0n, 102n],
  )
  assert.equal(rounded(exact('1234.5'), 'JPY'), 1235n)
  assert.equal(toWhole(exact(1, 3)), 0n)
  assert.ok(majorOf({ minor: 1234n, currency: 'KWD' }).equals(exact('1.234')))
})

test('amounts are shown to machines and to people', () => {
  assert.deepEqual(
    [
      { minor: 1234n, currency: 'EUR' },
      { minor: -5n, currency: 'EUR' },
      { minor: 7n, currency: 'JPY' },
      { minor: 1n, currency: 'KWD' },
    ].map(decimalOf),
    ['12.34', '-0.05', '7', '0.001'],
  )
  assert.equal(shown({ minor: 9_007_199_254_740_993n, currency: 'EUR' }, 'en'), '€90,071,992,547,409.93')
  assert.match(shown({ minor: 123_456n, currency: 'EUR' }, 'de'), /^1\.234,56\s€$/)
})

test('the digits of a currency are those of ISO 4217, whatever the engine shows of it', () => {
  assert.deepEqual(['HUF', 'IDR', 'COP', 'ISK', 'IQD'].map(digitsOf), [2, 2, 2, 0, 3])
  assert.match(shown({ minor: 123_456n, currency: 'HUF' }, 'en'), /1,234\.56$/)
  assert.match(shown({ minor: 1_234n, currency: 'ISK' }, 'en'), /1,234$/)
})

test('what is divided adds up, and nobody is more than one unit from their share', () => {
  assert.deepEqual(divided(100n, [1n, 1n, 1n]), [34n, 33n, 33n])
  assert.deepEqual(divided(-100n, [1n, 2n]), [-33n, -67n])
  assert.deepEqual(divided(5n, [0n, 0n]), [5n, 0n])
  assert.throws(() => divided(5n, []), RangeError)
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
      fc.array(fc.bigInt({ min: 0n, max: 10n ** 9n }), { minLength: 1, maxLength: 20 }),
      (total, weights) => {
        const parts = divided(total, weights)
        assert.equal(
          parts.reduce((sum, part) => sum + part, 0n),
          total,
        )
        const all = weights.reduce((sum, weight) => sum + weight, 0n)
        if (all > 0n)
          for (const [index, part] of parts.entries()) {
            const off = part * all - total * weights[index]!
            assert.ok(off < all && off > -all)
          }
      },
    ),
  )
})
