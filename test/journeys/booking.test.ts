import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { until } from '../kernel/toys.ts'
import { client, codeIn, mailsIn, register } from './client.ts'
import { oneProcess } from './sites.ts'

const admin = { email: 'operator@example.com', password: 'quiet trains at dawn' }

test('a booking is honoured, and somebody else is refused and told why', async t => {
  const environment = { ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password, OCPP_UNKNOWN_CHARGERS: 'accept' }
  const p = await oneProcess(t, { environment })
  const { address } = p
  const operator = client(address)
  operator.use(await operator.get(200, 'POST /api/auth/login', admin))
  const person = async (name: string) => {
    const it = client(address)
    const email = `${name.toLowerCase()}@example.com`
    const { user } = await register(it, '/api/auth', { email, password: admin.password, name }, async to => {
      await p.settle()
      return codeIn((await mailsIn(p.mailFolder)).findLast(mail => mail.to === to)!)
    })
    await operator.get(201, 'POST /api/ocpp/tokens', { idToken: `CARD-${name}`, userId: user.id })
    return it
  }
  const [ada, grace] = [await person('Ada'), await person('Grace')]

  const charger = await connect(t, `${address.replace('http', 'ws')}/ocpp/CP-1`, 'ocpp1.6')
  const asked: [string, any][] = []
  for (const action of ['ReserveNow', 'CancelReservation'])
    charger.answers.set(action, payload => {
      asked.push([action, payload])
      return { status: 'Accepted' }
    })
  await charger.call('BootNotification', boot16)
  await charger.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
  await p.settle()
  const station = await operator.get(201, 'POST /api/stations', {
    name: 'Market square',
    chargerId: 'CP-1',
    public: true,
    coordinates: { latitude: 52.52, longitude: 13.405 },
    timeZone: 'Europe/Berlin',
  })
  await p.settle()
  const at = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString()

  // What charging costs, and that a connector is kept: each hour that has begun, and once.
  const reserved = [
    { type: 'TIME', price: '1.20', stepSize: 3_600 },
    { type: 'FLAT', price: '2.00' },
  ]
  const elements = [
    { priceComponents: reserved, restrictions: { reservation: 'RESERVATION' } },
    { priceComponents: [{ type: 'ENERGY', price: '0.49' }] },
  ]
  const priced = { currency: 'EUR', taxIncluded: true, elements }
  await operator.get(201, 'POST /api/billing/tariffs', { name: 'Standard', terms: priced, uses: [{}] })
  const plug = { stationId: station.id, evse: 1, connector: 1 }
  const quote = await ada.get(201, 'POST /api/billing/quote', { ...plug, reservedMinutes: 5 })
  assert.equal(quote.reservation.kept.totalMinor, 320)

  // The terms first; then Ada books, and nobody else can.
  const terms = await ada.get(200, `GET /api/bookings/terms?stationId=${station.id}`)
  const order = { stationId: station.id, evse: 1, from: at(0), to: at(60), termsVersion: terms.version }
  const booking = await ada.get(201, 'POST /api/bookings', order)
  assert.equal((await grace.get(409, 'POST /api/bookings', order)).code, 'booking_taken')
  await p.settle()
  await p.strike('booking', /turn bookings by the clock/)
  await until(() => asked.length === 1)
  const [[action, { idTag, reservationId }]] = asked as [[string, any]]
  assert.deepEqual([action, idTag, reservationId], ['ReserveNow', 'CARD-Ada', booking.reservationId])
  await until(async () => (await ada.get(200, `GET /api/bookings/${booking.id}`)).keptBy === 'charger')

  // Grace is refused by the telephone and by card, and told why; the charger never hears of it.
  let starts = 0
  charger.answers.set('RemoteStartTransaction', () => {
    starts++
    return { status: 'Accepted' }
  })
  const refused = await grace.get(409, 'POST /api/sessions/start', { chargerId: 'CP-1', evse: 1 })
  assert.deepEqual([refused.code, starts], ['connector_booked', 0])
  assert.match(refused.detail, /kept for somebody else who booked it/)
  const by = async (idTag: string) => (await charger.call('Authorize', { idTag })).idTagInfo.status
  assert.deepEqual([await by('CARD-Grace'), await by('CARD-Ada')], ['Blocked', 'Accepted'])

  // Ada comes, and charges.
  await ada.get(200, 'POST /api/sessions/start', { chargerId: 'CP-1', evse: 1 })
  assert.equal(starts, 1)
  const begun = { connectorId: 1, idTag: 'CARD-Ada', meterStart: 0, timestamp: at(0), reservationId }
  const { idTagInfo } = await charger.call('StartTransaction', begun)
  assert.equal(idTagInfo.status, 'Accepted')
  await until(async () => (await ada.get(200, `GET /api/bookings/${booking.id}`)).state === 'fulfilled')

  // She pays for the reservation what she was told.
  await p.settle()
  const { fees } = await ada.get(200, `GET /api/bookings/${booking.id}`)
  assert.deepEqual(fees, [{ kind: 'reservation', currency: 'EUR', amountMinor: 320, waived: false }])
  assert.equal((await ada.get(200, 'GET /api/billing/wallet')).balances[0].owedMinor, 320)

  // What is cancelled, the charger keeps no longer.
  const other = await grace.get(201, 'POST /api/bookings', { ...order, from: at(61), to: at(120) })
  await grace.get(200, `POST /api/bookings/${other.id}/cancel`, {})
  assert.equal(asked.length, 1, 'it was never asked to')
})
