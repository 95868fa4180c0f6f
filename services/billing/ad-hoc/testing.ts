import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { AdHocStartRequested, AdHocStopRequested, type TariffTerms } from '#contracts/billing'
import { CommandEnded } from '#contracts/ocpp'
import { newId } from '#kernel'
import type { TestOptions } from '../../../kernel/testing.ts'
import { openStandIn } from '../../../money/payments/stand-in/server.ts'
import { open, perKwh, type Charging } from '../testing.ts'

const secret = 'whsec_for_tests'
const minute = 60_000

const settingsFor = {
  stripe: (url: string) => ({
    STRIPE_SECRET_KEY: 'sk_test_shop',
    STRIPE_WEBHOOK_SECRET: secret,
    STRIPE_API_URL: url,
  }),
  razorpay: (url: string) => ({
    RAZORPAY_KEY_ID: 'rzp_test_shop',
    RAZORPAY_KEY_SECRET: 'razorpay-key-secret',
    RAZORPAY_WEBHOOK_SECRET: secret,
    RAZORPAY_API_URL: url,
  }),
}

interface About {
  readonly wire?: 'stripe' | 'razorpay'
  readonly terms?: TariffTerms
  readonly environment?: TestOptions['environment']
}

/** A stranger at a connector, with a card; the clock moves as the test says. */
export async function stranger(t: TestContext, about: About = {}) {
  const { wire = 'stripe', terms = perKwh('0.50'), environment } = about
  const clock = { at: Date.parse('2027-03-01T10:00:00Z') }
  const now = () => new Date(clock.at)
  const standIn = openStandIn({
    now,
    secrets: { stripe: secret, razorpay: secret },
    deliver: async (_, payload, headers) =>
      (await it.p.http.inject({ method: 'POST', url: `/api/billing/webhooks/${wire}`, headers, payload })).statusCode,
  })
  const url = await standIn.listen()
  t.after(() => standIn.close())
  const it = await open(t, { environment: { ...settingsFor[wire](url), ...environment }, now })
  const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  const seller = await it.operator.put('/seller', { name: 'Example Charging', address, taxId: 'DE136695976' })
  assert.equal(seller.status, 200, JSON.stringify(seller.body))
  const tariff = await it.tariff(terms)
  const db = it.p.db('billing')
  const place = `/charge/${it.stationId}/1/1`

  const settle = async () => {
    for (let round = 0; round < 3; round++) {
      await standIn.idle()
      await it.p.settle()
    }
  }
  const page = async (path: string, fields?: Record<string, string>, headers: Record<string, string> = {}) => {
    const answer = await it.p.http.inject({
      url: path,
      method: fields ? 'POST' : 'GET',
      headers: { ...headers, ...(fields && { 'content-type': 'application/x-www-form-urlencoded' }) },
      ...(fields && { payload: new URLSearchParams(fields).toString() }),
    })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      bytes: answer.rawPayload,
      text: answer.body.replaceAll(/&#160;|\u00a0/g, ' ').replaceAll('&#39;', "'"),
    }
  }
  const visit = async (key?: string): Promise<any> => {
    const [row] = await db`select * from visits where ${key ? db`key = ${key}` : db`true`} order by id desc limit 1`
    return row
  }
  const payment = async (): Promise<any> =>
    (await db`select * from payments order by created_at desc, id desc limit 1`)[0]
  const shown = async () => (await page(`/charge/visits/${(await visit()).key}`)).text
  return {
    ...it,
    standIn,
    clock,
    db,
    place,
    tariffId: tariff.id,
    settle,
    page,
    visit,
    payment,
    /** What the page of the last one who came says. */
    shown,
    /** Goes on by so many minutes, and does what is done then. */
    async later(minutes: number): Promise<void> {
      clock.at += minutes * minute
      await it.periodically(/look after charging/)
      await settle()
    },
    /** Fills in the form of the connector; gives where to pay. */
    async begin(more: Record<string, string> = {}) {
      const form = await page(place)
      const [, terms = ''] = /name="terms" value="([^"]+)"/.exec(form.text) ?? []
      return await page(place, { size: '10', terms, email: '', ...more })
    },
    /** What the bank does with the last payment. */
    async bank(gesture: 'approve' | 'refuse' | 'challenge', ...how: ['late'?]): Promise<void> {
      const { provider_id: id } = await payment()
      standIn.state.act(id, gesture, ...(how as []))
      await settle()
    },
    /** How the intent of the last payment stands at the provider. */
    async intent() {
      const { provider_id: id } = await payment()
      return standIn.state.all().find(one => one.id === id)!
    },
    starts: () => it.p.published(AdHocStartRequested),
    stops: () => it.p.published(AdHocStopRequested),
    /** What the charger says to the start. */
    async answers(outcome: 'answered' | 'offline' | 'timeout' | 'error', status = 'Accepted'): Promise<void> {
      const { requestId, chargerId } = (await it.p.published(AdHocStartRequested)).at(-1)!
      const ended = { commandId: newId(), chargerId, action: 'RemoteStartTransaction', requestId, outcome }
      await it.p.publish(CommandEnded, outcome === 'answered' ? { ...ended, answer: { status } } : ended)
      await settle()
    },
    /** A session that begins with the token of who came last. */
    async session(energyWh: number, more: Partial<Charging> = {}): Promise<Charging> {
      const { token } = await visit()
      const sessionId = newId()
      return {
        sessionId,
        driverId: null,
        energyWh,
        ...more,
        about: { token: { idToken: token, type: 'Central' }, ...more.about },
      }
    },
    /** Has paid, and the charger goes along. */
    async paid(more: Record<string, string> = {}): Promise<void> {
      const { status, text } = await this.begin(more)
      assert.equal(status, 303, text)
      await this.bank('approve')
      await this.answers('answered')
    },
    /** What a session is booked with. */
    async booked({ sessionId }: Charging): Promise<bigint> {
      const [row] = await db`select total_minor from charges where session_id = ${sessionId} and state = 'charged'`
      return row!.total_minor
    },
    /** What is booked of nobody who is known; below zero it is still to come. */
    async uncollected(): Promise<bigint> {
      const [row] =
        await db`select coalesce(sum(balance_minor), 0)::bigint as sum from ledger_accounts where kind = 'uncollected'`
      return row!.sum
    },
  }
}
