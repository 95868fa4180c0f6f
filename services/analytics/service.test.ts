import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionCredited, TariffPublished } from '#contracts/billing'
import { ChargerConnected, ChargerDisconnected, ChargerRemoved, ConnectorReported } from '#contracts/ocpp'
import { OrderRefunded, PaymentSucceeded, RefundFailed } from '#contracts/orders'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { at, open } from './testing.ts'

const organisation = (): Owner => ({ kind: 'organisation', id: newId() })

test('figures of charging: series with every interval, groups, time zones, bad luck with the order of things', async t => {
  const f = await open(t)
  const [ada, bob] = [organisation(), organisation()]
  const [square, lake] = [
    await f.station(ada, 'CP-1', 'IEC_62196_T2', 'Market square'),
    await f.station(bob, 'CP-2', 'IEC_62196_T2_COMBO', 'Lake'),
  ]
  const tariffId = newId()
  await f.p.publish(TariffPublished, {
    tariffId,
    owner: ada,
    name: 'Standard',
    version: 1,
    terms: { currency: 'EUR', taxIncluded: true, elements: [{ priceComponents: [{ type: 'ENERGY', price: '0.49' }] }] },
  })

  await t.test('a session over midnight is of both days, by its readings, and adds up to the watt hour', async () => {
    await f
      .session({
        chargerId: 'CP-1',
        stationId: square.stationId,
        owner: ada,
        driverId: newId(),
        startedAt: at('2027-03-01T22:00:00Z'),
        endedAt: at('2027-03-02T02:00:00Z'),
        energyWh: 10_001,
        readings: [
          [at('2027-03-01T23:00:00Z'), 6_000],
          [at('2027-03-02T00:00:00Z'), 9_000],
        ],
        price: { totalMinor: 490, tariffId },
      })
      .all()
    const { series, buckets, unit } = await f.read(
      '/series?measure=energy&from=2027-02-28T00:00:00Z&to=2027-03-04T00:00:00Z',
    )
    assert.equal(unit, 'Wh')
    assert.equal(buckets.length, 4)
    assert.deepEqual(series[0].values, [0, 9_000, 1_001, 0])
    assert.equal(series[0].total, 10_001)
    const hours = await f.read('/series?measure=energy&interval=hour&from=2027-03-01T22:00:00Z&to=2027-03-02T02:00:00Z')
    assert.deepEqual(hours.series[0].values, [6_000, 3_000, 501, 500])
    const busy = 'measure=busy-time&interval=hour&from=2027-03-01T22:00:00Z&to=2027-03-02T02:00:00Z'
    assert.deepEqual((await f.read(`/series?${busy}`)).series[0].values, [3600, 3600, 3600, 3600])
    const inIndia = 'measure=energy&from=2027-03-01T18:30:00Z&to=2027-03-02T18:30:00Z&timeZone=Asia/Kolkata'
    const day = await f.read(`/series?${inIndia}`)
    assert.deepEqual([day.from, day.series[0].values], ['2027-03-01T18:30:00.000Z', [10_001]])
  })

  await t.test('it is counted under its station, operator, tariff, connector type and currency', async () => {
    await f
      .session({
        chargerId: 'CP-2',
        stationId: null,
        owner: bob,
        startedAt: at('2027-03-02T10:00:00Z'),
        endedAt: at('2027-03-02T10:20:00Z'),
        energyWh: 5_000,
        price: { totalMinor: 700, currency: 'CHF' },
      })
      .all()
    const march = 'from=2027-03-01T00:00:00Z&to=2027-04-01T00:00:00Z&interval=month'
    const totals = (query: string) => f.totals(`${march}&${query}`)
    assert.deepEqual(await totals('measure=energy&groupBy=station'), {
      [square.stationId]: 10_001,
      [lake.stationId]: 5_000,
    })
    assert.deepEqual(await totals('measure=energy&groupBy=connector-type'), {
      IEC_62196_T2: 10_001,
      IEC_62196_T2_COMBO: 5_000,
    })
    assert.deepEqual(await totals('measure=sessions&groupBy=operator'), { [ada.id]: 1, [bob.id]: 1 })
    assert.deepEqual(await totals('measure=sessions&groupBy=tariff'), { [tariffId]: 1, null: 1 })
    assert.deepEqual(await totals('measure=revenue&groupBy=site'), {
      [`${lake.siteId} CHF`]: 700,
      [`${square.siteId} EUR`]: 490,
    })
    const [first] = (await f.read(`/top?measure=energy&from=2027-03-01T00:00:00Z&to=2027-04-01T00:00:00Z`)).items
    assert.deepEqual([first.name, first.value], ['Market square', 10_001])
    const one = await f.read(`/series?${march}&measure=energy&groupBy=station&limit=1`)
    assert.deepEqual(
      one.series.map(({ key, others, total }: any) => [key, others, total]),
      [
        [square.stationId, false, 10_001],
        [null, true, 5_000],
      ],
    )
  })

  await t.test('what is told three times, before its begin, late and corrected comes to the same', async () => {
    const session = f.session({
      chargerId: 'CP-1',
      owner: ada,
      driverId: newId(),
      startedAt: at('2026-12-24T10:10:00Z'),
      endedAt: at('2026-12-24T11:40:00Z'),
      energyWh: 30_000,
      readings: [[at('2026-12-24T10:40:00Z'), 20_000]],
      price: { totalMinor: 1_000 },
    })
    const december = 'interval=hour&from=2026-12-24T10:00:00Z&to=2026-12-24T12:00:00Z'
    await session.charge()
    await f.p.settle()
    assert.deepEqual(await f.totals(`measure=revenue&${december}`), {})
    await session.correct({ energyWh: 24_000 }, at('2026-12-24T12:00:00Z'))
    for (let times = 0; times < 3; times++) {
      await session.end()
      await f.p.settle()
      await session.go()
      await session.begin()
    }
    const { series } = await f.read(`/series?measure=energy&${december}`)
    assert.deepEqual(series[0].values, [21_333, 2_667])
    await session.charge(800, 2)
    await session.charge(900, 1)
    assert.deepEqual(await f.totals(`measure=revenue&${december}`), { 'null EUR': 800 })
    assert.deepEqual(await f.totals(`measure=sessions&${december}`), { null: 1 })
    await session.charge(0, 3)
    await f.p.settle()
    const rows = await f.db`select from slots where at >= '2026-12-24' and at < '2026-12-25'`
    assert.equal(rows.length, 4)
  })

  await t.test(
    'days of a clock that is changed have 23 and 25 hours; three weeks are spread over 22 days',
    async () => {
      for (const [day, from] of [
        ['2027-03-28', '2027-03-27T23:00:00Z'],
        ['2026-10-25', '2026-10-24T22:00:00Z'],
      ] as const) {
        const startedAt = at(from)
        const hours = day === '2027-03-28' ? 23 : 25
        const endedAt = new Date(Date.parse(startedAt) + hours * 3_600_000).toISOString()
        await f.session({ chargerId: 'CP-3', owner: bob, startedAt, endedAt, energyWh: hours * 1_000 }).all()
        const span = `from=${startedAt}&to=${endedAt}&timeZone=Europe/Berlin&chargerId=CP-3`
        assert.deepEqual((await f.read(`/series?measure=energy&${span}`)).series[0].values, [hours * 1_000])
        const byHour = await f.read(`/series?measure=energy&interval=hour&${span}`)
        assert.deepEqual(byHour.series[0].values, Array(hours).fill(1_000))
      }
      const weeks = { startedAt: at('2026-06-01T12:00:00Z'), endedAt: at('2026-06-22T12:00:00Z'), energyWh: 21_000 }
      await f.session({ chargerId: 'CP-3', owner: bob, ...weeks }).all()
      const june = 'from=2026-06-01T00:00:00Z&to=2026-07-01T00:00:00Z'
      const { values } = (await f.read(`/series?measure=energy&${june}`)).series[0]
      assert.deepEqual(values.slice(0, 23), [500, ...Array(20).fill(1_000), 500, 0])
    },
  )

  await t.test(
    'sessions of no energy count, those of an impossible length have no time, and a month may be empty',
    async () => {
      const startedAt = at('2026-05-02T10:00:00Z')
      await f.session({ chargerId: 'CP-3', startedAt, endedAt: startedAt, energyWh: 0 }).all()
      await f
        .session({ chargerId: 'CP-3', startedAt: at('2001-01-01T00:00:00Z'), endedAt: startedAt, energyWh: 7 })
        .all()
      const may = 'from=2026-05-01T00:00:00Z&to=2026-06-01T00:00:00Z&interval=month'
      assert.deepEqual(await f.totals(`measure=sessions&${may}`), { null: 1 })
      assert.deepEqual(await f.totals(`measure=energy&${may}`), { null: 7 })
      assert.deepEqual(await f.totals(`measure=busy-time&${may}`), { null: 0 })
      const april = 'from=2026-04-01T00:00:00Z&to=2026-05-01T00:00:00Z'
      const { series } = await f.read(`/series?measure=energy&${april}`)
      assert.deepEqual(series[0].values, Array(30).fill(0))
      assert.deepEqual((await f.read(`/series?measure=revenue&${april}`)).series, [])
    },
  )

  await t.test('operators see what is theirs, others nothing', async () => {
    const query = '/series?measure=energy&groupBy=operator&from=2027-03-01T00:00:00Z&to=2027-03-04T00:00:00Z'
    const org = { id: ada.id, role: 'viewer' as const }
    const mine = await f.as({ role: 'operator', organisation: org })(query)
    assert.deepEqual(
      mine.body.series.map(({ key }: any) => key),
      [ada.id],
    )
    const foreign = await f.as({ role: 'operator', organisation: org })(`${query}&operatorId=${bob.id}`)
    assert.deepEqual(foreign.body.series, [])
    assert.equal((await f.as({ role: 'technician' })(query)).status, 403)
  })

  await t.test('spans are limited, and said to be', async () => {
    for (const [query, code] of [
      ['interval=hour&from=2027-01-01T00:00:00Z&to=2027-03-01T00:00:00Z', 'span_too_long'],
      ['from=2025-01-01T00:00:00Z&to=2027-03-01T00:00:00Z', 'span_too_long'],
      ['from=2027-01-01T00:00:00Z&to=2027-06-01T00:00:00Z&timeZone=Europe/Berlin', 'span_too_long'],
      ['from=2027-01-01T00:00:00Z&to=2027-01-01T00:00:00Z', 'span_invalid'],
      ['timeZone=Europe/Atlantis', 'time_zone_unknown'],
      ['timeZone=Asia/Kathmandu', 'time_zone_uneven'],
      ['interval=month&from=1970-01-01T00:00:00Z', 'span_too_long'],
    ] as const) {
      const { status, body } = await f.admin(`/series?measure=energy&${query}`)
      assert.deepEqual([status, body.code], [422, code], query)
    }
    const uptime = await f.admin('/series?measure=uptime&groupBy=tariff')
    assert.equal(uptime.body.code, 'group_not_measured')
  })

  await t.test(
    'uptime is of time in which anything is known, whatever comes late: not connected, or nothing works',
    async () => {
      const owner = organisation()
      const chargerId = 'CP-UP'
      const hour = (hours: number) => new Date(Date.parse('2027-02-01T00:00:00Z') + hours * 3_600_000).toISOString()
      const report = (hours: number, status: 'available' | 'faulted', connector: number) =>
        f.p.publish(ConnectorReported, {
          chargerId,
          evse: 1,
          connector,
          status,
          errorCode: null,
          info: null,
          at: hour(hours),
          receivedAt: hour(hours),
        })
      const [first, second] = [newId(Date.parse(hour(0))), newId(Date.parse(hour(7)))]
      const connect = (connectionId: string, hours: number) =>
        f.p.publish(ChargerConnected, { chargerId, connectionId, ocppVersion: 'ocpp1.6', at: hour(hours) })
      await f.station(owner, chargerId, 'IEC_62196_T2')
      // From the 6th to the 7th hour it is not connected, from the 10th to the 12th both connectors are broken.
      await connect(second, 7)
      await report(12, 'available', 1)
      await report(0, 'available', 1)
      await report(0, 'available', 2)
      await report(10, 'faulted', 1)
      await f.p.settle()
      await f.p.publish(ChargerDisconnected, { chargerId, connectionId: first, at: hour(6), reason: 'closed' })
      await f.p.settle()
      await report(9, 'faulted', 2)
      await connect(first, 0)
      const day = `from=${hour(0)}&to=${hour(24)}&chargerId=${chargerId}`
      const { series } = await f.read(`/series?measure=uptime&interval=hour&${day}`)
      const down = series[0].values.flatMap((value: number, index: number) => (value === 1 ? [] : [[index, value]]))
      assert.deepEqual(down, [
        [6, 0],
        [10, 0],
        [11, 0],
      ])
      assert.deepEqual(await f.totals(`measure=uptime&${day}`), { null: 0.875 })
      assert.deepEqual(await f.totals(`measure=uptime&groupBy=connector-type&${day}`), { IEC_62196_T2: 0.875 })
      await report(18, 'faulted', 1)
      assert.deepEqual(await f.totals(`measure=uptime&${day}`), { null: 0.625 })
      const former = `from=2027-01-01T00:00:00Z&to=2027-02-01T00:00:00Z&chargerId=${chargerId}`
      assert.deepEqual(await f.totals(`measure=uptime&${former}`), { null: null })
      // By the clock of who told it, that was before all this.
      await f.p.publish(ChargerRemoved, { chargerId, owner, version: 3 })
      assert.deepEqual(await f.totals(`measure=uptime&${day}`), { null: null })
    },
  )

  await t.test('utilisation is of the time that connectors were there, until now', async () => {
    f.setTime('2027-02-02T06:00:00Z')
    const chargerId = 'CP-USE'
    const startedAt = at('2027-02-02T00:00:00Z')
    await f.session({ chargerId, startedAt, endedAt: at('2027-02-02T03:00:00Z') }).all()
    const day = `chargerId=${chargerId}&from=${startedAt}&to=2027-02-03T00:00:00Z`
    assert.deepEqual(await f.totals(`measure=utilisation&${day}`), { null: 0.5 })
  })
})

test('the shop: what was paid, what went back, to admins all and to vendors theirs, each once', async t => {
  const { p, read, as } = await open(t)
  const [vendorId, otherId, owner] = [newId(), newId(), { kind: 'person' as const, id: newId() }]
  const sale = (parts: readonly { vendorId: string; ownerId: string; totalMinor: number }[], at: string) => {
    const orderId = newId()
    const told = parts.map(part => ({
      partId: newId(),
      vendorId: part.vendorId,
      vendor: { kind: 'person' as const, id: part.ownerId },
      shippingMinor: 0,
      taxMinor: Math.round(part.totalMinor * 0.19),
      totalMinor: part.totalMinor,
      commissionMinor: Math.round(part.totalMinor / 10),
    }))
    const order = { orderId, number: 'K7M2Q-9XWTB', userId: newId(), version: 2, currency: 'EUR', at }
    const items = told.map(({ partId, vendorId }) => ({ partId, vendorId, lineId: newId(), quantity: 2 }))
    return { order, told, event: { ...order, parts: told, items } }
  }
  const one = sale(
    [
      { vendorId, ownerId: owner.id, totalMinor: 10_000 },
      { vendorId: otherId, ownerId: newId(), totalMinor: 5_000 },
    ],
    '2027-03-02T10:00:00.000Z',
  )
  const two = sale([{ vendorId, ownerId: owner.id, totalMinor: 2_000 }], '2027-03-03T10:00:00.000Z')
  const back = (failed: boolean, refundId: string) => ({
    ...one.order,
    refundId,
    amountMinor: 1_000,
    parts: [{ partId: one.told[0]!.partId, vendorId, amountMinor: 1_000, commissionMinor: 100 }],
    at: failed ? '2027-03-05T10:00:00.000Z' : '2027-03-04T10:00:00.000Z',
    ...(!failed && { whole: false, reason: 'broken', items: [] }),
  })
  const [kept, lost] = [newId(), newId()]
  // The money back is heard of before the sale.
  await p.publish(OrderRefunded, back(false, kept) as never)
  for (let time = 0; time < 2; time++)
    for (const { event } of [one, two]) await p.publish(PaymentSucceeded, event as never)
  await p.publish(OrderRefunded, back(false, lost) as never)
  await p.publish(RefundFailed, back(true, lost) as never)
  const span = 'from=2027-03-02T00:00:00Z&to=2027-03-06T00:00:00Z'
  const { series } = await read(`/orders/series?${span}`)
  assert.deepEqual(series, [
    {
      currency: 'EUR',
      orders: [1, 1, 0, 0],
      pieces: [4, 2, 0, 0],
      totalMinor: [15_000, 2_000, 0, 0],
      taxMinor: [2_850, 380, 0, 0],
      refundedMinor: [0, 0, 2_000, -1_000],
      commissionMinor: [1_500, 200, -200, 100],
    },
  ])
  const own = await as({ userId: owner.id })(`/orders/series?${span}`)
  assert.deepEqual(own.body.series[0].totalMinor, [10_000, 2_000, 0, 0])
  assert.deepEqual((await as({})(`/orders/series?${span}`)).body.series, [])
  assert.deepEqual((await read(`/orders/series?${span}&vendorId=${otherId}`)).series[0].totalMinor, [5_000, 0, 0, 0])
})

test('what was given back of sessions is no revenue, however early and often it is told', async t => {
  const f = await open(t)
  const { p, session } = f
  const sessionId = newId()
  const owner = { kind: 'person' as const, id: newId() }
  const span = { startedAt: '2027-03-02T10:00:00.000Z', endedAt: '2027-03-02T11:00:00.000Z' }
  const told = session({ sessionId, owner, ...span, price: { totalMinor: 1_000 } })
  const credit = (creditId: string) =>
    p.publish(SessionCredited, {
      creditId,
      sessionId,
      chargerId: 'CP-1',
      seller: owner,
      driverId: null,
      companyId: null,
      currency: 'EUR',
      netMinor: 100,
      taxMinor: 19,
      totalMinor: 119,
      reason: 'Stopped',
      at: '2027-03-20T10:00:00.000Z',
    })
  const [first, second] = [newId(), newId()]
  await credit(first)
  await told.all()
  for (let time = 0; time < 2; time++) await credit(second)
  await credit(first)
  const query = 'measure=revenue&from=2027-03-01T00:00:00Z&to=2027-03-15T00:00:00Z'
  assert.deepEqual(await f.totals(query), { 'null EUR': 762 })
})
