import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { UserDeleted, UserRegistered } from '#contracts/identity'
import {
  SubscriptionCancelled,
  SubscriptionChanged,
  SubscriptionInvoiced,
  SubscriptionPastDue,
  SubscriptionPaymentFailed,
  SubscriptionRenewalDue,
  SubscriptionRenewed,
  SubscriptionStarted,
} from '#contracts/users'
import { newId } from '#kernel'
import { clock, open } from '../testing.ts'

const small = { name: 'Small', description: '', sold: 'digital', currency: 'EUR', priceMinor: 1_190, interval: 'month' }

/** A vendor with plans, and somebody who lives in Berlin. */
async function shop(t: TestContext, at = '2027-01-31T09:00:00Z') {
  const time = clock(at)
  const { p, as, pay, periodically } = await open(t, { now: time.now })
  const vendor = as({ role: 'vendor', organisation: { id: newId(), role: 'owner' } })
  const ada = as()
  const person = { email: 'ada@example.com', firstName: 'Ada', name: 'Ada Lovelace', locale: 'en' as const, version: 1 }
  await p.publish(UserRegistered, { userId: ada.id, ...person })
  await p.settle()
  await ada.put('/profile', { displayName: 'Ada Lovelace', language: 'en', timeZone: 'Europe/Berlin', country: 'DE' })
  const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  const seller = { name: 'Example Charging GmbH', address, taxId: 'DE136695976' }
  assert.equal((await vendor.put('/plans/seller', seller)).status, 200)
  const plan = async (more: object = {}) => {
    const { status, body } = await vendor.post('/plans', { ...small, ...more })
    assert.equal(status, 201, JSON.stringify(body))
    return body
  }
  /** The time comes, and what is due is done. */
  const comes = async (text: string) => {
    time.set(text)
    await periodically(/renew subscriptions/)
    await p.settle()
  }
  const subscribe = async (planId: string, gesture?: string) => {
    const { status, body } = await ada.post('/subscriptions', { planId })
    assert.equal(status, 201, JSON.stringify(body))
    if (body.payment) await pay(body.payment, gesture)
    return body.id as string
  }
  const look = async (id: string) => {
    const { status, body } = await ada.get(`/subscriptions/${id}`)
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }
  const bills = async (id: string) =>
    (await ada.get(`/subscriptions/${id}/bills`)).body.items.map(({ kind, amountMinor, state }: any) => [
      kind,
      amountMinor,
      state,
    ])
  /** The card is one that nobody knows any more. */
  const loseCard = () => p.db('users')`update subscriptions set method = 'pm_lost'`
  return { p, as, pay, vendor, ada, plan, at: comes, time, subscribe, look, bills, loseCard, periodically }
}

test('a subscription begins when it is paid, renews by the clock to the day, is told before, and is invoiced to the cent', async t => {
  const { p, plan, at, subscribe, look, bills, ada, as, vendor } = await shop(t)
  const { id: planId } = await plan()
  const { body: waiting } = await ada.post('/subscriptions', { planId })
  assert.deepEqual([waiting.state, waiting.due.amountMinor], ['incomplete', 1_190])
  assert.equal((await ada.post('/subscriptions', { planId })).body.code, 'subscription_exists')
  assert.equal((await ada.delete(`/subscriptions/${waiting.id}`)).body.state, 'cancelled')

  const id = await subscribe(planId)
  assert.partialDeepStrictEqual(await look(id), {
    state: 'active',
    periodEndsAt: '2027-02-28T09:00:00.000Z',
    hasCard: true,
    due: null,
    payment: null,
  })
  assert.equal((await p.published(SubscriptionStarted)).length, 1)
  await at('2027-02-25T10:00:00Z')
  await at('2027-02-26T10:00:00Z')
  assert.deepEqual(
    (await p.published(SubscriptionRenewalDue)).map(({ renewsAt, dueMinor }) => [renewsAt, dueMinor]),
    [['2027-02-28T09:00:00.000Z', 1_190]],
  )
  await at('2027-02-28T08:59:59Z')
  assert.equal((await p.published(SubscriptionRenewed)).length, 0)
  await at('2027-02-28T09:00:00Z')
  await at('2027-02-28T09:01:00Z')
  // The clock goes back, as clocks do.
  await at('2027-02-27T09:01:00Z')
  assert.equal((await look(id)).periodEndsAt, '2027-03-31T08:00:00.000Z')
  assert.deepEqual(await bills(id), [
    ['period', 1_190, 'paid'],
    ['period', 1_190, 'paid'],
  ])
  assert.equal((await p.published(SubscriptionRenewed)).length, 1)

  const invoiced = await p.published(SubscriptionInvoiced)
  assert.deepEqual(
    invoiced.map(({ number, totalMinor }) => [number, totalMinor]),
    [
      ['SUB-2027-000001', 1_190],
      ['SUB-2027-000002', 1_190],
    ],
  )
  const path = `/invoices/${invoiced[0]!.invoiceId}/ubl`
  const ubl = await p.http.inject({ url: `/api/users${path}`, headers: p.signedIn({ userId: ada.id }) })
  assert.match(ubl.body, /<cbc:TaxAmount currencyID="EUR">1\.90</)
  assert.equal((await as().get(path)).status, 404)
  assert.equal((await vendor.get(`/subscriptions/${id}`)).status, 404)
})

test('a card that fails is tried again on days 1, 3, 5 and 7, and then the subscription is over', async t => {
  const { p, plan, at, subscribe, look, bills, loseCard } = await shop(t)
  const id = await subscribe((await plan()).id)
  await loseCard()
  await at('2027-02-28T09:00:00Z')
  assert.partialDeepStrictEqual(await look(id), {
    state: 'past-due',
    due: { amountMinor: 1_190, attempts: 1, nextTryAt: '2027-03-01T09:00:00.000Z' },
  })
  for (const day of ['01', '02', '03', '05', '06', '07']) await at(`2027-03-${day}T09:00:30Z`)
  assert.deepEqual(
    (await p.published(SubscriptionPaymentFailed)).map(({ attempt, nextTryAt }) => [attempt, nextTryAt?.slice(0, 10)]),
    [
      [1, '2027-03-01'],
      [2, '2027-03-03'],
      [3, '2027-03-05'],
      [4, '2027-03-07'],
      [5, undefined],
    ],
  )
  assert.equal((await p.published(SubscriptionPastDue)).length, 1)
  assert.deepEqual(
    (await p.published(SubscriptionCancelled)).map(({ reason }) => reason),
    ['unpaid'],
  )
  assert.partialDeepStrictEqual(await look(id), { state: 'cancelled', endReason: 'unpaid', due: null, hasCard: false })
  assert.deepEqual((await bills(id))[0], ['period', 1_190, 'void'])
})

test('a card that fails once recovers the next day; paid by hand it is kept instead, and what was paid twice goes back', async t => {
  const { p, plan, at, subscribe, look, bills, loseCard, ada, pay } = await shop(t)
  const id = await subscribe((await plan()).id, 'approve-once')
  await at('2027-02-28T09:00:00Z')
  assert.equal((await look(id)).due.failure, 'Your card was declined.')
  await at('2027-03-01T09:00:00Z')
  assert.partialDeepStrictEqual(await look(id), { state: 'active', due: null })
  assert.deepEqual(
    (await p.published(SubscriptionChanged)).map(({ change }) => change),
    ['recovered'],
  )

  await loseCard()
  await at('2027-03-31T09:00:00Z')
  assert.equal((await look(id)).state, 'past-due')
  const { status, body } = await ada.post(`/subscriptions/${id}/payment`, {})
  assert.equal(status, 200, JSON.stringify(body))
  const again = (await ada.post(`/subscriptions/${id}/payment`, {})).body
  await p.settle()
  await pay(again.payment)
  assert.partialDeepStrictEqual(await look(id), { state: 'active', due: null, payment: null })
  await at('2027-04-01T10:00:00Z')
  await at('2027-04-30T09:00:00Z')
  assert.equal((await look(id)).state, 'active', 'the card that paid by hand pays the next')
  assert.deepEqual(
    (await bills(id)).map(([, , state]: string[]) => state),
    ['paid', 'paid', 'paid', 'paid'],
  )
  const [sum] = await p.db('users')`
    select sum(captured_minor - refunded_minor)::int as sum from payments where state = 'succeeded'`
  assert.equal(sum!.sum, 4 * 1_190)
})

test('however often and wherever at once the clock is heard, a period is charged once; of those that passed none is', async t => {
  const { p, plan, at, subscribe, bills, look, periodically, time } = await shop(t)
  const id = await subscribe((await plan()).id)
  time.set('2027-02-28T09:00:00Z')
  await Promise.all([1, 2, 3, 4].map(() => periodically(/renew subscriptions/)))
  await p.settle()
  assert.equal((await bills(id)).length, 2)
  // Half a year later.
  await at('2027-08-10T00:00:00Z')
  await at('2027-08-10T00:01:00Z')
  assert.equal((await bills(id)).length, 3)
  assert.equal((await look(id)).periodEndsAt, '2027-08-31T08:00:00.000Z')
})

test('a change of plan charges the difference to the cent once, or keeps it for the next periods', async t => {
  const { plan, at, subscribe, look, bills, ada, time, loseCard } = await shop(t, '2027-04-01T00:00:00Z')
  const [one, great, yearly, dollars] = [
    await plan({ priceMinor: 1_000 }),
    await plan({ name: 'Great', priceMinor: 2_599 }),
    await plan({ name: 'Yearly', priceMinor: 20_000, interval: 'year' }),
    await plan({ name: 'Dollars', currency: 'USD' }),
  ]
  const id = await subscribe(one.id)
  time.set('2027-04-11T00:00:00Z')
  const to = (planId: string) => ada.post(`/subscriptions/${id}/plan`, { planId })
  assert.equal((await to(dollars.id)).body.code, 'plan_currency_differs')
  assert.equal((await to(one.id)).body.code, 'plan_same')
  assert.equal((await to(newId())).body.code, 'plan_not_offered')

  const both = await Promise.all([to(great.id), to(great.id)])
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409])
  await at('2027-04-11T00:01:00Z')
  assert.partialDeepStrictEqual(await look(id), { planName: 'Great', priceMinor: 2_599, change: null })
  assert.deepEqual((await bills(id))[0], ['change', 1_733 - 667, 'paid'])

  time.set('2027-04-21T00:00:00Z')
  assert.equal((await to(one.id)).status, 200)
  const { creditMinor, planName, periodEndsAt } = await look(id)
  assert.equal(planName, 'Small')
  assert.ok(creditMinor > 0)
  await at(periodEndsAt)
  assert.deepEqual((await bills(id))[0], ['period', 1_000 - creditMinor, 'paid'])

  // A card that is declined changes nothing.
  await loseCard()
  assert.equal((await to(yearly.id)).status, 200)
  await at(periodEndsAt)
  assert.partialDeepStrictEqual(await look(id), { planName: 'Small', change: null, state: 'active' })
  assert.deepEqual((await bills(id))[0]![2], 'void')
})

test('one rests and goes on with what is left, ends with the period or at once, and nobody else does that', async t => {
  const { p, plan, at, subscribe, look, ada, as, vendor, bills, time } = await shop(t)
  const id = await subscribe((await plan()).id)
  const mallory = as()
  for (const path of ['pause', 'resume', 'continue', 'payment', 'plan']) {
    const body = path === 'payment' ? {} : path === 'plan' ? { planId: newId() } : undefined
    assert.equal((await mallory.post(`/subscriptions/${id}/${path}`, body)).status, 404, path)
  }
  assert.equal((await mallory.delete(`/subscriptions/${id}`)).status, 404)
  assert.equal((await mallory.post('/subscriptions', { planId: newId(), priceMinor: 0 })).status, 400)

  time.set('2027-02-10T09:00:00Z')
  assert.equal((await ada.post(`/subscriptions/${id}/pause`)).body.state, 'paused')
  await at('2027-05-10T09:00:00Z')
  assert.equal((await bills(id)).length, 1, 'what rests costs nothing')
  const resumed = (await ada.post(`/subscriptions/${id}/resume`)).body
  assert.deepEqual([resumed.state, resumed.periodEndsAt], ['active', '2027-05-28T09:00:00.000Z'])
  await at('2027-05-28T09:00:00Z')
  assert.equal((await look(id)).periodEndsAt, '2027-06-28T09:00:00.000Z')

  assert.partialDeepStrictEqual((await ada.delete(`/subscriptions/${id}`)).body, { state: 'active', cancelAtEnd: true })
  assert.equal((await ada.post(`/subscriptions/${id}/continue`)).body.cancelAtEnd, false)
  await ada.delete(`/subscriptions/${id}?when=end`)
  await at('2027-06-28T09:00:00Z')
  assert.partialDeepStrictEqual(await look(id), { state: 'cancelled', endReason: 'subscriber' })
  assert.equal((await ada.delete(`/subscriptions/${id}`)).body.code, 'subscription_state_wrong')

  const next = await subscribe((await plan({ name: 'Free', priceMinor: 0 })).id)
  assert.equal((await look(next)).state, 'active')
  const trial = await subscribe((await plan({ name: 'Trial', trialDays: 14 })).id)
  assert.equal((await look(trial)).state, 'trialing')
  assert.partialDeepStrictEqual((await vendor.delete(`/subscriptions/${trial}?when=now`)).body, { endReason: 'seller' })
  await p.publish(UserDeleted, { userId: ada.id, email: 'ada@example.com', locale: 'en', version: 2 })
  await p.settle()
  assert.deepEqual(
    (await p.published(SubscriptionCancelled)).map(({ reason }) => reason),
    ['subscriber', 'seller', 'account-deleted'],
  )
})

test('in yen without a minor unit, and in dinars with three, it is paid, changed and invoiced in coins that there are', async t => {
  for (const [currency, priceMinor, more, shown, charged] of [
    ['JPY', 1_100, 2_201, '1100', 551],
    ['KWD', 12_340, 24_670, '12\\.340', 6_160],
  ] as const) {
    const { p, plan, at, time, subscribe, look, bills, ada, vendor } = await shop(t)
    const [first, second] = [await plan({ currency, priceMinor }), await plan({ currency, priceMinor: more })]
    const id = await subscribe(first.id)
    await at('2027-02-28T09:00:00Z')
    const [invoiced] = await p.published(SubscriptionInvoiced)
    assert.deepEqual([invoiced!.currency, invoiced!.totalMinor], [currency, priceMinor])
    const url = `/api/users/invoices/${invoiced!.invoiceId}/ubl`
    const { body } = await p.http.inject({ url, headers: p.signedIn({ userId: ada.id }) })
    assert.match(body, new RegExp(`<cbc:TaxInclusiveAmount currencyID="${currency}">${shown}<`))
    // Half of a period of 31 days later.
    time.set('2027-03-15T20:30:00Z')
    const changed = await ada.post(`/subscriptions/${id}/plan`, { planId: second.id })
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    await p.settle()
    assert.deepEqual(
      [(await look(id)).planId, await bills(id)],
      [
        second.id,
        [
          ['change', charged, 'paid'],
          ['period', priceMinor, 'paid'],
          ['period', priceMinor, 'paid'],
        ],
      ],
    )
    if (currency === 'JPY') continue
    // What nobody can pay is no price.
    const wrong = { ...small, currency, priceMinor: 12_345 }
    const [made, put] = [
      await vendor.post('/plans', wrong),
      await vendor.put(`/plans/${first.id}`, {
        ...small,
        priceMinor: 12_345,
        trialDays: 0,
        currency: undefined,
        interval: undefined,
      }),
    ]
    for (const { status, body } of [made, put])
      assert.deepEqual([status, body.errors?.[0].pointer], [400, '/priceMinor'], JSON.stringify(body))
  }
})
