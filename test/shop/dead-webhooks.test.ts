import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getPerson, listPeople } from '#contracts/identity'
import { newId } from '#kernel'
import { answering } from '../../kernel/testing.ts'
import { admin } from '../../services/admin/service.ts'
import { cart } from '../../services/cart/service.ts'
import { open } from '../../services/orders/testing.ts'

test('what a payment provider told and could not be worked stands among dead letters, and is worked once two admins agree', async t => {
  const [ada, grace] = [newId(), newId()]
  const about = { name: 'Admin', firstName: 'Admin', locale: 'en', disabled: false } as const
  const it = await open(t, cart, {
    beside: [admin],
    answers: [
      answering(listPeople, async () => ({
        people: [ada, grace].map(userId => ({ ...about, userId, email: `${userId}@example.com` })),
      })),
      answering(getPerson, async ({ userId }) => ({ ...about, userId, email: 'a@example.com' })),
    ],
  })
  const [first, second] = [ada, grace].map(userId => it.as({ userId, role: 'admin' })) as [
    typeof it.admin,
    typeof it.admin,
  ]
  const box = await it.product({ stock: 3 })
  const { buyer, order } = await it.placed([[box, 1]])
  const { body: payment } = await buyer.post(`/api/orders/${order.id}/payment`)
  const amounts = (by: number) =>
    it.p.db('orders')`update payments set amount_minor = amount_minor + ${by} where id = ${payment.paymentId}`
  await amounts(1)
  it.standIn.state.act(payment.providerId, 'approve')
  await it.settle()
  const groups = async () => (await first.get('/api/admin/dead-letters')).body
  const { items, away } = await groups()
  const group = items.find(({ topic }: { topic: string }) => topic === 'payment_intent.succeeded')
  assert.ok(group, JSON.stringify(items))
  assert.deepEqual([group.subscription, away], ['orders: payment events', []])
  assert.match(group.error, /^the amount is …, not …$/)
  assert.ok(group.count >= 1)
  assert.equal((await buyer.get('/api/admin/dead-letters')).status, 403)

  await amounts(-1)
  const { subscription } = group
  const asked = await first.post('/api/admin/dead-letters/replay', {
    subscription,
    reason: 'The amount is right again',
  })
  assert.equal(asked.status, 202, JSON.stringify(asked.body))
  await it.settle()
  assert.equal((await buyer.get(`/api/orders/${order.id}`)).body.paymentStatus, 'pending', 'nothing is worked before')
  const approve = `/api/admin/approvals/${asked.body.id}/approve`
  assert.equal((await first.post(approve, {})).body.code, 'approval_own')
  assert.equal((await second.post(approve, {})).status, 200)
  await it.settle()
  const { state, outcome } = (await first.get(`/api/admin/approvals/${asked.body.id}`)).body
  assert.deepEqual([state, outcome], ['done', { replayed: asked.body.payload.count }])
  assert.equal((await buyer.get(`/api/orders/${order.id}`)).body.paymentStatus, 'paid')
  assert.deepEqual((await groups()).items, [])
  await it.isRight()
})
