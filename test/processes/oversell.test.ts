import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, codeIn, mailsIn, register } from '../journeys/client.ts'
import { until } from '../kernel/toys.ts'
import { startProcesses } from './processes.ts'

const admin = { email: 'root@example.com', password: 'quiet trains at dawn' }
const billingAddress = { name: 'Ada', email: 'ada@example.com', address: 'Ringstr. 5', country: 'DE' }

test('twenty buyers on five pieces always end in five sold, on two processes of each service, over Kafka and Redis', async t => {
  const p = await startProcesses(t, 2, {
    environment: { ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password },
    parts: ['identity', 'notifications', 'marketplace', 'cart', 'orders'],
  })
  const doorsOf = (service: string) => p.parts(service).map(({ address }) => address)
  const [auth] = doorsOf('identity') as [string]
  const root = client(auth)
  root.use(await root.get(200, 'POST /api/auth/login', admin))
  const buyers = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const [who, email] = [client(auth), `buyer-${index}@example.com`]
      await register(who, '/api/auth', { email, password: admin.password, name: `Buyer ${index}` }, async () => {
        await p.settle()
        return codeIn((await mailsIn(p.mailFolder)).filter(({ to }) => to === email).at(-1)!)
      })
      return who
    }),
  )
  const at = (who: typeof root, address: string) => client(address, who.headers)
  const [market] = doorsOf('marketplace') as [string]
  for (let round = 0; round < 5; round++) {
    const about = { name: `Rare ${round}`, price: 1_000, stock: 5 }
    const { id } = await at(root, market).get(201, 'POST /api/marketplace/products', about)
    await at(root, market).ask(`POST /api/marketplace/products/${id}/approve`)
    await p.settle()
    // What the shop says of it comes to orders over Kafka.
    await until(
      async () =>
        (await at(buyers[0]!, doorsOf('cart')[0]!).ask(`POST /api/cart/items`, { productId: id })).status === 201,
    )
    const placed = await Promise.all(
      buyers.map(async (who, index) => {
        const [cart, orders] = [doorsOf('cart')[index % 2]!, doorsOf('orders')[index % 2]!]
        await at(who, cart)
          .get(200, 'DELETE /api/cart')
          .catch(() => {})
        await at(who, cart).get(201, 'POST /api/cart/items', { productId: id })
        return await at(who, orders).ask('POST /api/orders', { billingAddress })
      }),
    )
    const codes = placed.map(({ status, body }) => (status === 201 ? 'sold' : body.code)).toSorted()
    assert.equal(codes.filter(code => code === 'sold').length, 5, codes.join(' '))
    assert.ok(
      codes.every(code => code === 'sold' || code === 'stock_short'),
      codes.join(' '),
    )
  }
})
