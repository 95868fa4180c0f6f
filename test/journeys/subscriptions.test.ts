import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { withClockwork } from './clockwork.ts'
import { client, mailsIn } from './client.ts'

const admin = { email: 'root@example.com', password: 'quiet trains at dawn' }

test('a subscription whose card fails and recovers: told before, tried again, paid, invoiced, and cancelled with its period', async t => {
  let at = new Date('2027-01-31T09:00:00Z')
  const { services, strike } = withClockwork(await choose(), 'users')
  const environment = { ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password, NOTIFICATION_DIGEST: '0s' }
  const p = await start(t, services, { now: () => at, environment })
  const address = await p.listen()
  const ada = client(address)
  const signIn = async () => ada.use(await ada.get(200, 'POST /api/auth/login', admin))
  /** A day comes, and the clock strikes. */
  const on = async (text: string) => {
    at = new Date(text)
    await strike(/renew subscriptions/)
    await p.settle()
    // Nobody stays signed in for so long.
    await signIn()
  }
  const mails = async () => {
    await p.settle()
    return (await mailsIn(p.platform.mailFolder!))
      .filter(({ event }) => event.startsWith('subscription.'))
      .map(({ event }) => event)
      .toSorted()
  }
  await signIn()
  await p.settle()

  // Who sells, and what. One person in all parts, so that nobody has to read mails.
  const place = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  const seller = { name: 'Example Charging GmbH', address: place, taxId: 'DE136695976' }
  await ada.get(200, 'PUT /api/users/plans/seller', seller)
  const plan = { name: 'Charging Plus', description: '', sold: 'digital', currency: 'EUR', priceMinor: 1_190 }
  const { id: planId } = await ada.get(201, 'POST /api/users/plans', { ...plan, interval: 'month' })
  await ada.get(200, 'PUT /api/users/profile', { displayName: 'Ada', language: 'en', timeZone: 'Europe/Berlin' })
  const home = { name: 'Ada Lovelace', lines: ['Ringstr. 5'], postalCode: '10115', city: 'Berlin', country: 'DE' }
  await ada.get(201, 'POST /api/users/addresses', home)

  const { id, payment } = await ada.get(201, 'POST /api/users/subscriptions', { planId, returnTo: '/account' })
  const path = `${address}${new URL(payment.page).pathname}`
  assert.match(await (await fetch(path)).text(), /declined the next time/)
  const body = new URLSearchParams({ gesture: 'approve-once' })
  const headers = { origin: new URL(payment.page).origin }
  const paid = await fetch(path, { method: 'POST', body, headers, redirect: 'manual' })
  assert.match(paid.headers.get('location')!, /^\/account\?payment=/)
  await p.settle()
  const look = () => ada.get(200, `GET /api/users/subscriptions/${id}`)
  assert.partialDeepStrictEqual(await look(), {
    state: 'active',
    hasCard: true,
    periodEndsAt: '2027-02-28T09:00:00.000Z',
  })

  await on('2027-02-26T09:00:00Z')
  assert.deepEqual(await mails(), ['subscription.renewal-due'])
  await on('2027-02-28T09:00:00Z')
  assert.partialDeepStrictEqual(await look(), { state: 'past-due', due: { amountMinor: 1_190, attempts: 1 } })
  assert.deepEqual(await mails(), ['subscription.payment-failed', 'subscription.renewal-due'])
  assert.equal((await ada.get(200, 'GET /api/users/dashboard')).subscriptions.pastDue, 1)

  await on('2027-03-01T09:00:00Z')
  assert.partialDeepStrictEqual(await look(), { state: 'active', due: null, periodEndsAt: '2027-03-31T08:00:00.000Z' })

  await ada.get(200, `DELETE /api/users/subscriptions/${id}`)
  await on('2027-03-31T08:00:00Z')
  assert.partialDeepStrictEqual(await look(), { state: 'cancelled', endReason: 'subscriber' })
  assert.deepEqual(await mails(), ['subscription.cancelled', 'subscription.payment-failed', 'subscription.renewal-due'])

  const { items } = await ada.get(200, `GET /api/users/subscriptions/${id}/bills`)
  assert.deepEqual(
    items.map(({ amountMinor, state, attempts, from, to }: any) => [amountMinor, state, attempts, from, to]),
    [
      [1_190, 'paid', 2, '2027-02-28T09:00:00.000Z', '2027-03-31T08:00:00.000Z'],
      [1_190, 'paid', 0, '2027-01-31T09:00:00.000Z', '2027-02-28T09:00:00.000Z'],
    ],
  )
  const file = await fetch(`${address}/api/users/invoices/${items[0].invoiceId}/pdf`, {
    headers: { authorization: ada.headers.authorization! },
  })
  assert.equal(file.status, 200)
  assert.match(Buffer.from(await file.arrayBuffer()).toString('latin1'), /^%PDF-/)
})
