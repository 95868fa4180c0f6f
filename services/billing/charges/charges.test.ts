import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { ChargeUnpaid, DriverBlocked, DriverUnblocked, SessionCharged, WalletLow } from '#contracts/billing'
import { StationCreated } from '#contracts/stations'
import { newId } from '#kernel'
import { open, perKwh } from '../testing.ts'

const session = (more: object = {}) => ({ sessionId: newId(), driverId: newId(), energyWh: 10_000, ...more })

suite('a session', () => {
  test('is charged at its end to the wallet, by the tariff that was in force at its begin', async t => {
    const { p, tariff, fund, started, ended, wallet, as, isRight, seller } = await open(t)
    await tariff(perKwh('0.50'))
    const one = session()
    await fund(one.driverId, 2_500n)
    await started(one)
    const meanwhile = await wallet(one.driverId)
    assert.deepEqual([meanwhile.heldMinor, meanwhile.availableMinor], [2_000, 500], '40 kWh are kept')
    await ended(one)
    assert.deepEqual(await wallet(one.driverId), {
      currency: 'EUR',
      balanceMinor: 2_000,
      heldMinor: 0,
      availableMinor: 2_000,
      owedMinor: 0,
      lowBelowMinor: 1_000,
      blocked: false,
    })
    const [told] = await p.published(SessionCharged)
    assert.deepEqual([told!.totalMinor, told!.owedMinor, told!.revision, told!.seller], [500, 0, 1, seller])
    const { body } = await as({ userId: one.driverId }).get(`/charges/${one.sessionId}`)
    assert.deepEqual([body.state, body.totalMinor, body.price.lines[0].quantity], ['charged', 500, 10_000])
    const statement = await as({ userId: one.driverId }).get('/wallet/postings?currency=EUR')
    assert.deepEqual(
      statement.body.items.map(({ kind, amountMinor }: any) => [kind, amountMinor]),
      [
        ['session', -500],
        ['top-up', 2_500],
      ],
    )
    await isRight()
  })

  test('has as much kept as it would cost by the clock of the place, and with its tax', async t => {
    const { tariff, operator, fund, started, ended, wallet, isRight } = await open(t)
    const night = { restrictions: { startTime: '22:00', endTime: '06:00' } }
    const elements = [
      { priceComponents: [{ type: 'ENERGY' as const, price: '0.30' }], ...night },
      { priceComponents: [{ type: 'ENERGY' as const, price: '0.60' }] },
    ]
    const { id } = await tariff(perKwh('0.60', { elements }))
    const driverId = newId()
    await fund(driverId, 9_000n)
    const kept = async (startedAt: string) => {
      const one = session({ driverId, about: { startedAt } })
      await started(one)
      const { heldMinor } = await wallet(driverId)
      await ended(one)
      return heldMinor
    }
    assert.equal(await kept('2027-03-01T21:10:00.000Z'), 1_200, '22:10 in Berlin is night, 21:10 is not')
    assert.equal(await kept('2027-03-02T05:10:00.000Z'), 2_400, '6:10 is day')
    const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
    assert.equal((await operator.put('/seller', { name: 'Example', address, taxId: 'DE136695976' })).status, 200)
    assert.equal(await kept('2027-03-02T12:00:00.000Z'), 2_400, 'the tax is in the price')
    const terms = perKwh('0.50', { taxIncluded: false })
    assert.equal((await operator.put(`/tariffs/${id}`, { name: 'Net', terms, uses: [{}] })).status, 200)
    assert.equal(await kept('2027-03-02T12:00:00.000Z'), 2_380, '20.00 and 19 % of it')
    await isRight()
  })

  test('is charged once, however often its end is told, out of order, and before its begin', async t => {
    const { p, tariff, fund, started, ended, wallet, isRight } = await open(t)
    await tariff(perKwh('0.50'))
    const one = session()
    await fund(one.driverId, 2_500n)
    await ended(one)
    await started(one)
    await ended(one)
    await ended(one)
    assert.equal((await wallet(one.driverId)).balanceMinor, 2_000)
    assert.equal((await p.published(SessionCharged)).length, 1)
    await isRight()
  })

  test('that leaves little in a wallet is told once, until there is more again', async t => {
    const { p, tariff, fund, ended, as, wallet } = await open(t)
    await tariff(perKwh('0.50'))
    const driverId = newId()
    const driver = as({ userId: driverId })
    const charge = () => ended(session({ driverId }))
    const low = async () =>
      (await p.published(WalletLow)).map(({ balanceMinor, belowMinor }) => [balanceMinor, belowMinor])
    const say = async (belowMinor: number | null, currency = 'EUR') =>
      (await driver.put('/wallet/low-balance', { currency, belowMinor })).status
    await fund(driverId, 2_000n)
    await charge()
    await charge()
    assert.deepEqual(await low(), [], 'ten are left')
    await charge()
    await charge()
    assert.deepEqual(await low(), [[500, 1_000]], 'once')
    assert.equal(await say(100), 200)
    assert.equal((await wallet(driverId)).lowBelowMinor, 100)
    await fund(driverId, 1_000n)
    await charge()
    assert.deepEqual((await low()).length, 1, 'five are more than one')
    await charge()
    assert.deepEqual((await low()).at(-1), [0, 100])
    assert.equal((await p.published(ChargeUnpaid)).length, 0)
    await charge()
    const [unpaid] = await p.published(ChargeUnpaid)
    assert.deepEqual([unpaid!.driverId, unpaid!.totalMinor, unpaid!.owedMinor], [driverId, 500, 500])
    assert.equal((await low()).length, 2)
    assert.equal(await say(0), 200)
    assert.equal(await say(null), 200)
    assert.equal(await say(5, 'EUX'), 422)
    assert.equal(await say(-5), 400)
  })

  test('of who never had money in a wallet says nothing of what is left there', async t => {
    const { p, tariff, ended } = await open(t)
    await tariff(perKwh('0.50'))
    await ended(session())
    assert.equal((await p.published(WalletLow)).length, 0)
    assert.equal((await p.published(ChargeUnpaid)).length, 1)
  })

  test('keeps the price it began with: the tariff changes, and is withdrawn, while it goes on', async t => {
    const { tariff, operator, started, ended, as } = await open(t)
    const { id } = await tariff(perKwh('0.50'))
    const one = session()
    await started(one)
    const changed = await operator.put(
      `/tariffs/${id}`,
      { name: 'Dearer', terms: perKwh('0.99') },
      { 'if-match': '"1"' },
    )
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    assert.equal((await operator.delete(`/tariffs/${id}`)).status, 204)
    await ended(one)
    const { body } = await as({ userId: one.driverId }).get(`/charges/${one.sessionId}`)
    assert.deepEqual([body.totalMinor, body.tariffId, body.tariffVersion], [500, id, 1])
  })

  test('shows its price while it goes on', async t => {
    const { tariff, started, as } = await open(t)
    await tariff(perKwh('0.50'))
    const one = session({ energyWh: 3_000 })
    await started(one)
    const { body } = await as({ userId: one.driverId }).get(`/charges/${one.sessionId}`)
    assert.deepEqual([body.state, body.energyWh, body.price.totalMinor, body.totalMinor], ['running', 3_000, 150, 0])
  })

  test('costs nothing where no tariff is in force, and where nobody owns the charger', async t => {
    const { p, ended, as } = await open(t)
    const one = session()
    await ended(one)
    const { body } = await as({ userId: one.driverId }).get(`/charges/${one.sessionId}`)
    assert.deepEqual([body.state, body.totalMinor, body.price], ['free', 0, null])
    assert.deepEqual(await p.published(SessionCharged), [])
  })

  test('at a charger whose station is known a moment later is charged then, and is free where it never is', async t => {
    let now = new Date('2027-03-01T09:00:00.000Z')
    const { p, known, tariff, started, ended, as, periodically, stationId, seller } = await open(t, { now: () => now })
    await tariff(perKwh('0.50'))
    known.station = false
    const [one, other] = [session(), session()]
    const state = async ({ sessionId, driverId }: { sessionId: string; driverId: string }) =>
      (await as({ userId: driverId }).get(`/charges/${sessionId}`)).body.state
    await started(one)
    await ended(one)
    await periodically(/still wait/)
    assert.equal(await state(one), 'due')
    known.station = true
    const station = { stationId, chargerId: 'CP-1', owner: seller, public: true, name: 'Market square', version: 1 }
    await p.publish(StationCreated, station)
    await p.settle()
    assert.equal(await state(one), 'charged')
    known.station = false
    await ended(other)
    now = new Date('2027-03-03T12:00:00.000Z')
    await periodically(/still wait/)
    assert.equal(await state(other), 'free')
  })

  test('that is told of late costs what was in force at its begin: neither what came later, nor what had ended', async t => {
    let now = new Date('2027-03-01T09:58:00.000Z')
    const { tariff, operator, ended, as } = await open(t, { now: () => now })
    const first = await tariff(perKwh('0.50'))
    now = new Date('2027-03-01T10:05:00.000Z')
    const body = { name: 'Standard', terms: perKwh('0.70'), uses: [{}] }
    await operator.put(`/tariffs/${first.id}`, body)
    assert.equal((await operator.delete(`/tariffs/${first.id}`)).status, 204)
    await tariff(perKwh('0.90'))
    const [one, early] = [session(), session({ about: { startedAt: '2027-03-01T09:30:00.000Z' } })]
    for (const each of [one, early]) await ended(each)
    const told = async ({ driverId, sessionId }: { driverId: string; sessionId: string }) => {
      const { body } = await as({ userId: driverId }).get(`/charges/${sessionId}`)
      return [body.state, body.totalMinor, body.tariffVersion]
    }
    assert.deepEqual(await told(one), ['charged', 500, 1])
    assert.deepEqual(await told(early), ['free', 0, null], 'nothing was in force then')
  })

  test('at a charger of nobody that stands at a station of somebody is sold by them', async t => {
    const { p, tariff, ended, seller } = await open(t)
    await tariff(perKwh('0.50'))
    await ended(session({ about: { owner: null } }))
    const told = await p.published(SessionCharged)
    assert.deepEqual(
      told.map(({ seller, totalMinor }) => [seller, totalMinor]),
      [[seller, 500]],
    )
  })

  test('that would cost more than can be booked is refused once, with a word for who asks, and booked when it is right', async t => {
    const { tariff, fund, started, ended, corrected, as, stationId, wallet, isRight } = await open(t)
    await tariff(perKwh('999999999'))
    const one = session({ energyWh: 2 ** 40 })
    await fund(one.driverId, 500n)
    await started({ ...one, energyWh: 1 })
    await ended(one)
    const driver = as({ userId: one.driverId })
    const { body } = await driver.get(`/charges/${one.sessionId}`)
    assert.deepEqual([body.state, body.totalMinor], ['refused', 0])
    assert.equal((await wallet(one.driverId)).heldMinor, 0)
    const asked = { stationId, evse: 1, connector: 1, energyWh: 10_000_000 }
    assert.equal((await driver.post('/quote', { ...asked, minutes: 60 })).status, 201)
    await tariff(perKwh('999999999', { currency: 'KWD' }), [{ stationId }])
    assert.equal((await driver.post('/quote', { ...asked, minutes: 60 })).body.code, 'amount_too_great')
    await corrected({ ...one, energyWh: 0 }, 90)
    assert.equal((await driver.get(`/charges/${one.sessionId}`)).body.state, 'charged')
    await isRight()
  })

  test('that still waits is charged later, however many before it cannot be', async t => {
    const { p, known, tariff, ended, as, periodically } = await open(t)
    await tariff(perKwh('0.50'))
    known.station = false
    const one = session()
    await ended(one)
    const db = p.db('billing')
    await db`update charges set told_at = now() - interval '1 hour'`
    await db`
      insert into charges (session_id, charger_id, evse, connector, started_at, ended_at, energy_wh, told_at, state)
      select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'CP-NOWHERE', 1, 1, now(), now(), 0,
        now() - interval '1 hour', 'due'
      from generate_series(1, 501) n`
    known.station = true
    await periodically(/still wait/)
    assert.equal((await as({ userId: one.driverId }).get(`/charges/${one.sessionId}`)).body.state, 'charged')
  })

  test('of no energy costs nothing by energy, and is charged all the same', async t => {
    const { p, tariff, ended, isRight } = await open(t)
    await tariff(perKwh('0.50'))
    await ended(session({ energyWh: 0 }))
    const [told] = await p.published(SessionCharged)
    assert.equal(told!.totalMinor, 0)
    await isRight()
  })

  test('whose end is told otherwise later costs what is right then: more is taken, less is given back', async t => {
    const { p, tariff, fund, ended, corrected, wallet, isRight } = await open(t)
    await tariff(perKwh('0.50'))
    const one = session()
    await fund(one.driverId, 1_000n)
    await ended(one)
    await corrected({ ...one, energyWh: 14_000 }, 90)
    assert.equal((await wallet(one.driverId)).balanceMinor, 300)
    await corrected({ ...one, energyWh: 4_000 }, 91)
    assert.equal((await wallet(one.driverId)).balanceMinor, 800)
    await corrected({ ...one, energyWh: 14_000 }, 90)
    assert.equal((await wallet(one.driverId)).balanceMinor, 800, 'what is late is past')
    assert.deepEqual(
      (await p.published(SessionCharged)).map(({ revision, totalMinor }) => [revision, totalMinor]),
      [
        [1, 500],
        [2, 700],
        [3, 200],
      ],
    )
    await isRight()
  })

  test('that goes on after its end is charged at its end', async t => {
    const { p, tariff, ended, corrected, isRight } = await open(t)
    await tariff(perKwh('0.50'))
    const one = session()
    await ended(one)
    await corrected({ ...one, energyWh: 11_000 }, 90, true)
    assert.equal((await p.published(SessionCharged)).length, 1)
    await ended({ ...one, energyWh: 12_000, minutes: 120 })
    assert.deepEqual(
      (await p.published(SessionCharged)).map(({ totalMinor }) => totalMinor),
      [500, 600],
    )
    await isRight()
  })

  test('of nobody who is known is booked as uncollected', async t => {
    const { p, tariff, ended, isRight } = await open(t)
    await tariff(perKwh('0.50'))
    await ended(session({ driverId: null }))
    const rows = await p.db('billing')`select kind, balance_minor as minor from ledger_accounts order by kind`
    assert.deepEqual(
      rows.filter(({ minor }) => minor !== 0n).map(({ kind, minor }) => [kind, minor]),
      [
        ['sales', 500n],
        ['uncollected', -500n],
      ],
    )
    await isRight()
  })

  test('is taxed where the charger stands, by the rate of the day it ended', async t => {
    const { p, tariff, operator, ended } = await open(t)
    await tariff(perKwh('0.50'))
    const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
    const said = await operator.put('/seller', { name: 'Example Charging', address, taxId: 'DE136695976' })
    assert.equal(said.status, 200, JSON.stringify(said.body))
    await ended(session())
    const [told] = await p.published(SessionCharged)
    assert.deepEqual([told!.netMinor, told!.taxMinor, told!.totalMinor], [420, 80, 500])
  })
})

suite('a driver', () => {
  test('who was there before a wallet had to hold something is held to it too, and owing goes before having too little', async t => {
    const { p, tariff, fund, ended, corrected, wallet, periodically } = await open(t, {
      environment: { BILLING_LEAST_BALANCE_MINOR: '500' },
    })
    await tariff(perKwh('0.50'))
    const [poor, rich] = [newId(), newId()]
    await fund(rich, 500n)
    for (const id of [poor, rich]) await p.db('billing')`insert into drivers (driver_id) values (${id})`
    for (let time = 0; time < 2; time++) await periodically(/what a wallet must hold/)
    assert.deepEqual(
      (await p.published(DriverBlocked)).map(({ driverId, leastMinor }) => [driverId, leastMinor]),
      [[poor, 500]],
    )
    const one = session({ driverId: poor })
    await ended(one)
    assert.equal((await wallet(poor)).blocked, true)
    assert.deepEqual(
      (await p.published(DriverBlocked)).map(({ leastMinor }) => leastMinor),
      [500, undefined],
    )
    await fund(poor, 500n)
    await corrected({ ...one, energyWh: 0 }, 90)
    const [again, ...more] = await p.published(DriverUnblocked)
    assert.deepEqual([again!.driverId, again!.hadTooLittle, more], [poor, undefined, []])
  })

  test('who has too little owes the rest, is blocked for it, and is served again once it is given back', async t => {
    const { p, tariff, fund, started, ended, corrected, wallet, isRight } = await open(t)
    await tariff(perKwh('0.50'))
    const one = session()
    await fund(one.driverId, 300n)
    await started(one)
    await ended(one)
    const { balanceMinor, owedMinor, blocked } = await wallet(one.driverId)
    assert.deepEqual([balanceMinor, owedMinor, blocked], [0, 200, true])
    assert.equal((await p.published(SessionCharged))[0]!.owedMinor, 200)
    assert.deepEqual(
      (await p.published(DriverBlocked)).map(({ driverId }) => driverId),
      [one.driverId],
    )
    await corrected({ ...one, energyWh: 5_000 }, 90)
    const after = await wallet(one.driverId)
    assert.deepEqual([after.balanceMinor, after.owedMinor, after.blocked], [50, 0, false])
    assert.equal((await p.published(DriverUnblocked)).length, 1)
    await isRight()
  })

  test('with 10.00 who starts twenty sessions at once has them kept and charged exactly', async t => {
    const { tariff, fund, started, ended, wallet, isRight } = await open(t)
    await tariff(perKwh('0.50'))
    const driverId = newId()
    await fund(driverId, 1_000n)
    const all = Array.from({ length: 20 }, () => session({ driverId, energyWh: 2_000 }))
    await Promise.all(all.map(started))
    const { heldMinor, availableMinor } = await wallet(driverId)
    assert.deepEqual([heldMinor, availableMinor], [1_000, 0])
    await Promise.all(all.map(one => ended(one)))
    const { balanceMinor, owedMinor, heldMinor: held } = await wallet(driverId)
    assert.deepEqual([balanceMinor, owedMinor, held], [0, 1_000, 0])
    await isRight()
  })

  test('reads no session of another, and an operator none of another operator', async t => {
    const { tariff, ended, as, operator } = await open(t)
    await tariff(perKwh('0.50'))
    const one = session()
    await ended(one)
    const path = `/charges/${one.sessionId}`
    assert.equal((await operator.get(path)).status, 200)
    assert.equal((await as({ role: 'admin' }).get(path)).status, 200)
    for (const other of [as(), as({ role: 'operator' }), as({ role: 'vendor' })])
      assert.deepEqual((await other.get(path)).body.code, 'charge_unknown')
    assert.deepEqual((await as().get('/charges')).body.items, [])
    assert.deepEqual((await as({ role: 'operator' }).get('/sales')).body.items, [])
    assert.equal((await operator.get('/sales')).body.items.length, 1)
  })
})

test('whatever is told of sessions in whatever order and however often, books add up and the last that was told is charged', async t => {
  const { tariff, fund, ended, corrected, started, as, isRight } = await open(t)
  await tariff(perKwh('1.00'))
  const told = fc.record({ updated: fc.integer({ min: 1, max: 50 }), kWh: fc.nat(20), goesOn: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(told, { minLength: 1, maxLength: 6 }), async history => {
      const one = session()
      await fund(one.driverId, 500n)
      await started(one)
      for (const { updated, kWh, goesOn } of history) await corrected({ ...one, energyWh: kWh * 1000 }, updated, goesOn)
      await ended({ ...one, energyWh: 7_000 }, 60)
      const { body } = await as({ userId: one.driverId }).get(`/charges/${one.sessionId}`)
      assert.deepEqual([body.state, body.totalMinor], ['charged', 700])
      await isRight()
    }),
    { numRuns: 15 },
  )
})
