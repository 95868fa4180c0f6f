import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OrderCancelled, OrderRefunded, PaymentSucceeded } from '#contracts/orders'
import { proofOfRazorpay } from '../../money/payments/stand-in/razorpay-wire.ts'
import { cart } from '../../services/cart/service.ts'
import { open } from '../../services/orders/testing.ts'

const keySecret = 'key_secret_for_tests'

test('an order of Razorpay is paid by the signature of its checkout or by the webhook, whichever comes first, once', async t => {
  const it = await open(t, cart, { wire: 'razorpay' })
  const box = await it.product({ price: 49_900 })
  for (const first of ['browser', 'webhook', 'both'] as const) {
    const { buyer, order } = await it.placed([[box, 1]])
    const at = `/api/orders/${order.id}`
    const { body: opened } = await buyer.post(`${at}/payment`)
    assert.deepEqual([opened.provider, opened.publicKey], ['razorpay', 'rzp_test_shop'])
    it.standIn.manner.hold = first !== 'webhook'
    it.standIn.state.act(opened.providerId, 'approve')
    const proof = proofOfRazorpay(it.standIn.state.find(opened.providerId), keySecret)
    const confirm = (body: object, who: Pick<typeof buyer, 'post'> = buyer) => who.post(`${at}/payment/confirm`, body)
    if (first === 'webhook') await it.settle()
    else {
      const forged = { ...proof, razorpay_signature: 'f'.repeat(64) }
      assert.equal((await confirm(forged)).body.code, 'payment_proof_invalid')
      assert.equal((await confirm({ ...proof, razorpay_payment_id: 'pay_1' })).body.code, 'payment_proof_invalid')
      assert.equal((await confirm(proof, it.as())).body.code, 'order_unknown')
      assert.equal((await buyer.get(at)).body.paymentStatus, 'pending', 'the webhook has not come yet')
    }
    const [confirmed] = await Promise.all([confirm(proof), first === 'both' ? it.standIn.flush() : undefined])
    assert.deepEqual([confirmed.status, confirmed.body.paymentStatus], [200, 'paid'], JSON.stringify(confirmed.body))
    it.standIn.manner.copies = 2
    await it.standIn.flush()
    it.standIn.manner.copies = 1
    it.standIn.manner.hold = false
    await it.settle()
    assert.equal((await buyer.get(at)).body.status, 'processing')
  }
  assert.equal((await it.p.published(PaymentSucceeded)).length, 3)
  assert.deepEqual(await it.level(box), { onHand: 97, held: 0 })
  await it.isRight()
})

test('of Razorpay too part refunds add up, and what is paid after it was cancelled goes back', async t => {
  const it = await open(t, cart, { wire: 'razorpay' })
  const box = await it.product({ price: 10_00 })
  const { order, payment } = await it.paid([[box, 3]])
  for (const amountMinor of [1, 10_00, 7_77])
    await it.shop.post(`/api/orders/${order.id}/refund`, { reason: 'Scratch', amountMinor })
  await it.settle()
  const { refunds } = it.standIn.state.find(payment.providerId)
  assert.equal(
    refunds.reduce((sum, { amount }) => sum + amount, 0),
    17_78,
  )
  const above = await it.shop.post(`/api/orders/${order.id}/refund`, { reason: 'x', amountMinor: 12_23 })
  assert.equal(above.body.code, 'refund_above_paid')

  const late = await it.placed([[box, 1]])
  const { body: opened } = await late.buyer.post(`/api/orders/${late.order.id}/payment`)
  await late.buyer.post(`/api/orders/${late.order.id}/cancel`)
  await it.settle()
  assert.equal((await late.buyer.get(`/api/orders/${late.order.id}`)).body.status, 'cancelled')
  it.standIn.state.act(opened.providerId, 'approve', true)
  await it.settle()
  const intent = it.standIn.state.find(opened.providerId)
  assert.equal(
    intent.refunds.reduce((sum, { amount }) => sum + amount, 0),
    10_00,
    'nobody keeps money for nothing',
  )
  assert.equal((await it.p.published(OrderCancelled)).length, 1)
  assert.equal((await it.p.published(OrderRefunded)).length, 3)
  assert.deepEqual(await it.level(box), { onHand: 97, held: 0 })
  await it.isRight()
})
