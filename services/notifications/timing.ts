/** When somebody is not to be disturbed, and when news comes at once: clocks read `HH:MM`, in a time zone of IANA. */
export interface Timing {
  timeZone: string | null
  /** Over midnight where it ends before it begins. */
  quiet: { from: string; to: string } | null
  digest: 'off' | 'daily' | 'weekly'
  digestAt: string
}

export const untimed: Timing = { timeZone: null, quiet: null, digest: 'off', digestAt: '08:00' }

const minute = 60_000
const day = 24 * 60 * minute

/** Whether clocks of the platform know such a zone. */
export function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}

const clocks = new Map<string, Intl.DateTimeFormat>()
const clockOf = (timeZone: string): Intl.DateTimeFormat =>
  clocks.getOrInsertComputed(
    timeZone,
    () =>
      new Intl.DateTimeFormat('en-GB', {
        timeZone,
        weekday: 'short',
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      }),
  )

/** What a clock on the wall shows, and the day of the week. */
function read(at: Date, timeZone: string | null): { time: string; weekday: string } {
  const parts = Object.fromEntries(
    clockOf(timeZone ?? 'UTC')
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  return { time: `${parts.hour}:${parts.minute}`, weekday: parts.weekday! }
}

const isWithin = (time: string, { from, to }: { from: string; to: string }): boolean =>
  from <= to ? time >= from && time < to : time >= from || time < to

/**
 * The next whole minute after `at` at which `holds`, a week away at most. Minutes are tried, not reckoned, so that a day
 * of 23 or 25 hours needs no rule: where a clock skips the time that is meant, the first minute behind it counts.
 */
function nextMinute(at: Date, holds: (minute: Date) => boolean): Date {
  const first = Math.floor(at.getTime() / minute) * minute + minute
  for (let time = first; time <= first + 8 * day; time += minute) if (holds(new Date(time))) return new Date(time)
  return new Date(first + 8 * day)
}

/** When somebody may be disturbed again; undefined where that is now. */
export function quietUntil({ quiet, timeZone }: Timing, at: Date): Date | undefined {
  if (!quiet || quiet.from === quiet.to || !isWithin(read(at, timeZone).time, quiet)) return undefined
  return nextMinute(at, time => !isWithin(read(time, timeZone).time, quiet))
}

/** When the next digest goes out, for what happens now; undefined where news is sent at once. Weekly ones go on Mondays. */
export function nextDigest(timing: Timing, at: Date): Date | undefined {
  const { digest, digestAt, timeZone } = timing
  if (digest === 'off') return undefined
  // A week has many minutes, and many people wait for the same one.
  const key = `${digest} ${digestAt} ${timeZone}`
  const known = digests.get(key)
  if (known && at >= known.from && at < known.next) return known.next
  const next = reckonDigest(timing, at)
  if (digests.size >= 1000) digests.clear()
  digests.set(key, { from: at, next })
  return next
}

const digests = new Map<string, { from: Date; next: Date }>()

function reckonDigest({ digest, digestAt, timeZone }: Timing, at: Date): Date {
  let before = read(at, timeZone)
  return nextMinute(at, time => {
    const now = read(time, timeZone)
    // Passed, as a clock that is put forward may never show it.
    const isDue = now.time >= digestAt && (before.time < digestAt || before.weekday !== now.weekday)
    before = now
    return isDue && (digest === 'daily' || now.weekday === 'Mon')
  })
}
