import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { BudgetReached, CompanyCardChanged, DriverBlocked, DriverUnblocked, SessionCharged } from '#contracts/billing'
import { MemberChanged, OrganisationDeleted } from '#contracts/identity'
import { SessionCorrected, SessionEnded, SessionStarted, SessionUpdated } from '#contracts/sessions'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { open, perKwh } from '../testing.ts'

// Who leaves does so now, by the clock of the database: sessions of the tests begin later, some earlier.
const early = '2026-01-01T09:00:00.000Z'
const before = { startedAt: '2026-02-01T10:00:00.000Z' }

/** A seller in Berlin whose electricity costs 0.50 with tax, and a company with two employees who have a card each. */
async function employ(t: TestContext) {
  let now = new Date(early)
  const it = await open(t, { now: () => now })
  await it.tariff(perKwh('0.50'))
  const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  assert.equal((await it.operator.put('/seller', { name: 'Example', address, taxId: 'DE136695976' })).status, 200)
  const company: Owner = { kind: 'organisation', id: newId() }
  const [boss, ada, bob] = [newId(), newId(), newId()]
  it.members.set(
    company.id,
    new Map([
      [boss, 'owner'],
      [ada, 'editor'],
      [bob, 'viewer'],
    ] as const),
  )
  const acting = (userId: string, role = 'owner') => it.as({ userId, organisation: { id: company.id, role } })
  const party = { name: 'Voltaic GmbH', street: 'Ring 5', postalCode: '10115', city: 'Berlin', country: 'DE' }
  const said = await acting(boss).put('/company', { party, language: 'en', buyerReference: 'PO-4711' })
  assert.equal(said.status, 200, JSON.stringify(said.body))
  const manager = acting(boss)
  const made = async (path: string, body: object): Promise<any> => {
    const answer = await manager.post(path, body)
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    return answer.body
  }
  const [sales, service] = [
    await made('/company/cost-centres', { code: '4711', name: 'Sales' }),
    await made('/company/cost-centres', { code: '815', name: 'Service' }),
  ]
  const cardOf = async (holderId: string, idToken: string, costCentreId: string | null) => {
    it.cards.set(idToken, holderId)
    return await made('/company/cards', { idToken: idToken.toLowerCase(), holderId, costCentreId })
  }
  const assigned = { ada: await cardOf(ada, 'ADA', sales.id), bob: await cardOf(bob, 'BOB', service.id) }
  const session = (driverId: string, idToken: string | null, energyWh: number, about: object = {}) => ({
    sessionId: newId(),
    driverId,
    energyWh,
    about: { token: idToken && { idToken, type: 'ISO14443' }, ...about },
  })
  return {
    ...it,
    company,
    people: { boss, ada, bob },
    acting,
    centres: { sales, service },
    assigned,
    session,
    minute: it.at,
    /** Whose tokens last minutes. */
    at(moment: string) {
      now = new Date(moment)
      return { manager: acting(boss), seller: it.as({ role: 'operator', organisation: it.organisation }) }
    },
    terms: (limitMinor: number | null) =>
      it.operator.put(`/companies/${company.id}/terms`, { limitMinor, dueInDays: 14 }),
    async leaves(userId: string) {
      it.members.get(company.id)!.delete(userId)
      await it.p.publish(MemberChanged, { organisationId: company.id, userId, role: null, version: 7 })
      await it.p.settle()
    },
    charge: async (userId: string, sessionId: string) => (await it.as({ userId }).get(`/charges/${sessionId}`)).body,
  }
}

suite('a company', () => {
  test('has one invoice for a month of two cost centres, which its managers read and pay, and employees their own sessions alone', async t => {
    const it = await employ(t)
    const { p, people, centres, session, ended, as, acting, company, terms, periodically, isRight } = it
    assert.equal((await terms(null)).status, 200)
    const budget = { amountMinor: 800, currency: 'EUR', alertPercent: 50 }
    const centre = `/company/cost-centres/${centres.sales.id}`
    const wish = (more: object) =>
      acting(people.boss).put(centre, { code: '4711', name: 'Sales', budget: { ...budget, ...more } })
    for (const amountMinor of [0, -1, 0.5, 1e300, '800', Number.MAX_SAFE_INTEGER + 1])
      assert.equal((await wish({ amountMinor })).status, 400, String(amountMinor))
    for (const alertPercent of [0, -1, 101, 50.5])
      assert.equal((await wish({ alertPercent })).status, 400, String(alertPercent))
    const greatest = await wish({ amountMinor: Number.MAX_SAFE_INTEGER })
    assert.deepEqual([greatest.status, greatest.body.budget.amountMinor], [200, Number.MAX_SAFE_INTEGER])
    assert.equal((await wish({})).status, 200)
    const [one, two, three] = [
      session(people.ada, 'ada', 10_000),
      session(people.bob, 'BOB', 4_000),
      session(people.ada, 'ADA', 7_000),
    ]
    const own = session(people.ada, 'PRIVATE', 1_000)
    for (const each of [one, two, three, own]) await ended(each)
    assert.deepEqual(
      (await p.published(SessionCharged)).map(told => [told.companyId, told.costCentreId, told.totalMinor]),
      [
        [company.id, centres.sales.id, 500],
        [company.id, centres.service.id, 200],
        [company.id, centres.sales.id, 350],
        [null, null, 50],
      ],
    )
    assert.deepEqual(
      (await p.published(BudgetReached)).map(({ percent, spentMinor, month }) => [percent, spentMinor, month]),
      [
        [50, 500, '2027-03'],
        [100, 850, '2027-03'],
      ],
    )
    const seen = await it.charge(people.ada, one.sessionId)
    assert.deepEqual([seen.totalMinor, seen.owedMinor, seen.companyId], [500, 0, company.id])
    assert.equal((await it.charge(people.bob, one.sessionId)).code, 'charge_unknown')
    const employee = acting(people.ada, 'editor')
    for (const path of ['/company', '/company/wallet', '/company/charges', '/company/cards', '/company/employees'])
      assert.equal((await employee.get(path)).body.code, 'company_manager_required', path)
    assert.equal((await as({ userId: people.ada }).get('/company/wallet')).body.code, 'company_unknown')
    assert.deepEqual((await employee.get('/charges')).body.items.length, 3)

    const { manager, seller } = it.at('2027-04-01T00:10:00.000Z')
    for (let round = 0; round < 2; round++) await periodically(/months/)
    const [invoice, ...others] = (await manager.get('/invoices')).body.items
    assert.deepEqual(others, [])
    const { totalMinor, paidMinor, buyerName, state } = invoice
    assert.deepEqual([totalMinor, paidMinor, buyerName, state], [1_050, 0, 'Voltaic GmbH', 'open'])
    assert.deepEqual((await acting(people.ada, 'editor').get('/invoices')).body.items.length, 1, 'their own')
    assert.equal((await acting(people.ada, 'editor').get(`/invoices/${invoice.id}`)).body.code, 'invoice_unknown')
    const headers = p.signedIn({ userId: people.boss, organisation: { id: company.id, role: 'owner' } })
    const file = (path: string) => p.http.inject({ url: `/api/billing${path}`, headers })
    const ubl = (await file(`/invoices/${invoice.id}/ubl`)).body
    assert.match(ubl, /<cbc:BuyerReference>PO-4711</)
    assert.deepEqual(
      [...ubl.matchAll(/<cbc:AccountingCost>(\d+)</g)].map(([, code]) => code),
      ['815', '4711', '4711'],
    )
    assert.match(ubl, /Cost centre 815 Service: €2\.00\nCost centre 4711 Sales: €8\.50</)
    assert.match(ubl, /<cbc:DueDate>2027-04-15</)
    assert.equal((await file(`/invoices/${invoice.id}/pdf`)).rawPayload.subarray(0, 5).toString(), '%PDF-')
    const csv = (await file('/company/charges/csv?month=2027-03')).body.trim().split('\r\n')
    assert.equal(csv.length, 4)
    const line = csv.find(line => line.startsWith(one.sessionId))!
    assert.match(line, /,4711,Sales,Employee .{4},ada,CP-1,10\.000,4\.20,0\.80,5\.00,EUR,INV-2027-00000\d$/)
    const ofSales = await manager.get(`/company/charges?month=2027-03&costCentre=${centres.sales.id}`)
    assert.deepEqual(
      ofSales.body.items.map(({ sessionId }: any) => sessionId),
      [three.sessionId, one.sessionId].toSorted().toReversed(),
    )

    assert.equal((await manager.get('/company/wallet')).body.balances[0].owedMinor, 1_050)
    const pay = (amountMinor: number) => seller.post(`/invoices/${invoice.id}/payments`, { amountMinor })
    const paid = await Promise.all([pay(1_000), pay(1_000)])
    assert.deepEqual(paid.map(({ status }) => status).toSorted(), [201, 409])
    assert.equal((await pay(50)).body.openMinor, 0)
    assert.equal((await manager.get(`/invoices/${invoice.id}`)).body.state, 'paid')
    assert.equal((await manager.get('/company/wallet')).body.balances[0].owedMinor, 0)
    await isRight()
  })

  test('that nobody lets pay by invoice pays from its wallet; what that lacks blocks its cards until it is paid', async t => {
    const { p, people, session, started, ended, fund, company, acting, isRight } = await employ(t)
    await fund(company, 600n)
    const one = session(people.ada, 'ADA', 10_000)
    await started(one)
    const wallet = async () => (await acting(people.boss).get('/company/wallet')).body
    assert.equal((await wallet()).balances[0].heldMinor, 600)
    await ended(one)
    assert.equal((await wallet()).balances[0].availableMinor, 100)
    await ended(session(people.bob, 'BOB', 10_000))
    const { balances, blocked } = await wallet()
    assert.deepEqual([balances[0].balanceMinor, balances[0].owedMinor, blocked], [0, 400, true])
    const [told] = await p.published(DriverBlocked)
    assert.deepEqual([told!.driverId, told!.payer], [company.id, company])
    assert.equal((await p.published(DriverUnblocked)).length, 0)
    await isRight()
  })

  test('pays what was charged while its employee was one, whichever of session and leaving is told first', async t => {
    const { p, people, session, ended, leaves, charge, company, assigned, as, isRight, terms } = await employ(t)
    await terms(null)
    const [first, after, late] = [
      session(people.ada, 'ADA', 10_000, before),
      session(people.ada, 'ADA', 4_000),
      session(people.ada, 'ADA', 2_000),
    ]
    await ended(first)
    await ended(after)
    assert.equal((await charge(people.ada, after.sessionId)).companyId, company.id)
    await leaves(people.ada)
    await ended(late)
    const paidBy = async ({ sessionId }: { sessionId: string }) => (await charge(people.ada, sessionId)).companyId
    assert.deepEqual([await paidBy(first), await paidBy(after), await paidBy(late)], [company.id, null, null])
    assert.equal((await as({ userId: people.ada }).get('/wallet')).body.balances[0].owedMinor, 300)
    const told = await p.published(CompanyCardChanged)
    assert.deepEqual(
      told.map(({ cardId, endedFor }) => [cardId, endedFor]),
      [
        [assigned.ada.id, null],
        [assigned.bob.id, null],
        [assigned.ada.id, 'left'],
      ],
    )
    await isRight()
  })

  test('has cards of its own employees alone, each once, which also who holds them can end', async t => {
    const { people, assigned: cards, as, acting, members, company } = await employ(t)
    const manager = acting(people.boss)
    const card = (body: object, who = manager) => who.post('/company/cards', body)
    assert.equal((await card({ idToken: 'ADA', holderId: people.ada })).body.code, 'card_taken')
    assert.equal((await card({ idToken: 'ADA', holderId: people.bob })).body.code, 'card_unknown')
    assert.equal((await card({ idToken: 'NONE', holderId: people.bob })).body.code, 'card_unknown')
    assert.equal((await card({ idToken: 'ADA', holderId: newId() })).body.code, 'employee_unknown')
    const mine = { idToken: 'ADA', holderId: people.ada }
    assert.equal((await card(mine, acting(people.ada, 'editor'))).body.code, 'company_manager_required')
    const other = as({ userId: newId(), organisation: { id: newId(), role: 'owner' } })
    assert.equal((await card(mine, other)).body.code, 'company_unknown')
    assert.equal((await other.delete(`/company/cards/${cards.ada.id}`)).body.code, 'card_unknown')
    assert.equal((await other.put(`/company/cards/${cards.ada.id}`, {})).body.code, 'card_unknown')
    const ada = as({ userId: people.ada })
    assert.equal((await ada.delete(`/company/cards/${cards.bob.id}`)).body.code, 'card_unknown')
    assert.equal((await ada.delete(`/company/cards/${cards.ada.id}`)).status, 204)
    assert.deepEqual(
      (await ada.get('/cards')).body.items.map(({ endedFor }: any) => endedFor),
      ['given-back'],
    )
    const both = await Promise.all([card(mine), card(mine)])
    assert.deepEqual(both.map(({ status }) => status).toSorted(), [201, 409])
    const codes = await Promise.all(
      [1, 2].map(() => manager.post('/company/cost-centres', { code: '99', name: 'Fleet' })),
    )
    assert.deepEqual(codes.map(({ status }) => status).toSorted(), [201, 409])
    members.get(company.id)!.delete(people.bob)
    const policy = { policy: null, costCentreId: null }
    assert.equal((await manager.put(`/company/employees/${people.bob}`, policy)).body.code, 'employee_unknown')
  })

  test('pays only what its employee may charge for it: on these days, at these hours, up to so much a month', async t => {
    const { people, centres, session, ended, charge, acting, company, terms, isRight } = await employ(t)
    await terms(null)
    const say = async (policy: object | null) => {
      const body = { costCentreId: centres.service.id, policy }
      assert.equal((await acting(people.boss).put(`/company/employees/${people.bob}`, body)).status, 200)
    }
    const paid = async () => {
      const one = session(people.bob, 'BOB', 2_000)
      await ended(one)
      return (await charge(people.bob, one.sessionId)).companyId === company.id
    }
    // A Monday, 11 o'clock in Berlin.
    await say({ daysOfWeek: ['TUESDAY'] })
    assert.equal(await paid(), false)
    await say({ daysOfWeek: ['MONDAY'], from: '10:00', to: '11:00' })
    assert.equal(await paid(), false)
    await say({ daysOfWeek: ['MONDAY'], from: '22:00', to: '11:30' })
    assert.equal(await paid(), true)
    await say({ most: { amountMinor: 150, currency: 'EUR' } })
    assert.deepEqual([await paid(), await paid()], [true, false])
    await isRight()
  })

  test('has a credit note and a new invoice for a session that is corrected, and its money back where it came from', async t => {
    const it = await employ(t)
    const { p, people, session, ended, corrected, fund, company, periodically, isRight } = it
    await fund(company, 700n)
    const [one, other] = [session(people.ada, 'ADA', 10_000), session(people.bob, 'BOB', 4_000)]
    for (const each of [one, other]) await ended(each)
    const { manager } = it.at('2027-04-01T00:10:00.000Z')
    await periodically(/months/)
    for (let round = 0; round < 2; round++) await corrected({ ...one, energyWh: 6_000 }, 90)
    const { items } = (await manager.get('/invoices')).body
    assert.deepEqual(items.map(({ kind, totalMinor, buyerName }: any) => [kind, totalMinor, buyerName]).toSorted(), [
      ['credit-note', 500, 'Voltaic GmbH'],
      ['invoice', 300, 'Voltaic GmbH'],
      ['invoice', 700, 'Voltaic GmbH'],
    ])
    const headers = p.signedIn({ userId: people.boss, organisation: { id: company.id, role: 'owner' } })
    for (const { id, totalMinor } of items.filter(({ totalMinor }: any) => totalMinor < 700)) {
      const ubl = await p.http.inject({ url: `/api/billing/invoices/${id}/ubl`, headers })
      assert.match(ubl.body, /<cbc:AccountingCost>4711</, totalMinor)
      assert.match(ubl.body, /<cbc:BuyerReference>PO-4711</)
    }
    assert.equal((await manager.get('/company/wallet')).body.balances[0].balanceMinor, 200)
    await isRight()
  })

  test('that is dissolved pays for nobody any more: its cards end, and what is left goes back', async t => {
    const it = await employ(t)
    const { p, people, session, ended, charge, fund, terms, company, isRight } = it
    await terms(null)
    await fund(company, 700n)
    const before = session(people.ada, 'ADA', 2_000)
    await ended(before)
    assert.equal((await charge(people.ada, before.sessionId)).companyId, company.id)
    await p.publish(OrganisationDeleted, { organisationId: company.id, name: 'Voltaic', members: [], version: 9 })
    await p.settle()
    const ada = it.as({ userId: people.ada })
    assert.deepEqual(
      (await ada.get('/cards')).body.items.map(({ endedFor }: any) => endedFor),
      ['left'],
    )
    const after = session(people.ada, 'ADA', 2_000)
    await ended(after)
    assert.equal((await charge(people.ada, after.sessionId)).companyId, null)
    const kept = await p.db('billing')`select minor::int, reason from kept_money where driver_id = ${company.id}`
    assert.deepEqual([...kept], [{ minor: 700, reason: 'no-payment' }])
    await isRight()
  })

  test('whatever is told in whatever order: books add up, and each session is paid by who has to', async t => {
    const it = await employ(t)
    const { p, people, session, about, isOver, minute, leaves, members, charge, company, isRight } = it
    assert.equal((await it.terms(1_000_000)).status, 200)
    const steps = fc.shuffledSubarray(['started', 'updated', 'ended', 'corrected', 'left'] as const, { minLength: 2 })
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (history, isLate) => {
        const [holderId, idToken] = [newId(), `CARD-${newId()}`.toUpperCase()]
        members.get(company.id)!.set(holderId, 'viewer')
        it.cards.set(idToken, holderId)
        assert.equal((await it.acting(people.boss).post('/company/cards', { idToken, holderId })).status, 201)
        const one = session(holderId, idToken, 8_000, isLate ? {} : before)
        await it.fund(holderId, 100n)
        const update = { ...about(one, 1), energyWh: 1_000 }
        const end = { endedAt: minute(60), stopReason: null, closedBy: 'charger' as const }
        const former = { startedAt: update.startedAt, endedAt: end.endedAt, energyWh: 4_000 }
        isOver(one)
        const tell = {
          left: () => leaves(holderId),
          started: () => p.publish(SessionStarted, { ...update, offline: false }),
          updated: () => p.publish(SessionUpdated, { ...update, chargingState: 'Charging' }),
          ended: () => p.publish(SessionEnded, { ...update, ...end, energyWh: 4_000, updatedAt: minute(60) }),
          corrected: () =>
            p.publish(SessionCorrected, { ...update, ...end, energyWh: 8_000, updatedAt: minute(90), former }),
        }
        for (const what of [...history, 'corrected' as const]) {
          await tell[what]()
          await p.settle()
        }
        const { state, totalMinor, companyId } = await charge(holderId, one.sessionId)
        const isTheirs = isLate && history.includes('left')
        assert.deepEqual([state, totalMinor, companyId], ['charged', 400, isTheirs ? null : company.id], history.join())
        await isRight()
      }),
      { numRuns: 12 },
    )
  })
})
