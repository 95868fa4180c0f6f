import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPool } from '../../kernel/database/pool.ts'
import { differencesIn } from '../../money/ledger.ts'
import { openStandIn } from '../../money/payments/stand-in/server.ts'
import { persistent } from '../../services/ocpp/testing.ts'
import { runningEmbedded } from '../../tools/embedded.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { client } from '../journeys/client.ts'
import { randomFrom, seedFrom } from '../journeys/random.ts'
import { kill, launch, serversOf, until } from './product.ts'

const admin = { email: 'driver@example.com', password: 'quiet trains at dawn' }
const seed = seedFrom(process.env.FAULT_SEED)
const [kills, topUpMinor, refundMinor, creditMinor] = [3, 20_00, 3_00, 50]
/** At 0.50 for a kWh: what an even session costs, and one that is greater. */
const [smallWh, greatWh] = [2_000, 9_000]
const costMinor = (wh: number): number => wh / 20

test(
  'killed with everything it has while money comes in, is kept, charged, invoiced and given back, each is booked once, to the cent',
  { timeout: 400_000, skip: process.platform !== 'linux' && 'it finds processes in /proc' },
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-money-'))
    const port = await freePort()
    const secret = 'whsec_for_tests'
    // The provider is not killed: it knows what it was asked to do, and how often.
    const standIn = openStandIn({
      secrets: { stripe: secret, razorpay: secret },
      deliver: async (_, body, headers) =>
        (await fetch(`http://127.0.0.1:${port}/api/billing/webhooks/stripe`, { method: 'POST', body, headers })).status,
    })
    const environment = {
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      RATE_LIMIT_FACTOR: '100',
      // No others have a part in it, and it starts again and again.
      OHMNIBUS_SERVICES: 'gateway,identity,ocpp,stations,sessions,billing',
      OCPP_UNKNOWN_CHARGERS: 'accept',
      BILLING_HOLD_KWH: '10',
      // Who owes something goes on: debts are a part of it.
      BILLING_DEBT_ALLOWED_MINOR: '100000000',
      STRIPE_SECRET_KEY: 'sk_test_shop',
      STRIPE_WEBHOOK_SECRET: secret,
      STRIPE_API_URL: await standIn.listen(),
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
      await standIn.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    })
    await product.ready(120_000)
    const { address } = product
    // One person in all parts: who drives, who sells, who gives back.
    const person = client(address)
    const { user } = await person.get(200, 'POST /api/auth/login', admin).then(one => (person.use(one), one))
    const seller = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
    await person.get(200, 'PUT /api/billing/seller', { name: 'Charging', address: seller, taxId: 'DE136695976' })
    const elements = [{ priceComponents: [{ type: 'ENERGY', price: '0.50' }] }]
    const terms = { currency: 'EUR', taxIncluded: true, elements }
    await person.get(201, 'POST /api/billing/tariffs', { name: 'Standard', terms, uses: [{}] })
    const fleet = await Promise.all(
      [0, 1].map(async number => {
        const charger = await persistent(t, `ws://127.0.0.1:${port}/ocpp/CP-${number}`)
        await charger.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
        await person.get(200, `POST /api/ocpp/chargers/CP-${number}/move`, { organisationId: null })
        await person.get(201, 'POST /api/ocpp/tokens', { idToken: `CARD-${number}`, userId: user.id })
        return { ...charger, idTag: `CARD-${number}` }
      }),
    )
    await until(
      'the stations of the chargers',
      async () => (await person.get(200, `GET /api/stations?owner=${user.id}`)).items.length === fleet.length,
      20_000,
    )

    let repeated = 0
    /** Asks until there is an answer; undefined is one of `codes`, which tell that there is nothing to do. */
    const insist = async (method: string, path: string, body?: object, key?: string, codes: string[] = []) => {
      const more = { ...(key && { 'idempotency-key': key }), ...(body && { 'content-type': 'application/json' }) }
      for (const deadline = Date.now() + 120_000; ; repeated++) {
        const answer = await fetch(address + path, {
          method,
          headers: { ...person.headers, ...more },
          signal: AbortSignal.timeout(20_000),
          ...(body && { body: JSON.stringify(body) }),
        }).catch(() => undefined)
        const text = await answer?.text().catch(() => undefined)
        if (answer && text !== undefined && answer.status < 300) return JSON.parse(text)
        if (answer && text && codes.length > 0 && codes.includes(JSON.parse(text).code)) return undefined
        if (answer && text !== undefined && answer.status < 500 && answer.status !== 409)
          assert.fail(`${method} ${path}: ${answer.status} ${text}`)
        assert.ok(Date.now() < deadline, `${method} ${path}: ${answer?.status} ${text}`)
        await sleep(50)
      }
    }

    let busy = true
    let [topUps, refunds] = [0, 0]
    const payer = async () => {
      for (; busy; topUps++) {
        const wish = { amountMinor: topUpMinor, currency: 'EUR' }
        const { id, providerId } = await insist('POST', '/api/billing/wallet/top-ups', wish, `top-up-${topUps}`)
        standIn.state.act(providerId, 'approve')
        while ((await insist('GET', `/api/billing/wallet/top-ups/${id}`)).state !== 'succeeded') await sleep(20)
      }
    }
    const refunder = async () => {
      // What is kept for sessions that run, or has gone back of all payments, is for another time.
      const nothing = ['wallet_unknown', 'wallet_short', 'refund_exceeds_payment']
      for (let number = 0; busy; number++) {
        const wish = { amountMinor: refundMinor, currency: 'EUR' }
        if (await insist('POST', '/api/billing/wallet/refunds', wish, `refund-${number}`, nothing)) refunds++
        await sleep(50)
      }
    }
    const credited = new Set<string>()
    const creditor = async () => {
      while (busy) {
        const { items } = await insist('GET', '/api/billing/charges?limit=20')
        const next = items.find((one: Charge) => one.state === 'charged' && !credited.has(one.sessionId))
        if (next) {
          const wish = { amountMinor: creditMinor, reason: 'It stopped twice' }
          await insist('POST', `/api/billing/charges/${next.sessionId}/credits`, wish, `credit-${next.sessionId}`)
          credited.add(next.sessionId)
        }
        await sleep(next ? 20 : 100)
      }
    }
    const driven: number[] = []
    const driver = async ({ call, idTag }: (typeof fleet)[number]) => {
      const time = () => new Date().toISOString()
      let meter = 0
      for (let number = 0; busy; number++) {
        const wh = number % 3 === 0 ? greatWh : smallWh
        const begin = { connectorId: 1, idTag, meterStart: meter, timestamp: time() }
        const { transactionId } = await call('StartTransaction', begin)
        await sleep(100)
        await call('StopTransaction', { transactionId, meterStop: (meter += wh), timestamp: time() })
        driven.push(wh)
        await sleep(50)
      }
    }
    const all = Promise.all([payer(), refunder(), creditor(), ...fleet.map(driver)])
    const random = randomFrom(seed)
    for (let count = 0; count < kills; count++) {
      const before = [topUps, refunds, credited.size, driven.length]
      // In the midst of each: all of it came about since the last time, and more is under way.
      const moving = () => [topUps, refunds, credited.size, driven.length].every((now, index) => now > before[index]!)
      await Promise.race([until('money that moves', moving, 120_000), all])
      await Promise.race([sleep(random() * 700), all])
      await end()
      product = start()
      await product.ready(120_000)
    }
    await Promise.race([sleep(500), all])
    busy = false
    await all
    t.diagnostic(
      `seed ${seed}: ${topUps} top-ups, ${driven.length} sessions, ${credited.size} credits, ${refunds} refunds, ${repeated} requests sent again`,
    )

    const { at, admin: superuser } = runningEmbedded(product.dataFolder)!
    const db = openPool(at, superuser, { schema: 'billing', max: 1 })
    const soldMinor = driven.reduce((sum, wh) => sum + costMinor(wh), 0)
    const refundsThere = () => standIn.state.all().flatMap(({ refunds: made }) => made)
    const invoiced = async () => (await db`select from invoices where kind = 'invoice'`).length
    try {
      await until('an invoice for each session', async () => (await invoiced()) >= driven.length, 30_000)
      await until('each refund at the provider', () => refundsThere().length >= refunds, 30_000)
      await until(
        'what was kept to be kept no longer',
        async () => (await db`select from ledger_holds where state = 'open'`).length === 0,
        20_000,
      )

      assert.ok((await db`select from ledger_holds`).length > kills, 'nothing was kept for sessions that ran')
      const charges = await db<{ state: string; minor: number }[]>`
        select state, (net_minor + tax_minor)::float8 as minor from charges`
      const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)
      assert.deepEqual([...new Set(charges.map(({ state }) => state))], ['charged'])
      assert.deepEqual(
        sorted(charges.map(({ minor }) => minor)),
        sorted(driven.map(costMinor)),
        `each session is charged once, seed ${seed}`,
      )

      const series = await db<{ kind: string; year: number; next: number; numbers: number[]; minor: number }[]>`
        select s.kind, s.year, s.next, array_agg(i.sequence order by i.sequence) as numbers,
          sum(st.gross_minor)::float8 as minor
        from invoice_series s join invoices i using (seller_id, kind, year) join invoice_states st on st.invoice_id = i.id
        group by s.seller_id, s.kind, s.year, s.next`
      for (const { kind, year, next, numbers } of series)
        assert.deepEqual(
          numbers,
          Array.from({ length: next - 1 }, (_, index) => index + 1),
          `numbers of ${kind} in ${year} without gaps, seed ${seed}`,
        )
      const ofKind = (kind: string) => series.filter(one => one.kind === kind)
      const [bills, notes] = [ofKind('invoice'), ofKind('credit-note')].map(found => ({
        count: found.reduce((sum, { numbers }) => sum + numbers.length, 0),
        minor: found.reduce((sum, { minor }) => sum + minor, 0),
      }))
      assert.equal(bills!.count, driven.length, `an invoice for each session, seed ${seed}`)
      assert.equal(bills!.minor - notes!.minor, soldMinor - credited.size * creditMinor, `on paper, seed ${seed}`)

      // As the provider has it, and as the books have it.
      const payments = await db<{ state: string; booked: number }[]>`
        select p.state, (select count(*)::int from ledger_entries e where e.cause_id = p.id and e.kind = 'top-up') as booked
        from payments p`
      assert.deepEqual([payments.length, standIn.state.all().length], [topUps, topUps], `each once, seed ${seed}`)
      assert.ok(
        payments.every(({ state, booked }) => state === 'succeeded' && booked === 1),
        JSON.stringify(payments),
      )
      const gaveBack = refundsThere().reduce((sum, { amount }) => sum + amount, 0)
      assert.equal(gaveBack, refunds * refundMinor, `given back once, seed ${seed}`)

      assert.deepEqual([...(await differencesIn(db as never))], [])
      const rows = await db<{ kind: string; minor: number }[]>`
        select kind, sum(balance_minor)::float8 as minor from ledger_accounts group by kind`
      const {
        wallet = 0,
        debt = 0,
        sales = 0,
        tax = 0,
        outside = 0,
        ...others
      } = Object.fromEntries(rows.map(({ kind, minor }) => [kind, minor]))
      assert.equal(wallet + debt + sales + tax + outside, 0, `all accounts together, seed ${seed}`)
      assert.ok(
        Object.values(others).every(minor => minor === 0),
        JSON.stringify(others),
      )
      assert.deepEqual(
        { outside, earned: sales + tax },
        {
          outside: refunds * refundMinor - topUps * topUpMinor,
          earned: soldMinor - credited.size * creditMinor,
        },
        `seed ${seed}`,
      )
    } finally {
      await db.end({ timeout: 1 })
    }
    assert.ok(Math.min(topUps, refunds, credited.size, driven.length) > kills, 'too little was going on')
  },
)

interface Charge {
  readonly sessionId: string
  readonly state: string
}
