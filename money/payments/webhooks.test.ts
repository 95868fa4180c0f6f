import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventOfNothing, forged, openShop, webhookSecret, wires, type Shop } from './testing.ts'

/** Events of a payment that was approved, held back. */
async function approved(shop: Shop, wish: Parameters<Shop['begin']>[0] = {}) {
  const { begin, standIn } = shop
  const opened = await begin(wish)
  standIn.manner.hold = true
  standIn.state.act(opened.providerId!, 'approve')
  return { ...opened, events: standIn.going.splice(0) }
}

const events = ({ p }: Shop) =>
  p.db('shop')`select type, state, attempts, error from payment_events order by received_at, id`

const heard = async ({ p }: Shop, outcome: string): Promise<number> => {
  const { body } = await p.http.inject('/metrics')
  const line = new RegExp(`^ohmnibus_payment_webhooks_total{.*outcome="${outcome}".*} (\\d+)$`, 'm').exec(body)
  return Number(line?.[1] ?? 0)
}

for (const wire of wires) {
  test(`${wire}: a webhook without a valid signature is refused, counted and not kept`, async t => {
    const shop = await openShop(t, wire)
    const { events: told } = await approved(shop)
    const { event } = told[0]!
    const { standIn, post } = shop
    const proof = standIn.proofOf(wire, event)
    assert.equal(await post(event.body, { 'content-type': 'application/json' }), 400)
    assert.equal(await post(event.body.replace('1000', '9000'), proof), 400)
    assert.equal(await post(event.body, forged(wire, event, 'another secret')), 400)
    assert.equal(await post('', proof), 400)
    assert.equal(await post('{', proof), 400)
    await shop.settle()
    assert.deepEqual([...(await events(shop))], [])
    assert.deepEqual(await shop.told(), [])
    assert.equal(await heard(shop, 'forged'), 5)
  })

  test(`${wire}: while the secret is rolled, both are taken`, async t => {
    const names = { stripe: 'STRIPE_WEBHOOK_SECRET', razorpay: 'RAZORPAY_WEBHOOK_SECRET' }
    const shop = await openShop(t, wire, { more: { [names[wire]]: `new secret,${webhookSecret}` } })
    const { events: told } = await approved(shop)
    const { event } = told.at(-1)!
    assert.equal(await shop.post(event.body, forged(wire, event, 'new secret')), 204)
    assert.equal(await shop.post(event.body, forged(wire, event, webhookSecret)), 204)
    await shop.settle()
    assert.deepEqual(await shop.told(), ['succeeded 1000'])
  })

  test(`${wire}: a webhook that is too large is refused before its signature is looked at`, async t => {
    const shop = await openShop(t, wire)
    assert.equal(await shop.post('x'.repeat(262_145), { 'content-type': 'application/json' }), 413)
  })

  test(`${wire}: an event that comes three times has its effect once`, async t => {
    const shop = await openShop(t, wire)
    shop.standIn.manner.copies = 3
    const { providerId } = await shop.begin()
    shop.standIn.state.act(providerId!, 'approve')
    await shop.settle()
    assert.deepEqual(await shop.told(), ['succeeded 1000'])
    assert.ok((await heard(shop, 'duplicate')) >= 2)
  })

  test(`${wire}: events that come in reverse end the same`, async t => {
    const shop = await openShop(t, wire)
    const { standIn, begin, settle, capture, refund } = shop
    Object.assign(standIn.manner, { reversed: true, hold: true })
    const { providerId, paymentId } = await begin({ capture: 'manual' })
    standIn.state.act(providerId!, 'refuse')
    standIn.state.act(providerId!, 'approve')
    await shop.payments.check(paymentId)
    await capture(paymentId, 800n)
    await settle()
    await refund(paymentId, 'r1', 300n)
    await settle()
    await standIn.flush()
    await settle()
    assert.deepEqual(await shop.told(), ['authorised 1000', 'succeeded 800', 'refunded 300'])
    assert.ok((await events(shop)).every(({ state }) => state === 'done'))
  })

  test(`${wire}: what arrives before the commit of what it is about is parked, and worked later`, async t => {
    let at = Date.now()
    const shop = await openShop(t, wire, { now: () => new Date(at) })
    const { paymentId, events: told } = await approved(shop)
    await hide(shop, paymentId)
    for (const one of told) await shop.standIn.send(one)
    await shop.settle()
    assert.deepEqual(
      (await events(shop)).map(({ state }) => state),
      told.map(() => 'parked'),
    )
    await show(shop)
    at += 60_000
    await shop.payments.sweep()
    await shop.settle()
    assert.deepEqual(await shop.told(), ['succeeded 1000'])
    assert.ok((await events(shop)).every(({ state }) => state === 'done'))
  })

  test(`${wire}: another amount or currency than ours has no effect, and waits for an admin`, async t => {
    for (const [from, to] of [
      ['"amount": ?1000', '"amount":100000'],
      ['"currency": ?"(EUR|INR|eur|inr)"', '"currency":"usd"'],
    ] as const) {
      const shop = await openShop(t, wire)
      const { events: told } = await approved(shop)
      const { event } = told.at(-1)!
      const body = event.body.replaceAll(
        new RegExp(from, 'g'),
        to === '"currency":"usd"' && wire === 'razorpay' ? '"currency":"USD"' : to,
      )
      assert.notEqual(body, event.body)
      const changed = { ...event, body }
      assert.equal(await shop.post(body, forged(wire, changed, webhookSecret)), 204)
      await shop.settle()
      assert.deepEqual(await shop.told(), [])
      const [stored] = await events(shop)
      assert.equal(stored!.state, 'dead')
      assert.match(stored!.error, /the (amount|currency) is (100000|USD), not (1000|EUR|INR)/)
    }
  })

  test(`${wire}: what the provider itself says of another amount has no effect`, async t => {
    const shop = await openShop(t, wire)
    const { paymentId, providerId } = await shop.begin()
    await shop.p.db('shop')`update payments set amount_minor = 999 where id = ${paymentId}`
    shop.standIn.state.act(providerId!, 'approve')
    await shop.settle()
    await assert.rejects(shop.payments.check(paymentId), { code: 'payment_differs' })
    assert.deepEqual(await shop.told(), [])
  })

  test(`${wire}: an event of another account has no effect`, async t => {
    const shop = await openShop(t, wire)
    const first = await approved(shop)
    for (const one of first.events) await shop.standIn.send(one)
    await shop.settle()
    const second = await approved(shop)
    const { event } = second.events.at(-1)!
    const body =
      wire === 'stripe'
        ? event.body.replace('{', '{"account": "acct_somebodyelse",')
        : event.body.replace(/acc_\w+/, 'acc_somebodyelse')
    assert.notEqual(body, event.body)
    assert.equal(await shop.post(body, forged(wire, { ...event, body }, webhookSecret)), 204)
    await shop.settle()
    assert.deepEqual(await shop.told(), ['succeeded 1000'])
    assert.match((await events(shop)).at(-1)!.error, /the account is acct?_somebodyelse/)
  })

  test(`${wire}: events about nothing of ours are taken and have no effect`, async t => {
    const shop = await openShop(t, wire)
    const event = eventOfNothing(wire)
    assert.equal(await shop.post(event.body, forged(wire, event, webhookSecret)), 204)
    await shop.settle()
    assert.deepEqual(
      [...(await events(shop))].map(({ state }) => state),
      ['ignored'],
    )
  })

  test(`${wire}: admins list dead events and have them worked again`, async t => {
    const shop = await openShop(t, wire)
    const { paymentId, events: told } = await approved(shop)
    await shop.p.db('shop')`update payments set amount_minor = 999 where id = ${paymentId}`
    await shop.standIn.send(told.at(-1)!)
    await shop.settle()
    const headers = shop.p.signedIn({ role: 'admin' })
    const list = async () => (await shop.p.http.inject({ url: '/api/shop/webhooks/dead', headers })).json().items
    const [dead] = await list()
    assert.equal(dead.provider, wire)
    assert.equal(dead.type, told.at(-1)!.event.type)
    await shop.p.db('shop')`update payments set amount_minor = 1000 where id = ${paymentId}`
    const url = `/api/shop/webhooks/dead/${dead.id}/replay`
    assert.equal((await shop.p.http.inject({ method: 'POST', url, headers: shop.p.signedIn() })).statusCode, 403)
    assert.equal((await shop.p.http.inject({ method: 'POST', url, headers })).statusCode, 202)
    await shop.settle()
    assert.deepEqual(await shop.told(), ['succeeded 1000'])
    assert.deepEqual(await list(), [])
    assert.equal((await shop.p.http.inject({ method: 'POST', url, headers })).statusCode, 404)
  })

  test(`${wire}: where no webhook comes the sweeper finds out, and cancels what nobody pays`, async t => {
    let at = Date.now()
    const shop = await openShop(t, wire, { now: () => new Date(at) })
    shop.standIn.manner.drop = true
    const paid = await shop.begin()
    await shop.begin()
    shop.standIn.state.act(paid.providerId!, 'approve')
    await shop.payments.sweep()
    await shop.settle()
    assert.deepEqual(await shop.told(), [])
    at += 5 * 60_000
    await shop.payments.sweep()
    await shop.settle()
    assert.deepEqual(await shop.told(), ['succeeded 1000'])
    at += 25 * 3_600_000
    await shop.payments.sweep()
    await shop.settle()
    assert.deepEqual(await shop.told(), ['succeeded 1000', 'cancelled'])
  })
}

test('stripe: an event whose signature is older than five minutes is refused', async t => {
  let at = Date.now()
  const shop = await openShop(t, 'stripe', { now: () => new Date(at) })
  const { events: told } = await approved(shop)
  const { event } = told[0]!
  const proof = shop.standIn.proofOf('stripe', event)
  at += 301_000
  assert.equal(await shop.post(event.body, proof), 400)
  assert.equal(await shop.post(event.body, shop.standIn.proofOf('stripe', event)), 204)
})

test('stripe: an event of live money is not taken for one of test money', async t => {
  const shop = await openShop(t, 'stripe')
  const { events: told } = await approved(shop)
  const event = { ...told[0]!.event, body: told[0]!.event.body.replaceAll('"livemode": false', '"livemode": true') }
  assert.equal(await shop.post(event.body, shop.standIn.proofOf('stripe', event)), 400)
})

test('razorpay: an event that is sent again as if it were another has its effect once', async t => {
  const shop = await openShop(t, 'razorpay')
  const { events: told } = await approved(shop)
  const { event } = told.at(-1)!
  for (const id of ['one', 'two', 'three'])
    assert.equal(await shop.post(event.body, shop.standIn.proofOf('razorpay', { ...event, id })), 204)
  await shop.settle()
  assert.deepEqual(await shop.told(), ['succeeded 1000'])
})

test('razorpay: an order of somebody else on the account is parked, tried for hours, and then left alone', async t => {
  let at = Date.now()
  const shop = await openShop(t, 'razorpay', { now: () => new Date(at) })
  const about = { amount: 500, currency: 'INR', description: '', notes: {}, receipt: null } as const
  shop.standIn.manner.hold = true
  const { id } = shop.standIn.state.create({ ...about, wire: 'razorpay', capture: 'automatic' })
  shop.standIn.state.act(id, 'approve')
  await shop.standIn.send(shop.standIn.going.find(({ event }) => event.type === 'payment.captured')!)
  await shop.settle()
  assert.equal((await events(shop))[0]!.state, 'parked')
  for (let tries = 0; tries < 20; tries++) {
    at += 3_600_000
    await shop.payments.sweep()
    await shop.settle()
  }
  const [left] = await events(shop)
  assert.equal(left!.state, 'ignored')
  assert.ok(left!.attempts >= 14)
})

test('a provider that is not set up has no webhook', async t => {
  const shop = await openShop(t, 'stripe')
  const about = { method: 'POST', headers: { 'content-type': 'application/json' }, payload: '{}' } as const
  assert.equal((await shop.p.http.inject({ ...about, url: '/api/shop/webhooks/razorpay' })).statusCode, 404)
  assert.equal((await shop.p.http.inject({ ...about, url: '/api/shop/webhooks/play' })).statusCode, 404)
  assert.equal((await shop.p.http.inject({ ...about, url: '/api/shop/webhooks/other' })).statusCode, 400)
})

/** Takes a payment out of sight, as long as its transaction has not committed. */
const hide = ({ p }: Shop, id: string) =>
  p
    .db('shop')
    .unsafe(`create table away as select * from payments where id = '${id}'; delete from payments where id = '${id}'`)
const show = ({ p }: Shop) => p.db('shop').unsafe('insert into payments select * from away')
