import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trendOf } from './trend.ts'

/** An hour of samples, one every ten seconds. */
const hour = (valueAt: (hours: number, index: number) => number) =>
  Array.from({ length: 361 }, (_, index) => ({ at: index / 360, value: valueAt(index / 360, index) }))

/** As uneven as figures of a busy machine, and the same each time. */
const noise = (index: number): number => Math.sin(index * 12.9898) + Math.sin(index * 78.233)

test('a line is found exactly, and rises when an hour adds more than a tenth', () => {
  const trend = trendOf(hour(at => 200 + 30 * at))
  assert.ok(Math.abs(trend.slopePerHour - 30) < 1e-6)
  assert.ok(trend.error < 1e-6)
  assert.ok(trend.start < 206 && trend.end > 227, `${trend.start} to ${trend.end}`)
  assert.equal(trend.flat, false)
})

test('what rises by less than a tenth, or falls, is flat', () => {
  assert.equal(trendOf(hour(at => 200 + 15 * at)).flat, true)
  assert.equal(trendOf(hour(at => 200 - 90 * at)).flat, true)
})

test('a leak is seen through noise that is much larger than what it adds in a minute', () => {
  assert.equal(trendOf(hour((at, index) => 200 + 40 * at + 20 * noise(index))).flat, false)
})

test('noise alone is flat, however wide', () => {
  assert.equal(trendOf(hour((_, index) => 10 + 9 * noise(index))).flat, true)
})

test('what grows in the first tenth only is warming up', () => {
  assert.equal(trendOf(hour(at => 100 + 1_000 * Math.min(at, 0.1))).flat, true)
})
