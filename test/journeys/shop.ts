import type { TestContext } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { openStandIn } from '../../money/payments/stand-in/server.ts'
import { choose } from '../../services/all.ts'
import { client, codeIn, mailsIn, register, type Client } from './client.ts'

const admin = { email: 'root@example.com', password: 'quiet trains at dawn' }
const secret = 'whsec_for_journeys'

export const home = {
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  address: 'Ringstr. 5',
  city: 'Berlin',
  zip: '10115',
  country: 'DE',
}

/** The whole platform with a shop on it, and a provider of payments at the other end of a socket. */
export async function shopOpens(t: TestContext) {
  const standIn = openStandIn({
    secrets: { stripe: secret, razorpay: secret },
    deliver: async (wire, body, headers) =>
      (await fetch(`${address}/api/orders/webhooks/${wire}`, { method: 'POST', body, headers })).status,
  })
  const url = await standIn.listen()
  t.after(() => standIn.close())
  const p = await start(t, await choose(), {
    environment: {
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      NOTIFICATION_DIGEST: '0s',
      STRIPE_SECRET_KEY: 'sk_test_journeys',
      STRIPE_WEBHOOK_SECRET: secret,
      STRIPE_API_URL: url,
    },
  })
  const address = await p.listen()
  const settle = async () => {
    for (let round = 0; round < 3; round++) {
      await standIn.idle()
      await p.settle()
    }
  }
  const mailsTo = async (email: string) => {
    await settle()
    return (await mailsIn(p.platform.mailFolder!)).filter(({ to }) => to === email)
  }
  const root = client(address)
  root.use(await root.get(200, 'POST /api/auth/login', admin))

  /** Somebody who registers, and proves their address by the mail that came. */
  const person = async (name: string) => {
    const [who, email] = [client(address), `${name.toLowerCase()}@example.com`]
    const account = { email, password: admin.password, name }
    const { user } = await register(who, '/api/auth', account, async () => codeIn((await mailsTo(email)).at(-1)!))
    return { ...who, id: user.id, email }
  }

  /** Somebody who asks to sell, is let in, and signs in anew. */
  const vendor = async (name: string) => {
    const who = await person(name)
    const place = { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' }
    await who.get(200, 'PUT /api/orders/seller', { name: `${name} GmbH`, address: place, smallBusiness: false })
    const form = new FormData()
    form.append('kind', 'other')
    form.append('file', new File(['%PDF-1.7\nregister'], 'register.pdf'))
    const { docId } = await who.get(201, 'POST /api/documents/upload', form)
    const { vendorId } = await who.get(200, 'PUT /api/vendors/profile', {
      name,
      description: `What ${name} sells.`,
      email: who.email,
      iban: 'DE89 3704 0044 0532 0130 00',
      accountHolder: `${name} GmbH`,
      evidence: [docId],
      acceptTerms: true,
    })
    await who.get(200, 'POST /api/vendors/profile/submit')
    await root.get(200, `POST /api/vendors/${vendorId}/approve`, {})
    await settle()
    who.use(await who.get(200, 'POST /api/auth/login', { email: who.email, password: admin.password }))
    return { ...who, vendorId: vendorId as string }
  }

  return {
    p,
    root,
    standIn,
    settle,
    mailsTo,
    person,
    vendor,
    /** A product that an admin has let into the shop. */
    async product(seller: Client, about: object) {
      const made = await seller.get(201, 'POST /api/marketplace/products', about)
      await root.get(200, `POST /api/marketplace/products/${made.id}/approve`)
      await settle()
      return made as { id: string; slug: string; variants: { id: string }[] }
    },
    /** Their cart is ordered, and their bank agrees. */
    async buy(buyer: Client, more: object = {}) {
      const { id } = await buyer.get(201, 'POST /api/orders', { billingAddress: home, ...more })
      const { providerId } = await buyer.get(200, `POST /api/orders/${id}/payment`)
      standIn.state.act(providerId, 'approve')
      await settle()
      return await buyer.get(200, `GET /api/orders/${id}`)
    },
  }
}
