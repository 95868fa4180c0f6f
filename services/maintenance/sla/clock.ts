/** When somebody works: hours of weekdays in a time zone, and days without; or always. */
export interface Calendar {
  readonly zone: string
  readonly always?: boolean
  readonly hours: readonly { readonly weekday: number; readonly from: string; readonly to: string }[]
  /** As `2027-12-25`. */
  readonly holidays: ReadonlySet<string>
}

type Span = readonly [from: number, to: number]

/** Further ahead nobody plans. */
const mostDays = 800

/** Hours in which somebody works from then on, in milliseconds; those that end on the next day too. */
export function* spansFrom(calendar: Calendar, from: number): Generator<Span> {
  if (calendar.always) {
    yield [from, Number.MAX_SAFE_INTEGER]
    return
  }
  const first = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(calendar.zone).toPlainDate()
  for (let ahead = -1; ahead < mostDays; ahead++) {
    const day = first.add({ days: ahead })
    if (calendar.holidays.has(day.toString())) continue
    const today = calendar.hours.filter(({ weekday }) => weekday === day.dayOfWeek)
    for (const hours of [...today].sort((a, b) => (a.from < b.from ? -1 : 1))) {
      const until = hours.to > hours.from ? day : day.add({ days: 1 })
      const span: Span = [momentOf(day, hours.from, calendar.zone), momentOf(until, hours.to, calendar.zone)]
      if (span[1] > from) yield [Math.max(span[0], from), span[1]]
    }
  }
}

/** A clock that is put forward knows no such time: then the one after. */
const momentOf = (day: Temporal.PlainDate, clock: string, zone: string): number =>
  day.toZonedDateTime({ timeZone: zone, plainTime: clock }).epochMilliseconds

/** How long somebody works between two moments. */
export function workedMs(calendar: Calendar, from: number, to: number): number {
  let worked = 0
  for (const [begin, end] of spansFrom(calendar, from)) {
    if (begin >= to) break
    worked += Math.min(end, to) - begin
  }
  return worked
}

/** When somebody will have worked for so long; undefined where nobody ever does. */
export function afterWork(calendar: Calendar, from: number, ms: number): number | undefined {
  if (ms <= 0) return from
  let left = ms
  for (const [begin, end] of spansFrom(calendar, from)) {
    if (end - begin >= left) return begin + left
    left -= end - begin
  }
  return undefined
}

/** When somebody works next, and is not away. */
export function nextWork(
  calendar: Calendar,
  from: number,
  absences: readonly { readonly from: string; readonly to: string }[],
): number | undefined {
  const away = absences
    .map(({ from: begin, to }): Span => [Date.parse(begin), Date.parse(to)])
    .sort(([a], [b]) => a - b)
  for (const [begin, end] of spansFrom(calendar, from)) {
    let at = begin
    for (const [gone, back] of away) if (gone <= at && at < back) at = back
    if (at < end) return at
  }
  return undefined
}

/** Weekdays and hours of a setting like `1-5 08:00-18:00`. */
export function hoursOf(text: string): Calendar['hours'] {
  const [days, clocks] = text.split(' ') as [string, string]
  const [first, last] = days.split('-').map(Number) as [number, number]
  const [from, to] = clocks.split('-') as [string, string]
  const count = ((last - first + 7) % 7) + 1
  return Array.from({ length: count }, (_, index) => ({ weekday: ((first - 1 + index) % 7) + 1, from, to }))
}
