import Type from 'typebox'
import type { Interval } from '#contracts/analytics'
import { Instant } from '#contracts/shared'
import { Problem, timeOf } from '#kernel'
import type { Generation } from '../generations.ts'
import { slotMs } from '../sources/sessions.ts'

/** A time zone by its name. */
export const Zone = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$',
  description: 'By whose clock days begin; that of the platform (`ANALYTICS_TIME_ZONE`) where none is named',
  examples: ['Europe/Berlin'],
})

export const spanQuery = {
  from: Type.Optional({ ...Instant, description: 'The interval this is in is the first' }),
  to: Type.Optional({
    ...Instant,
    description: 'The interval before this, or that this is in, is the last',
    examples: ['2027-03-01T00:00:00.000Z'],
  }),
  timeZone: Type.Optional(Zone),
}

/** Intervals in their order, whole ones, each from its start to the start of the next, the last one to `to`. */
export interface Buckets {
  readonly interval: Interval
  readonly timeZone: string
  readonly starts: readonly number[]
  readonly to: number
  /** Of each, as days of the time zone. */
  readonly days: readonly string[]
  readonly untilDay: string
  /** Whether sums of days can be taken: they are those of this time zone. */
  readonly byDay: boolean
}

/** Without `from` and `to`: so many of them until now. */
const usual: Record<Interval, number> = { hour: 48, day: 30, month: 12 }
const most: Record<Interval, number> = { hour: 31 * 24, day: 366, month: 120 }
/** Days of another time zone than that of the generation are added up from half hours. */
const mostForeignMs = 93 * 86_400_000

export const spanRefusals = ['span_invalid', 'span_too_long', 'time_zone_unknown', 'time_zone_uneven']

/** Fails with `span_invalid`, `span_too_long`, `time_zone_unknown` and `time_zone_uneven`. */
export function bucketsOf(
  query: { interval: Interval; from?: string; to?: string; timeZone?: string },
  generation: Generation,
  now: Date,
): Buckets {
  const { interval, timeZone = generation.timeZone } = query
  requireZone(timeZone)
  const to = query.to === undefined ? now.getTime() : timeOf(query.to).getTime()
  const end = endOf(interval, timeZone, to)
  const from =
    query.from === undefined
      ? moved(end, interval, -usual[interval]).epochMilliseconds
      : startOf(interval, timeZone, timeOf(query.from).getTime()).epochMilliseconds
  if (query.from !== undefined && timeOf(query.from).getTime() >= to)
    throw new Problem('unprocessable', 'span_invalid', {
      errors: [{ pointer: '/to', detail: 'must be after `from`' }],
    })
  const starts: number[] = []
  const days: string[] = []
  let at = startOf(interval, timeZone, from)
  for (; at.epochMilliseconds < end.epochMilliseconds; at = moved(at, interval, 1)) {
    if (starts.length === most[interval]) throw tooLong(`must be at most ${most[interval]} ${interval}s after \`from\``)
    starts.push(at.epochMilliseconds)
    days.push(at.toPlainDate().toString())
  }
  const byDay = interval !== 'hour' && timeZone === generation.timeZone
  if (!byDay && at.epochMilliseconds - from > mostForeignMs)
    throw tooLong(`must be at most 93 days after \`from\`, as days are kept in the time zone ${generation.timeZone}`)
  if (!byDay && [...starts, at.epochMilliseconds].some(start => start % slotMs !== 0))
    throw new Problem('unprocessable', 'time_zone_uneven')
  return {
    interval,
    timeZone,
    starts,
    to: at.epochMilliseconds,
    days,
    untilDay: at.toPlainDate().toString(),
    byDay,
  }
}

const tooLong = (detail: string) =>
  new Problem('unprocessable', 'span_too_long', { errors: [{ pointer: '/to', detail }] })

export function requireZone(timeZone: string): void {
  try {
    Temporal.Now.zonedDateTimeISO(timeZone)
  } catch {
    throw new Problem('unprocessable', 'time_zone_unknown', {
      errors: [{ pointer: '/timeZone', detail: 'must be a time zone like Europe/Berlin' }],
    })
  }
}

/** Whether there is such a time zone, and its hours are told apart by half hours from all others. */
export function isHalfHourly(timeZone: string, at: Date): boolean {
  try {
    const { offsetNanoseconds } = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone)
    return offsetNanoseconds % (slotMs * 1_000_000) === 0
  } catch {
    return false
  }
}

function startOf(interval: Interval, timeZone: string, at: number): Temporal.ZonedDateTime {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone)
  // By the clock, as minutes of an hour that comes twice are told apart by their offset alone.
  if (interval === 'hour')
    return local.subtract({ minutes: local.minute, seconds: local.second, milliseconds: local.millisecond })
  return (interval === 'month' ? local.with({ day: 1 }) : local).startOfDay()
}

/** The start that `at` is, or the next one. */
function endOf(interval: Interval, timeZone: string, at: number): Temporal.ZonedDateTime {
  const start = startOf(interval, timeZone, at)
  return start.epochMilliseconds === at ? start : moved(start, interval, 1)
}

/** Hours are an hour long; a day that has no midnight begins when it does. */
function moved(at: Temporal.ZonedDateTime, interval: Interval, by: number): Temporal.ZonedDateTime {
  if (interval === 'hour') return at.add({ hours: by })
  return at.add(interval === 'day' ? { days: by } : { months: by }).startOfDay()
}

/** The same length of time before: as many whole months or days, or else as many hours. */
export function formerOf(buckets: Buckets): { from: number; to: number } {
  const { timeZone, starts, to } = buckets
  const [from, until] = [starts[0]!, to].map(at =>
    Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone),
  ) as [Temporal.ZonedDateTime, Temporal.ZonedDateTime]
  const isMonths = from.day === 1 && until.day === 1
  const length = from.until(until, { largestUnit: isMonths ? 'months' : 'days' })
  const { months, days } = length
  const before = isMonths && months > 0 ? from.subtract({ months }) : from.subtract({ days: Math.max(1, days) })
  return { from: before.startOfDay().epochMilliseconds, to: from.epochMilliseconds }
}
