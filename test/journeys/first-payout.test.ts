import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStandIn } from '../../money/payments/stand-in/server.ts'
import { client, codeIn, mailsIn, register } from './client.ts'
import { notSplit, oneProcess, split } from './sites.ts'
import { saysWhoSells } from './vendors.ts'

const password = 'quiet trains at dawn'
const admin = { email: 'root@example.com', password }

/** Where the same is to be seen, whoever serves it: with play money on its page, and with a provider and its webhooks. */
const sites: [string, typeof oneProcess, string | false][] = [
  ['one process', oneProcess, false],
  ['each service in a process of its own', split, notSplit],
]
const secret = 'whsec_for_journeys'

for (const [site, open, skip] of sites)
  test(`a vendor from registration to first payout, ${site}`, { skip }, async t => {
    let at = new Date('2027-03-01T09:00:00Z')
    const bank = openStandIn({
      now: () => at,
      secrets: { stripe: secret, razorpay: secret },
      deliver: async (wire, body, headers) =>
        (await fetch(`${p.address}/api/orders/webhooks/${wire}`, { method: 'POST', body, headers })).status,
    })
    const url = await bank.listen()
    t.after(() => bank.close())
    const stripe = { STRIPE_SECRET_KEY: 'sk_test_journeys', STRIPE_WEBHOOK_SECRET: secret, STRIPE_API_URL: url }
    const p = await open(t, {
      now: () => at,
      environment: {
        ADMIN_EMAIL: admin.email,
        ADMIN_PASSWORD: admin.password,
        NOTIFICATION_DIGEST: '0s',
        VENDORS_PAYOUT_IBAN: 'DE75512108001245126199',
        VENDORS_PAYOUT_HOLDER: 'Ohmnibus GmbH',
        // Over processes there is no play money.
        ...(open === split && stripe),
      },
    })
    const { address } = p
    const codeFor = async (email: string): Promise<string> => {
      await p.settle()
      return codeIn((await mailsIn(p.mailFolder)).findLast(({ to }) => to === email)!)
    }
    const person = async (name: string) => {
      const [who, email] = [client(address), `${name.toLowerCase()}@example.com`]
      const { user } = await register(who, '/api/auth', { email, password, name }, codeFor)
      const signIn = async () => who.use(await who.get(200, 'POST /api/auth/login', { email, password }))
      return { ...who, id: user.id as string, signIn }
    }
    const root = client(address)
    const signIn = async () => root.use(await root.get(200, 'POST /api/auth/login', admin))
    await signIn()
    const [vendor, buyer] = [await person('Vera'), await person('Bert')]

    // Vera says who she is, is let in, and offers a wallbox.
    const docId = await saysWhoSells(vendor)
    await vendor.get(200, 'PUT /api/vendors/profile', {
      name: 'Voltwerk',
      description: 'Wallboxes from Regensburg.',
      email: 'shop@example.com',
      iban: 'DE89 3704 0044 0532 0130 00',
      accountHolder: 'Voltwerk GmbH',
      evidence: [docId],
      acceptTerms: true,
    })
    await p.settle()
    await vendor.get(200, 'POST /api/vendors/profile/submit')
    await root.get(200, `POST /api/vendors/${vendor.id}/approve`, {})
    await root.get(201, 'POST /api/vendors/commission-rules', { basisPoints: 1_000 })
    await p.settle()
    await vendor.signIn()
    const offer = { name: 'Wallbox', price: 238_000, stock: 3 }
    const product = await vendor.get(201, 'POST /api/vendors/products', offer)
    await root.get(200, `POST /api/marketplace/products/${product.id}/approve`)
    const option = { name: 'Parcel', countries: [], currency: 'EUR', priceMinor: 0 }
    await vendor.get(201, 'POST /api/orders/shipping-options', option)
    await p.settle()

    // Bert buys it with play money; Vera sends it, and it arrives.
    await buyer.get(201, 'POST /api/cart/items', {
      productId: product.id,
      variantId: product.variants[0].id,
      quantity: 1,
    })
    const shipping = {
      name: 'Bert',
      email: 'bert@example.com',
      address: 'Ringstr. 7',
      city: 'Berlin',
      country: 'DE',
      zip: '10115',
    }
    const order = await buyer.get(201, 'POST /api/orders', { billingAddress: shipping })
    const { page, providerId } = await buyer.get(200, `POST /api/orders/${order.id}/payment`)
    if (open === split) {
      bank.state.act(providerId, 'approve')
      // What one side says the other one answers.
      for (let round = 0; round < 3; round++) {
        await bank.idle()
        await p.settle()
      }
    } else {
      const path = `${address}${new URL(page).pathname}`
      const body = new URLSearchParams({ gesture: 'approve' })
      const headers = { origin: new URL(page).origin }
      assert.ok((await fetch(path, { method: 'POST', body, headers, redirect: 'manual' })).status < 400)
    }
    await p.settle()
    const net = (order.items[0].netMinor as number) / 10
    const earnings = async () => {
      const { items } = await vendor.get(200, 'GET /api/vendors/earnings')
      const { pendingMinor, availableMinor, payingMinor, paidMinor, commissionMinor } = items[0]
      return [pendingMinor, availableMinor, payingMinor, paidMinor, commissionMinor]
    }
    const earned = 238_000 - net
    assert.deepEqual(await earnings(), [earned, 0, 0, 0, net])
    const { parts } = await vendor.get(200, `GET /api/orders/${order.id}`)
    assert.equal(parts[0].commissionMinor, net)
    const sent = { carrier: 'DHL' }
    const { id: shipmentId } = await vendor.get(201, `POST /api/orders/${order.id}/shipments`, sent)
    await buyer.get(200, `POST /api/orders/${order.id}/shipments/${shipmentId}/delivered`)
    await p.settle()

    // Two weeks later it is hers, and a second person lets it go.
    at = new Date('2027-03-15T09:00:00Z')
    p.tick()
    await p.strike('vendors', /^settle/)
    await vendor.signIn()
    await signIn()
    assert.deepEqual(await earnings(), [0, earned, 0, 0, net])
    const payout = await vendor.get(201, 'POST /api/vendors/payouts', { currency: 'EUR' })
    assert.deepEqual([payout.status, payout.amountMinor], ['requested', earned])
    await vendor.get(403, `POST /api/vendors/payouts/${payout.id}/approve`)
    await root.get(200, `POST /api/vendors/payouts/${payout.id}/approve`)
    const file = await root.get(201, 'POST /api/vendors/payout-files')
    const xml = String(await root.get(200, `GET /api/vendors/payout-files/${file.id}/xml`))
    assert.match(xml, new RegExp(`<InstdAmt Ccy="EUR">${(earned / 100).toFixed(2)}</InstdAmt>`))
    await root.get(200, `POST /api/vendors/payout-files/${file.id}/paid`)
    await p.settle()
    assert.deepEqual(await earnings(), [0, 0, 0, earned, net])
    const { currencies } = await vendor.get(200, 'GET /api/vendors/statements/2027-03')
    assert.deepEqual(currencies[0].closing, { pending: 0, available: 0, paying: 0, paid: earned, commission: net })
    const events = (await mailsIn(p.mailFolder)).map(({ event }) => event)
    assert.ok(events.includes('payout.requested') && events.includes('payout.paid'), events.join())
  })
