import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPool } from '../../kernel/database/pool.ts'
import { periodic } from '../../kernel/jobs/job.ts'
import { runningEmbedded } from '../../tools/embedded.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { client } from '../journeys/client.ts'
import { randomFrom, seedFrom } from '../journeys/random.ts'
import { kill, launch, serversOf, until } from './product.ts'
import { saysWhoSells } from '../journeys/vendors.ts'

const admin = { email: 'market@example.com', password: 'quiet trains at dawn' }
const seed = seedFrom(process.env.FAULT_SEED)
const [kills, priceMinor, payoutMinor, refundMinor] = [3, 100_00, 70_00, 15_00]
const billingAddress = {
  name: 'Ada',
  email: admin.email,
  address: 'x 1',
  city: 'Berlin',
  zip: '10115',
  country: 'DE',
}

test(
  'killed with everything it has while earnings are settled, paid out and clawed back, each is booked once, to the cent',
  { timeout: 400_000, skip: process.platform !== 'linux' && 'it finds processes in /proc' },
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-vendors-'))
    const port = await freePort()
    const environment = {
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      RATE_LIMIT_FACTOR: '100',
      // No others have a part in it, and it starts again and again.
      OHMNIBUS_SERVICES: 'gateway,identity,documents,passports,marketplace,cart,orders,vendors',
      VENDORS_SETTLE_AFTER: '1s',
      VENDORS_PAYOUT_ALONE_MINOR: '1000000000',
      VENDORS_PAYOUT_IBAN: 'DE75512108001245126199',
      VENDORS_PAYOUT_HOLDER: 'Ohmnibus GmbH',
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
    await product.ready(120_000)
    const { address } = product
    const { headers, productId } = await openForBusiness(address)
    let repeated = 0
    /** Asks until there is an answer; undefined is one of `codes`, which tell that there is nothing to do. */
    const insist = async (method: string, path: string, body?: object, key?: string, codes: string[] = []) => {
      const more = { ...(key && { 'idempotency-key': key }), ...(body && { 'content-type': 'application/json' }) }
      for (const deadline = Date.now() + 180_000; ; repeated++) {
        const answer = await fetch(address + path, {
          method,
          headers: { ...headers, ...more },
          signal: AbortSignal.timeout(20_000),
          ...(body && { body: JSON.stringify(body) }),
        }).catch(() => undefined)
        const text = await answer?.text().catch(() => undefined)
        if (answer && text !== undefined && answer.status < 300) return JSON.parse(text)
        if (answer?.status === 409 && text && codes.includes(JSON.parse(text).code)) return undefined
        if (answer && text !== undefined && answer.status < 500 && answer.status !== 409)
          assert.fail(`${method} ${path}: ${answer.status} ${text}`)
        assert.ok(Date.now() < deadline, `${method} ${path}: ${answer?.status} ${text}`)
        await sleep(50)
      }
    }
    await until(
      'the product for sale',
      async () =>
        (
          await insist('POST', '/api/cart/items', { productId }, undefined, ['product_not_for_sale']).catch(
            () => undefined,
          )
        )?.added === true,
      20_000,
    )

    const delivered: string[] = []
    // An answer that was lost may have put two of it into the cart.
    let sold = 0
    const asked = new Set<string>()
    let refunds = 0
    let busy = true
    const buyer = async () => {
      for (let number = 0; busy; number++) {
        if (number > 0) await insist('POST', '/api/cart/items', { productId })
        const order = await insist('POST', '/api/orders', { billingAddress }, `order-${number}`)
        sold += order.totalMinor
        const at = `/api/orders/${order.id}`
        const { page } = await insist('POST', `${at}/payment`)
        for (let paid = false; !paid; await sleep(20)) {
          await approve(page)
          paid = (await insist('GET', at)).paymentStatus === 'paid'
        }
        const { id } = await insist('POST', `${at}/shipments`, { carrier: 'DHL' }, `shipment-${number}`)
        await insist('POST', `${at}/shipments/${id}/delivered`)
        delivered.push(order.id)
        while ((await insist('GET', '/api/cart')).items.length > 0) await sleep(20)
      }
    }
    const refunder = async () => {
      for (let next = 0; busy;)
        if (next < delivered.length) {
          const body = { reason: 'Scratched', amountMinor: refundMinor }
          await insist('POST', `/api/orders/${delivered[next]}/refund`, body, `refund-${next}`)
          refunds = ++next
        } else await sleep(20)
    }
    const payer = async () => {
      for (let number = 0; busy; number++) {
        await settleNow(product.dataFolder)
        const wish = { currency: 'EUR', amountMinor: payoutMinor }
        const made = await insist('POST', '/api/vendors/payouts', wish, `payout-${number}`, ['payout_short'])
        if (made) asked.add(made.id)
        const file = await insist('POST', '/api/vendors/payout-files', undefined, `file-${number}`, ['payouts_none'])
        if (file) await insist('POST', `/api/vendors/payout-files/${file.id}/paid`)
        await sleep(50)
      }
    }
    const all = Promise.all([buyer(), refunder(), payer()])
    const random = randomFrom(seed)
    for (let count = 0; count < kills; count++) {
      const [payouts, back] = [asked.size, refunds]
      // In the midst of each: something was paid out and clawed back since the last time, and more is under way.
      await Promise.race([until('a payout and a refund', () => asked.size > payouts && refunds > back, 120_000), all])
      await Promise.race([sleep(random() * 700), all])
      await end()
      product = start()
      await product.ready(120_000)
    }
    await Promise.race([sleep(1_000), all])
    busy = false
    await all
    t.diagnostic(
      `seed ${seed}: ${delivered.length} orders, ${refunds} refunds, ${asked.size} payouts, ${repeated} requests sent again`,
    )

    const { at, admin: superuser } = runningEmbedded(product.dataFolder)!
    const db = openPool(at, superuser, { schema: 'vendors', max: 1 })
    try {
      const earned = sold - refunds * refundMinor
      const booked = async () => {
        const rows = await db<{ kind: string; minor: number }[]>`
          select kind, sum(balance_minor)::float8 as minor from vendors.ledger_accounts group by kind`
        return Object.fromEntries(rows.map(({ kind, minor }) => [kind, minor]))
      }
      await until(
        'all that was sold and given back to be booked',
        async () => (await booked()).buyers === -earned,
        20_000,
      )
      // What is delivered is settled by now, once it is asked for.
      await sleep(1_100)
      await settleNow(product.dataFolder)
      await until('all that was delivered to be settled', async () => (await booked()).pending === 0, 20_000)
      const { available, paying, paid, commission } = await booked()
      assert.equal(available! + paying! + paid! + commission!, earned, `seed ${seed}`)
      const payouts = await db<{ id: string; status: string; minor: number; files: number }[]>`
        select p.id, p.status, p.amount_minor::float8 as minor,
          (select count(*)::int from vendors.payout_files f where position(replace(p.id::text, '-', '') in f.xml) > 0) as files
        from vendors.payouts p`
      assert.deepEqual(payouts.map(({ id }) => id).sort(), [...asked].sort(), `each once, seed ${seed}`)
      const sum = (...states: string[]) =>
        payouts.reduce((total, one) => (states.includes(one.status) ? total + one.minor : total), 0)
      assert.deepEqual([paying, paid], [sum('requested', 'approved', 'sent'), sum('paid')])
      assert.ok(
        payouts.every(({ status, files }) => files === (status === 'approved' ? 0 : 1)),
        JSON.stringify(payouts),
      )
      const [twice] = await db<{ n: number }[]>`
        select count(*)::int as n from (select cause_id, kind from vendors.ledger_entries group by 1, 2 having count(*) > 1) e`
      assert.equal(twice!.n, 0)
    } finally {
      await db.end({ timeout: 1 })
    }
    assert.ok(
      asked.size >= kills && refunds >= kills,
      `too little was going on: ${asked.size} payouts, ${refunds} refunds`,
    )
  },
)

/** An admin who sells: let in, with a product that is approved. */
async function openForBusiness(address: string) {
  const shop = client(address)
  shop.use(await shop.get(200, 'POST /api/auth/login', admin))
  const docId = await saysWhoSells(shop)
  const { vendorId } = await shop.get(200, 'PUT /api/vendors/profile', {
    name: 'Voltwerk',
    description: 'Wallboxes from Regensburg.',
    email: 'shop@example.com',
    iban: 'DE89 3704 0044 0532 0130 00',
    accountHolder: 'Voltwerk GmbH',
    evidence: [docId],
    acceptTerms: true,
  })
  await shop.get(200, 'POST /api/vendors/profile/submit')
  await shop.get(200, `POST /api/vendors/${vendorId}/approve`, {})
  const { id: productId } = await shop.get(201, 'POST /api/marketplace/products', {
    name: 'Wallbox 11 kW',
    price: priceMinor,
    currency: 'EUR',
    stock: 1_000,
  })
  await shop.get(200, `POST /api/marketplace/products/${productId}/approve`)
  return { headers: shop.headers, productId: productId as string }
}

const approve = (page: string) =>
  fetch(page, {
    method: 'POST',
    headers: { origin: new URL(page).origin },
    body: new URLSearchParams({ gesture: 'approve' }),
    redirect: 'manual',
  }).catch(() => {})

/** What the clock does every ten minutes; where the database is away just now, nothing. */
async function settleNow(dataFolder: string): Promise<void> {
  const running = runningEmbedded(dataFolder)
  if (!running) return
  const db = openPool(running.at, running.admin, { schema: 'vendors', max: 1 })
  const task = periodic('vendors', 'settle what was delivered long enough ago')
  await db`
    select graphile_worker.add_job(${task}, json_build_object('payload', '{}'::json, 'traceId', ''),
      queue_name => ${task}, job_key => ${task}, job_key_mode => 'replace')`.catch(() => {})
  await db.end({ timeout: 1 }).catch(() => {})
}
