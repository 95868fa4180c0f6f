import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { AdHocPaid, SessionCharged } from '#contracts/billing'
import { newId } from '#kernel'
import { perKwh } from '../testing.ts'
import { stranger } from './testing.ts'

const sumOf = (refunds: readonly { amount: number }[]): number => refunds.reduce((sum, { amount }) => sum + amount, 0)

suite('a stranger who pays by card', () => {
  test('sees the price and what is reserved, charges, pays what was used and no more, and has a receipt and an invoice', async t => {
    const it = await stranger(t)
    const form = await it.page(it.place)
    assert.equal(form.status, 200)
    for (const part of ['€0.50 per kWh', '€10.00: about 20 kWh', 'no account'])
      assert.ok(form.text.includes(part), part)
    const sent = await it.begin({ email: 'ada@example.com' })
    assert.equal(sent.status, 303, sent.text)
    assert.match(String(sent.headers.location), /^\/api\/billing\/payments\/[^/]+\/page$/)
    assert.match(await it.shown(), /Not paid yet/)
    assert.deepEqual(await it.starts(), [], 'nothing begins before it is paid')
    await it.bank('approve')
    const [start] = await it.starts()
    assert.deepEqual([start!.chargerId, start!.evse, start!.idToken], ['CP-1', 1, (await it.visit()).token])
    assert.match(await it.shown(), /Plug in your car/)
    await it.answers('answered')
    const session = await it.session(7_000)
    await it.started({ ...session, energyWh: 3_000, minutes: 30 })
    it.clock.at += 30 * 60_000
    const live = await it.shown()
    for (const part of ['3.00 kWh', '€1.50', '30 min', 'Of at most €5.00', 'End charging'])
      assert.ok(live.includes(part), part)
    await it.ended(session)
    await it.settle()
    const { state, captured } = await it.intent()
    assert.deepEqual([state, captured], ['captured', 350])
    const done = await it.shown()
    for (const part of ['Charging is over', '€3.50 was taken', 'ada@example.com', 'receipt.pdf'])
      assert.ok(done.includes(part), part)
    const { key } = await it.visit()
    const receipt = await it.page(`/charge/visits/${key}/receipt.pdf`)
    assert.match(receipt.bytes.subarray(0, 5).toString(), /%PDF-/)
    const [told] = await it.p.published(AdHocPaid)
    assert.deepEqual([told!.email, told!.totalMinor, told!.energyWh], ['ada@example.com', 350, 7_000])
    const { body } = await it.operator.get('/invoices?as=seller')
    assert.deepEqual(
      body.items.map(({ totalMinor, paidMinor, state, buyerName }: any) => [totalMinor, paidMinor, state, buyerName]),
      [[350, 350, 'paid', 'Card payment']],
    )
    assert.equal(await it.uncollected(), 0n)
    await it.isRight()
  })

  test('whose session is told to have ended three times pays once', async t => {
    const it = await stranger(t)
    await it.paid()
    const session = await it.session(4_000)
    for (let time = 0; time < 3; time++) await it.ended(session)
    await it.settle()
    assert.equal((await it.intent()).captured, 200)
    assert.equal((await it.p.published(SessionCharged)).length, 1)
    assert.equal(await it.uncollected(), 0n)
    await it.isRight()
  })

  for (const [outcome, status, words] of [
    ['offline', undefined, /could not be reached. Nothing was charged/],
    ['answered', 'Rejected', /refused to begin. Nothing was charged/],
    ['error', undefined, /refused to begin/],
  ] as const)
    test(`is told that nothing begins, and has what was reserved again: ${outcome} ${status ?? ''}`, async t => {
      const it = await stranger(t)
      await it.begin()
      await it.bank('approve')
      await it.answers(outcome, status)
      assert.equal((await it.intent()).state, 'cancelled')
      assert.match(await it.shown(), words)
      await it.isRight()
    })

  test('for whom a session never starts has what was reserved again, and one that begins later is ended and costs nothing', async t => {
    const it = await stranger(t)
    await it.begin()
    await it.bank('approve')
    await it.answers('timeout')
    assert.match(await it.shown(), /Plug in your car/, 'who did not answer in time may begin all the same')
    await it.later(11)
    assert.equal((await it.intent()).state, 'cancelled')
    assert.match(await it.shown(), /did not begin in time/)
    const session = await it.session(2_000)
    await it.started(session)
    assert.deepEqual(
      (await it.stops()).map(({ sessionId }) => sessionId),
      [session.sessionId],
    )
    await it.ended(session)
    assert.equal(await it.booked(session), 0n)
    assert.match(await it.shown(), /did not begin in time/)
    await it.isRight()
  })

  test('who charges no energy pays nothing, whatever a session costs by itself, and has what was reserved again', async t => {
    const terms = perKwh('0.50', {
      elements: [
        {
          priceComponents: [
            { type: 'ENERGY', price: '0.50' },
            { type: 'FLAT', price: '1.00' },
          ],
        },
      ],
    })
    const it = await stranger(t, { terms })
    await it.paid()
    await it.ended(await it.session(0))
    await it.settle()
    assert.deepEqual([(await it.intent()).state, (await it.intent()).captured], ['cancelled', 0])
    assert.match(await it.shown(), /Nothing was charged/)
    assert.deepEqual((await it.operator.get('/invoices?as=seller')).body.items, [])
    await it.isRight()
  })

  test('whose payment is told of twice is served once, and late all the same', async t => {
    const it = await stranger(t)
    await it.begin()
    it.standIn.manner.copies = 3
    it.standIn.manner.hold = true
    await it.bank('approve')
    assert.deepEqual(await it.starts(), [])
    it.clock.at += 4 * 60_000
    await it.standIn.flush()
    await it.settle()
    assert.equal((await it.starts()).length, 1)
  })

  test('whose payment nobody tells of is served once the provider is asked', async t => {
    const it = await stranger(t)
    await it.begin()
    it.standIn.manner.drop = true
    await it.bank('approve')
    assert.deepEqual(await it.starts(), [])
    it.clock.at += 6 * 60_000
    await it.periodically(/payment providers/)
    await it.settle()
    assert.equal((await it.starts()).length, 1)
    await it.answers('answered')
    await it.ended(await it.session(4_000))
    await it.periodically(/payment providers/)
    await it.settle()
    assert.equal((await it.intent()).captured, 200)
    assert.match(await it.shown(), /€2.00 was taken/)
  })

  test('who pays after it was cancelled has it back, and nothing begins', async t => {
    const it = await stranger(t)
    await it.begin()
    await it.later(31)
    assert.equal((await it.intent()).state, 'cancelled')
    assert.match(await it.shown(), /not paid in time/)
    await it.bank('approve', 'late')
    await it.later(10)
    assert.deepEqual(await it.starts(), [])
    assert.match(await it.shown(), /not paid in time/)
    await it.isRight()
  })

  test('whose card is declined, or whose bank asks back, begins once it is good', async t => {
    const it = await stranger(t)
    await it.begin()
    await it.bank('refuse')
    await it.bank('challenge')
    assert.deepEqual(await it.starts(), [])
    await it.bank('approve')
    assert.equal((await it.starts()).length, 1)
  })

  test('is ended before what was reserved is used up, and pays no more than that whatever the charger does', async t => {
    const it = await stranger(t)
    await it.paid()
    const session = await it.session(9_000, { minutes: 60, course: [[50, 7_500]] })
    await it.started({ ...session, energyWh: 7_500, minutes: 50, course: [] })
    it.clock.at += 50 * 60_000
    await it.later(0)
    assert.deepEqual(await it.stops(), [], 'there is enough')
    await it.started({ ...session, energyWh: 9_900, minutes: 60, course: [[50, 7_500]] })
    await it.later(10)
    assert.equal((await it.stops()).length, 1)
    assert.match(await it.shown(), /asked to end/)
    await it.later(2)
    assert.equal((await it.stops()).length, 2, 'a charger that goes on is asked again')
    const over = { ...session, energyWh: 14_000, minutes: 90 }
    await it.ended(over)
    await it.settle()
    assert.equal((await it.intent()).captured, 500)
    assert.equal(await it.booked(session), 500n)
    const [{ price }] = (await it.db`select price from charges`) as any
    assert.deepEqual(
      price.lines.map(({ type }: any) => type),
      ['ENERGY', 'MAXIMUM'],
    )
    await it.isRight()
  })

  test('ends charging by a button, and the charger is asked once', async t => {
    const it = await stranger(t)
    await it.paid()
    await it.started(await it.session(1_000))
    const { key } = await it.visit()
    for (let press = 0; press < 2; press++) assert.equal((await it.page(`/charge/visits/${key}/stop`, {})).status, 303)
    assert.equal((await it.stops()).length, 1)
    assert.match(await it.shown(), /asked to end/)
    assert.equal((await it.page(`/charge/visits/${'x'.repeat(32)}/stop`, {})).status, 404)
  })

  test('whose charger is off-line at the end pays what is known once the session counts as over, and what comes later is given back', async t => {
    const it = await stranger(t)
    await it.paid()
    const session = await it.session(6_000)
    await it.started(session)
    it.known.online = false
    await it.later(24 * 60)
    assert.equal((await it.intent()).state, 'authorised')
    await it.ended(session, 1_500)
    await it.settle()
    assert.equal((await it.intent()).captured, 300)
    await it.corrected({ ...session, energyWh: 5_000 }, 1_600)
    await it.settle()
    assert.deepEqual(
      (await it.intent()).refunds.map(({ amount, state }) => [amount, state]),
      [[50, 'succeeded']],
    )
    assert.match(await it.shown(), /€0.50 goes back/)
    await it.corrected({ ...session, energyWh: 8_000 }, 1_700)
    await it.settle()
    assert.equal(await it.booked(session), 250n, 'what is taken is taken')
    assert.equal(await it.uncollected(), 0n)
    await it.isRight()
  })

  test('whose authorisation ends soon is ended before, and where it is gone nothing is taken', async t => {
    const it = await stranger(t)
    await it.paid()
    const session = await it.session(6_000)
    await it.started({ ...session, energyWh: 100 })
    await it.later(5 * 24 * 60)
    assert.deepEqual(await it.stops(), [])
    await it.later(25 * 60)
    assert.equal((await it.stops()).length, 1)
    it.standIn.state.cancel((await it.payment()).provider_id)
    await it.settle()
    await it.ended(session, 9_000)
    await it.settle()
    assert.match(await it.shown(), /no longer there, so nothing was charged/)
    assert.equal(await it.booked(session), 0n)
    assert.equal(await it.uncollected(), 0n)
    await it.isRight()
  })

  test('pays by the price that was shown, though it has changed since, and is told where it changed before', async t => {
    const it = await stranger(t)
    const before = await it.page(it.place)
    const [, old = ''] = /name="terms" value="([^"]+)"/.exec(before.text)!
    const change = (price: string) =>
      it.operator.put(`/tariffs/${it.tariffId}`, { name: 'Standard', terms: perKwh(price), uses: [{}] })
    assert.equal((await change('0.60')).status, 200)
    const refused = await it.begin({ terms: old })
    assert.equal(refused.status, 409)
    for (const part of ['price has changed', '€0.60 per kWh']) assert.ok(refused.text.includes(part), part)
    await it.paid()
    await change('0.90')
    await it.ended(await it.session(5_000))
    await it.settle()
    assert.equal((await it.intent()).captured, 300)
  })

  test('pays for one session: another with the same token is ended', async t => {
    const it = await stranger(t)
    await it.paid()
    await it.started(await it.session(1_000))
    const second = await it.session(1_000)
    await it.started(second)
    assert.deepEqual(
      (await it.stops()).map(({ sessionId }) => sessionId),
      [second.sessionId],
    )
  })

  test('at a price without tax has the tax reserved, and pays it', async t => {
    const it = await stranger(t, { terms: perKwh('0.50', { taxIncluded: false }) })
    assert.match((await it.page(it.place)).text, /€6.00: about 10 kWh/)
    await it.paid()
    await it.ended(await it.session(20_000))
    await it.settle()
    assert.equal((await it.intent()).captured, 600)
    await it.isRight()
  })

  for (const [wire, currency, kWh, taxIncluded, captured] of [
    ['stripe', 'JPY', '50.5', true, 354],
    ['stripe', 'KWD', '0.1235', true, 860],
    ['razorpay', 'KWD', '0.1235', false, 1_020],
  ] as const)
    test(`pays in coins that there are, in ${currency} by ${wire} ${taxIncluded ? 'with' : 'and'} tax`, async t => {
      const it = await stranger(t, { wire, terms: perKwh(kWh, { currency, taxIncluded }) })
      await it.paid()
      const session = await it.session(7_000)
      await it.ended(session)
      await it.settle()
      const intent = await it.intent()
      assert.deepEqual(
        [intent.captured - sumOf(intent.refunds), await it.booked(session)],
        [captured, BigInt(captured)],
      )
      assert.equal(await it.uncollected(), 0n)
      const { body } = await it.operator.get('/invoices?as=seller')
      assert.deepEqual(
        body.items.map(({ totalMinor, paidMinor, state }: any) => [totalMinor, paidMinor, state]),
        [[captured, captured, 'paid']],
      )
      // It used less after all.
      await it.corrected({ ...session, energyWh: 3_333 }, 90)
      await it.settle()
      const { refunds } = await it.intent()
      assert.equal(BigInt(intent.captured - sumOf(refunds)), await it.booked(session))
      assert.equal(await it.uncollected(), 0n)
      await it.isRight()
    })

  test('who pays by Razorpay is told that all is taken first, and has back what was not used', async t => {
    const it = await stranger(t, { wire: 'razorpay', terms: perKwh('20', { currency: 'INR' }) })
    assert.match((await it.page(it.place)).text, /charged now/)
    await it.paid()
    await it.ended(await it.session(4_000))
    await it.settle()
    const { captured, refunds } = await it.intent()
    assert.deepEqual([captured, refunds.map(({ amount }) => amount)], [20_000, [12_000]])
    assert.match(await it.shown(), /₹80.00 was taken/)
    assert.equal(await it.uncollected(), 0n)
    await it.isRight()
  })

  test('finds no form where one cannot pay, and is told why', async t => {
    const it = await stranger(t)
    const said = async (path = it.place) => (await it.page(path)).text
    it.known.startable = false
    assert.match(await said(), /in use or out of order/)
    assert.equal((await it.begin()).status, 200)
    it.known.online = false
    assert.match(await said(), /cannot be reached/)
    Object.assign(it.known, { online: true, startable: true })
    it.known.owner = { kind: 'organisation', id: newId() }
    assert.match(await said(), /cannot pay by card here/)
    assert.equal((await it.page(`/charge/${it.stationId}/9/1`)).status, 404)
    assert.equal((await it.page(`/charge/visits/${'x'.repeat(32)}`)).status, 404)
    assert.deepEqual([...(await it.db`select from visits`)], [])
  })

  test('who tries again and again, or asks for prices without end, is asked to wait', async t => {
    const it = await stranger(t, { environment: { RATE_LIMIT_FACTOR: '1' } })
    const told: number[] = []
    for (let time = 0; time < 11; time++) told.push((await it.begin({ size: '20' })).status)
    assert.deepEqual([told.slice(0, 10).every(status => status === 303), told[10]], [true, 429])
    const asked = { stationId: it.stationId, evse: 1, connector: 1 }
    const quote = async () =>
      (await it.p.http.inject({ method: 'POST', url: '/api/billing/quote', payload: asked })).statusCode
    const quotes: number[] = []
    for (let time = 0; time < 61; time++) quotes.push(await quote())
    assert.deepEqual([quotes[0], quotes.at(-1)], [201, 429])
    assert.equal((await it.as().post('/quote', asked)).status, 201, 'who is signed in does not wait for strangers')
    assert.deepEqual([...(await it.db`select from quotes where driver_id is null`)], [])
  })
})
