import { exact, toWhole } from '#money/amount'
import { payableOf } from '#money/payments'

export type Interval = 'month' | 'year'

/** Where periods are counted from: the end of one of them, by the clock of a place. */
export interface Anchor {
  readonly anchorAt: Date
  readonly anchorPeriod: number
  readonly interval: Interval
  readonly timeZone: string
}

/**
 * When a period ends: at the same day and hour as the anchor, by the clock of the place whatever becomes of it meanwhile;
 * where a month has no such day, on its last one, and on the day itself again in the next.
 */
export function endOf({ anchorAt, anchorPeriod, interval, timeZone }: Anchor, period: number): Date {
  const count = period - anchorPeriod
  const anchor = Temporal.Instant.fromEpochMilliseconds(anchorAt.getTime()).toZonedDateTimeISO(timeZone)
  const end = anchor.add(interval === 'month' ? { months: count } : { years: count }, { overflow: 'constrain' })
  return new Date(end.epochMilliseconds)
}

/** So many days later at the same hour. */
export function daysAfter(at: Date, days: number, timeZone: string): Date {
  const then = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone).add({ days })
  return new Date(then.epochMilliseconds)
}

/**
 * The period that goes on at a moment, `next` at the earliest: of those that passed while nobody looked none is charged.
 */
export function periodAt(anchor: Anchor, next: number, at: Date): { period: number; from: Date; to: Date } {
  let period = next
  while (endOf(anchor, period) <= at) period++
  return { period, from: endOf(anchor, period - 1), to: endOf(anchor, period) }
}

export interface Span {
  readonly from: Date
  readonly to: Date
}

/** What of a price is for the rest of a period, to the millisecond, and rounded once. */
export function restOf(priceMinor: bigint, { from, to }: Span, at: Date): bigint {
  const whole = to.getTime() - from.getTime()
  const rest = Math.min(Math.max(to.getTime() - at.getTime(), 0), whole)
  return whole === 0 ? 0n : toWhole(exact(priceMinor).mul(exact(rest, whole)))
}

export interface BillLine {
  readonly what: 'period' | 'rest' | 'credit'
  readonly planName: string
  readonly minor: number
}

export interface Due {
  readonly lines: BillLine[]
  readonly amountMinor: bigint
  /** What is left of the credit. */
  readonly creditMinor: bigint
}

/** What is to be paid where there is credit. */
function due(lines: readonly BillLine[], creditMinor: bigint): Due {
  const sum = lines.reduce((sum, { minor }) => sum + BigInt(minor), 0n)
  const total = sum - creditMinor
  const used = total >= 0n ? creditMinor : sum > 0n ? sum : 0n
  const credit = used > 0n ? [{ what: 'credit' as const, planName: '', minor: -Number(used) }] : []
  return {
    lines: [...lines, ...credit],
    amountMinor: total > 0n ? total : 0n,
    creditMinor: total < 0n ? -total : 0n,
  }
}

interface Priced {
  readonly planName: string
  readonly priceMinor: bigint
  readonly interval: Interval
}
type InCurrency = { readonly currency: string }

/** What a whole period costs. */
export const dueFor = ({ planName, priceMinor, currency }: Priced & InCurrency, creditMinor: bigint): Due =>
  due([{ what: 'period', planName, minor: Number(payableOf({ minor: priceMinor, currency })) }], creditMinor)

/**
 * What a change of plan costs: what is left of the period that was paid for is given back, and the same time is charged
 * at the other price; where the other plan has another interval, a whole period of it, which begins now. Each is of
 * coins that there are.
 */
export function dueForChange(
  before: Priced & InCurrency,
  after: Priced,
  span: Span,
  creditMinor: bigint,
  at: Date,
): Due {
  const { currency } = before
  const payable = (minor: bigint): number => Number(payableOf({ minor, currency }))
  const back: BillLine = {
    what: 'rest',
    planName: before.planName,
    minor: -payable(restOf(before.priceMinor, span, at)),
  }
  const isSame = before.interval === after.interval
  const minor = payable(isSame ? restOf(after.priceMinor, span, at) : after.priceMinor)
  return due([back, { what: isSame ? 'rest' : 'period', planName: after.planName, minor }], creditMinor)
}

const dayMs = 86_400_000

/**
 * When a bill is tried again that failed so many times; undefined where it is not. After a clock that jumped, or a long
 * rest, tries keep most of a day between them.
 */
export function nextTry(since: Date, attempts: number, days: readonly number[], at: Date): Date | undefined {
  const day = days[attempts - 1]
  if (day === undefined) return undefined
  return new Date(Math.max(since.getTime() + day * dayMs, at.getTime() + (dayMs * 5) / 6))
}
