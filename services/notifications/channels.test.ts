import assert from 'node:assert/strict'
import { createECDH, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { AdHocPaid, ChargeUnpaid, InvoiceIssued, SessionCharged, TopUpFailed, WalletLow } from '#contracts/billing'
import { BookingDue } from '#contracts/booking'
import { TicketAssigned, TicketSlaAtRisk, TicketSlaMissed } from '#contracts/maintenance'
import { newId } from '#kernel'
import { ada, mails, open, self, type Platform } from './testing.ts'

const [sid, number] = ['AC0123456789abcdef0123456789abcdef', '+41791234567']
const at = '2027-03-01T11:00:01.000Z'

const about = { driverId: self.id, currency: 'EUR', at }
const session = () => ({ sessionId: newId(), revision: 1, chargerId: 'CP-1' })
const ticket = () => ({
  ticketId: newId(),
  number: 1042,
  incidentId: null,
  chargerId: 'CP-1',
  stationId: null,
  owner: self,
  place: 'Market square',
  title: 'Cable does not lock',
  priority: 'high' as const,
  state: 'assigned' as const,
  assigneeId: self.id,
  dueAt: at,
  version: 1,
})

/** What happens to Ada, and by which channels it comes where she chose nothing, and where she chose all. */
const table: Record<string, { happens: (p: Platform) => Promise<unknown>; usual: string; chosen: string }> = {
  'session.charged': {
    happens: p =>
      p.publish(SessionCharged, {
        ...session(),
        ...about,
        stationId: null,
        evse: 1,
        connector: 1,
        seller: { kind: 'organisation', id: newId() },
        tariffId: newId(),
        energyWh: 10_000,
        startedAt: at,
        endedAt: at,
        netMinor: 420,
        taxMinor: 80,
        totalMinor: 500,
        owedMinor: 0,
      }),
    usual: 'in-app webhook',
    chosen: 'mail in-app push sms webhook',
  },
  // Of who has no account: there is an address and nothing else.
  'ad-hoc.paid': {
    happens: p =>
      p.publish(AdHocPaid, {
        visitId: newId(),
        sessionId: newId(),
        email: 'stranger@example.com',
        language: 'en',
        stationName: 'Market square',
        energyWh: 8_500,
        currency: 'EUR',
        totalMinor: 417,
        at,
      }),
    usual: 'mail',
    chosen: 'mail',
  },
  'invoice.issued': {
    happens: p =>
      p.publish(InvoiceIssued, {
        invoiceId: newId(),
        kind: 'invoice',
        number: 'INV-2027-000001',
        issuedOn: '2027-03-01',
        sellerId: newId(),
        buyerId: self.id,
        currency: 'EUR',
        totalMinor: 500,
      }),
    usual: 'mail in-app push webhook',
    chosen: 'mail in-app push sms webhook',
  },
  'wallet.low': {
    happens: p => p.publish(WalletLow, { ...about, balanceMinor: 740, belowMinor: 1_000 }),
    usual: 'mail in-app push webhook',
    chosen: 'mail in-app push sms webhook',
  },
  'charge.unpaid': {
    happens: p => p.publish(ChargeUnpaid, { ...about, ...session(), totalMinor: 500, owedMinor: 200 }),
    usual: 'mail in-app push webhook',
    chosen: 'mail in-app push sms webhook',
  },
  'top-up.failed': {
    happens: p => p.publish(TopUpFailed, { ...about, paymentId: newId(), amountMinor: 2_000 }),
    usual: 'mail in-app push webhook',
    chosen: 'mail in-app push sms webhook',
  },
  'booking.due': {
    happens: p =>
      p.publish(BookingDue, {
        bookingId: newId(),
        version: 1,
        state: 'reserved',
        stationId: newId(),
        chargerId: null,
        evse: 2,
        connector: 1,
        owner: null,
        place: 'Market square',
        timeZone: 'Europe/Berlin',
        driverId: self.id,
        idToken: null,
        reservationId: 7,
        from: at,
        to: at,
        holdFrom: at,
        expiresAt: at,
      }),
    usual: 'mail in-app push webhook',
    chosen: 'mail in-app push sms webhook',
  },
  'ticket.assigned': {
    happens: p => p.publish(TicketAssigned, ticket()),
    usual: 'mail in-app push webhook',
    chosen: 'mail in-app push sms webhook',
  },
  'ticket.sla-at-risk': {
    happens: p => p.publish(TicketSlaAtRisk, ticket()),
    usual: 'mail in-app push webhook',
    chosen: 'mail in-app push sms webhook',
  },
  'ticket.sla-missed': {
    happens: p => p.publish(TicketSlaMissed, { ...ticket(), escalatedTo: [self.id] }),
    usual: 'mail in-app push webhook',
    chosen: 'mail in-app push sms webhook',
  },
}
const kinds = Object.keys(table)
const all = (wanted: boolean) =>
  Object.fromEntries(kinds.filter(kind => kind !== 'ad-hoc.paid').map(kind => [kind, wanted]))

/** A push service, Twilio, and somebody's server for webhooks, in one: what came, by its path. */
async function outside(t: TestContext) {
  const came: { path: string; body: string }[] = []
  const server = createServer(async (request, response) => {
    came.push({ path: request.url!, body: await text(request) })
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"sid":"SM1","status":"queued"}')
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  t.after(() => server.close())
  return { came, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test('what people wait for comes by every channel that stands, as they chose, once', async t => {
  const { came, url } = await outside(t)
  const environment = {
    NOTIFICATION_DIGEST: '0s',
    TWILIO_ACCOUNT_SID: sid,
    TWILIO_AUTH_TOKEN: 'token of the account',
    TWILIO_FROM: '+41790000000',
    TWILIO_BASE_URL: url,
  }
  const p = await open(t, { environment })
  const call = async (request: string, payload?: object) => {
    const [method, path] = request.split(' ') as ['POST', string]
    const answer = await p.http.inject({ method, url: `/api/notifications${path}`, headers: p.as(ada), payload })
    assert.ok(answer.statusCode < 300, `${request}: ${answer.body}`)
    return answer.body ? answer.json() : undefined
  }
  const keys = createECDH('prime256v1')
  const p256dh = keys.generateKeys().toString('base64url')
  const auth = randomBytes(16).toString('base64url')
  await call('POST /push/devices', { endpoint: `${url}/push`, expirationTime: null, keys: { p256dh, auth }, name: 'P' })
  await call('PUT /phone', { number })
  await p.settle()
  await call('POST /phone/verify', { code: /\d{6}/.exec(new URLSearchParams(came[0]!.body).get('Body')!)![0] })
  // Of ad-hoc charging there is nobody to tell but who was there.
  await call('POST /webhooks', { url: `${url}/hook`, events: kinds.filter(kind => kind !== 'ad-hoc.paid') })

  const channels = async (happens: (p: Platform) => Promise<unknown>) => {
    const counted = async () => {
      const ways = { push: '/push', sms: `/2010-04-01/Accounts/${sid}/Messages.json`, webhook: '/hook' }
      return {
        mail: (await mails(p)).length,
        'in-app': (await p.list(ada, '?limit=100')).items.length,
        ...Object.fromEntries(
          Object.entries(ways).map(([way, path]) => [way, came.filter(one => one.path === path).length]),
        ),
      } as Record<string, number>
    }
    const before = await counted()
    await happens(p)
    await p.settle()
    const after = await counted()
    return Object.keys(after).flatMap(way => Array.from({ length: after[way]! - before[way]! }, () => way))
  }
  const matrix = async () => {
    const rows: Record<string, string> = {}
    for (const [kind, { happens }] of Object.entries(table)) rows[kind] = (await channels(happens)).join(' ')
    return rows
  }
  const expected = (of: 'usual' | 'chosen') => Object.fromEntries(kinds.map(kind => [kind, table[kind]![of]]))

  assert.deepEqual(await matrix(), expected('usual'))
  const on = all(true)
  await call('PUT /preferences', { email: on, inApp: on, push: on, sms: on })
  assert.deepEqual(await matrix(), expected('chosen'))
  const off = all(false)
  await call('PUT /preferences', { email: off, inApp: off, push: off, sms: off })
  const programs = Object.fromEntries(kinds.map(kind => [kind, kind === 'ad-hoc.paid' ? 'mail' : 'webhook']))
  assert.deepEqual(await matrix(), programs, 'who wants none has none, and their programs what those asked for')
})
