import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { openStandIn } from '../../money/payments/stand-in/server.ts'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { until } from '../kernel/toys.ts'
import { startProcesses } from '../processes/processes.ts'
import { client } from './client.ts'

const admin = { email: 'operator@example.com', password: 'quiet trains at dawn' }
const environment = async () => ({
  PORT: `${await freePort()}`,
  ADMIN_EMAIL: admin.email,
  ADMIN_PASSWORD: admin.password,
  OCPP_UNKNOWN_CHARGERS: 'accept',
})

interface TopUp {
  readonly page: string
  readonly providerId: string
}

interface Site {
  readonly address: string
  settle(): Promise<void>
  /** What the driver's bank does. */
  pay(topUp: TopUp): Promise<void>
}

/** Where the same is to be seen, whoever serves it: with play money on its page, and with a provider and its webhooks. */
const sites: Record<string, (t: TestContext) => Promise<Site>> = {
  async 'one process'(t) {
    const p = await start(t, await choose(), { environment: await environment() })
    const address = await p.listen()
    return {
      address,
      settle: p.settle,
      async pay({ page }) {
        const path = `${address}${new URL(page).pathname}`
        assert.match(await (await fetch(path)).text(), /play money/)
        const body = new URLSearchParams({ gesture: 'approve' })
        const headers = { origin: new URL(page).origin }
        assert.equal((await fetch(path, { method: 'POST', body, redirect: 'manual', headers })).status, 303)
      },
    }
  },
  async 'two processes each'(t) {
    const secret = 'whsec_for_tests'
    const standIn = openStandIn({
      secrets: { stripe: secret, razorpay: secret },
      async deliver(_, body, headers) {
        const answer = await fetch(`${p.address}/api/billing/webhooks/stripe`, { method: 'POST', body, headers })
        return answer.status
      },
    })
    const url = await standIn.listen()
    t.after(() => standIn.close())
    const stripe = { STRIPE_SECRET_KEY: 'sk_test_shop', STRIPE_WEBHOOK_SECRET: secret, STRIPE_API_URL: url }
    // Of those alone that a driver's month passes through: all of them twice are more than a small machine has room for.
    const parts = [
      'identity',
      'documents',
      'notifications',
      'ocpp',
      'stations',
      'sessions',
      'billing',
      'booking',
      'gateway',
    ]
    const p = await startProcesses(t, 2, { environment: { ...(await environment()), ...stripe }, parts })
    return {
      address: p.address,
      settle: () => p.settle(),
      async pay({ providerId }) {
        standIn.state.act(providerId, 'approve')
        await standIn.idle()
      },
    }
  },
}

for (const [site, open] of Object.entries(sites))
  test(`a driver's month, ${site}: who fills a wallet charges until it is empty, is refused, pays, and has invoices to the cent`, async t => {
    const p = await open(t)
    // One person in all parts, so that nobody has to read mails.
    const ada = client(p.address)
    const { user } = await ada.get(200, 'POST /api/auth/login', admin).then(signedIn => (ada.use(signedIn), signedIn))

    const charger = await connect(t, `${p.address.replace('http', 'ws')}/ocpp/CP-1`, 'ocpp1.6')
    assert.equal((await charger.call('BootNotification', boot16)).status, 'Accepted')
    await charger.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
    await p.settle()
    await ada.get(200, `POST /api/ocpp/chargers/CP-1/move`, { organisationId: null })
    await p.settle()
    await ada.get(201, 'POST /api/ocpp/tokens', { idToken: 'CARD', userId: user.id })

    // What charging costs, and who sells.
    const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
    await ada.get(200, 'PUT /api/billing/seller', { name: 'Example Charging', address, taxId: 'DE136695976' })
    const elements = [{ priceComponents: [{ type: 'ENERGY', price: '0.49' }] }]
    const terms = { currency: 'EUR', taxIncluded: true, elements }
    await ada.get(201, 'POST /api/billing/tariffs', { name: 'Standard', terms, uses: [{}] })

    const topUp = async (amountMinor: number) => {
      const topUp = await ada.get(201, 'POST /api/billing/wallet/top-ups', { amountMinor, currency: 'EUR' })
      await p.pay(topUp)
      await until(async () => (await ada.get(200, `GET /api/billing/wallet/top-ups/${topUp.id}`)).state === 'succeeded')
      await p.settle()
    }
    const balance = async () => {
      const { balances, blocked } = await ada.get(200, 'GET /api/billing/wallet')
      return [balances[0].balanceMinor, balances[0].owedMinor, blocked]
    }
    const charge = async (wh: number) => {
      const start = { connectorId: 1, idTag: 'CARD', meterStart: 1000, timestamp: new Date().toISOString() }
      const { transactionId, idTagInfo } = await charger.call('StartTransaction', start)
      assert.equal(idTagInfo.status, 'Accepted')
      await charger.call('StopTransaction', {
        transactionId,
        meterStop: 1000 + wh,
        timestamp: new Date().toISOString(),
      })
      await p.settle()
    }

    await topUp(1_000)
    assert.deepEqual(await balance(), [1_000, 0, false])
    await charge(10_000)
    assert.deepEqual(await balance(), [510, 0, false])
    await charge(20_000)
    assert.deepEqual(await balance(), [0, 470, true])
    assert.equal((await charger.call('Authorize', { idTag: 'CARD' })).idTagInfo.status, 'Blocked')
    await topUp(500)
    assert.deepEqual(await balance(), [30, 0, false])
    assert.equal((await charger.call('Authorize', { idTag: 'CARD' })).idTagInfo.status, 'Accepted')

    const { items } = await ada.get(200, 'GET /api/billing/invoices')
    assert.deepEqual(
      items.map(({ totalMinor, netMinor, taxMinor, kind }: any) => [kind, totalMinor, netMinor, taxMinor]),
      [
        ['invoice', 980, 824, 156],
        ['invoice', 490, 412, 78],
      ],
    )
    const [last] = items
    const headers = { authorization: ada.headers.authorization! }
    const file = async (kind: string) => {
      const answer = await fetch(`${p.address}/api/billing/invoices/${last.id}/${kind}`, { headers })
      assert.equal(answer.status, 200)
      return Buffer.from(await answer.arrayBuffer()).toString('latin1')
    }
    assert.match(await file('pdf'), /^%PDF-/)
    assert.match(await file('ubl'), /<cbc:TaxInclusiveAmount currencyID="EUR">9\.80</)
  })
