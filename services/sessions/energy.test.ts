import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { advance, energyOf, meterOf, type Measured, type Meter } from './energy.ts'

const minute = 60_000
const value = (at: number, wh: number, more: Partial<Measured> = {}): Measured => ({
  at: at * minute,
  measurand: 'Energy.Active.Import.Register',
  phase: '',
  location: '',
  context: 'Sample.Periodic',
  value: wh,
  ...more,
})
const energy = (values: readonly Measured[]): number => energyOf(meterOf(values))
const registers = (...shown: number[]): Measured[] => shown.map((wh, at) => value(at * 10, wh))

/** Values as a charger may send them: several series, with falls, gaps, the same twice. */
const anyValue: fc.Arbitrary<Measured> = fc.record({
  at: fc.integer({ min: 0, max: 30 }).map(at => at * minute),
  measurand: fc.constantFrom('Energy.Active.Import.Register', 'Energy.Active.Import.Interval', 'Voltage'),
  phase: fc.constantFrom('', '', 'L1', 'L2', 'L1-N', 'N'),
  location: fc.constantFrom('', 'Outlet', 'Inlet', 'EV', 'Elsewhere'),
  context: fc.constantFrom('', 'Sample.Periodic', 'Sample.Clock', 'Transaction.Begin', 'Transaction.End'),
  value: fc.oneof(fc.integer({ min: -5, max: 2_000_000 }), fc.constantFrom(999_990, 99_999, 0, 1e16)),
})

/** Added as they arrive, and from all where they do not fit behind what is there: as the service does. */
function asTheyCome(messages: readonly (readonly Measured[])[]): Meter {
  const all: Measured[] = []
  let meter: Meter = {}
  for (const message of messages) {
    all.push(...message)
    meter = advance(meter, message) ?? meterOf(all)
  }
  return meter
}

test('the energy is the same in whatever order, portions and repetitions values come', () => {
  const shuffles = fc.array(anyValue, { maxLength: 40 }).chain(values =>
    fc.record({
      values: fc.constant(values),
      shuffled: fc.shuffledSubarray([...values, ...values], { minLength: values.length * 2 }),
      size: fc.integer({ min: 1, max: 7 }),
    }),
  )
  fc.assert(
    fc.property(shuffles, ({ values, shuffled, size }) => {
      const messages = shuffled.flatMap((_, at) => (at % size === 0 ? [shuffled.slice(at, at + size)] : []))
      assert.deepEqual(asTheyCome(messages), meterOf(values))
    }),
    { numRuns: 500 },
  )
})

test('a register that rolls over counts on, wherever that happens and whatever is missing', () => {
  const rolls = fc.record({
    digits: fc.integer({ min: 6, max: 9 }),
    before: fc.integer({ min: 0, max: 40_000 }),
    steps: fc.array(fc.integer({ min: 0, max: 11_000 }), { minLength: 2, maxLength: 40 }),
    kept: fc.infiniteStream(fc.boolean()),
  })
  fc.assert(
    fc.property(rolls, ({ digits, before, steps, kept }) => {
      const range = 10 ** digits
      let total = 0
      const all = [0, ...steps].map((step, at) => value(at * 10, (range - before + (total += step)) % range))
      // Whatever is lost between the first and the last, as long as less than half the register went by.
      if (total >= 90_000) return
      const some = all.filter((_, at) => at === 0 || at === all.length - 1 || kept.next().value)
      assert.equal(energy(some), total)
    }),
    { numRuns: 500 },
  )
})

for (const [what, shown, wh] of [
  ['rises', [1000, 3500, 6000], 5000],
  ['rolls over at a million', [999_000, 999_990, 10, 1500], 2500],
  ['rolls over at a hundred thousand between begin and end', [95_000, 20_000], 25_000],
  ['has decimals', [0.1, 0.2, 0.3, 1000.4], 1000],
  ['is a meter in place of another that showed more', [5_000_000, 5_004_000, 20, 3020], 7000],
  ['is a meter in place of another that showed less', [1000, 4000, 80_000_000, 80_002_000], 5000],
  ['was set back to nothing', [2000, 5000, 0, 4000], 7000],
  ['wavers by a rounding', [1_000_000, 1_004_000, 1_003_999, 1_006_000], 6000],
  ['came out of order by a clock that was set back', [1_000_000, 1_004_000, 1_002_000, 1_006_000], 6000],
  ['stands still', [700, 700, 700], 0],
  ['was read once', [700], 0],
] as const)
  test(`a register that ${what}`, () => assert.equal(energy(registers(...shown)), wh))

test('the first value of a charger whose start said nothing is no energy', () => {
  assert.equal(energy([value(0, 0, { context: 'Transaction.Begin' }), ...registers(0, 15_000_000, 15_004_000)]), 4000)
})

test('begin and end stand first and last, whatever the clock said between them', () => {
  const values = [
    value(60, 1_000_000, { context: 'Transaction.Begin' }),
    value(5, 1_002_000),
    value(15, 1_005_000),
    value(3, 1_007_000, { context: 'Transaction.End' }),
  ]
  assert.equal(energy(values), 7000)
})

test('phases are added up where nothing stands for all of them, and not beside what does', () => {
  const of = (phase: string, ...shown: number[]) => shown.map((wh, at) => value(at, wh, { phase }))
  const each = [...of('L1', 100, 1100), ...of('L2-N', 200, 1300), ...of('L3', 50, 1000), ...of('N', 0, 900)]
  assert.equal(energy(each), 3050)
  assert.equal(energy([...each, ...of('', 350, 3400)]), 3050)
  assert.equal(energy([...each, value(0, 350)]), 3050, 'one value for all tells nothing yet')
})

test('what is measured at the outlet counts, and elsewhere where the outlet has no meter', () => {
  const at = (location: string, ...shown: number[]) => shown.map((wh, time) => value(time, wh, { location }))
  const others = [...at('EV', 0, 800), ...at('Inlet', 0, 1100), ...at('Body', 0, 1050)]
  assert.equal(energy([...others, ...at('Outlet', 0, 1000)]), 1000)
  assert.equal(energy([...others, ...at('', 0, 1000)]), 1000)
  assert.equal(energy(others), 1100)
})

test('intervals are added up, each once, and samples are not added to values by the clock', () => {
  const of = (at: number, wh: number, context: string) =>
    value(at, wh, { measurand: 'Energy.Active.Import.Interval', context })
  const samples = [of(1, 500, 'Sample.Periodic'), of(2, 700, 'Sample.Periodic'), of(3, 100, 'Transaction.End')]
  const clock = [of(0, 200, 'Sample.Clock'), of(15, 1100, 'Sample.Clock')]
  assert.equal(energy([...samples, ...samples, ...clock]), 1300)
  assert.equal(energy(clock), 1300)
  assert.equal(energy([...samples, ...registers(1000, 2250)]), 1250, 'a register is exacter')
})
