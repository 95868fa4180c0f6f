/** Days of moments by the clock of a time zone, remembered by the half hour. */
export function daysIn(timeZone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  })
  const known = new Map<number, string>()
  return at => {
    const day = known.get(at) ?? format.format(at)
    if (known.size > 10_000) known.clear()
    known.set(at, day)
    return day
  }
}

const zones = new Map<string, (at: number) => string>()

export function dayOf(timeZone: string, at: number): string {
  const days = zones.get(timeZone) ?? daysIn(timeZone)
  zones.set(timeZone, days)
  return days(Math.floor(at / 1_800_000) * 1_800_000)
}
