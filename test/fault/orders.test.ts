import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPool } from '../../kernel/database/pool.ts'
import { runningEmbedded } from '../../tools/embedded.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { client } from '../journeys/client.ts'
import { randomFrom, seedFrom } from '../journeys/random.ts'
import { kill, launch, serversOf, until } from './product.ts'

const admin = { email: 'shop@example.com', password: 'quiet trains at dawn' }
const seed = seedFrom(process.env.FAULT_SEED)
const [kills, pieces] = [4, 1_000]

test(
  'killed with everything it has while somebody orders and pays, the shop has each order once, paid, and each piece',
  { timeout: 400_000, skip: process.platform !== 'linux' && 'it finds processes in /proc' },
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-orders-'))
    const port = await freePort()
    const environment = {
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      RATE_LIMIT_FACTOR: '100',
      // No others have a part in it, and it starts again and again.
      OHMNIBUS_SERVICES: 'gateway,identity,documents,passports,marketplace,cart,orders',
    }
    const start = () => launch({ folder, port, environment })
    let product = start()
    const end = async () => {
      kill([product.pid, ...serversOf(product.dataFolder)])
      await product.exit
      await until('the end of PostgreSQL', () => serversOf(product.dataFolder).length === 0, 10_000)
    }
    t.after(async () => {
      await end()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    })
    await product.ready()
    const { address } = product
    const shop = client(address)
    shop.use(await shop.get(200, 'POST /api/auth/login', admin))
    const { id: productId } = await shop.get(201, 'POST /api/marketplace/products', {
      name: 'Wallbox 11 kW',
      price: 499_00,
      currency: 'EUR',
      stock: pieces,
    })
    await shop.get(200, `POST /api/marketplace/products/${productId}/approve`)

    const headers = { ...shop.headers, 'content-type': 'application/json' }
    let repeated = 0
    /** Asks until there is an answer. */
    const insist = async (method: string, path: string, body?: object, more: Record<string, string> = {}) => {
      for (const deadline = Date.now() + 60_000; ; repeated++) {
        const answer = await fetch(address + path, {
          method,
          headers: { ...headers, ...more },
          signal: AbortSignal.timeout(20_000),
          ...(body && { body: JSON.stringify(body) }),
        }).catch(() => undefined)
        const text = await answer?.text().catch(() => undefined)
        if (answer && text !== undefined && answer.status < 500 && answer.status !== 409) {
          assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${text}`)
          return JSON.parse(text)
        }
        assert.ok(Date.now() < deadline, `${method} ${path}: ${answer?.status} ${text}`)
        await sleep(50)
      }
    }
    await until(
      'the product for sale',
      async () => {
        const answer = await fetch(`${address}/api/cart/items`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ productId }),
        })
        return answer.status === 201
      },
      20_000,
    )

    const billingAddress = {
      name: 'Ada',
      email: admin.email,
      address: 'x 1',
      city: 'Berlin',
      zip: '10115',
      country: 'DE',
    }
    const placed = new Map<string, number>()
    let buying = true
    const buyer = (async () => {
      for (let number = 0; buying; number++) {
        if (number > 0) await insist('POST', '/api/cart/items', { productId })
        const key = { 'idempotency-key': `order-${number}` }
        const order = await insist('POST', '/api/orders', { billingAddress }, key)
        placed.set(order.id, order.items[0].quantity)
        const { page } = await insist('POST', `/api/orders/${order.id}/payment`)
        for (let paid = false; !paid; await sleep(20)) {
          const body = new URLSearchParams({ gesture: 'approve' })
          await fetch(page, {
            method: 'POST',
            headers: { origin: new URL(page).origin },
            body,
            redirect: 'manual',
          }).catch(() => {})
          paid = (await insist('GET', `/api/orders/${order.id}`)).paymentStatus === 'paid'
        }
        // The cart is as it was until it has heard of the order.
        while ((await insist('GET', '/api/cart')).items.length > 0) await sleep(20)
      }
    })()
    const random = randomFrom(seed)
    for (let count = 0; count < kills; count++) {
      await Promise.race([sleep(1_000 + random() * 2_000), buyer])
      await end()
      product = start()
      await product.ready()
    }
    await Promise.race([sleep(1_000), buyer])
    buying = false
    await buyer

    const sold = placed.values().reduce((sum, quantity) => sum + quantity, 0)
    t.diagnostic(`seed ${seed}: ${placed.size} orders of ${sold} pieces, ${repeated} requests sent again`)
    const all: { id: string; status: string }[] = []
    for (let after = ''; ;) {
      const page = await insist('GET', `/api/orders?limit=100${after}`)
      all.push(...page.items)
      if (!page.nextCursor) break
      after = `&after=${encodeURIComponent(page.nextCursor)}`
    }
    assert.deepEqual(all.map(({ id }) => id).sort(), [...placed.keys()].sort(), `each once, seed ${seed}`)
    assert.deepEqual([...new Set(all.map(({ status }) => status))], ['processing'])
    const { at, admin: superuser } = runningEmbedded(product.dataFolder)!
    const db = openPool(at, superuser, { schema: 'orders', max: 1 })
    try {
      const [stock] = await db`select on_hand::int as "onHand", held::int as held from orders.stock`
      assert.deepEqual({ ...stock }, { onHand: pieces - sold, held: 0 })
      const [books] = await db`
        select sum(balance_minor)::float8 as sum, sum(balance_minor) filter (where kind = 'sales')::float8 as sales
        from orders.ledger_accounts`
      assert.deepEqual({ ...books }, { sum: 0, sales: sold * 499_00 })
    } finally {
      await db.end({ timeout: 1 })
    }
    assert.ok(placed.size >= kills, `too little was going on: ${placed.size} orders`)
  },
)
