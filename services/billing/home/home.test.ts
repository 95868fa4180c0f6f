import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ReimbursementStated } from '#contracts/billing'
import { MemberChanged } from '#contracts/identity'
import { newId } from '#kernel'
import { open, perKwh } from '../testing.ts'

/** A company with an owner and an employee who has a charger at home, and a clock. */
async function employ(t: TestContext, begin = '2027-03-01T09:00:00.000Z') {
  const clock = { now: new Date(begin) }
  const it = await open(t, { now: () => clock.now })
  const [organisationId, boss, ada] = [newId(), newId(), newId()]
  it.members.set(
    organisationId,
    new Map([
      [boss, 'owner'],
      [ada, 'editor'],
    ] as const),
  )
  const acting = (userId: string, role: string) => it.as({ userId, organisation: { id: organisationId, role } })
  const owner = () => acting(boss, 'owner')
  const said = await owner().put('/company', { party: { name: 'Voltaic GmbH', country: 'DE' }, language: 'en' })
  assert.equal(said.status, 200, JSON.stringify(said.body))
  return {
    ...it,
    clock,
    organisationId,
    ada,
    owner,
    employee: () => acting(ada, 'editor'),
    pays: (more: object = {}) =>
      owner().put(`/company/employees/${ada}/home`, {
        chargerId: 'CP-1',
        rate: '0.31',
        currency: 'EUR',
        paidBy: 'payroll',
        ...more,
      }),
    session: (energyWh: number, more: object = {}) => ({ sessionId: newId(), driverId: ada, energyWh, ...more }),
    async monthEnds(): Promise<void> {
      const { now } = clock
      clock.now = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1, 0, 10))
      for (let time = 0; time < 2; time++) await it.periodically(/reimbursed/)
    },
    // What the API answers, as JSON of any shape.
    statements: async () => (await owner().get('/company/reimbursements')).body.items as any[],
  }
}

test('a company pays for a kWh that an employee charges at home, by statements of each month', async t => {
  const it = await employ(t)
  const { pays, session, ended, corrected, monthEnds, statements, owner, employee, ada, p, as } = it
  const { status, body } = await pays()
  assert.deepEqual([status, body.rate, body.userId], [200, '0.31', ada], JSON.stringify(body))
  const first = session(10_005)
  await ended(first)
  await ended(first)
  await ended(session(20_000))
  // Of others at that charger, and from before it was agreed, nothing.
  await ended(session(5_000, { driverId: newId() }))
  await ended(session(5_000, { about: { startedAt: '2027-02-28T10:00:00.000Z' } }))
  assert.deepEqual(await statements(), [], 'the month is not over')
  await monthEnds()
  const [one, ...others] = await statements()
  assert.deepEqual(others, [])
  assert.deepEqual([one.month, one.sessions, one.energyWh, one.amountMinor], ['2027-03', 2, 30_005, 930])
  assert.deepEqual((await employee().get('/reimbursements')).body.items, [one])
  assert.deepEqual((await as().get('/reimbursements')).body.items, [])
  assert.equal((await employee().get('/company/reimbursements')).body.code, 'company_manager_required')
  const [told, ...again] = await p.published(ReimbursementStated)
  assert.deepEqual([told!.userId, told!.amountMinor, again.length], [ada, 930, 0])
  const headers = p.signedIn({ userId: newId(), organisation: { id: it.organisationId, role: 'owner' } } as never)
  const csv = await p.http.inject({ url: '/api/billing/company/reimbursements/csv?month=2027-03', headers })
  assert.match(
    csv.body,
    new RegExp(`,${first.sessionId},2027-03-01T11:00:00.000Z,CP-1,10.005,0.31,3.10,EUR,payroll\r\n`),
  )

  // More is known of one later: the difference is on the statement of the next month.
  await corrected({ ...first, energyWh: 5_005 }, 90)
  await monthEnds()
  const [next] = await statements()
  assert.deepEqual([next.month, next.sessions, next.energyWh, next.amountMinor], ['2027-04', 1, -5_000, -155])
  const [sums] = await p.db('billing')`
    select sum(amount_minor)::int as minor from reimbursements where session_id = ${first.sessionId}`
  assert.equal(sums!.minor, 155)
  assert.equal((await owner().get('/company/reimbursements?month=2027-03')).body.items.length, 1)
})

test('what is paid into the wallet is there once, and what the wallet of the company lacks is owed', async t => {
  const { pays, session, ended, monthEnds, wallet, fund, ada, organisationId, owner, tariff, isRight } = await employ(t)
  await pays({ paidBy: 'wallet' })
  await fund({ kind: 'organisation', id: organisationId }, 500n)
  await ended(session(20_000))
  await monthEnds()
  assert.equal((await wallet(ada)).balanceMinor, 620)
  const { body } = await owner().get('/company/wallet')
  assert.deepEqual([body.balances[0].balanceMinor, body.balances[0].owedMinor, body.blocked], [0, 120, true])
  await isRight()
  // It pays for what they charge elsewhere.
  await tariff(perKwh('0.50'))
  await ended(session(4_000, { about: { chargerId: 'CP-2', startedAt: '2027-04-02T10:00:00.000Z' } }))
  await isRight()
})

test('it ends with a new rate, and with the word of either', async t => {
  const it = await employ(t)
  const { pays, session, ended, monthEnds, statements, clock, employee, owner } = it
  for (const [more, code] of [
    [{ currency: 'EUX' }, 'currency_unknown'],
    [{ rate: '0' }, 'currency_unknown'],
    [{ rate: '-1' }, 'request_invalid'],
  ] as const)
    assert.equal((await pays(more)).body.code, code)
  assert.equal((await owner().put(`/company/employees/${newId()}/home`, {})).status, 400)
  await pays()
  clock.now = new Date('2027-03-01T09:30:00.000Z')
  await pays({ rate: '0.40' })
  await ended(session(10_000))
  const [home, ...others] = (await employee().get('/homes')).body.items
  assert.deepEqual([home.rate, others], ['0.4', []])
  assert.equal((await it.as().delete(`/homes/${home.id}`)).body.code, 'home_unknown')
  clock.now = new Date('2027-03-01T12:00:00.000Z')
  assert.equal((await employee().delete(`/homes/${home.id}`)).status, 204)
  const later = { startedAt: '2027-03-01T12:30:00.000Z' }
  await ended(session(10_000, { about: later }))
  await monthEnds()
  assert.deepEqual(
    (await statements()).map(({ amountMinor }) => amountMinor),
    [400],
  )
})

test('nobody who left a company is paid by it, and who has come back since is', async t => {
  // Who leaves does so now, by the clock of the database.
  const { pays, owner, ada, organisationId, p, clock } = await employ(t, '2026-01-01T09:00:00.000Z')
  const leaves = async () => {
    await p.publish(MemberChanged, { organisationId, userId: ada, role: null, version: 2 })
    await p.settle()
    return (await owner().get('/company/homes')).body.items.length
  }
  await pays()
  assert.equal(await leaves(), 0)
  clock.now = new Date('2099-01-01T09:00:00.000Z')
  await pays()
  assert.equal(await leaves(), 1, 'that was told late')
})
