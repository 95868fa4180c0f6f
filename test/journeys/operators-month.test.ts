import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#kernel'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { client, codeIn, mailsIn, register } from './client.ts'

const admin = { email: 'operator@example.com', password: 'quiet trains at dawn' }
const dayMs = 86_400_000

test("an operator's month in figures: what chargers said and billing booked is there to the watt hour and the cent, and after making it anew too", async t => {
  const works = new Map<string, () => Promise<void>>()
  // What is done by the clock is done when the test says so.
  const services = (await choose()).map((service): Service =>
    service.name === 'analytics'
      ? { ...service, start: host => service.start({ ...host, every: (_, what, work) => void works.set(what, work) }) }
      : service,
  )
  const environment = {
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    OCPP_UNKNOWN_CHARGERS: 'accept',
    BILLING_DEBT_ALLOWED_MINOR: '100000',
  }
  const p = await start(t, services, { environment })
  const address = await p.listen()
  const ada = client(address)
  const { user } = await ada.get(200, 'POST /api/auth/login', admin).then(signedIn => (ada.use(signedIn), signedIn))
  await ada.get(201, 'POST /api/ocpp/tokens', { idToken: 'CARD', userId: user.id })

  const seat = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  await ada.get(200, 'PUT /api/billing/seller', { name: 'Example Charging', address: seat, taxId: 'DE136695976' })
  const elements = [{ priceComponents: [{ type: 'ENERGY', price: '0.49' }] }]
  const terms = { currency: 'EUR', taxIncluded: true, elements }
  const tariff = await ada.get(201, 'POST /api/billing/tariffs', { name: 'Standard', terms, uses: [{}] })
  // In force for long: what was before a price costs nothing.
  for (const table of ['tariff_uses', 'tariff_terms'])
    await p.db('billing')`update ${p.db('billing')(table)} set since = since - interval '30 days'`

  const charger = async (id: string, name: string, standard: string) => {
    const device = await connect(t, `${address.replace('http', 'ws')}/ocpp/${id}`, 'ocpp1.6')
    await device.call('BootNotification', boot16)
    await device.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
    await p.settle()
    await ada.get(200, `POST /api/ocpp/chargers/${id}/move`, { organisationId: null })
    await p.settle()
    const evses = [{ evse: 1, connectors: [{ connector: 1, standard }] }]
    const { id: stationId } = await ada.get(201, 'POST /api/stations', { name, chargerId: id, evses })
    return { device, stationId }
  }
  const square = await charger('CP-1', 'Market square', 'IEC_62196_T2')
  const lake = await charger('CP-2', 'Lake', 'IEC_62196_T2_COMBO')

  // The day before yesterday and the one before, by UTC: all of it is past, whenever this runs.
  const midnight = Math.floor(Date.now() / dayMs) * dayMs - dayMs
  const at = (minutes: number): string => new Date(midnight + minutes * 60_000).toISOString()
  const charge = async ({ device }: typeof square, from: number, to: number, wh: number) => {
    const begin = { connectorId: 1, idTag: 'CARD', meterStart: 1000, timestamp: at(from) }
    const { transactionId } = await device.call('StartTransaction', begin)
    await device.call('StopTransaction', { transactionId, meterStop: 1000 + wh, timestamp: at(to) })
    await p.settle()
  }
  await charge(square, -30, 30, 10_000)
  await charge(square, -600, -560, 4_000)
  await charge(lake, -300, -240, 20_000)

  const span = `from=${at(-1440)}&to=${at(1440)}`
  const series = (query: string) => ada.get(200, `GET /api/analytics/series?${span}&${query}`)
  const figures = async () => {
    const lines = async (query: string) =>
      (await series(query)).series.map((line: any) => [line.key, line.currency, line.total, line.values])
    return {
      energy: await lines('measure=energy'),
      stations: await lines('measure=energy&groupBy=station'),
      types: await lines('measure=sessions&groupBy=connector-type'),
      tariffs: await lines('measure=revenue&groupBy=tariff'),
      operators: await lines('measure=busy-time&groupBy=operator'),
    }
  }
  const told = await figures()
  assert.deepEqual(told, {
    energy: [[null, null, 34_000, [29_000, 5_000]]],
    stations: [
      [lake.stationId, null, 20_000, [20_000, 0]],
      [square.stationId, null, 14_000, [9_000, 5_000]],
    ],
    types: [
      ['IEC_62196_T2', null, 2, [2, 0]],
      ['IEC_62196_T2_COMBO', null, 1, [1, 0]],
    ],
    // Revenue is of the day on which a session ends.
    tariffs: [[tariff.id, 'EUR', 1_666, [1_176, 490]]],
    operators: [[user.id, null, 9_600, [7_800, 1_800]]],
  })
  const { items } = await ada.get(200, `GET /api/analytics/top?measure=revenue&${span}`)
  assert.deepEqual(
    items.map(({ name, value }: any) => [name, value]),
    [
      ['Lake', 980],
      ['Market square', 686],
    ],
  )
  const summary = await ada.get(200, `GET /api/analytics/summary?${span}`)
  const revenue = summary.figures.find(({ measure }: any) => measure === 'revenue')
  assert.deepEqual([revenue.value, revenue.former, revenue.currency], [1_666, 0, 'EUR'])
  const csv: Buffer = await ada.get(200, `GET /api/analytics/export?groupBy=station&${span}`)
  assert.match(csv.toString(), /,Lake,energy,Wh,,20000\r\n/)
  const file: Buffer = await ada.get(200, `GET /api/analytics/export?format=parquet&groupBy=station&${span}`)
  assert.equal(file.subarray(0, 4).toString(), 'PAR1')

  // Another operator has no part in it.
  const grace = client(address)
  const person = { email: 'grace@example.com', password: 'quiet trains at noon', name: 'Grace' }
  const registered = await register(grace, '/api/auth', person, async email => {
    await p.settle()
    return codeIn((await mailsIn(p.platform.mailFolder!)).findLast(({ to }) => to === email)!)
  })
  await ada.get(200, `PUT /api/auth/users/${registered.user.id}/role`, { role: 'operator' })
  grace.use(await grace.get(200, 'POST /api/auth/login', { email: person.email, password: person.password }))
  const foreign = await grace.get(200, `GET /api/analytics/series?measure=energy&groupBy=station&${span}`)
  assert.deepEqual(foreign.series, [])

  await ada.get(202, 'POST /api/analytics/rebuild', {})
  await p.settle()
  await works.get('show figures that were made anew')!()
  assert.equal((await ada.get(200, 'GET /api/analytics/rebuild')).running, false)
  assert.deepEqual(await figures(), told)
})
