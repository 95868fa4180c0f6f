import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listMembers } from '#contracts/identity'
import { answering } from '../../kernel/testing.ts'
import { analytics } from '../../services/analytics/service.ts'
import { cart } from '../../services/cart/service.ts'
import { open } from '../../services/orders/testing.ts'
import { vendors } from '../../services/vendors/service.ts'

interface Day {
  orders: number
  pieces: number
  totalMinor: number
  commissionMinor: number
}

test('what a vendor sold is the same to vendors and to analytics, day by day, over refunds, cancellations and refunds that failed', async t => {
  const timeZone = 'Pacific/Kiritimati'
  const it = await open(t, cart, {
    beside: [vendors, analytics],
    environment: { ANALYTICS_TIME_ZONE: timeZone },
    answers: [answering(listMembers, async () => ({ members: [] }))],
  })
  const second = it.vendor()
  for (const who of [it.shop, second])
    assert.equal((await who.put('/api/vendors/profile', { name: `Shop ${who.owner.id}` })).status, 200)
  assert.equal((await it.admin.post('/api/vendors/commission-rules', { basisPoints: 1_250 })).status, 201)
  await it.settle()
  const [box, cable] = [
    await it.product({ price: 199_99, stock: 20 }),
    await it.product({ price: 20_01, stock: 20, owner: second.owner }),
  ]
  const both = [
    [box, 2],
    [cable, 3],
  ] as const
  const bought = async () => await it.paid(both)
  const refund = (who: typeof second, { id }: { id: string }, more: object) =>
    who.post(`/api/orders/${id}/refund`, { reason: 'Scratched', ...more })

  const [kept, partly, cancelled, failing] = [await bought(), await bought(), await bought(), await bought()]
  await it.placed(both)
  assert.equal((await refund(it.shop, partly.order, { amountMinor: 33_33 })).status, 200)
  assert.equal((await refund(second, partly.order, {})).status, 200)
  assert.equal((await cancelled.buyer.post(`/api/orders/${cancelled.order.id}/cancel`)).status, 200)
  await it.settle()
  it.standIn.state.holdRefunds()
  assert.equal((await refund(second, failing.order, {})).status, 200)
  await it.settle()
  it.standIn.state.endRefunds('failed')
  await it.settle()
  assert.equal((await kept.buyer.get(`/api/orders/${kept.order.id}`)).body.paymentStatus, 'paid')

  for (const who of [it.shop, second]) {
    const own = (await who.get('/api/vendors/analytics')).body
    assert.equal(own.timeZone, timeZone)
    const series = (await who.get(`/api/analytics/orders/series?vendorId=${who.owner.id}`)).body
    assert.equal(series.timeZone, timeZone)
    const [sold] = series.series
    const dayOf = (at: string) => Temporal.Instant.from(at).toZonedDateTimeISO(timeZone).toPlainDate().toString()
    const counted = series.buckets.flatMap((at: string, index: number): [string, Day][] => {
      const [orders, pieces, commissionMinor] = [sold.orders[index], sold.pieces[index], sold.commissionMinor[index]]
      const totalMinor = sold.totalMinor[index] - sold.refundedMinor[index]
      return sold.totalMinor[index] || sold.refundedMinor[index]
        ? [[dayOf(at), { orders, pieces, totalMinor, commissionMinor }]]
        : []
    })
    const days = own.days.map(({ day, currency: _, ...sums }: Day & { day: string; currency: string }) => [day, sums])
    assert.deepEqual(days, counted)
    assert.equal(own.totals[0].orders, 4, 'the one that nobody paid is none')
    assert.ok(own.totals[0].commissionMinor > 0)
    const ofAll = (await it.admin.get(`/api/analytics/orders/series?vendorId=${who.owner.id}`)).body
    assert.deepEqual(ofAll.series, series.series, 'and to admins')
  }
  await it.isRight()
})
