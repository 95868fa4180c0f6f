/** A value of a meter, as energy is told from it. */
export interface Measured {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly measurand: string
  /** Empty where all phases are meant. */
  readonly phase: string
  readonly location: string
  readonly context: string
  /** Wh */
  readonly value: number
}

/** What one series of values has come to. A value is behind another by when it was measured: begin first, end last, whatever the clock says. */
interface Series {
  readonly count: number
  readonly wh: number
  /** What the next value of a register is compared with. */
  readonly base: number
  readonly last: { readonly rank: number; readonly at: number; readonly value: number }
}

/** All series of a session; values that come later can be added to it. */
export type Meter = Readonly<Record<string, Series>>

const register = 'Energy.Active.Import.Register'
const interval = 'Energy.Active.Import.Interval'
/** What energy is told from. */
export const energyMeasurands = [register, interval]

/** What the vehicle gets is measured at the outlet, which is also meant where nothing is said (1.6 §7.30, 2.0.1 §3.52). */
const locations = ['Outlet', 'Cable', 'Inlet', 'Body', 'EV', 'Upstream']
const phases = ['L1', 'L2', 'L3']
/** Samples and values by the clock tell the same energy twice, where they are those of intervals. */
const streams = ['sample', 'clock']

/** The energy that went into the vehicle, in Wh: at the outlet, by registers rather than intervals, in all phases rather than in each. */
export function energyOf(meter: Meter): number {
  for (const location of locations) {
    const wh = wholeOf(meter, phase => keyOf('register', location, phase), 2)
    if (wh !== undefined) return Math.round(wh)
  }
  for (const location of locations)
    for (const stream of streams) {
      const wh = wholeOf(meter, phase => keyOf(stream, location, phase), 1)
      if (wh !== undefined) return Math.round(wh)
    }
  return 0
}

/** Of series with so many values at the least. */
function wholeOf(meter: Meter, key: (phase: string) => string, least: number): number | undefined {
  const of = (phase: string): Series[] => [meter[key(phase)] ?? []].flat().filter(({ count }) => count >= least)
  const [whole] = of('')
  if (whole) return whole.wh
  const each = phases.flatMap(of)
  return each.length > 0 ? each.reduce((sum, { wh }) => sum + wh, 0) : undefined
}

/** What values come to, in whatever order and however often they are given. */
export function meterOf(values: Iterable<Measured>): Meter {
  const series = new Map<string, Map<string, Series['last']>>()
  for (const value of values) {
    const key = seriesOf(value)
    if (!key) continue
    const places = series.get(key) ?? new Map<string, Series['last']>()
    const place = placeOf(value)
    const name = `${place.rank} ${place.at}`
    const before = places.get(name)
    if (!before || before.value < place.value) places.set(name, place)
    series.set(key, places)
  }
  const meter: Record<string, Series> = {}
  for (const [key, places] of series)
    for (const place of [...places.values()].sort(behind)) meter[key] = added(key, meter[key], place)
  return meter
}

/** The same with values that are behind all it has; undefined where one is not, and `meterOf` has to look at all. */
export function advance(meter: Meter, values: readonly Measured[]): Meter | undefined {
  const next: Record<string, Series> = { ...meter }
  for (const [key, group] of Map.groupBy(values, seriesOf)) {
    if (!key) continue
    for (const place of group.map(placeOf).sort((one, other) => behind(one, other) || other.value - one.value)) {
      const before = next[key]
      const order = before ? behind(place, before.last) : 1
      if (order < 0 || (order === 0 && place.value > before!.last.value)) return undefined
      if (order > 0) next[key] = added(key, before, place)
    }
  }
  return next
}

const keyOf = (kind: string, location: string, phase: string): string => [kind, location, phase].join(' ')

/** Undefined for what tells no energy. */
function seriesOf({ measurand, phase, location, context, value }: Measured): string | undefined {
  if (!(value >= 0 && value < 1e15) || !energyMeasurands.includes(measurand)) return undefined
  const of = phase.replace(/^(L[123])-N$/, '$1')
  if (of !== '' && !phases.includes(of)) return undefined
  const kind = measurand === register ? 'register' : context === 'Sample.Clock' ? 'clock' : 'sample'
  return keyOf(kind, location || 'Outlet', of)
}

const placeOf = ({ at, context, value }: Measured): Series['last'] => ({
  rank: context === 'Transaction.Begin' ? 0 : context === 'Transaction.End' ? 2 : 1,
  at,
  value,
})

const behind = (one: Series['last'], other: Series['last']): number => one.rank - other.rank || one.at - other.at

function added(key: string, before: Series | undefined, last: Series['last']): Series {
  if (!key.startsWith('register ')) {
    const wh = rounded((before?.wh ?? 0) + last.value)
    return { count: (before?.count ?? 0) + 1, wh, base: 0, last }
  }
  if (!before) return { count: 1, wh: 0, base: last.value, last }
  const { wh, base } = step(before.base, last.value, last.at - before.last.at)
  return { count: before.count + 1, wh: rounded(before.wh + wh), base, last }
}

/** More than any vehicle takes at once, and what clocks that were set, or stood still, may hide: 4 MW, and 1 MWh. */
const mostW = 4_000_000
const hiddenWh = 1_000_000
const mostIn = (elapsedMs: number, hidden: number): number => hidden + (mostW * Math.max(0, elapsedMs)) / 3_600_000

/** A register that went up by what can be, or began again behind its last digit, has counted; another value is that of another meter. */
function step(base: number, value: number, elapsedMs: number): { wh: number; base: number } {
  const rise = value - base
  if (rise >= 0) return { wh: rise <= mostIn(elapsedMs, hiddenWh) ? rise : 0, base: value }
  const range = rangeOf(base)
  const around = rise + range
  // It was near its end, and is not far behind its begin.
  const isAround = base >= range * 0.9 && around <= range / 2 && around <= mostIn(elapsedMs, hiddenWh / 10)
  if (isAround) return { wh: around, base: value }
  // Rounded otherwise, or measured before by a clock that was set back: what is counted stays counted.
  if (-rise <= Math.max(1, Math.min(10_000, base / 10))) return { wh: 0, base }
  return { wh: 0, base: value }
}

/** Where a register that shows this begins again: behind its last digit, of which it has five at the least. */
const rangeOf = (value: number): number => 10 ** Math.max(5, Math.floor(Math.log10(Math.max(1, value)) + 1e-12) + 1)

/** Thousandths, which is what meters have; sums of others would not end. */
const rounded = (wh: number): number => Math.round(wh * 1000) / 1000
