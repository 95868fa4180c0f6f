import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterWork, hoursOf, nextWork, workedMs, type Calendar } from './clock.ts'

const hour = 3_600_000
const at = (text: string): number => Date.parse(text)
const office: Calendar = {
  zone: 'Europe/Berlin',
  hours: hoursOf('1-5 08:00-18:00'),
  holidays: new Set(['2027-03-26', '2027-03-29']),
}
const due = (from: string, hours: number, calendar = office): string | undefined => {
  const end = afterWork(calendar, at(from), hours * hour)
  return end === undefined ? undefined : new Date(end).toISOString()
}

test('the clock runs in working hours of the time zone and stands over night', () => {
  assert.equal(due('2027-02-18T08:30:00Z', 8), '2027-02-18T16:30:00.000Z')
  assert.equal(due('2027-02-18T15:00:00Z', 8), '2027-02-19T13:00:00.000Z')
  assert.equal(due('2027-02-18T03:00:00Z', 1), '2027-02-18T08:00:00.000Z')
})

test('it stands over weekends and holidays', () => {
  assert.equal(due('2027-02-19T16:00:00Z', 2), '2027-02-22T08:00:00.000Z')
  // Good Friday, the weekend, and Easter Monday, over which the clocks were put forward.
  assert.equal(due('2027-03-25T16:00:00Z', 2), '2027-03-30T07:00:00.000Z')
  assert.equal(workedMs(office, at('2027-03-25T16:00:00Z'), at('2027-03-30T07:00:00Z')), 2 * hour)
})

test('a night shift is worked through a change of the clocks, an hour less or more', () => {
  const nights: Calendar = {
    zone: 'Europe/Berlin',
    hours: [{ weekday: 6, from: '22:00', to: '06:00' }],
    holidays: new Set(),
  }
  assert.equal(workedMs(nights, at('2027-03-27T00:00:00Z'), at('2027-03-29T00:00:00Z')), 7 * hour)
  assert.equal(workedMs(nights, at('2027-10-30T00:00:00Z'), at('2027-11-01T00:00:00Z')), 9 * hour)
  // It begins on the day before.
  assert.equal(workedMs(nights, at('2027-02-21T00:00:00Z'), at('2027-02-21T12:00:00Z')), 5 * hour)
})

test('what is critical runs day and night, and who never works is never done', () => {
  assert.equal(due('2027-02-20T23:00:00Z', 4, { ...office, always: true }), '2027-02-21T03:00:00.000Z')
  assert.equal(due('2027-02-20T23:00:00Z', 4, { ...office, hours: [] }), undefined)
})

test('weekdays of a setting go around the end of the week', () => {
  assert.deepEqual(
    hoursOf('6-1 20:00-04:00').map(({ weekday }) => weekday),
    [6, 7, 1],
  )
})

test('somebody works next when they are back', () => {
  const away = [{ from: '2027-02-18T00:00:00Z', to: '2027-02-19T10:00:00Z' }]
  assert.equal(nextWork(office, at('2027-02-18T09:00:00Z'), away), at('2027-02-19T10:00:00Z'))
  assert.equal(nextWork(office, at('2027-02-18T09:00:00Z'), []), at('2027-02-18T09:00:00Z'))
})
