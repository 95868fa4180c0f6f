import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DriverBlocked, DriverUnblocked, type TariffTerms } from '#contracts/billing'
import {
  BookingCancelled,
  BookingDue,
  BookingFailed,
  BookingFeeDue,
  BookingFeeWaived,
  BookingFreed,
  BookingFulfilled,
  BookingMade,
  BookingMissed,
} from '#contracts/booking'
import { OrganisationDeleted, UserDeleted } from '#contracts/identity'
import { ChargerConnected, ConnectorReported, ReservationReported } from '#contracts/ocpp'
import { SessionEnded } from '#contracts/sessions'
import { StationDeleted, StationUpdated } from '#contracts/stations'
import { newId } from '#kernel'
import { day, hour, minute, open } from '../testing.ts'

test('bookings that overlap by a second are refused, and those that touch are not', async t => {
  const { driver, operator, spot, span, p } = await open(t)
  const [ada, grace] = [driver(), driver()]
  const { from, to } = span(day)
  const made = await ada.books({ ...spot(), from, to })
  assert.deepEqual([made.state, made.place, made.timeZone], ['reserved', 'Market square', 'Europe/Berlin'])
  const by = (text: string, seconds: number): string => new Date(Date.parse(text) + seconds * 1000).toISOString()
  for (const times of [
    { from: by(from, -3600), to: by(from, 1) },
    { from: by(to, -1), to: by(to, 3600) },
    { from: by(from, 600), to: by(to, -600) },
  ])
    assert.equal((await grace.post('', { ...spot(), ...times })).body.code, 'booking_taken')
  await grace.books({ ...spot(), from: by(from, -3600), to: from })
  await grace.books({ ...spot(), from: to, to: by(to, 3600) })
  await grace.books({ ...spot(2), from, to })
  const taken = await driver().get(`/taken?stationId=${made.stationId}&evse=1&from=${by(from, -60)}&to=${to}`)
  assert.deepEqual(taken.body.items, [
    { from: by(from, -3600), to: from },
    { from, to },
  ])

  // Who sees what.
  assert.equal((await grace.get(`/${made.id}`)).body.code, 'booking_unknown')
  assert.deepEqual(
    (await ada.list()).map(({ id }) => id),
    [made.id],
  )
  assert.equal((await operator().list()).length, 4)
  assert.deepEqual((await operator().get('/count?state=reserved')).body, { count: 4, exact: true })
  assert.equal((await driver({ role: 'operator' }).get(`/${made.id}`)).status, 404, "another operator's")
  assert.equal((await driver({ role: 'operator' }).list()).length, 0)
  assert.equal((await p.published(BookingMade)).length, 4)
})

test('of twenty who book one slot at once one gets it', async t => {
  const { driver, spot, span, p } = await open(t)
  const order = { ...spot(), ...span(hour) }
  const answers = await Promise.all(Array.from({ length: 20 }, () => driver().post('', order)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(19).fill(409)])
  assert.equal((await p.published(BookingMade)).length, 1)
})

test('nobody books the past, ten years, five seconds or a time that ends before it begins', async t => {
  const { driver, spot, span, set, known } = await open(t)
  const ada = driver()
  for (const [order, pointer] of [
    [span(-2 * hour), '/from'],
    [span(day, 10 * 365 * day), '/to'],
    [span(10 * 365 * day), '/from'],
    [span(day, 5000), '/to'],
    [span(day, -hour), '/to'],
    [span(day, 0), '/to'],
  ] as const) {
    const { status, body } = await ada.post('', { ...spot(), ...order })
    assert.deepEqual([status, body.code, body.errors[0].pointer], [422, 'booking_times_invalid', pointer])
  }
  assert.equal((await ada.post('', { ...spot(9), ...span(day) })).body.code, 'connector_unknown')
  assert.equal((await ada.post('', { stationId: newId(), evse: 1, ...span(day) })).body.code, 'station_unknown')
  known.public = false
  assert.equal((await ada.post('', { ...spot(), ...span(day) })).body.code, 'station_unknown')
  known.public = true

  // Across midnight, and over both changes of the clock: points in time know nothing of either.
  for (const [now, from, to] of [
    ['2027-02-18T08:00:00.000Z', '2027-02-18T22:30:00.000Z', '2027-02-19T00:30:00.000Z'],
    ['2027-03-27T12:00:00.000Z', '2027-03-28T00:30:00.000Z', '2027-03-28T01:30:00.000Z'],
    ['2027-10-30T12:00:00.000Z', '2027-10-31T00:30:00.000Z', '2027-10-31T01:30:00.000Z'],
  ] as const) {
    set(now)
    const made = await ada.books({ ...spot(), from, to })
    assert.deepEqual([made.from, made.to], [from, to])
  }
})

test('who comes in time is served, and who does not is a no-show who pays what was shown', async t => {
  const it = await open(t)
  const { driver, operator, spot, span, pass, turn, begins, p, stationId } = it
  const fees = { currency: 'EUR', bookingFeeMinor: 100, noShowFeeMinor: 500, graceMinutes: 10 }
  await operator().put('/policies', { stationId, ...fees })
  for (const key of ['bookingFeeMinor', 'noShowFeeMinor', 'lateCancellationFeeMinor'])
    for (const minor of [-1, 0.5, 100_000_001, 1e300, '1'])
      assert.equal((await operator().put('/policies', { stationId, ...fees, [key]: minor })).status, 400, key)
  const [ada, grace] = [driver(), driver()]
  const terms = (await ada.get(`/terms?stationId=${stationId}`)).body
  assert.deepEqual([terms.noShowFeeMinor, terms.graceMinutes, terms.version], [500, 10, 1])
  const order = (evse: number) => ({ ...spot(evse), ...span(hour), termsVersion: terms.version })
  const [first, second] = [await ada.books(order(1)), await grace.books(order(2))]
  await operator().put('/policies', { stationId, ...fees, noShowFeeMinor: 9_900 })
  assert.equal((await ada.post('', { ...order(3) })).body.code, 'terms_changed')
  pass(hour + 9 * minute)
  await turn()
  await begins(ada.userId)
  pass(minute)
  for (let time = 0; time < 2; time++) await turn()
  const [served, missed] = [await ada.read(first.id), await grace.read(second.id)]
  assert.deepEqual([served.state, missed.state], ['fulfilled', 'no-show'])
  const asked = ({ fees }: any) => fees.map(({ kind, amountMinor, waived }: any) => [kind, amountMinor, waived])
  assert.deepEqual(asked(served), [['booking', 100, false]])
  assert.deepEqual(asked(missed), [
    ['booking', 100, false],
    ['no-show', 500, false],
  ])
  const [told] = await p.published(BookingMissed)
  assert.deepEqual([told!.bookingId, told!.feeMinor, told!.currency], [second.id, 500, 'EUR'])
  assert.equal((await p.published(BookingFeeDue)).length, 3)
  assert.equal((await ada.post(`/${first.id}/cancel`, {})).body.code, 'booking_over')
})

test('a no-show that comes late may start, and one whose start is told late was none', async t => {
  const { driver, operator, spot, span, pass, turn, begins, now, p, stationId } = await open(t)
  await operator().put('/policies', { stationId, currency: 'EUR', noShowFeeMinor: 500, graceMinutes: 10 })
  const [ada, grace, eve] = [driver(), driver(), driver()]
  const late = await ada.books({ ...spot(1), ...span(0) })
  const unheard = await grace.books({ ...spot(2), ...span(0) })
  const begun = new Date(now().getTime() + 5 * minute).toISOString()
  pass(20 * minute)
  await turn()
  await begins(ada.userId, {}, 1)
  const after = await ada.read(late.id)
  assert.deepEqual([after.state, after.arrivedAt, after.fees[0].waived], ['no-show', now().toISOString(), false])
  // Told twice, of a charger that had no connection meanwhile.
  const session = await begins(grace.userId, { startedAt: begun }, 2)
  await begins(grace.userId, session, 2)
  const heard = await grace.read(unheard.id)
  assert.deepEqual([heard.state, heard.arrivedAt, heard.fees[0].waived], ['fulfilled', begun, true])
  assert.equal((await p.published(BookingFeeWaived)).length, 1)

  // And where the time is somebody else's by then.
  const lost = await ada.books({ ...spot(3), ...span(hour) })
  pass(hour + 15 * minute)
  await turn()
  const other = await eve.books({ ...spot(3), ...span(0, 10 * minute) })
  await begins(ada.userId, { startedAt: new Date(now().getTime() - 10 * minute).toISOString() }, 3)
  const forgiven = await ada.read(lost.id)
  assert.deepEqual([forgiven.state, forgiven.fees[0].waived], ['no-show', true])
  assert.equal((await eve.read(other.id)).state, 'reserved')
  assert.equal((await p.published(BookingFulfilled)).length, 2)
})

test('a card of a fleet may start what somebody booked with it, and who charges may be told after the begin', async t => {
  const { driver, spot, span, begins, p } = await open(t)
  const ada = driver()
  const made = await ada.books({ ...spot(), ...span(0), idToken: 'Fleet-7' })
  await begins(newId(), { token: { idToken: 'OTHER', type: 'ISO14443' } })
  assert.equal((await ada.read(made.id)).state, 'reserved')
  await begins(null, { token: { idToken: 'FLEET-7', type: 'ISO14443' } })
  assert.equal((await ada.read(made.id)).state, 'fulfilled')
  assert.equal((await p.published(BookingFulfilled)).length, 1)
})

test('cancelling in time costs nothing, late what was shown, and by the operator nothing', async t => {
  const { driver, operator, spot, span, pass, p, stationId } = await open(t)
  await operator().put('/policies', {
    currency: 'EUR',
    bookingFeeMinor: 100,
    lateCancellationFeeMinor: 300,
    lateCancellationMinutes: 60,
  })
  const ada = driver()
  const [inTime, late, theirs] = [1, 2, 3].map(evse => ada.books({ ...spot(evse), ...span(2 * hour) }))
  const cancel = async (who: typeof ada, made: any, reason?: string) =>
    (await who.post(`/${made.id}/cancel`, reason ? { reason } : {})).body
  const shown = ({ fees, endedBy }: any) => [endedBy, ...fees.map((fee: any) => [fee.kind, fee.waived])]
  assert.deepEqual(shown(await cancel(ada, await inTime)), ['driver', ['booking', true]])
  pass(61 * minute)
  assert.equal((await ada.put(`/${(await late).id}`, span(3 * hour))).body.code, 'booking_late')
  assert.deepEqual(shown(await cancel(ada, await late)), ['driver', ['booking', false], ['late-cancellation', false]])
  assert.equal((await cancel(driver(), await theirs)).code, 'booking_unknown')
  assert.deepEqual(shown(await cancel(operator(), await theirs, 'Works')), ['operator', ['booking', true]])
  assert.equal((await cancel(ada, await theirs)).code, 'booking_over')
  const told = await p.published(BookingCancelled)
  assert.deepEqual(
    told.map(({ by, feeMinor, reason }) => [by, feeMinor, reason]),
    [
      ['driver', 0, null],
      ['driver', 300, null],
      ['operator', 0, 'Works'],
    ],
  )
  // What was cancelled is free.
  await driver().books({ ...spot(1), ...span(hour) })
  await operator().put('/policies', { stationId, open: false })
  assert.equal((await ada.post('', { ...spot(1), ...span(day) })).body.code, 'bookings_closed')
})

test('a booking is moved to another time, but not to where another is', async t => {
  const { driver, spot, span } = await open(t)
  const [ada, grace] = [driver(), driver()]
  const made = await ada.books({ ...spot(), ...span(2 * hour) })
  await grace.books({ ...spot(), ...span(4 * hour) })
  assert.equal((await ada.put(`/${made.id}`, span(3.5 * hour))).body.code, 'booking_taken')
  assert.equal((await ada.put(`/${made.id}`, span(-3 * hour))).body.code, 'booking_times_invalid')
  assert.equal((await ada.put(`/${made.id}`, span(3 * hour), { 'if-match': '"7"' })).status, 412)
  const moved = await ada.put(`/${made.id}`, { ...span(4 * hour), evse: 2 }, { 'if-match': '"1"' })
  assert.deepEqual([moved.status, moved.body.evse, moved.body.version], [200, 2, 2])
  await grace.books({ ...spot(), ...span(2 * hour) })
})

test('a charger keeps a booking from its begin on, is asked again when it comes back, and lets it go', async t => {
  const { driver, spot, span, pass, turn, asked, answers, p } = await open(t)
  const ada = driver()
  const made = await ada.books({ ...spot(), ...span(hour) })
  await turn()
  assert.deepEqual(await asked(), [])
  pass(46 * minute)
  for (let time = 0; time < 2; time++) await turn()
  assert.deepEqual(await asked(), [[true, 1]])
  const told = async () => {
    const { keptBy, hold, holdAskedAt } = await ada.read(made.id)
    return [keptBy, hold, holdAskedAt !== null]
  }
  assert.deepEqual(await told(), ['platform', 'asked', true])
  await answers({ outcome: 'answered', answer: { status: 'Occupied' } })
  assert.deepEqual(await told(), ['platform', 'refused', true])
  assert.deepEqual(
    (await ada.list('?hold=refused')).map(({ id }: { id: string }) => id),
    [made.id],
  )
  assert.deepEqual(await ada.list('?hold=kept'), [])
  await turn()
  assert.equal((await asked()).length, 1, 'not at once')
  pass(2 * minute)
  await turn()
  assert.equal((await asked()).length, 2)
  await answers({ outcome: 'answered', answer: { status: 'Accepted' } })
  pass(2 * minute)
  await turn()
  assert.deepEqual([(await asked()).length, ...(await told())], [2, 'charger', 'kept', true])
  const connected = { chargerId: 'CP-1', ocppVersion: 'ocpp1.6' as const, at: new Date().toISOString() }
  await p.publish(ChargerConnected, { ...connected, connectionId: newId() })
  await turn()
  assert.equal((await asked()).length, 3, 'it came back')
  await answers({ outcome: 'answered', answer: { status: 'Accepted' } })
  const removed = { chargerId: 'CP-1', reservationId: made.reservationId, status: 'removed' as const }
  await p.publish(ReservationReported, { ...removed, at: new Date().toISOString() })
  pass(2 * minute)
  await turn()
  assert.equal((await asked()).length, 4, 'it was taken from it')
  await answers({ outcome: 'error', errorCode: 'NotSupported' })
  pass(2 * minute)
  await turn()
  assert.deepEqual([(await asked()).length, ...(await told())], [4, 'platform', 'unsupported', true])
  await ada.post(`/${made.id}/cancel`, {})
  assert.equal((await asked()).length, 4, 'it keeps nothing')

  await ada.books({ ...spot(2), ...span(0) })
  await turn()
  const [other] = await ada.list('?state=reserved')
  await ada.post(`/${other.id}/cancel`, {})
  assert.deepEqual((await asked()).slice(4), [
    [true, 2],
    [false, 2],
  ])
})

test('bookings on a connector that faults are moved to one like it, or given up free of charge', async t => {
  const { driver, operator, spot, span, pass, turn, says, p, asked } = await open(t)
  await operator().put('/policies', { currency: 'EUR', bookingFeeMinor: 100 })
  for (const evse of [1, 2, 3]) await says('available', evse)
  const [ada, grace] = [driver(), driver()]
  const [first, later] = [
    await ada.books({ ...spot(), ...span(20 * minute) }),
    await ada.books({ ...spot(), ...span(day) }),
  ]
  await turn()
  await says('faulted')
  await turn()
  assert.equal((await ada.read(first.id)).evse, 1, 'it may pass')
  pass(3 * minute)
  await turn()
  const moved = await ada.read(first.id)
  assert.deepEqual([moved.state, moved.evse], ['reserved', 2])
  assert.equal((await ada.read(later.id)).evse, 1, 'until then it may work again')
  assert.deepEqual(await asked(), [], 'nothing has begun')

  const second = await grace.books({ ...spot(), ...span(20 * minute) })
  await turn()
  const failed = await grace.read(second.id)
  assert.deepEqual([failed.state, failed.reason, failed.fees[0].waived], ['failed', 'faulted', true])
  assert.equal((await p.published(BookingFailed)).length, 1)
  assert.deepEqual((await p.published(BookingCancelled)).length, 0)
  await says('available')
  await grace.books({ ...spot(), ...span(20 * minute) })
  await turn()
  assert.equal((await grace.list('?state=reserved')).length, 1)
})

test('drivers are reminded once, and what they booked ends with their account and with the station', async t => {
  const { driver, spot, span, pass, turn, p, stationId, owner } = await open(t)
  const [ada, grace] = [driver(), driver()]
  const made = await ada.books({ ...spot(), ...span(3 * hour) })
  await grace.books({ ...spot(2), ...span(3 * hour) })
  await turn()
  pass(2 * hour + minute)
  await driver().books({ ...spot(3), ...span(30 * minute) })
  for (let time = 0; time < 2; time++) await turn()
  assert.equal((await p.published(BookingDue)).length, 2, 'who books a moment before knows')
  const station = { stationId, chargerId: 'CP-2', owner, public: true, name: 'Market hall', version: 2 }
  for (let time = 0; time < 2; time++) await p.publish(StationUpdated, station)
  const told = await ada.read(made.id)
  assert.deepEqual([told.chargerId, told.place, told.version], ['CP-2', 'Market hall', 2])
  await p.publish(UserDeleted, { userId: ada.userId, email: 'ada@example.com', locale: 'en' } as never)
  await p.settle()
  assert.deepEqual(
    (await p.published(BookingCancelled)).map(({ by, driverId }) => [by, driverId]),
    [['system', ada.userId]],
  )
  await p.publish(StationDeleted, { stationId, chargerId: 'CP-2', owner, public: true, version: 3 })
  await p.settle()
  assert.deepEqual(
    (await grace.list()).map(({ state, reason }) => [state, reason]),
    [['failed', 'station-gone']],
  )
})

test('of an organisation that is gone nobody has terms or calendars any more; others keep theirs', async t => {
  const { operator, driver, p, owner, stationId } = await open(t)
  const me = operator()
  for (const [path, body] of [
    ['/policies', { noShowFeeMinor: 500, currency: 'EUR' }],
    ['/calendars', { stationId }],
  ] as const)
    assert.equal((await me.put(path, body)).status, 200, path)
  const other = driver({ role: 'operator', organisation: { id: newId(), role: 'admin' } })
  assert.equal((await other.put('/policies', { noShowFeeMinor: 300, currency: 'EUR' })).status, 200)
  await p.publish(OrganisationDeleted, { organisationId: owner.id, name: 'Voltaic', members: [], version: 9 })
  await p.settle()
  for (const path of ['/policies', '/calendars']) assert.deepEqual((await me.get(path)).body.items, [], path)
  assert.equal((await other.get('/policies')).body.items.length, 1)
})

test('a booking that is asked for again by its key is one', async t => {
  const { driver, spot, span, p } = await open(t)
  const ada = driver()
  const order = { ...spot(), ...span(hour) }
  const key = { 'idempotency-key': 'once' }
  const [one, again] = [await ada.post('', order, key), await ada.post('', order, key)]
  assert.deepEqual([one.status, again.status, again.body.id], [201, 201, one.body.id])
  assert.equal((await p.published(BookingMade)).length, 1)
})

test('what dies half-way is done once when it runs again, also in two processes at once', async t => {
  const { driver, operator, spot, span, pass, turn, db, p } = await open(t)
  await operator().put('/policies', { currency: 'EUR', noShowFeeMinor: 500, graceMinutes: 10 })
  const ada = driver()
  const made = await ada.books({ ...spot(), ...span(0) })
  pass(11 * minute)
  await db`alter table booking.fees add constraint half_way check (amount_minor <> 500)`
  await assert.rejects(turn())
  assert.equal((await ada.read(made.id)).state, 'reserved', 'all of it, or nothing')
  await db`alter table booking.fees drop constraint half_way`
  await Promise.all([turn(), turn(), turn()])
  assert.equal((await ada.read(made.id)).state, 'no-show')
  assert.deepEqual([(await p.published(BookingMissed)).length, (await p.published(BookingFeeDue)).length], [1, 1])
})

test('where a car still stands who booked is no no-show, and who goes on from a booking before has come', async t => {
  const { driver, operator, spot, span, pass, turn, begins, says, p } = await open(t)
  await operator().put('/policies', { currency: 'EUR', bookingFeeMinor: 100, noShowFeeMinor: 500 })
  const [ada, grace] = [driver(), driver()]
  const [first, next] = [await ada.books({ ...spot(), ...span(0) }), await ada.books({ ...spot(), ...span(hour) })]
  const blocked = await grace.books({ ...spot(2), ...span(hour) })
  const session = await begins(ada.userId)
  for (const evse of [1, 2]) await says('charging', evse)
  pass(hour + 16 * minute)
  await turn()
  const [went, could] = [await ada.read(next.id), await grace.read(blocked.id)]
  assert.deepEqual([went.state, went.sessionId], ['fulfilled', session.sessionId])
  assert.deepEqual(
    [could.state, could.reason, could.fees.length, could.fees[0].waived],
    ['failed', 'occupied', 1, true],
  )
  assert.equal((await ada.read(first.id)).state, 'fulfilled')
  assert.equal((await p.published(BookingMissed)).length, 0)
})

test('the rest of a slot is free when a session ends early, however often that is told', async t => {
  const { driver, spot, span, begins, pass, now, set, p } = await open(t)
  const [ada, grace] = [driver(), driver()]
  const made = await ada.books({ ...spot(), ...span(0, 2 * hour) })
  const early = await ada.books({ ...spot(2), ...span(10 * minute) })
  const wanted = { ...spot(), from: new Date(now().getTime() + hour).toISOString(), to: made.to }
  const waiting = (await grace.post('/waiting', wanted)).body
  const ends = async (session: { sessionId: string }, endedAt: string) => {
    const end = { endedAt, stopReason: 'Local', closedBy: 'charger' as const, energyWh: 1000, updatedAt: endedAt }
    await p.publish(SessionEnded, { ...session, ...end } as never)
    await p.settle()
  }
  // Here and there, where they come before their time and are gone before it, too.
  const [first, second] = [await begins(ada.userId), await begins(ada.userId, {}, 2)]
  pass(5 * minute)
  await ends(second, now().toISOString())
  pass(25 * minute)
  const end = now().toISOString()
  for (let time = 0; time < 2; time++) await ends(first, end)
  const [freed, gone] = [await ada.read(made.id), await ada.read(early.id)]
  assert.deepEqual([freed.state, freed.to, freed.bookedTo], ['fulfilled', end, made.to])
  assert.deepEqual(
    [gone.to, gone.bookedTo],
    [new Date(Date.parse(early.from) + minute).toISOString(), early.to],
    'its first minute is past',
  )
  assert.equal((await p.published(BookingFreed)).length, 2)
  const { items } = (await grace.get('/waiting')).body
  assert.deepEqual([items[0].id, items[0].state], [waiting.id, 'offered'])
  // One that ends later than it was booked keeps its time.
  set(made.to)
  const last = await grace.books({ ...spot(3), ...span(0, 30 * minute) })
  const third = await begins(grace.userId, {}, 3)
  pass(hour)
  await ends(third, now().toISOString())
  assert.deepEqual([(await grace.read(last.id)).to, (await grace.read(last.id)).bookedTo], [last.to, null])
})

test('a driver who owes too much books nothing until they have paid', async t => {
  const { driver, spot, span, p } = await open(t)
  const [ada, grace] = [driver(), driver()]
  const tell = async (event: typeof DriverBlocked | typeof DriverUnblocked, more: object) => {
    await p.publish(event as typeof DriverBlocked, { driverId: ada.userId, reason: 'funds', ...more } as never)
    await p.settle()
  }
  await tell(DriverBlocked, { at: '2027-02-18T07:00:00.000Z' })
  const order = { ...spot(), ...span(hour) }
  const refused = await ada.post('', order)
  assert.deepEqual([refused.status, refused.body.code], [409, 'driver_blocked'])
  // What is free goes to who may have it, though they waited longer.
  const kept = await grace.books(order)
  await ada.post('/waiting', order)
  const eve = driver()
  await eve.post('/waiting', order)
  await p.settle()
  await grace.post(`/${kept.id}/cancel`, {})
  await p.settle()
  const stateOf = async (who: typeof ada) => (await who.get('/waiting')).body.items[0].state
  assert.deepEqual([await stateOf(ada), await stateOf(eve)], ['waiting', 'offered'])
  // A company that owes keeps nobody from it, and what is told late changes nothing.
  await tell(DriverUnblocked, { at: '2027-02-18T07:30:00.000Z' })
  await tell(DriverBlocked, { at: '2027-02-18T07:10:00.000Z' })
  await tell(DriverBlocked, { at: '2027-02-18T07:40:00.000Z', payer: { kind: 'organisation', id: ada.userId } })
  await ada.books({ ...spot(2), ...span(hour) })
})

test('a connector is faulted since it said so first, however much of what it says is heard at once', async t => {
  const { p, db, now } = await open(t)
  const begin = now().getTime()
  const timeOf = (index: number) => new Date(begin + index * minute).toISOString()
  for (const [index, status] of (['available', 'faulted', 'faulted', 'faulted'] as const).entries()) {
    const place = { chargerId: 'CP-7', evse: 1, connector: 1 }
    const event = { ...place, status, errorCode: null, info: null, at: timeOf(index), receivedAt: timeOf(index) }
    await p.publish(ConnectorReported, event, undefined, newId(begin + index * minute))
  }
  await p.settle()
  const rows = await db`select status, since from connectors where charger_id = 'CP-7'`
  assert.deepEqual(
    rows.map(({ status, since }) => [status, since.toISOString()]),
    [['faulted', timeOf(1)]],
  )
})

/** Six an hour while it is kept, and one; five in all where nobody comes. */
const reserving: TariffTerms = {
  currency: 'EUR',
  taxIncluded: true,
  elements: [
    {
      priceComponents: [{ type: 'FLAT', price: '5.00' }],
      restrictions: { reservation: 'RESERVATION_EXPIRES' },
    },
    {
      priceComponents: [
        { type: 'TIME', price: '6.00' },
        { type: 'FLAT', price: '1.00' },
      ],
      restrictions: { reservation: 'RESERVATION' },
    },
  ],
}
const feesOf = ({ fees }: any): unknown[] => fees.map((fee: any) => [fee.kind, fee.amountMinor, fee.waived])

test('what a tariff asks for a reservation is due from when it is kept until its driver comes, as it was when it was booked', async t => {
  const { driver, spot, span, pass, turn, begins, priced, p } = await open(t)
  const ada = driver()
  priced.terms = reserving
  const made = await ada.books({ ...spot(), ...span(hour) })
  assert.deepEqual([made.reservation, made.fees], [reserving, []])
  priced.terms = null
  assert.equal((await ada.books({ ...spot(2), ...span(hour) })).reservation, null)
  // It is kept from a quarter of an hour before; she comes five minutes late.
  pass(65 * minute)
  await turn()
  await begins(ada.userId)
  assert.deepEqual(feesOf(await ada.read(made.id)), [['reservation', 300, false]])
  const [due, ...more] = await p.published(BookingFeeDue)
  assert.deepEqual([due!.kind, due!.currency, due!.amountMinor, more], ['reservation', 'EUR', 300, []])
})

test('a reservation that runs out costs what is said of those, until it turns out that somebody came', async t => {
  const { driver, operator, spot, span, pass, turn, begins, priced, now, p } = await open(t)
  const ada = driver()
  priced.terms = reserving
  await operator().put('/policies', { currency: 'EUR', noShowFeeMinor: 200 })
  const made = await ada.books({ ...spot(), ...span(hour) })
  pass(76 * minute)
  await turn()
  // Half an hour of it: a quarter before its begin, and a quarter of grace.
  assert.deepEqual(feesOf(await ada.read(made.id)), [
    ['no-show', 200, false],
    ['reservation-expired', 800, false],
  ])
  assert.equal((await p.published(BookingMissed))[0]!.feeMinor, 1_000)
  const startedAt = new Date(now().getTime() - 16 * minute).toISOString()
  for (let time = 0; time < 2; time++) await begins(ada.userId, { startedAt, offline: true })
  assert.deepEqual(feesOf(await ada.read(made.id)), [
    ['no-show', 200, true],
    ['reservation', 250, false],
    ['reservation-expired', 800, true],
  ])
})

test('who cancels pays for the time in which it was kept, and nothing before; what cannot be honoured costs nothing', async t => {
  const { driver, operator, spot, span, pass, priced } = await open(t)
  const ada = driver()
  priced.terms = reserving
  const [early, late, theirs] = await Promise.all([1, 2, 3].map(evse => ada.books({ ...spot(evse), ...span(hour) })))
  const cancel = async (who: { post: typeof ada.post }, { id }: any) => (await who.post(`/${id}/cancel`, {})).body
  assert.deepEqual(feesOf(await cancel(ada, early)), [])
  pass(50 * minute)
  assert.deepEqual(feesOf(await cancel(ada, late)), [['reservation', 150, false]])
  assert.deepEqual(feesOf(await cancel(operator(), theirs)), [])
  // Who books what begins now has it kept from now on.
  const now = await ada.books({ ...spot(), ...span(0) })
  pass(minute)
  assert.deepEqual(feesOf(await cancel(ada, now)), [['reservation', 110, false]])
})
