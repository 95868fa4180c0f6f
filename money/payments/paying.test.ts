import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proofOfRazorpay } from './stand-in/razorpay-wire.ts'
import { keySecret, openShop, wires } from './testing.ts'

for (const wire of wires) {
  test(`${wire}: a payment succeeds once it is approved, and the service is told once`, async t => {
    const { begin, standIn, settle, told, payments } = await openShop(t, wire)
    const opened = await begin()
    assert.equal(opened.provider, wire)
    assert.equal(opened.state, 'pending')
    assert.equal(opened.clientSecret === null, wire === 'razorpay')
    assert.match(opened.page, new RegExp(`/api/shop/payments/${opened.paymentId}/page$`))
    standIn.state.act(opened.providerId!, 'approve')
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000'])
    const payment = await payments.find(opened.paymentId)
    assert.equal(payment?.state, 'succeeded')
    assert.equal(payment?.capturedMinor, 1_000n)
    assert.ok(payment?.capturedAt)
  })

  test(`${wire}: asked again for the same thing there is one payment; of another amount it is refused`, async t => {
    const { begin, standIn } = await openShop(t, wire)
    const first = await begin({ reference: 'top-up 1' })
    const second = await begin({ reference: 'top-up 1' })
    assert.deepEqual(second, first)
    assert.equal(standIn.state.all().length, 1)
    await assert.rejects(begin({ reference: 'top-up 1', minor: 2_000n }), { code: 'payment_differs' })
  })

  test(`${wire}: declined it failed, and the next card pays it`, async t => {
    const { begin, standIn, settle, told } = await openShop(t, wire)
    const { providerId } = await begin()
    standIn.state.act(providerId!, 'refuse')
    await settle()
    standIn.state.act(providerId!, 'refuse')
    await settle()
    assert.deepEqual(await told(), ['failed'])
    standIn.state.act(providerId!, 'approve')
    await settle()
    assert.deepEqual(await told(), ['failed', 'succeeded 1000'])
  })

  test(`${wire}: while the bank asks back nothing is told, and what it answers is`, async t => {
    const { begin, standIn, settle, told } = await openShop(t, wire)
    const { providerId } = await begin()
    standIn.state.act(providerId!, 'challenge')
    await settle()
    assert.deepEqual(await told(), [])
    standIn.state.act(providerId!, 'approve')
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000'])
  })

  test(`${wire}: of what is authorised a part is captured, and the rest goes back to the payer`, async t => {
    const { begin, standIn, settle, told, capture, payments } = await openShop(t, wire)
    const { providerId, paymentId } = await begin({ capture: 'manual', minor: 5_000n })
    standIn.state.act(providerId!, 'approve')
    await settle()
    assert.deepEqual(await told(), ['authorised 5000'])
    await capture(paymentId, 1_234n)
    await settle()
    await capture(paymentId, 1_234n)
    await assert.rejects(capture(paymentId, 1_235n), { code: 'payment_differs' })
    await settle()
    assert.deepEqual(await told(), ['authorised 5000', 'succeeded 1234'])
    const payment = await payments.find(paymentId)
    assert.equal(payment?.refundedMinor, 0n)
    const { captured, refunds } = standIn.state.find(providerId!)
    assert.equal(captured - refunds.reduce((sum, { amount }) => sum + amount, 0), 1_234)
    await assert.rejects(capture(paymentId, 5_001n), RangeError)
  })

  test(`${wire}: what is captured before it is authorised is captured then`, async t => {
    const { begin, standIn, settle, told, capture } = await openShop(t, wire)
    const { providerId, paymentId } = await begin({ capture: 'manual', minor: 5_000n })
    await capture(paymentId, 5_000n)
    await settle()
    standIn.state.act(providerId!, 'approve')
    await settle()
    assert.deepEqual(await told(), ['authorised 5000', 'succeeded 5000'])
  })

  test(`${wire}: a cancelled payment is told once, and can be neither captured nor given back`, async t => {
    const { begin, settle, told, cancel, capture, refund } = await openShop(t, wire)
    const { paymentId } = await begin({ capture: 'manual' })
    await cancel(paymentId)
    await cancel(paymentId)
    await settle()
    assert.deepEqual(await told(), ['cancelled'])
    await assert.rejects(capture(paymentId, 1n), { code: 'payment_over' })
    await assert.rejects(refund(paymentId, 'r1', 1n), { code: 'payment_unsettled' })
  })

  test(`${wire}: what is authorised and cancelled is not charged`, async t => {
    const { begin, standIn, settle, told, cancel } = await openShop(t, wire)
    const { providerId, paymentId } = await begin({ capture: 'manual' })
    standIn.state.act(providerId!, 'approve')
    await settle()
    await cancel(paymentId)
    await settle()
    assert.deepEqual(await told(), ['authorised 1000', 'cancelled'])
    assert.equal(standIn.state.find(providerId!).captured, 0)
  })

  test(`${wire}: one that the provider does not take is refused with its reason, and the service is told`, async t => {
    const { begin, standIn, told } = await openShop(t, wire)
    standIn.next(/POST/, 'is denied')
    await assert.rejects(begin(), { code: 'payment_refused', message: /does not take this/ })
    assert.deepEqual(await told(), ['failed'])
  })

  test(`${wire}: what should be captured by itself and is not, is captured, and nothing is told before`, async t => {
    const { begin, standIn, payments, told } = await openShop(t, wire)
    const { providerId, paymentId } = await begin()
    Object.assign(standIn.state.find(providerId!), { state: 'authorised' })
    assert.equal((await payments.check(paymentId)).state, 'succeeded')
    assert.deepEqual(await told(), ['succeeded 1000'])
    assert.equal(standIn.state.find(providerId!).state, 'captured')
  })

  test(`${wire}: a refused payment is not asked about again`, async t => {
    let at = Date.now()
    const { begin, standIn, payments, settle, told } = await openShop(t, wire, { now: () => new Date(at) })
    standIn.next(/POST/, 'is denied')
    await assert.rejects(begin(), { code: 'payment_refused' })
    const before = standIn.asked.length
    at += 25 * 3_600_000
    await payments.sweep()
    await settle()
    assert.deepEqual(await told(), ['failed'])
    assert.equal(standIn.asked.length, before)
  })

  test(`${wire}: a dispute is told as it begins and as it ends`, async t => {
    const { begin, standIn, settle, told } = await openShop(t, wire)
    const { providerId } = await begin()
    standIn.state.act(providerId!, 'approve')
    await settle()
    standIn.state.dispute(providerId!, 1_000)
    await settle()
    standIn.state.endDispute(providerId!, 'won')
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000', 'disputed 1000', 'dispute-won 1000'])
  })
}

test('stripe: a client pays with a payment method of its own', async t => {
  const { begin, payments, settle, told } = await openShop(t, 'stripe')
  const { paymentId } = await begin()
  assert.equal((await payments.confirm(paymentId, { payment_method: 'pm_card_chargeDeclined' })).state, 'failed')
  assert.equal((await payments.confirm(paymentId, { payment_method: 'pm_card_threeDSecureRequired' })).state, 'failed')
  assert.equal((await payments.confirm(paymentId, { payment_method: 'pm_card_visa' })).state, 'succeeded')
  await settle()
  assert.deepEqual(await told(), ['failed', 'succeeded 1000'])
  await assert.rejects(payments.confirm(paymentId, { payment_intent: 'pi_other' }), { code: 'payment_proof_invalid' })
})

test('razorpay: a client that comes back proves it by the signature of its order', async t => {
  const { begin, standIn, payments, told } = await openShop(t, 'razorpay')
  standIn.manner.drop = true
  const [one, other] = [await begin(), await begin()]
  standIn.state.act(one.providerId!, 'approve')
  const proof = proofOfRazorpay(standIn.state.find(one.providerId!), keySecret)
  await assert.rejects(payments.confirm(other.paymentId, proof), { code: 'payment_proof_invalid' })
  const forged = proofOfRazorpay(standIn.state.find(one.providerId!), 'another secret')
  await assert.rejects(payments.confirm(one.paymentId, forged), { code: 'payment_proof_invalid' })
  assert.deepEqual(await told(), [])
  assert.equal((await payments.confirm(one.paymentId, proof)).state, 'succeeded')
  assert.deepEqual(await told(), ['succeeded 1000'])
})
