import { advance, energyOf, type Measured, type Meter } from './energy.ts'

/** So much energy had gone into the vehicle by then; `at` in milliseconds since 1970. */
export interface Moment {
  readonly at: number
  readonly energyWh: number
}

/** As many as say what a session was like, however long it was. */
const most = 2_000

/**
 * How the energy of a session came together: from its begin, where there was none, to its end or now, when there was all
 * of it. Energy never falls; of moments that many, those that change least are left out.
 */
export function courseOf(values: readonly Measured[], begin: number, end: number, energyWh: number): Moment[] {
  const rank = ({ context }: Measured) => (context === 'Transaction.Begin' ? 0 : context === 'Transaction.End' ? 2 : 1)
  const moments = new Map<number, number>([[begin, 0]])
  let meter: Meter = {}
  let sofar = 0
  for (const value of values.toSorted((one, other) => rank(one) - rank(other) || one.at - other.at)) {
    meter = advance(meter, [value]) ?? meter
    sofar = Math.min(energyWh, Math.max(sofar, energyOf(meter)))
    if (value.at > begin && value.at < end) moments.set(value.at, Math.max(moments.get(value.at) ?? 0, sofar))
  }
  const course: Moment[] = []
  for (const [at, wh] of [...moments].sort(([one], [other]) => one - other))
    course.push({ at, energyWh: Math.max(wh, course.at(-1)?.energyWh ?? 0) })
  course.push({ at: Math.max(begin, end), energyWh })
  return thinned(course)
}

/** Without what lies on the line between its neighbours; then every second one until there are few enough. */
function thinned(course: readonly Moment[]): Moment[] {
  let kept = course.filter((moment, index) => {
    const [before, after] = [course[index - 1], course[index + 1]]
    if (!before || !after) return true
    const share = (moment.at - before.at) / (after.at - before.at)
    return moment.energyWh !== before.energyWh + (after.energyWh - before.energyWh) * share
  })
  while (kept.length > most) kept = kept.filter((_, index) => index % 2 === 0 || index === kept.length - 1)
  return kept
}
