import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { InvoiceIssued } from '#contracts/billing'
import { UserDeleted } from '#contracts/identity'
import { newId } from '#kernel'
import { treatmentOf, type Seller } from '../sellers/sellers.ts'
import { open, perKwh } from '../testing.ts'

const session = (more: object = {}) => ({ sessionId: newId(), driverId: newId(), energyWh: 10_000, ...more })

/** Billing of a seller in Berlin, whose electricity costs 0.50 with tax. */
async function sell(t: TestContext, options: Parameters<typeof open>[1] = {}) {
  const it = await open(t, options)
  await it.tariff(perKwh('0.50'))
  const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  const said = await it.operator.put('/seller', { name: 'Example Charging', address, taxId: 'DE136695976' })
  assert.equal(said.status, 200, JSON.stringify(said.body))
  const of = async (userId: string): Promise<any[]> => (await it.as({ userId }).get('/invoices')).body.items
  return { ...it, of }
}

suite('an invoice', () => {
  test('comes with each session once it is booked, with its tax, for who charged and who sold alone', async t => {
    const { p, fund, ended, of, as, operator, seller } = await sell(t)
    const one = session()
    await fund(one.driverId, 2_500n)
    await ended(one)
    await ended(one)
    const [invoice, ...others] = await of(one.driverId)
    assert.deepEqual(others, [])
    assert.deepEqual([invoice.netMinor, invoice.taxMinor, invoice.totalMinor, invoice.state], [420, 80, 500, 'paid'])
    const path = `/invoices/${invoice.id}`
    const { body } = await as({ userId: one.driverId }).get(path)
    assert.deepEqual(
      body.lines.map(({ description, totalMinor, taxPercent }: any) => [description, totalMinor, taxPercent]),
      [['10 kWh × 0.50 EUR, CP-1', 500, '19']],
    )
    assert.deepEqual(
      (await operator.get('/invoices?as=seller')).body.items.map(({ id }: any) => id),
      [invoice.id],
    )
    // Found by its number, by whoever may read it alone; and from the session that it is for.
    const found = async (who: typeof operator, query: string): Promise<string[]> =>
      (await who.get(`/invoices?${query}`)).body.items.map(({ id }: any) => id)
    assert.deepEqual(await found(operator, `as=seller&number=${invoice.number}`), [invoice.id])
    assert.deepEqual(await found(as({ userId: one.driverId }), `number=${invoice.number}`), [invoice.id])
    assert.deepEqual(await found(operator, 'as=seller&number=none'), [])
    assert.deepEqual(await found(as(), `number=${invoice.number}`), [])
    const charge = await as({ userId: one.driverId }).get(`/charges/${one.sessionId}`)
    assert.equal(charge.body.invoiceId, invoice.id)
    assert.equal((await operator.get(path)).status, 200)
    const member = (role: string) => as({ organisation: { id: seller.id, role } })
    for (const other of [as(), as({ role: 'operator' }), member('editor'), member('viewer')]) {
      assert.equal((await other.get(path)).body.code, 'invoice_unknown')
      for (const file of ['/ubl', '/pdf', '.pdf'])
        assert.equal((await other.get(`${path}${file}`)).body.code, 'invoice_unknown', file)
      assert.deepEqual((await other.get('/invoices?as=seller')).body.items, [])
    }
    for (const role of ['owner', 'admin']) {
      assert.equal((await member(role).get(path)).status, 200, role)
      assert.equal((await member(role).get('/invoices?as=seller')).body.items.length, 1)
    }
    const headers = p.signedIn({ userId: one.driverId })
    const ubl = await p.http.inject({ url: `/api/billing${path}/ubl`, headers })
    assert.match(ubl.headers['content-type'] as string, /application\/xml/)
    assert.match(ubl.body, /<cbc:PayableAmount currencyID="EUR">0\.00</)
    for (const file of ['/pdf', '.pdf']) {
      const pdf = await p.http.inject({ url: `/api/billing${path}${file}`, headers })
      assert.equal(pdf.headers['content-type'], 'application/pdf')
      assert.equal(pdf.rawPayload.subarray(0, 5).toString(), '%PDF-')
      assert.equal(pdf.headers['content-disposition'], `attachment; filename="${invoice.number}.pdf"`)
    }
    assert.equal((await p.http.inject({ url: '/api/billing/invoices/none.pdf', headers })).statusCode, 400)
    assert.equal((await as({ userId: one.driverId }).get(path)).body.id, invoice.id, 'the invoice itself')
    assert.deepEqual(
      (await p.published(InvoiceIssued)).map(({ totalMinor, buyerId }) => [totalMinor, buyerId]),
      [[500, one.driverId]],
    )
  })

  test('is taken back by a credit note when the session is booked otherwise, and made anew', async t => {
    const { ended, corrected, of } = await sell(t)
    const one = session()
    await ended(one)
    await corrected({ ...one, energyWh: 4_000 }, 90)
    const all = await of(one.driverId)
    assert.deepEqual(all.map(({ kind, totalMinor }) => [kind, totalMinor]).toSorted(), [
      ['credit-note', 500],
      ['invoice', 200],
      ['invoice', 500],
    ])
    const [first] = all.filter(({ kind, totalMinor }) => kind === 'invoice' && totalMinor === 500)
    assert.equal(first.state, 'credited')
  })

  test('is not made for what costs nothing, for nobody, nor before it is said who sells', async t => {
    const { p, tariff, ended } = await open(t)
    await tariff(perKwh('0.50'))
    await ended(session())
    assert.deepEqual(await p.published(InvoiceIssued), [])
    const other = await sell(t)
    await other.ended(session({ energyWh: 0 }))
    await other.ended(session({ driverId: null }))
    assert.deepEqual(await other.p.published(InvoiceIssued), [])
  })

  test('comes once a month for who wants that, in the language and name they want, and none in a month without sessions', async t => {
    let now = new Date('2027-03-01T09:00:00.000Z')
    const { as, ended, of, periodically } = await sell(t, { now: () => now })
    const driverId = newId()
    const party = { name: 'Ada Lovelace Ltd', city: 'Berlin', country: 'DE' }
    const wishes = { every: 'month', language: 'de', party }
    const said = await as({ userId: driverId }).put('/invoicing', wishes)
    assert.deepEqual([said.status, said.headers.etag], [200, `"1-${driverId}"`])
    const stale = await as({ userId: driverId }).put('/invoicing', wishes, { 'if-match': '"4"' })
    assert.equal(stale.body.code, 'version_stale')
    for (const energyWh of [10_000, 3_000]) await ended(session({ driverId, energyWh }))
    await periodically(/months/)
    assert.deepEqual(await of(driverId), [], 'the month is not over')
    now = new Date('2027-04-01T00:10:00.000Z')
    for (let round = 0; round < 2; round++) await periodically(/months/)
    const [invoice, ...others] = await of(driverId)
    assert.deepEqual(others, [])
    assert.deepEqual([invoice.totalMinor, invoice.buyerName], [650, 'Ada Lovelace Ltd'])
    const { body } = await as({ userId: driverId }).get(`/invoices/${invoice.id}`)
    assert.deepEqual(
      body.lines.map(({ name, totalMinor }: any) => [name, totalMinor]),
      [
        ['Strom', 500],
        ['Strom', 150],
      ],
    )
    now = new Date('2027-05-01T00:10:00.000Z')
    await periodically(/months/)
    assert.equal((await of(driverId)).length, 1)
  })

  test('says the tax that was booked, and none of sessions from before it was said who sells', async t => {
    let now = new Date('2027-03-01T09:00:00.000Z')
    const { p, tariff, as, ended, operator, periodically } = await open(t, { now: () => now })
    await tariff(perKwh('0.50', { taxIncluded: false }))
    const driverId = newId()
    await as({ userId: driverId }).put('/invoicing', { every: 'month', language: 'en', party: null })
    await ended(session({ driverId }))
    const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
    await operator.put('/seller', { name: 'Example Charging', address, taxId: 'DE136695976' })
    await ended(session({ driverId, energyWh: 2_000 }))
    now = new Date('2027-04-01T00:10:00.000Z')
    await operator.put('/seller', { name: 'Small', address, taxId: null, smallBusiness: true })
    await periodically(/months/)
    assert.deepEqual(
      (await p.published(InvoiceIssued)).map(({ totalMinor }) => totalMinor),
      [119],
    )
  })

  test('of a month asks for what was booked to the cent, though tax was rounded for each session', async t => {
    let now = new Date('2027-03-01T09:00:00.000Z')
    const { p, tariff, as, fund, ended, operator, periodically } = await open(t, { now: () => now })
    await tariff(perKwh('0.01', { taxIncluded: false }))
    const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
    await operator.put('/seller', { name: 'Example Charging', address, taxId: 'DE136695976' })
    const driverId = newId()
    await fund(driverId, 1_000n)
    await as({ userId: driverId }).put('/invoicing', { every: 'month', language: 'en', party: null })
    for (let count = 0; count < 3; count++) await ended(session({ driverId, energyWh: 3_000 }))
    // Who has changed their mind since has one all the same.
    await as({ userId: driverId }).put('/invoicing', { every: 'session', language: 'en', party: null })
    now = new Date('2027-04-01T00:10:00.000Z')
    await periodically(/months/)
    assert.deepEqual(
      (await p.published(InvoiceIssued)).map(({ totalMinor }) => totalMinor),
      [12],
    )
  })

  test('of a month comes to hundreds, and to all but the one whom no invoice can name', async t => {
    let now = new Date('2027-03-01T09:00:00.000Z')
    const { p, as, ended, of, periodically } = await sell(t, { now: () => now })
    const drivers = Array.from({ length: 3 }, () => newId())
    for (const userId of drivers) {
      const party = { name: 'Ada Lovelace Ltd', country: 'DE' }
      await as({ userId }).put('/invoicing', { every: 'month', language: 'en', party })
      for (const energyWh of [1_000, 2_000]) await ended(session({ driverId: userId, energyWh }))
    }
    const db = p.db('billing')
    await db`update invoicing set party = '{"name": "Ada", "country": "nowhere"}' where driver_id = ${drivers[1]!}`
    // Of many more by SQL, which takes less time.
    await db`
      insert into charges select (json_populate_record(c, json_build_object(
        'session_id', uuidv7(), 'driver_id', driver, 'booked_id', driver))).*
      from charges c, (select uuidv7() as driver from generate_series(1, 120)) as drivers
      where driver_id = ${drivers[0]!} and total_minor = 50`
    now = new Date('2027-04-01T00:10:00.000Z')
    await periodically(/months/)
    const numbers = (await p.published(InvoiceIssued)).map(({ number }) => number)
    assert.deepEqual(
      numbers.toSorted(),
      numbers.map((_, at) => `INV-2027-${String(at + 1).padStart(6, '0')}`),
    )
    assert.equal(numbers.length, 122)
    for (const driver of [drivers[0]!, drivers[2]!]) assert.equal((await of(driver))[0].totalMinor, 150)
    assert.deepEqual(await of(drivers[1]!), [])
  })

  test('has no tax for a company of the country that owes it itself, whose number is right', async t => {
    const { as, ended, of, known } = await sell(t)
    known.country = 'AUT'
    const driverId = newId()
    const company = as({ userId: driverId })
    const wishes = (taxId: string) => ({
      every: 'session',
      language: 'en',
      party: { name: 'Ada GmbH', street: 'Ring 1', postalCode: '1010', city: 'Wien', country: 'AT', taxId },
    })
    assert.equal((await company.put('/invoicing', wishes('ATU13585626'))).body.code, 'tax_id_invalid')
    const said = await company.put('/invoicing', wishes('ATU13585627'))
    assert.deepEqual([said.status, said.body.party.taxId], [200, 'ATU13585627'])
    assert.equal((await company.get('/invoicing')).body.party.taxId, 'ATU13585627')
    await ended(session({ driverId }))
    const [invoice] = await of(driverId)
    assert.deepEqual([invoice.taxMinor, invoice.totalMinor], [0, 500])
    await ended(session({ driverId: known.owner.id }))
    assert.equal((await of(known.owner.id))[0].taxMinor, 83, 'who is none pays the tax of Austria')
  })

  test('of who deletes their account has no name that they had given, and what is still due is invoiced', async t => {
    let now = new Date('2027-03-01T09:00:00.000Z')
    const { p, as, ended, of, operator, periodically } = await sell(t, { now: () => now })
    const driverId = newId()
    const group = await operator.post('/groups', { name: 'Employees', drivers: [driverId] })
    const party = { name: 'Ada Lovelace Ltd', city: 'Berlin', country: 'DE' }
    await as({ userId: driverId }).put('/invoicing', { every: 'month', language: 'en', party })
    await ended(session({ driverId }))
    await p.publish(UserDeleted, { userId: driverId, email: 'ada@example.com', locale: 'en', version: 2 })
    await p.settle()
    assert.equal((await as({ userId: driverId }).get('/invoicing')).body.party, null)
    assert.deepEqual((await operator.get(`/groups/${group.body.id}`)).body.drivers, [])
    now = new Date('2027-04-01T00:10:00.000Z')
    await periodically(/months/)
    assert.deepEqual(
      (await of(driverId)).map(({ totalMinor, buyerName }) => [totalMinor, buyerName]),
      [[500, 'Ada']],
    )
  })

  test('says the number of who sells at their tax office, beside that of the Union or in its place', async t => {
    const { p, operator, as, ended, tariff } = await open(t)
    await tariff(perKwh('0.50'))
    const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
    const body = { name: 'Example Charging', address, taxId: null, taxNumber: '27/123/45678' }
    assert.equal((await operator.put('/seller', body)).body.taxNumber, '27/123/45678')
    const one = session()
    await ended(one)
    const { items } = (await as({ userId: one.driverId }).get('/invoices')).body
    const url = `/api/billing/invoices/${items[0].id}/ubl`
    const ubl = await p.http.inject({ url, headers: p.signedIn({ userId: one.driverId }) })
    assert.match(ubl.body, /<cbc:CompanyID>27\/123\/45678<[^]*?<cbc:ID>FC</)
    assert.match(ubl.body, /urn:cen\.eu:en16931:2017/)
  })

  test('has the taxes of a state, however the station tells its region', () => {
    for (const [region, other] of [
      ['IN-KA', 'KA'],
      ['Karnataka', undefined],
      [null, undefined],
    ] as const) {
      const seller = { address: { country: 'IN', region: 'KA' }, smallBusiness: false } as Seller
      const place = { country: 'IND', region, timeZone: 'Asia/Kolkata' }
      const treatment = treatmentOf(seller, null, { place, endedAt: new Date('2027-03-01T10:00:00Z') })
      const same = { place: { ...place, region: other ?? null }, endedAt: new Date('2027-03-01T10:00:00Z') }
      assert.deepEqual(treatment, treatmentOf(seller, null, same), String(region))
    }
  })
})

test('of two who say for the first time at once who sells, one finds that it was said', async t => {
  const { operator, as } = await open(t)
  const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  const say = (name: string) => operator.put('/seller', { name, address, taxId: null }, { 'if-match': '"0"' })
  const said = await Promise.all([say('One'), say('Other'), say('Third')])
  assert.deepEqual(said.map(({ status }) => status).toSorted(), [200, 412, 412])
  const anyhow = await Promise.all([1, 2, 3].map(n => operator.put('/seller', { name: `${n}`, address, taxId: null })))
  assert.deepEqual(anyhow.map(({ body }) => body.version).toSorted(), [2, 3, 4])
  const driver = as()
  const wish = { every: 'month', language: 'en', party: null }
  const wishes = await Promise.all([1, 2].map(() => driver.put('/invoicing', wish, { 'if-match': '"0"' })))
  assert.deepEqual(wishes.map(({ status }) => status).toSorted(), [200, 412])
})
