import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newId } from '../../kernel/index.ts'
import { progressOf, type Payment } from './payment.ts'
import type { ProviderView } from './provider.ts'

const begun = (capture: Payment['capture']): Payment => ({
  id: newId(),
  purpose: 'top-up',
  reference: 'one',
  payer: null,
  amountMinor: 1_000n,
  currency: 'EUR',
  capture,
  description: '',
  returnTo: '/',
  provider: 'stripe',
  providerId: 'pi_1',
  clientSecret: null,
  state: 'asked',
  authorisedMinor: 0n,
  capturedMinor: 0n,
  refundedMinor: 0n,
  captureWantedMinor: null,
  cancelWanted: false,
  keeps: false,
  customer: null,
  method: null,
  keptMethod: null,
  keyNumber: 0,
  failure: null,
  createdAt: new Date(0),
  checkedAt: new Date(0),
  failedAt: null,
  authorisedAt: null,
  cancelledAt: null,
  capturedAt: null,
})

const view = (state: ProviderView['state']): ProviderView => ({
  id: 'pi_1',
  mark: undefined,
  state,
  money: { minor: 1_000n, currency: 'EUR' },
  authorisedMinor: state === 'authorised' || state === 'succeeded' ? 1_000n : 0n,
  capturedMinor: state === 'succeeded' ? 700n : 0n,
  refunds: [],
  failure: state === 'failed' ? 'declined' : undefined,
})

/** What a payment becomes, and what is told of it, as one hears of these. */
function hear(capture: Payment['capture'], states: readonly ProviderView['state'][]) {
  let payment = begun(capture)
  const told: string[] = []
  let lateMinor = 0n
  for (const state of states) {
    const { changes, lateMinor: late, ...next } = progressOf(payment, view(state))
    payment = { ...payment, ...next }
    told.push(...changes)
    lateMinor += late
  }
  return { payment, told, lateMinor }
}

const history = fc.array(
  fc.constantFrom<ProviderView['state']>('pending', 'failed', 'authorised', 'cancelled', 'succeeded'),
  {
    maxLength: 12,
  },
)

test('however one hears of a payment, each change is told once, in order, and money is taken or goes back', () => {
  fc.assert(
    fc.property(fc.constantFrom('automatic' as const, 'manual' as const), history, (capture, states) => {
      const { payment, told, lateMinor } = hear(capture, states)
      assert.deepEqual(told, [...new Set(told)], 'nothing twice')
      const order = ['failed', 'authorised', 'cancelled', 'succeeded']
      assert.deepEqual(
        told,
        order.filter(change => told.includes(change)),
        'in order',
      )
      assert.ok(!(told.includes('cancelled') && told.includes('succeeded')), 'one end')
      if (told.includes('succeeded') && capture === 'manual') assert.ok(told.includes('authorised'))
      if (capture === 'automatic') assert.ok(!told.includes('authorised'))
      const isPaid = states.includes('succeeded')
      assert.equal(payment.capturedMinor, isPaid ? 700n : 0n)
      const isGivenBack = isPaid && told.includes('cancelled')
      assert.equal(lateMinor, isGivenBack ? 700n : 0n, 'what is paid after the end goes back once')
      assert.equal(isPaid, told.includes('succeeded') || isGivenBack)
    }),
    { numRuns: 10_000 },
  )
})

test('heard again in any order, nothing changes any more', () => {
  fc.assert(
    fc.property(history, history, (states, again) => {
      const first = hear('manual', states)
      const seen = again.filter(state => states.includes(state))
      const second = hear('manual', [...states, ...seen, ...states])
      const isEnded = first.payment.state === 'cancelled' || first.payment.state === 'succeeded'
      if (isEnded) assert.equal(second.payment.state, first.payment.state)
      if (isEnded) assert.deepEqual(second.told, first.told)
    }),
    { numRuns: 10_000 },
  )
})
