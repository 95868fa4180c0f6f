import assert from 'node:assert/strict'
import { test } from 'node:test'
import { courseOf } from './course.ts'
import type { Measured } from './energy.ts'

const begin = Date.parse('2027-03-01T10:00:00Z')
const at = (minutes: number) => begin + minutes * 60_000
const value = (minutes: number, wh: number, context = 'Sample.Periodic'): Measured => ({
  at: at(minutes),
  measurand: 'Energy.Active.Import.Register',
  phase: '',
  location: '',
  context,
  value: wh,
})
const shown = (values: Measured[], end: number, energyWh: number) =>
  courseOf(values, begin, at(end), energyWh).map(({ at, energyWh }) => [(at - begin) / 60_000, energyWh])

test('a course goes from nothing at the begin to all energy at the end, in the order of time', () => {
  const values = [
    value(20, 1_300),
    value(0, 1_000, 'Transaction.Begin'),
    value(10, 1_250),
    value(30, 1_900, 'Transaction.End'),
  ]
  assert.deepEqual(shown(values, 30, 900), [
    [0, 0],
    [10, 250],
    [20, 300],
    [30, 900],
  ])
})

test('energy never falls and never is more than there was, whatever the meter showed in between', () => {
  const values = [value(0, 500), value(10, 900), value(20, 899), value(30, 5_000)]
  assert.deepEqual(shown(values, 40, 1_000), [
    [0, 0],
    [10, 400],
    [20, 400],
    [30, 1_000],
    [40, 1_000],
  ])
})

test('without any reading in between it is a line, and so is what lies on one', () => {
  assert.deepEqual(shown([], 60, 11_000), [
    [0, 0],
    [60, 11_000],
  ])
  assert.deepEqual(shown([value(0, 0), value(10, 100), value(20, 200), value(30, 300)], 30, 300), [
    [0, 0],
    [30, 300],
  ])
})

test('one of weeks is told in a bounded number of moments', () => {
  const values = Array.from({ length: 30_000 }, (_, minute) => value(minute, minute * minute))
  const course = courseOf(values, begin, at(30_000), 29_999 ** 2)
  assert.ok(course.length <= 2_000)
  assert.deepEqual([course[0]!.at, course.at(-1)!.at, course.at(-1)!.energyWh], [begin, at(30_000), 29_999 ** 2])
})
