import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decimalOf, digitsOf } from '../amount.ts'
import { digitsOfRazorpay, digitsOfStripe, fromProvider, payableFor, payableOf, toProvider } from './minor-units.ts'

test('amounts are counted as each provider does', () => {
  for (const [currency, atStripe, atRazorpay] of [
    ['EUR', 1_200, 1_200],
    ['INR', 1_200, 1_200],
    ['JPY', 12, 12],
    ['KRW', 12, 12],
    ['ISK', 1_200, 12],
    ['UGX', 1_200, 12],
    ['MGA', 12, 1_200],
    ['KWD', 12_000, 12_000],
    ['AFN', 1_200, 1_200],
  ] as const) {
    const money = { minor: 12n * 10n ** BigInt(digitsOf(currency)), currency }
    assert.equal(toProvider(digitsOfStripe, money), atStripe, currency)
    assert.equal(toProvider(digitsOfRazorpay, money), atRazorpay, currency)
    assert.equal(fromProvider(digitsOfStripe, atStripe, currency), money.minor, decimalOf(money))
    assert.equal(fromProvider(digitsOfRazorpay, atRazorpay, currency), money.minor, decimalOf(money))
  }
})

test('of any amount every provider can take what is payable of it, and hardly less than all', () => {
  for (const [currency, minor, payable, least] of [
    ['EUR', 1_234n, 1_234n, 1_234n],
    ['JPY', 1_234n, 1_234n, 1_234n],
    ['ISK', 1_234n, 1_234n, 1_234n],
    ['KWD', 1_234n, 1_230n, 1_240n],
    ['KWD', 9n, 0n, 10n],
    ['BHD', 5_000n, 5_000n, 5_000n],
    ['IQD', 1_239n, 1_230n, 1_240n],
    ['MGA', 1_234n, 1_200n, 1_300n],
  ] as const) {
    assert.equal(payableFor({ minor, currency }), least, currency)
    const money = { minor: payableOf({ minor, currency }), currency }
    assert.equal(money.minor, payable, currency)
    for (const digits of [digitsOfStripe, digitsOfRazorpay])
      assert.equal(fromProvider(digits, toProvider(digits, money), currency), payable, currency)
  }
})

test('an amount that a provider does not have is refused rather than rounded', () => {
  assert.throws(() => toProvider(digitsOfStripe, { minor: 5_123n, currency: 'KWD' }), /5123 minor units of KWD/)
})
