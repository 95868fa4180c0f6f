/** Bookings that come again on weekdays, by the clock of the station. */
export interface Rule {
  /** 1 is Monday. */
  readonly weekdays: readonly number[]
  /** `22:00`; what does not end after it begins ends on the day after. */
  readonly starts: string
  readonly ends: string
  /** `2027-03-01`; both count. */
  readonly firstDay: string
  readonly lastDay: string
  readonly timeZone: string
}

export interface Times {
  readonly fromAt: Date
  readonly toAt: Date
}

/** More at once nobody needs. */
export const mostDays = 366

/**
 * Each time of a rule, `mostDays + 1` at the most. Where the clock is set forward what would begin within the hour that
 * is missing begins after it; where it is set back, the first time counts.
 */
export function timesOf({ weekdays, starts, ends, firstDay, lastDay, timeZone }: Rule): Times[] {
  const times: Times[] = []
  const last = Temporal.PlainDate.from(lastDay)
  const at = (day: Temporal.PlainDate, clock: string): Date =>
    new Date(day.toPlainDateTime(clock).toZonedDateTime(timeZone).epochMilliseconds)
  for (
    let day = Temporal.PlainDate.from(firstDay);
    Temporal.PlainDate.compare(day, last) <= 0 && times.length <= mostDays;
    day = day.add({ days: 1 })
  ) {
    if (!weekdays.includes(day.dayOfWeek)) continue
    times.push({ fromAt: at(day, starts), toAt: at(ends > starts ? day : day.add({ days: 1 }), ends) })
  }
  return times
}
