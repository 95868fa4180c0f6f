import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { getReservationTerms, TariffPublished, TariffWithdrawn, type TariffTerms } from '#contracts/billing'
import { newId } from '#kernel'
import { open, perKwh } from '../testing.ts'

suite('a tariff', () => {
  test('is said, changed with its version and withdrawn, and each is told', async t => {
    const { p, operator, as } = await open(t)
    const made = await operator.post('/tariffs', { name: 'Day', terms: perKwh('0.49') })
    assert.deepEqual([made.status, made.headers.etag, made.body.uses], [201, '"1"', []])
    const path = `/tariffs/${made.body.id}`
    assert.equal(made.headers.location, `/api/billing${path}`)
    const body = { name: 'Night', terms: perKwh('0.29'), uses: [{}] }
    const changed = await operator.put(path, body, { 'if-match': '"1"' })
    assert.deepEqual(
      [changed.status, changed.body.version, changed.body.terms.elements[0].priceComponents[0].price],
      [200, 2, '0.29'],
    )
    assert.equal((await operator.put(path, body, { 'if-match': '"1"' })).body.code, 'version_stale')
    assert.equal((await operator.get(path, undefined, { 'if-none-match': '"2"' })).status, 304)
    for (const other of [
      as({ role: 'operator' }),
      as({ role: 'operator', organisation: { id: newId(), role: 'owner' } }),
    ])
      assert.equal((await other.get(path)).body.code, 'tariff_unknown')
    assert.equal((await as().get(path)).body.code, 'role_insufficient')
    assert.equal((await operator.delete(path)).status, 204)
    assert.equal((await operator.put(path, body)).body.code, 'tariff_withdrawn')
    assert.deepEqual((await operator.get('/tariffs')).body.items, [])
    assert.notEqual((await operator.get(path)).body.withdrawnAt, null)
    assert.deepEqual(
      (await p.published(TariffPublished)).map(({ version }) => version),
      [1, 2],
    )
    assert.equal((await p.published(TariffWithdrawn)).length, 1)
  })

  test('prices reservations by time and once, for those that are kept and those that expire, as it was quoted', async t => {
    const { as, asked, operator, p, seller, stationId, tariff } = await open(t)
    const reserved = (
      reservation: 'RESERVATION' | 'RESERVATION_EXPIRES',
      more: object,
      ...priceComponents: object[]
    ) => ({
      priceComponents,
      restrictions: { reservation, ...more },
    })
    const elements = [
      reserved('RESERVATION_EXPIRES', {}, { type: 'FLAT', price: '4.00' }),
      reserved('RESERVATION', {}, { type: 'TIME', price: '6.00', stepSize: 600 }),
      { priceComponents: [{ type: 'ENERGY', price: '0.49' }] },
    ] as TariffTerms['elements']
    const terms = { ...perKwh('0.49'), elements }
    const refused = async (...elements: object[]) => {
      const { status, body } = await operator.post('/tariffs', { name: 'Wrong', terms: { ...terms, elements } })
      return [status, ...(body.errors ?? []).map(({ pointer }: { pointer: string }) => pointer)]
    }
    assert.deepEqual(
      await refused(
        elements[2]!,
        reserved('RESERVATION', { minEnergyWh: 1 }, { type: 'FLAT', price: '1' }, { type: 'ENERGY', price: '1' }),
      ),
      [400, '/terms/elements/1/priceComponents/1/type', '/terms/elements/1/restrictions/minEnergyWh'],
    )
    const made = await tariff(terms)

    const session = { startedAt: '2027-03-01T20:30:00Z', timeZone: 'Europe/Berlin', energyWh: 10_000, minutes: 60 }
    const tried = async (language: string) =>
      (await operator.post('/tariffs/try', { terms, ...session }, { 'accept-language': language })).body
    assert.deepEqual((await tried('en')).words, [
      '€0.49 per kWh',
      '€4.00 per booking that is not used',
      '€0.10 per minute in which it is kept for you',
    ])
    assert.match((await tried('de')).words[1], /^4,00\s€ je Buchung, die nicht genutzt wird$/)
    assert.equal((await tried('en')).price.totalMinor, 490)

    const driverId = newId()
    const plug = { stationId, evse: 1, connector: 1 }
    const quote = await as({ userId: driverId }).post('/quote', { ...plug, energyWh: 10_000, reservedMinutes: 22 })
    const { price, reservation } = quote.body
    assert.deepEqual([price.totalMinor, reservation.kept.totalMinor, reservation.expired.totalMinor], [490, 300, 700])
    // Who was quoted a price books by it, whatever becomes of the tariff.
    const net = { ...terms, taxIncluded: false, elements: elements.slice(1) }
    const changed = await operator.put(`/tariffs/${made.id}`, { name: 'Net', terms: net, uses: [{}] })
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    const place = { timeZone: 'Europe/Berlin', country: 'DEU', region: null }
    const forDriver = async (driverId: string) =>
      (await asked(getReservationTerms, { ...plug, ownerId: seller.id, driverId, place })).terms
    assert.deepEqual((await forDriver(driverId))!.elements, elements.slice(0, 2))
    const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
    await operator.put('/seller', { name: 'Example Charging', address, taxId: 'DE136695976' })
    const withTax = await forDriver(newId())
    assert.deepEqual(
      [withTax!.taxIncluded, withTax!.elements.map(({ priceComponents: [first] }) => first!.price)],
      [true, ['7.14']],
    )
    await operator.put(`/tariffs/${made.id}`, { name: 'Plain', terms: perKwh('0.49'), uses: [{}] })
    assert.equal(await forDriver(newId()), null)
    await p.settle()
  })

  test('is tried before it holds, line by line and in the words of who asks, and says what it was since when', async t => {
    let now = new Date('2027-03-01T09:00:00.000Z')
    const { operator, as } = await open(t, { now: () => now })
    const terms = perKwh('0.40', {
      elements: [
        {
          priceComponents: [{ type: 'ENERGY', price: '0.20' }],
          restrictions: { startTime: '22:00', endTime: '06:00' },
        },
        {
          priceComponents: [
            { type: 'PARKING_TIME', price: '6.00', graceSeconds: 1_800 },
            { type: 'ENERGY', price: '0.40' },
          ],
        },
      ],
    })
    const session = { startedAt: '2027-03-01T20:30:00Z', timeZone: 'Europe/Berlin', energyWh: 10_000, minutes: 60 }
    const attempt = (body: object, who = operator, language = 'en') =>
      who.post('/tariffs/try', { terms, ...session, ...body }, { 'accept-language': language })
    const { status, body } = await attempt({ idleMinutes: 90 })
    assert.equal(status, 200, JSON.stringify(body))
    // Half of it before ten, half of it after; half an hour of the idle time is free.
    assert.deepEqual(
      body.price.lines.map(({ type, quantity, amountMinor }: any) => [type, quantity, amountMinor]),
      [
        ['ENERGY', 5_000, 200],
        ['ENERGY', 5_000, 100],
        ['PARKING_TIME', 3_600, 600],
      ],
    )
    assert.equal(body.price.totalMinor, 900)
    assert.deepEqual(body.words, [
      '€0.20 per kWh (22:00–06:00)',
      '€0.40 per kWh',
      '€0.10 per minute in which nothing flows (after 30 minutes)',
    ])
    assert.match((await attempt({}, operator, 'de')).body.words[1], /0,40\s€ je kWh/)
    assert.equal((await attempt({ timeZone: 'Europe/Atlantis' })).body.code, 'time_zone_unknown')
    assert.equal((await attempt({ terms: { ...terms, currency: 'EUX' } })).body.code, 'currency_unknown')
    assert.equal((await attempt({}, as())).body.code, 'role_insufficient')

    const { id } = (await operator.post('/tariffs', { name: 'Day', terms })).body
    now = new Date('2027-03-02T09:00:00.000Z')
    await operator.put(`/tariffs/${id}`, { name: 'Day', terms: perKwh('0.50') })
    const versions = (await operator.get(`/tariffs/${id}/versions?limit=1`)).body
    assert.deepEqual(
      versions.items.map(({ version, since }: any) => [version, since]),
      [[2, now.toISOString()]],
    )
    const rest = (await operator.get(`/tariffs/${id}/versions?limit=1&after=${versions.nextCursor}`)).body
    assert.deepEqual([rest.items[0].version, rest.items[0].terms, rest.nextCursor], [1, terms, null])
    assert.equal((await as({ role: 'operator' }).get(`/tariffs/${id}/versions`)).body.code, 'tariff_unknown')
  })

  test('is in force where the nearest says so, for a group of drivers before everybody', async t => {
    const { operator, stationId, as } = await open(t)
    const [friend, stranger] = [newId(), newId()]
    const group = await operator.post('/groups', { name: 'Employees', drivers: [friend] })
    assert.equal(group.status, 201, JSON.stringify(group.body))
    const say = async (price: string, use: object) => {
      const { status, body } = await operator.post('/tariffs', { name: price, terms: perKwh(price), uses: [use] })
      assert.equal(status, 201, JSON.stringify(body))
    }
    const quoted = async (userId: string, connector = 1) => {
      const { status, body } = await as({ userId }).post('/quote', { stationId, evse: 1, connector, energyWh: 10_000 })
      assert.equal(status, 201, JSON.stringify(body))
      return body.price?.totalMinor ?? null
    }
    assert.equal(await quoted(stranger), null)
    await say('0.60', {})
    await say('0.50', { stationId })
    await say('0.40', { stationId, evse: 1, connector: 2 })
    assert.deepEqual([await quoted(stranger), await quoted(stranger, 2)], [500, 400])
    await say('0.10', { groupId: group.body.id })
    assert.deepEqual([await quoted(friend), await quoted(friend, 2), await quoted(stranger)], [100, 100, 500])
    const alone = await operator.put(`/groups/${group.body.id}`, { name: 'Employees', drivers: [] })
    assert.equal(alone.status, 200)
    assert.equal(await quoted(friend), 500)
    const path = `/groups/${group.body.id}`
    const kept = await operator.delete(path)
    assert.deepEqual([kept.status, kept.body.code], [409, 'group_in_use'])
    assert.deepEqual(
      kept.body.tariffs.map(({ name }: any) => name),
      ['0.10'],
    )
    assert.equal((await operator.delete(`/tariffs/${kept.body.tariffs[0].id}`)).status, 204)
    assert.equal((await operator.delete(path)).status, 204)
  })

  test('is refused where another is in force, at a station of others, for a group that is not there, and as nonsense', async t => {
    const { operator, stationId, as, seller } = await open(t)
    const post = (more: object, who = operator) =>
      who.post('/tariffs', { name: 'Other', terms: perKwh('0.49'), ...more })
    assert.equal((await post({ uses: [{ stationId }] })).status, 201)
    assert.equal((await post({ uses: [{ stationId }] })).body.code, 'tariff_use_taken')
    const both = await Promise.all([post({ uses: [{}] }), post({ uses: [{}] })])
    assert.deepEqual(both.map(({ status }) => status).toSorted(), [201, 409])
    assert.equal((await post({ uses: [{ stationId: newId() }] })).body.code, 'station_unknown')
    assert.equal((await post({ uses: [{ stationId }] }, as({ role: 'operator' }))).body.code, 'station_unknown')
    assert.equal((await post({ uses: [{ groupId: newId() }] })).body.code, 'group_unknown')
    assert.equal((await post({ uses: [{ evse: 1 }] })).body.errors[0].pointer, '/uses/0/stationId')
    assert.equal((await post({ terms: perKwh('0.49', { currency: 'EUX' }) })).body.code, 'currency_unknown')
    for (const price of ['-1', '0,49', '1e3', '', '1234567890', '0.1234567'])
      assert.equal((await post({ terms: perKwh(price) })).status, 400, price)
    for (const [minPrice, maxPrice, status] of [
      ['5', '4.999999', 400],
      ['10', '9', 400],
      ['0.000001', '0', 400],
      ['5', '5.00', 201],
      ['0', '0', 201],
    ] as const) {
      const { status: is, body } = await post({ terms: perKwh('0.49', { minPrice, maxPrice }) })
      assert.equal(is, status, `${minPrice} to ${maxPrice}`)
      if (is === 400) assert.deepEqual(body.errors, [{ pointer: '/terms/minPrice', detail: 'is more than maxPrice' }])
    }
    const viewer = as({ role: 'operator', organisation: { id: seller.id, role: 'viewer' } })
    assert.equal((await post({}, viewer)).body.code, 'editor_required')
  })
})

suite('a quote', () => {
  test('is what the session costs that begins before it ends, whatever became of the tariff', async t => {
    let now = new Date('2027-03-01T09:59:00.000Z')
    const { operator, tariff, stationId, as, ended } = await open(t, { now: () => now })
    const { id } = await tariff(perKwh('0.30'))
    const driverId = newId()
    const place = { stationId, evse: 1, connector: 1 }
    const { body } = await as({ userId: driverId }).post('/quote', { ...place, energyWh: 10_000, minutes: 30 })
    assert.deepEqual([body.price.totalMinor, body.tariff.version, body.expiresAt], [300, 1, '2027-03-01T10:14:00.000Z'])
    await operator.put(`/tariffs/${id}`, { name: 'Dearer', terms: perKwh('0.90'), uses: [{}] })
    const charged = async (of: string) => {
      const sessionId = newId()
      await ended({ sessionId, driverId: of, energyWh: 10_000 })
      return (await as({ userId: of }).get(`/charges/${sessionId}`)).body
    }
    const theirs = await charged(driverId)
    assert.deepEqual([theirs.totalMinor, theirs.quoteId], [300, body.id])
    assert.deepEqual((await charged(newId())).totalMinor, 900)
    now = new Date('2027-03-01T10:20:00.000Z')
  })

  test('is for everybody at a public station, also without an account, and for nobody at one that is not there', async t => {
    const { p, tariff, stationId } = await open(t)
    await tariff(perKwh('0.30'))
    const ask = (payload: object) => p.http.inject({ method: 'POST', url: '/api/billing/quote', payload })
    const there = await ask({ stationId, evse: 1, connector: 1 })
    assert.equal(there.statusCode, 201, there.body)
    assert.equal(there.json().price.totalMinor, 600)
    assert.equal((await ask({ stationId: newId(), evse: 1, connector: 1 })).json().code, 'station_unknown')
    assert.equal((await ask({ stationId, evse: 0, connector: 1 })).statusCode, 400)
    for (const [energyWh, minutes, priceMinor] of [
      [0, 0, 0],
      [0, 60, 0],
      [1, 0, 0],
      [20_000, 0, 600],
      [10_000_000, 43_200, 300_000],
      [-1, 60, null],
      [0.5, 60, null],
      [10_000_001, 60, null],
      [1e300, 60, null],
      [1_000, -1, null],
      [1_000, 1.5, null],
      [1_000, 43_201, null],
      ['1', 60, null],
    ] as const) {
      const { statusCode, ...answer } = await ask({ stationId, evse: 1, connector: 1, energyWh, minutes })
      const words = `${energyWh} Wh in ${minutes} minutes`
      assert.equal(statusCode, priceMinor === null ? 400 : 201, words)
      if (priceMinor !== null) assert.equal(answer.json().price.totalMinor, priceMinor, words)
    }
  })
})
