import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { SessionCredited } from '#contracts/billing'
import { newId } from '#kernel'
import { open, perKwh, type Charging } from '../testing.ts'

/** A seller in Berlin whose electricity costs 0.50 with tax, a driver, and two who act for the seller. */
async function sell(t: TestContext) {
  const clock = { now: new Date('2027-03-01T09:00:00.000Z') }
  const environment = { BILLING_CREDIT_ALONE_MINOR: '300' }
  const it = await open(t, { environment, now: () => clock.now })
  await it.tariff(perKwh('0.50'))
  const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  const said = await it.operator.put('/seller', { name: 'Example Charging', address, taxId: 'DE136695976' })
  assert.equal(said.status, 200, JSON.stringify(said.body))
  const session: Charging & { driverId: string } = { sessionId: newId(), driverId: newId(), energyWh: 10_000 }
  const second = it.as({ role: 'operator', organisation: it.organisation })
  return {
    ...it,
    clock,
    session,
    second,
    driver: it.as({ userId: session.driverId }),
    credit: (amountMinor: number, more: object = {}, who = it.operator) =>
      who.post(`/charges/${session.sessionId}/credits`, { amountMinor, reason: 'It stopped twice', ...more }),
    async documents(): Promise<[string, number, string][]> {
      const { items } = (await it.as({ userId: session.driverId }).get('/invoices')).body
      return items.map(({ kind, totalMinor, state }: any) => [kind, totalMinor, state]).toReversed()
    },
  }
}

test('a part of what a session cost is given back with a reason, to the wallet and by a credit note', async t => {
  const { session, fund, ended, credit, wallet, documents, p, isRight, driver, as } = await sell(t)
  await fund(session.driverId, 1_000n)
  await ended(session)
  const key = { 'idempotency-key': newId() }
  const order = { amountMinor: 119, reason: 'It stopped twice' }
  const path = `/charges/${session.sessionId}/credits`
  for (const other of [driver, as({ role: 'operator' })]) assert.ok((await other.post(path, order)).status >= 403)
  const { operator } = { operator: as({ role: 'admin' }) }
  const [one, again] = [await operator.post(path, order, key), await operator.post(path, order, key)]
  assert.deepEqual([one.status, one.body.state, one.body.taxMinor], [201, 'booked', 19], JSON.stringify(one.body))
  assert.equal(again.body.id, one.body.id)
  await p.settle()
  assert.equal((await wallet(session.driverId)).balanceMinor, 619)
  assert.deepEqual(await documents(), [
    ['invoice', 500, 'paid'],
    ['credit-note', 119, 'open'],
  ])
  const [told, ...others] = await p.published(SessionCredited)
  assert.deepEqual([told!.totalMinor, told!.netMinor, told!.reason, others.length], [119, 100, 'It stopped twice', 0])
  for (const amountMinor of [0, -5, 1.5, 1e12]) assert.equal((await credit(amountMinor)).status, 400, `${amountMinor}`)
  assert.equal((await credit(382)).body.code, 'credit_above_charge')
  await isRight()
})

test('above a limit a second person agrees or refuses, however it is cut into pieces', async t => {
  const { session, fund, ended, credit, wallet, documents, operator, second, as, isRight, p } = await sell(t)
  await fund(session.driverId, 500n)
  await ended(session)
  assert.equal((await credit(200)).body.state, 'booked')
  const { body } = await credit(150)
  assert.equal(body.state, 'proposed', 'together it is more than one may give')
  assert.equal((await wallet(session.driverId)).balanceMinor, 200)
  assert.equal((await credit(151)).body.code, 'credit_above_charge', 'what waits counts, too')
  assert.equal((await operator.post(`/credits/${body.id}/confirm`)).body.code, 'credit_own')
  const stranger = as({ role: 'operator', organisation: { id: newId(), role: 'admin' } })
  assert.equal((await stranger.post(`/credits/${body.id}/confirm`)).body.code, 'credit_unknown')
  assert.deepEqual((await stranger.get('/credits')).body.items, [])
  assert.deepEqual(
    (await second.get('/credits')).body.items.map(({ id }: any) => id),
    [body.id],
  )
  const both = await Promise.all([1, 2].map(() => second.post(`/credits/${body.id}/confirm`)))
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409])
  await p.settle()
  assert.equal((await wallet(session.driverId)).balanceMinor, 350)
  const { body: other } = await credit(150)
  assert.equal((await operator.post(`/credits/${other.id}/refuse`)).body.state, 'refused', 'who proposed takes it back')
  assert.equal((await second.post(`/credits/${other.id}/confirm`)).body.code, 'credit_decided')
  assert.equal((await wallet(session.driverId)).balanceMinor, 350)
  assert.deepEqual(await documents(), [
    ['invoice', 500, 'paid'],
    ['credit-note', 200, 'open'],
    ['credit-note', 150, 'open'],
  ])
  await isRight()
})

test('what is given back of what is owed makes that less, and stays when the session is corrected', async t => {
  const { session, ended, corrected, credit, wallet, documents, p, isRight, fund } = await sell(t)
  await ended(session)
  assert.equal((await wallet(session.driverId)).owedMinor, 500)
  assert.equal((await credit(100)).body.state, 'booked')
  assert.equal((await wallet(session.driverId)).owedMinor, 400)
  await corrected({ ...session, energyWh: 8_000 }, 90)
  await p.settle()
  const { balanceMinor, owedMinor } = await wallet(session.driverId)
  assert.deepEqual([balanceMinor, owedMinor], [0, 300])
  assert.deepEqual(await documents(), [
    ['invoice', 500, 'credited'],
    ['credit-note', 100, 'open'],
    ['credit-note', 400, 'open'],
    ['invoice', 400, 'open'],
    ['credit-note', 100, 'open'],
  ])
  await fund(session.driverId, 1n)
  await isRight()
})

test('a session that is corrected to less than was given back of it costs nothing, and no more is given back', async t => {
  const { session, ended, corrected, credit, wallet, documents, second, p, isRight, fund } = await sell(t)
  await fund(session.driverId, 500n)
  await ended(session)
  const { body } = await credit(400)
  assert.equal((await second.post(`/credits/${body.id}/confirm`)).body.state, 'booked')
  assert.equal((await wallet(session.driverId)).balanceMinor, 400)
  await corrected({ ...session, energyWh: 4_000 }, 90)
  await p.settle()
  assert.equal((await wallet(session.driverId)).balanceMinor, 500, 'all that was paid, and not a cent more')
  await corrected({ ...session, energyWh: 9_000 }, 95)
  await p.settle()
  assert.equal((await wallet(session.driverId)).balanceMinor, 450, 'what was given back counts again')
  const sums = (await documents()).map(([kind, minor]) => (kind === 'invoice' ? minor : -minor))
  assert.equal(
    sums.reduce((sum, minor) => sum + minor),
    50,
    'as the invoices say',
  )
  await isRight()
})

test('what was given back before the month was invoiced is on the invoice, and on its credit note', async t => {
  const { session, ended, credit, documents, periodically, clock, driver, fund, isRight } = await sell(t)
  await driver.put('/invoicing', { every: 'month', language: 'en', party: null })
  await fund(session.driverId, 500n)
  await ended(session)
  await ended({ sessionId: newId(), driverId: session.driverId, energyWh: 2_000 })
  assert.equal((await credit(300)).body.state, 'booked')
  clock.now = new Date('2027-04-01T00:10:00.000Z')
  for (let time = 0; time < 2; time++) await periodically(/months/)
  assert.deepEqual(await documents(), [
    ['invoice', 600, 'paid'],
    ['credit-note', 300, 'open'],
  ])
  await isRight()
})
