import assert from 'node:assert/strict'
import { test } from 'node:test'
import { day, hour, open } from '../testing.ts'
import { timesOf } from './days.ts'

const utc = (rule: Partial<Parameters<typeof timesOf>[0]>): string[][] =>
  timesOf({
    weekdays: [1, 2, 3, 4, 5, 6, 7],
    starts: '22:00',
    ends: '06:00',
    timeZone: 'Europe/Berlin',
    firstDay: '2027-03-27',
    lastDay: '2027-03-28',
    ...rule,
  }).map(({ fromAt, toAt }) => [fromAt, toAt].map(at => at.toISOString().slice(5, 16)))

test('what comes again keeps to the clock of its station when that is set forward and back', () => {
  assert.deepEqual(utc({}), [
    ['03-27T21:00', '03-28T04:00'],
    ['03-28T20:00', '03-29T04:00'],
  ])
  assert.deepEqual(utc({ firstDay: '2027-10-30', lastDay: '2027-10-31' }), [
    ['10-30T20:00', '10-31T05:00'],
    ['10-31T21:00', '11-01T05:00'],
  ])
  // A time that there is not that night, and one that there is twice.
  assert.deepEqual(utc({ firstDay: '2027-03-28', starts: '02:30', ends: '04:00' }), [['03-28T01:30', '03-28T02:00']])
  assert.deepEqual(utc({ firstDay: '2027-10-31', lastDay: '2027-10-31', starts: '02:30', ends: '04:00' }), [
    ['10-31T00:30', '10-31T03:00'],
  ])
  assert.deepEqual(utc({ weekdays: [3] }), [])
  assert.equal(utc({ lastDay: '2099-12-31' }).length, 367, 'no more than anybody may ask for')
})

test('a fleet books its nights as a whole, learns which are taken, and gives them back as a whole', async t => {
  const { driver, spot, span, set } = await open(t)
  const [fleet, ada] = [driver(), driver()]
  set('2027-03-22T08:00:00.000Z')
  await ada.books({ ...spot(), from: '2027-03-24T22:00:00.000Z', to: '2027-03-24T23:00:00.000Z' })
  const nights = { weekdays: [1, 2, 3, 4, 5], starts: '22:00', ends: '06:00', idToken: 'FLEET-7' }
  const order = { ...spot(), ...nights, firstDay: '2027-03-20', lastDay: '2027-04-02' }
  const made = await fleet.post('/series', order)
  assert.equal(made.status, 201, made.text)
  const { series, bookings, refused } = made.body
  assert.deepEqual([bookings.length, refused.map(({ code }: any) => code)], [9, ['booking_taken']])
  assert.deepEqual(
    [bookings[0].from, bookings.at(-1).from, bookings[0].idToken],
    ['2027-03-22T21:00:00.000Z', '2027-04-02T20:00:00.000Z', 'FLEET-7'],
  )
  assert.equal((await fleet.list(`?seriesId=${series.id}`)).length, 9)
  assert.equal((await ada.get(`/series/${series.id}`)).body.code, 'series_unknown')
  assert.equal((await ada.post('/series', order)).body.code, 'booking_taken', 'nothing of it is free')
  assert.equal((await ada.list('/series')).length, 0)
  for (const days of [{ weekdays: [7], lastDay: '2027-03-20' }, { lastDay: '2099-12-31' }])
    assert.equal((await fleet.post('/series', { ...order, ...days })).body.code, 'series_empty')

  set('2027-03-25T08:00:00.000Z')
  const cancelled = await fleet.post(`/series/${series.id}/cancel`)
  assert.equal(cancelled.body.state, 'cancelled')
  assert.equal((await fleet.list('?state=cancelled')).length, 7, 'what has begun stays')
  assert.equal((await fleet.list('/series'))[0].state, 'cancelled')
  await ada.books({ ...spot(), ...span(2 * day) })
})

test('a calendar shows what one has booked by a secret link, until that is renewed', async t => {
  const { driver, operator, spot, span, p, stationId } = await open(t)
  const [ada, grace] = [driver(), driver()]
  const booked = await ada.books({ ...spot(), ...span(day, 2 * hour) })
  const gone = await ada.books({ ...spot(2), ...span(day) })
  await grace.books({ ...spot(3), ...span(day) })
  await ada.post(`/${gone.id}/cancel`, {})
  const link = async (who: typeof ada, body: object = {}) => {
    const { status, text, body: made } = await who.put('/calendars', body)
    assert.equal(status, 200, text)
    return new URL(made.url).pathname
  }
  const read = (url: string) => p.http.inject({ url })
  const first = await link(ada)
  const { headers, body } = await read(first)
  assert.match(String(headers['content-type']), /^text\/calendar/)
  const lines = body.split('\r\n')
  assert.ok(lines.every(line => Buffer.byteLength(line) <= 75))
  assert.deepEqual([lines[0], lines.at(-2), lines.at(-1)], ['BEGIN:VCALENDAR', 'END:VCALENDAR', ''])
  const said = lines.filter(line => /^(UID|DTSTART|DTEND|STATUS|SUMMARY):/.test(line))
  const mine = said.findIndex(line => line.startsWith(`UID:${booked.id}@`))
  assert.deepEqual(said.slice(mine + 1, mine + 5), [
    'DTSTART:20270219T080000Z',
    'DTEND:20270219T100000Z',
    'STATUS:CONFIRMED',
    'SUMMARY:Charging: Market square\\, point 1',
  ])
  assert.equal(lines.filter(line => line === 'STATUS:CANCELLED').length, 1)
  const second = await link(ada)
  assert.equal((await read(first)).statusCode, 404)
  assert.equal((await read(second)).statusCode, 200)
  assert.equal((await ada.list('/calendars')).length, 1)

  // Operators see what is booked there, and nobody's name.
  const station = (await read(await link(operator(), { stationId }))).body
  assert.equal(station.match(/BEGIN:VEVENT/g)!.length, 3)
  assert.ok(!station.includes(ada.userId))
  assert.equal((await ada.put('/calendars', { stationId })).body.code, 'station_unknown')
  const [{ id }] = await ada.list('/calendars')
  assert.equal((await grace.delete(`/calendars/${id}`)).body.code, 'calendar_unknown')
  assert.equal((await ada.delete(`/calendars/${id}`)).status, 204)
  assert.equal((await read(second)).statusCode, 404)
})
