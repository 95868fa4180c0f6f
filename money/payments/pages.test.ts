import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { proofOfRazorpay } from './stand-in/razorpay-wire.ts'
import { keySecret, openShop, type Shop } from './testing.ts'

const play = { environment: {} }

const page = (id: string) => `/api/shop/payments/${id}/page`

const press = ({ p }: Shop, id: string, gesture: string) =>
  p.http.inject({
    method: 'POST',
    url: page(id),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: `gesture=${gesture}`,
  })

const look = async ({ p }: Shop, id: string, language = 'en') =>
  await p.http.inject({ url: page(id), headers: { 'accept-language': language } })

test('without a provider one pays with play money on a page without script, and comes back with it paid', async t => {
  const shop = await openShop(t, 'stripe', play)
  const opened = await shop.begin()
  assert.equal(opened.provider, 'play')
  const shown = await look(shop, opened.paymentId)
  assert.equal(shown.statusCode, 200)
  assert.match(shown.body, /<title>Pay €10\.00<\/title>/)
  assert.match(shown.body, /play money/)
  assert.match(shown.body, /Ten for the wallet/)
  assert.doesNotMatch(shown.body, /<script/)
  assert.match((await look(shop, opened.paymentId, 'de')).body, /Spielgeld/)
  const sent = await press(shop, opened.paymentId, 'approve')
  assert.equal(sent.statusCode, 303)
  assert.equal(sent.headers.location, `/wallet?payment=${opened.paymentId}`)
  assert.deepEqual(await shop.told(), ['succeeded 1000'])
  assert.match((await look(shop, opened.paymentId)).body, /It is paid/)
  await shop.settle()
  assert.equal((await press(shop, opened.paymentId, 'approve')).statusCode, 303)
  await shop.settle()
  assert.deepEqual(await shop.told(), ['succeeded 1000'])
})

test('play money is asked back for and declined like real money', async t => {
  const shop = await openShop(t, 'stripe', play)
  const { paymentId } = await shop.begin({ capture: 'manual' })
  assert.equal((await press(shop, paymentId, 'challenge')).headers.location, page(paymentId))
  assert.match((await look(shop, paymentId)).body, /Your bank asks/)
  await press(shop, paymentId, 'refuse')
  assert.match((await look(shop, paymentId)).body, /role="alert">The card was declined/)
  assert.deepEqual(await shop.told(), ['failed'])
  await press(shop, paymentId, 'approve')
  assert.match((await look(shop, paymentId)).body, /The amount is reserved/)
  await shop.capture(paymentId, 250n)
  await shop.settle()
  assert.deepEqual(await shop.told(), ['failed', 'authorised 1000', 'succeeded 250'])
})

test('play money is kept over a restart', async t => {
  const shop = await openShop(t, 'stripe', play)
  const { paymentId, providerId } = await shop.begin()
  const file = join(shop.p.dataFolder, 'play-money-shop.json')
  assert.ok(readFileSync(file, 'utf8').includes(providerId!))
  await shop.p.another([shop.service])
  assert.equal((await shop.opened[1]!.check(paymentId)).state, 'pending')
})

test('in production there is no play money: without a provider nobody can pay', async t => {
  const environment = {
    DATABASE_URL: 'postgres://ohmnibus@localhost/ohmnibus',
    PUBLIC_URL: 'https://ohmnibus.example.com',
  }
  const shop = await openShop(t, 'stripe', { environment })
  await assert.rejects(shop.begin(), { code: 'payments_unavailable' })
  const about = { method: 'POST', headers: { 'content-type': 'application/json' }, payload: '{}' } as const
  assert.equal((await shop.p.http.inject({ ...about, url: '/api/shop/webhooks/play' })).statusCode, 404)
})

test('keys of a provider without the secret of its webhooks, or half of them, stop the start', async t => {
  for (const [environment, message] of [
    [{ STRIPE_SECRET_KEY: 'sk_test_1' }, /STRIPE_WEBHOOK_SECRET is missing/],
    [{ RAZORPAY_KEY_ID: 'rzp_test_1' }, /RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET go together/],
    [{ RAZORPAY_KEY_ID: 'rzp_test_1', RAZORPAY_KEY_SECRET: 'x' }, /RAZORPAY_WEBHOOK_SECRET is missing/],
    [{ STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'x', STRIPE_API_URL: 'https://a/b' }, /STRIPE_API_URL/],
  ] as const)
    await assert.rejects(openShop(t, 'stripe', { environment }), message)
})

test("the page for Stripe mounts its card form, and lets nobody else's script run", async t => {
  const shop = await openShop(t, 'stripe', { more: { STRIPE_PUBLISHABLE_KEY: 'pk_test_shop' } })
  const { paymentId, clientSecret, publicKey } = await shop.begin()
  assert.equal(publicKey, 'pk_test_shop')
  const { body, headers } = await look(shop, paymentId)
  assert.match(body, new RegExp(`data-key="pk_test_shop"`))
  assert.ok(body.includes(`data-secret="${clientSecret}"`))
  const policy = String(headers['content-security-policy'])
  assert.match(policy, /script-src 'self' https:\/\/js\.stripe\.com;/)
  assert.match(policy, /default-src 'none'/)
  assert.equal(headers['x-payment-provider'], undefined)
  const script = await shop.p.http.inject('/api/shop/payments/card-form.js')
  assert.match(String(script.headers['content-type']), /^text\/javascript/)
  assert.match(script.body, /confirmPayment/)
  assert.equal((await press(shop, paymentId, 'approve')).statusCode, 404)
})

test('the page for Razorpay sends to its checkout, and who comes back with its signature has paid', async t => {
  const shop = await openShop(t, 'razorpay')
  const { standIn, begin, told, p } = shop
  standIn.manner.drop = true
  const { paymentId, providerId } = await begin()
  const { body, headers } = await look(shop, paymentId)
  assert.match(body, /action="https:\/\/api\.razorpay\.com\/v1\/checkout\/embedded"/)
  assert.ok(body.includes(`name="order_id" value="${providerId}"`))
  assert.match(String(headers['content-security-policy']), /form-action 'self' https:\/\/api\.razorpay\.com/)
  standIn.state.act(providerId!, 'approve')
  const comeBack = (proof: Record<string, string>) =>
    p.http.inject({
      method: 'POST',
      url: `/api/shop/payments/${paymentId}/return`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(proof).toString(),
    })
  const proof = proofOfRazorpay(standIn.state.find(providerId!), keySecret)
  for (const wrong of [
    {},
    { ...proof, razorpay_signature: 'f'.repeat(64) },
    { ...proof, razorpay_order_id: 'order_other' },
  ])
    assert.equal((await comeBack(wrong)).headers.location, `/wallet?payment=${paymentId}`)
  assert.deepEqual(await told(), [])
  assert.equal((await comeBack(proof)).headers.location, `/wallet?payment=${paymentId}`)
  assert.deepEqual(await told(), ['succeeded 1000'])
})

test('a payment that does not exist has a page that says so', async t => {
  const shop = await openShop(t, 'stripe', play)
  const id = '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'
  assert.equal((await look(shop, id)).statusCode, 404)
  assert.equal((await press(shop, id, 'approve')).statusCode, 404)
  assert.equal((await shop.p.http.inject(`/api/shop/payments/${id}/return`)).statusCode, 404)
})
