// What other platforms get wrong, which the guide of the shop lists with the test of each; here are those that no other test is about.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { PaymentSucceeded } from '#contracts/orders'
import { openPool } from '../../kernel/database/pool.ts'
import type { TestCluster } from '../../kernel/testing.ts'
import { cart } from '../../services/cart/service.ts'
import { open } from '../../services/orders/testing.ts'
import { until } from '../kernel/toys.ts'

/** The database of the orders, as who runs it. */
async function rootOf(t: TestContext, it: Awaited<ReturnType<typeof open>>) {
  const [row] = await it.p.db('orders')<{ name: string }[]>`select current_database() as name`
  const { host, port, superuser } = JSON.parse(process.env.OHMNIBUS_TEST_CLUSTER!) as TestCluster
  const root = openPool({ host, port, database: row!.name }, superuser, { max: 2, limits: false })
  t.after(() => root.end())
  return root
}

test('an inbox that cannot keep what a provider tells does not say that it has it, and the next try of the provider pays', async t => {
  const answered: number[] = []
  const it = await open(t, cart, {
    deliver: async (to, payload, headers) => {
      const url = `/api/orders/webhooks/${to}`
      const { statusCode } = await it.p.http.inject({ method: 'POST', url, headers, payload })
      answered.push(statusCode)
      return statusCode
    },
  })
  const root = await rootOf(t, it)
  const box = await it.product({ stock: 3 })
  const { buyer, order } = await it.placed([[box, 1]])
  const { body: payment } = await buyer.post(`/api/orders/${order.id}/payment`)
  await root.unsafe(`
    create function orders.no_room() returns trigger language plpgsql as
      $$ begin raise exception 'No space left on device' using errcode = '53100'; end $$;
    create trigger no_room before insert on orders.payment_events for each row execute function orders.no_room()`)
  it.standIn.state.act(payment.providerId, 'approve')
  await until(() => answered.length > 0)
  assert.ok(answered[0]! >= 500, `answered ${answered[0]}`)
  assert.equal((await buyer.get(`/api/orders/${order.id}`)).body.paymentStatus, 'pending')
  await root.unsafe('drop function orders.no_room() cascade')
  await it.settle()
  assert.equal(answered.at(-1), 204)
  assert.equal((await buyer.get(`/api/orders/${order.id}`)).body.paymentStatus, 'paid')
  assert.equal((await it.p.published(PaymentSucceeded)).length, 1)
  await it.isRight()
})

test('of who dies while placing an order nothing stays locked: the same cart is ordered at once, and the pieces are there once', async t => {
  const it = await open(t, cart)
  const root = await rootOf(t, it)
  const box = await it.product({ stock: 2 })
  const buyer = await it.buyer([[box, 2]])
  // It is amid its transaction when the database loses it, as it does a process that is killed.
  const [died] = await root.begin(async held => {
    await held`lock table orders.order_lines in access exclusive mode`
    const placing = buyer.order()
    await until(async () => {
      const ended = await root`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query ~ 'order_lines'`
      return ended.length > 0
    })
    return [await placing]
  })
  assert.equal(died!.status, 503, JSON.stringify(died!.body))
  const began = performance.now()
  const again = await buyer.order()
  assert.equal(again.status, 201, JSON.stringify(again.body))
  assert.ok(performance.now() - began < 5_000, 'nobody waits for a lock of the dead')
  assert.deepEqual(await it.level(box), { onHand: 2, held: 2 })
  await it.pay(buyer, again.body.id)
  assert.deepEqual(await it.level(box), { onHand: 0, held: 0 })
  await it.isRight()
})
