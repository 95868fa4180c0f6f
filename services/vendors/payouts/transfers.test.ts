import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  PayoutFailed,
  PayoutPaid,
  PayoutReversed,
  VendorAccountChanged,
  VendorRequirementsDue,
} from '#contracts/vendors'
import { newId, type Host } from '#kernel'
import { openStandIn } from '../../../money/payments/stand-in/server.ts'
import { signatureOfStripe } from '../../../money/payments/stand-in/stripe-wire.ts'
import { open as openVendors } from '../testing.ts'

const secret = 'whsec_connect_for_tests'
const bank = { VENDORS_PAYOUT_IBAN: 'DE75512108001245126199', VENDORS_PAYOUT_HOLDER: 'Ohmnibus GmbH' }

/** Vendors with Stripe Connect, to which the real package speaks over HTTP. */
async function open(t: TestContext, change?: (host: Host<string>) => Host<string>) {
  const standIn = openStandIn({
    now: () => it.clock.at,
    secrets: { stripe: secret, razorpay: secret },
    deliver: async (_, payload, headers) =>
      (await it.p.http.inject({ method: 'POST', url: '/api/vendors/webhooks/stripe', headers, payload })).statusCode,
  })
  const url = await standIn.listen()
  t.after(() => standIn.close())
  const stripe = { STRIPE_SECRET_KEY: 'sk_test_market', STRIPE_CONNECT_WEBHOOK_SECRET: secret, STRIPE_API_URL: url }
  const it = await openVendors(t, { ...bank, ...stripe }, change)
  const settle = async () => {
    for (let round = 0; round < 2; round++) {
      await standIn.idle()
      await it.p.settle()
    }
  }
  const transfers = () => [...standIn.connect.transfers.values()]
  return {
    ...it,
    standIn,
    connect: standIn.connect,
    settle,
    transfers,
    /** What hangs is asked about, a while later. */
    async sweep() {
      it.clock.at = new Date(it.clock.at.getTime() + 120_000)
      for (const work of [/^send payouts/, /^ask about transfers/])
        await it.periodically(work).catch(error => assert.equal(error.message, 'killed'))
      await settle()
    },
    /** Who has sold for so much, and an account at Stripe that is a month old. */
    async connected(totalMinor = 100_00, currency = 'EUR') {
      const ada = await it.vendor()
      const link = await ada.post('/payout-account/link', { returnTo: '/console/payouts' })
      assert.equal(link.status, 201, link.text)
      const account = [...standIn.connect.accounts.values()].find(({ owner }) => owner === ada.vendorId)!.id
      standIn.connect.complete(account)
      await settle()
      it.days(10)
      await it.settled(ada.owner, { totalMinor, commissionMinor: 0, currency })
      const pay = async (amountMinor?: number) => {
        const asked = await ada.post('/payouts', { currency, amountMinor })
        assert.equal(asked.status, 201, asked.text)
        await settle()
        return asked.body.id as string
      }
      const read = async (id: string) => (await ada.get(`/payouts/${id}`)).body
      return { ...ada, account, pay, read }
    },
  }
}

test('a vendor opens an account at Stripe, says what it wants to know, and is paid there once, whatever is told twice', async t => {
  const { vendor, settled, settle, connect, standIn, earnings, admin, p, days, isRight, transfers, as } = await open(t)
  standIn.manner.copies = 3
  const ada = await vendor()
  await settled(ada.owner)
  const [first, second] = await Promise.all(
    ['/console/payouts', '/console'].map(returnTo => ada.post('/payout-account/link', { returnTo })),
  )
  assert.deepEqual([first!.status, second!.status, connect.accounts.size], [201, 201, 1], first!.text)
  assert.match(first!.body.url, /^https:\/\/connect\.example\.com\/setup\/acct_/)
  const [account] = [...connect.accounts.values()]
  assert.deepEqual([account!.country, account!.owner], ['DE', ada.vendorId])
  const before = (await ada.get('/payout-account?check=true')).body
  assert.deepEqual([before.via, before.ready, before.due.length], ['bank', false, 3])
  assert.deepEqual(await p.published(VendorRequirementsDue), [], 'what it asks at first it asks by itself')
  connect.complete(account!.id)
  await settle()
  const after = (await ada.get('/payout-account')).body
  assert.deepEqual([after.via, after.ready, after.due], ['stripe', true, []])
  assert.match(after.account, /^Stripe •••• \w{4}$/)
  assert.deepEqual(
    (await p.published(VendorAccountChanged)).map(one => one.account),
    [after.account],
  )
  // For a week after another account was named a second person sees each payout.
  const asked = await ada.post('/payouts', { currency: 'EUR' })
  assert.deepEqual([asked.body.status, asked.body.via, asked.body.account], ['requested', 'stripe', after.account])
  await settle()
  assert.equal(transfers().length, 0)
  assert.equal((await admin.post(`/payouts/${asked.body.id}/approve`)).status, 200)
  await settle()
  assert.equal((await ada.get(`/payouts/${asked.body.id}`)).body.status, 'paid')
  assert.deepEqual(
    transfers().map(({ amount, currency, destination }) => [amount, currency, destination]),
    [[90_00, 'eur', account!.id]],
  )
  assert.deepEqual(await earnings(ada), [0, 0, 0, 90_00, 10_00])
  assert.equal((await p.published(PayoutPaid)).length, 1)
  assert.equal((await admin.post('/payout-files')).body.code, 'payouts_none', 'no bank file has it')
  for (const by of ['paid', 'failed'])
    assert.equal(
      (await admin.post(`/payouts/${asked.body.id}/${by}`, { reason: 'By hand' })).body.code,
      'payout_state',
      'Stripe says how it ends',
    )
  days(8)
  await settled(ada.owner)
  const own = await Promise.all([1, 2].map(() => ada.post('/payouts', { currency: 'EUR' })))
  assert.deepEqual(own.map(({ status }) => status).sort(), [201, 409])
  await settle()
  assert.equal(transfers().length, 2)
  assert.equal((await as().get('/payout-account')).body.code, 'vendor_unknown')
  await isRight()
})

test('a transfer whose answer is lost, fails or comes late is made once, and the payout is paid once', async t => {
  const { connected, settle, standIn, transfers, p, isRight, sweep, earnings } = await open(t)
  const ada = await connected(900_00)
  for (const fault of ['is cut off', 'fails', 'fails but does it', 'is slow'] as const) {
    standIn.next(/POST \/v1\/transfers$/, fault)
    const id = await ada.pay(100_00)
    await sweep()
    assert.equal((await ada.read(id)).status, 'paid', fault)
  }
  // The look at it fails: that it was made is known from nowhere else.
  standIn.next(/GET \/v1\/transfers\//, 'fails')
  const unseen = await ada.pay(100_00)
  await sweep()
  assert.equal((await ada.read(unseen)).status, 'paid')
  // Nothing is told of it, and all of it once more, the last first.
  Object.assign(standIn.manner, { hold: true, reversed: true, copies: 2 })
  const silent = await ada.pay(100_00)
  assert.equal((await ada.read(silent)).status, 'paid')
  Object.assign(standIn.manner, { hold: false })
  await standIn.flush()
  await settle()
  assert.equal(transfers().length, 6)
  assert.equal(new Set(transfers().map(({ group }) => group)).size, 6)
  assert.equal((await p.published(PayoutPaid)).length, 6)
  assert.deepEqual(await earnings(ada), [0, 300_00, 0, 600_00, 0])
  await isRight()
})

test('what Stripe refuses is a payout that failed; where the platform has no money there it waits', async t => {
  const { connected, standIn, connect, transfers, p, isRight, sweep, earnings, periodically } = await open(t)
  const ada = await connected(900_00)
  standIn.next(/POST \/v1\/transfers$/, 'is denied')
  const refused = await ada.read(await ada.pay(100_00))
  assert.deepEqual([refused.status, refused.reason], ['failed', 'The provider does not take this'])
  assert.deepEqual(await earnings(ada), [0, 900_00, 0, 0, 0])
  assert.equal((await p.published(PayoutFailed)).length, 1)
  connect.balances.set('eur', 150_00)
  const [first, second] = [await ada.pay(100_00), await ada.pay(100_00)]
  assert.deepEqual([(await ada.read(first)).status, (await ada.read(second)).status], ['paid', 'sent'])
  await sweep()
  assert.equal((await ada.read(second)).status, 'sent')
  connect.balances.set('eur', 1_000_00)
  await sweep()
  assert.equal((await ada.read(second)).status, 'paid')
  assert.equal(transfers().length, 2)
  await periodically(/^compare transfers/)
  await isRight()
})

test('in dinars no more is sent than Stripe can, and the rest stays available', async t => {
  const { connected, transfers, earnings, isRight } = await open(t)
  const ada = await connected(12_347, 'KWD')
  const odd = await ada.post('/payouts', { currency: 'KWD', amountMinor: 12_347 })
  assert.deepEqual([odd.status, odd.body.code, odd.body.mostMinor], [422, 'payout_amount', 12_340])
  assert.equal((await ada.read(await ada.pay())).status, 'paid')
  assert.deepEqual([transfers()[0]!.amount, await earnings(ada, 'KWD')], [12_340, [0, 7, 0, 12_340, 0]])
  await isRight()
})

test('what a vendor owes after a refund is taken back from the account once, no more of it, and also by hand at Stripe', async t => {
  const { connected, settled, refunded, admin, standIn, connect, transfers, settle, p, earnings, isRight } =
    await open(t)
  const ada = await connected(100_00)
  const order = await settled(ada.owner, { totalMinor: 200_00, commissionMinor: 0 })
  const id = await ada.pay()
  const reverse = (body: object = {}) => admin.post(`/payouts/${id}/reverse`, body)
  assert.deepEqual([(await reverse()).body.code, (await reverse()).body.mostMinor], ['payout_not_owed', 0])
  await refunded(order)
  assert.deepEqual(await earnings(ada), [0, -200_00, 0, 300_00, 0])
  assert.equal((await ada.post(`/payouts/${id}/reverse`, {})).status, 403)
  assert.equal((await reverse({ amountMinor: 200_01 })).body.code, 'payout_not_owed')
  // Refused, it can be asked for again; its answer lost, it is made once.
  standIn.next(/POST \/v1\/transfers\/tr_\w+\/reversals/, 'is denied')
  assert.equal((await reverse({ amountMinor: 50_00 })).status, 202)
  await settle()
  assert.deepEqual(await earnings(ada), [0, -200_00, 0, 300_00, 0])
  standIn.next(/POST \/v1\/transfers\/tr_\w+\/reversals/, 'is cut off')
  const both = await Promise.all([reverse({ amountMinor: 150_00 }), reverse({ amountMinor: 150_00 })])
  assert.deepEqual(both.map(({ status }) => status).sort(), [202, 409])
  await settle()
  assert.deepEqual(await earnings(ada), [0, -50_00, 0, 150_00, 0])
  // Somebody takes the rest at Stripe itself.
  connect.reverse(transfers()[0]!.id, 50_00, {})
  await settle()
  assert.deepEqual(await earnings(ada), [0, 0, 0, 100_00, 0])
  const { reversedMinor, status } = await ada.read(id)
  assert.deepEqual([reversedMinor, status], [200_00, 'paid'])
  assert.deepEqual(
    (await p.published(PayoutReversed)).map(({ takenMinor }) => takenMinor),
    [150_00, 50_00],
  )
  assert.equal((await reverse()).body.code, 'payout_not_owed')
  const statement = (await ada.get(`/statements/${new Date(order.at).toISOString().slice(0, 7)}`)).status
  assert.ok(statement === 200 || statement === 409)
  await isRight()
})

test('where Stripe wants to know more the vendor is told, and what is asked for then goes to the bank', async t => {
  const { connected, connect, settle, p, admin, isRight, sweep, transfers } = await open(t)
  const ada = await connected(900_00)
  connect.require(ada.account, ['individual.verification.document'])
  connect.require(ada.account, ['individual.verification.document'], 'requirements.past_due')
  await settle()
  const told = await p.published(VendorRequirementsDue)
  assert.deepEqual(
    [told.at(-1)!.due, told.at(-1)!.disabled],
    [['individual.verification.document'], 'requirements.past_due'],
  )
  assert.deepEqual((await ada.get('/payout-account')).body.via, 'bank')
  const byBank = await ada.pay(100_00)
  assert.deepEqual([(await ada.read(byBank)).via, (await ada.read(byBank)).status], ['bank', 'approved'])
  assert.equal((await admin.post('/payout-files')).body.count, 1)
  connect.complete(ada.account)
  await settle()
  // Suspended with one under way, and let back in: it waits, and then goes.
  const asked = (await ada.post('/payouts', { currency: 'EUR', amountMinor: 100_00 })).body
  assert.deepEqual([asked.via, asked.status], ['stripe', 'requested'], 'the account became another one again')
  await admin.post(`/${ada.vendorId}/suspend`, { reason: 'Called back' })
  await admin.post(`/payouts/${asked.id}/approve`)
  await sweep()
  assert.deepEqual([(await ada.read(asked.id)).status, transfers().length], ['approved', 0])
  await admin.post(`/${ada.vendorId}/reinstate`, {})
  await sweep()
  assert.equal((await ada.read(asked.id)).status, 'paid')
  connect.leave(ada.account)
  await settle()
  const { ready, disabled } = (await ada.get('/payout-account')).body
  assert.equal(ready, false)
  assert.match(disabled, /does not have access/)
  await isRight()
})

test('what is not from Stripe, late or of another secret is not believed; without keys there are no transfers', async t => {
  const { p, clock, settle, connect, vendor } = await open(t)
  const ada = await vendor()
  await ada.post('/payout-account/link', { returnTo: '/' })
  const [account] = [...connect.accounts.values()]
  const body = JSON.stringify({
    id: 'evt_1',
    object: 'event',
    type: 'account.updated',
    livemode: false,
    account: account!.id,
    data: { object: { id: account!.id, object: 'account' } },
  })
  const post = async (headers: Record<string, string>) =>
    (
      await p.http.inject({
        method: 'POST',
        url: '/api/vendors/webhooks/stripe',
        headers: { 'content-type': 'application/json', ...headers },
        payload: body,
      })
    ).statusCode
  const told = { id: 'evt_1', type: 'account.updated', body }
  const late = new Date(clock.at.getTime() - 301_000)
  for (const headers of [
    {},
    signatureOfStripe(told, 'whsec_of_another', clock.at),
    signatureOfStripe(told, secret, late),
  ])
    assert.equal(await post(headers), 400)
  assert.equal(await post(signatureOfStripe(told, secret, clock.at)), 204)
  await settle()
  for (const returnTo of ['//evil.example', 'https://evil.example', '/\\evil.example', ''])
    assert.equal((await ada.post('/payout-account/link', { returnTo })).status, 400, returnTo)
  const without = await openVendors(t, bank)
  const eve = await without.vendor()
  assert.equal((await eve.post('/payout-account/link', { returnTo: '/' })).body.code, 'transfers_unavailable')
  assert.equal((await without.admin.post(`/payouts/${newId()}/reverse`, {})).body.code, 'transfers_unavailable')
  const { via, offered } = (await eve.get('/payout-account')).body
  assert.deepEqual([via, offered, (await ada.get('/payout-account')).body.offered], ['bank', false, true])
})

test('ended between any two steps of a transfer and of taking it back, and gone on, it is made once', async t => {
  const kill = { left: Infinity }
  const step = () => {
    if (--kill.left === 0) throw new Error('killed')
  }
  const around = (host: Host<string>): Host<string> => ({
    ...host,
    db: new Proxy(host.db, {
      get: (target: any, name) =>
        name !== 'transaction'
          ? Reflect.get(target, name)
          : async (work: (tx: never) => Promise<unknown>) => {
              step()
              const value = await target.transaction(async (tx: never) => {
                const done = await work(tx)
                step()
                return done
              })
              step()
              return value
            },
    }),
  })
  const { connected, settled, refunded, admin, transfers, p, sweep, earnings, isRight } = await open(t, around)
  const ada = await connected(100_00)
  let [payouts, ends] = [0, 0]
  for (const what of ['paying', 'taking back'] as const)
    for (let at = 1, came = true; came && at < 40; at++) {
      const order = await settled(ada.owner, { totalMinor: 100_00, commissionMinor: 0 })
      const key = { 'idempotency-key': newId() }
      if (what === 'paying') kill.left = at
      const ask = () => ada.post('/payouts', { currency: 'EUR', amountMinor: 100_00 }, key)
      const first = await ask()
      const id = (first.status === 201 ? first : await ask()).body.id as string
      await sweep()
      came = what === 'paying' && kill.left <= 0
      kill.left = Infinity
      await sweep()
      payouts++
      assert.equal((await ada.read(id)).status, 'paid', `${what}, step ${at}`)
      if (what === 'paying') {
        ends += came ? 1 : 0
        continue
      }
      // All that is there goes, so that the refund is owed.
      const [, available] = await earnings(ada)
      if (available! > 0) {
        await ada.post('/payouts', { currency: 'EUR' })
        payouts++
        await sweep()
      }
      await refunded(order)
      kill.left = at
      const answer = await admin.post(`/payouts/${id}/reverse`, {})
      // Who got no answer asks again, and is told that nothing is owed where it was made.
      if (answer.status !== 202) await admin.post(`/payouts/${id}/reverse`, {})
      await sweep()
      came = kill.left <= 0
      kill.left = Infinity
      await sweep()
      ends += came ? 1 : 0
      assert.equal((await ada.read(id)).reversedMinor, 100_00, `${what}, step ${at}`)
    }
  t.diagnostic(`ended ${ends} times, ${payouts} payouts`)
  assert.ok(ends > 10)
  assert.equal(transfers().length, payouts)
  assert.equal((await p.published(PayoutPaid)).length, payouts)
  await isRight()
})
