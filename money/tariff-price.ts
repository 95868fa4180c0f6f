import { divided, exact, rounded, toWhole, type Exact } from './amount.ts'
import type { Component, Restrictions, Terms } from './tariff-words.ts'

/** How far a session was at a moment; the first is its start, the last its end or now. In the order of time, energy never falls. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Since the start. */
  readonly energyWh: number
}

export type Dimension = Component['type']

/** A part of what is due; `amountMinor` of all lines add up to the total. */
export interface PriceLine {
  /** `MINIMUM` and `MAXIMUM` are what lifts or lowers the sum to what a session costs at least or at most. */
  readonly type: Dimension | 'MINIMUM' | 'MAXIMUM'
  /** In major units per kWh, per hour or session. */
  readonly price: string
  /** Wh, seconds, or how many. */
  readonly quantity: number
  readonly amountMinor: bigint
}

export interface Price {
  readonly currency: string
  /** With tax where the terms say so. */
  readonly totalMinor: bigint
  readonly lines: readonly PriceLine[]
}

const mostMinor = BigInt(Number.MAX_SAFE_INTEGER)

/** Whether numbers of JSON reach as far as a price, and what it is with tax. */
export const isBookable = ({ totalMinor, lines }: Price, withTaxMinor = totalMinor): boolean =>
  [totalMinor, withTaxMinor, ...lines.map(({ amountMinor }) => amountMinor)].every(
    minor => minor <= mostMinor && -minor <= mostMinor,
  )

/** Volume at one price: Wh, milliseconds, or times. */
interface Share {
  readonly component: Component
  volume: Exact
}

const perUnit = { ENERGY: 1000, TIME: 3_600_000, PARKING_TIME: 3_600_000, FLAT: 1 }
const perStep = { ENERGY: 1, TIME: 1000, PARKING_TIME: 1000, FLAT: 1 }
const zero = exact(0)

/**
 * What a session costs by OCPI's rules (2.2.1 mod_tariffs): it is cut wherever a restriction begins or ceases to hold, and of each
 * kind of price the first element that holds counts for a piece. Everything is exact until the sum is rounded once.
 */
export const priceOf = (terms: Terms, course: readonly Moment[], timeZone: string): Price =>
  priceBy(ofSessions(terms), course, timeZone)

/** What sessions cost, without what it costs that something is reserved. */
export const ofSessions = (terms: Terms): Terms => ({
  ...terms,
  elements: terms.elements.filter(({ restrictions }) => restrictions?.reservation === undefined),
})

/** What it costs that something is reserved, and nothing else; undefined where that costs nothing. */
export function ofReservations({ currency, taxIncluded, elements }: Terms): Terms | undefined {
  const reserved = elements.filter(({ restrictions }) => restrictions?.reservation !== undefined)
  return reserved.length > 0 ? { currency, taxIncluded, elements: reserved } : undefined
}

/** That a plug is kept for somebody until they come, or until it is known that they did not. */
export interface Reservation {
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
  readonly isExpired: boolean
}

/**
 * What a reservation costs by OCPI's rules (2.2.1 mod_tariffs, ReservationRestrictionType): so much time, and once. Of each
 * kind of price what is said of those that expire goes before what is said of all.
 */
export function reservationPriceOf(terms: Terms, { from, to, isExpired }: Reservation, timeZone: string): Price {
  const by = (wanted: Restrictions['reservation']) =>
    terms.elements.filter(({ restrictions }) => restrictions?.reservation === wanted)
  const elements = [...(isExpired ? by('RESERVATION_EXPIRES') : []), ...by('RESERVATION')]
  const { currency, taxIncluded } = terms
  const course = [from, Math.max(from, to)].map(at => ({ at, energyWh: 0 }))
  return priceBy({ currency, taxIncluded, elements }, course, timeZone)
}

function priceBy(terms: Terms, course: readonly Moment[], timeZone: string): Price {
  const shares = new Map<Component, Share>()
  const last = new Map<Dimension, Share>()
  const add = (component: Component, volume: Exact): void => {
    const share = shares.get(component) ?? { component, volume: zero }
    share.volume = share.volume.add(volume)
    shares.set(component, share)
    last.set(component.type, share)
  }
  const [begin] = course
  if (begin) {
    const at = { at: begin.at, wh: zero }
    const flat = componentFor(terms, 'FLAT', {
      from: at,
      to: at,
      start: begin.at,
      local: localAt(begin.at, timeZone),
      isParking: false,
      powerW: 0,
    })
    if (flat) add(flat, exact(1))
  }
  for (const piece of piecesOf(terms, course, timeZone)) {
    const wh = piece.to.wh.sub(piece.from.wh)
    const ms = exact(piece.to.at - piece.from.at)
    const energy = componentFor(terms, 'ENERGY', piece)
    if (energy && wh.compare(0) > 0) add(energy, wh)
    const kind = piece.isParking ? 'PARKING_TIME' : 'TIME'
    const time = componentFor(terms, kind, piece)
    if (time) add(time, ms)
    // Who is parked takes up time as well, where no price of its own is set for that.
    else if (piece.isParking) {
      const instead = componentFor(terms, 'TIME', piece)
      if (instead) add(instead, ms)
    }
  }
  for (const share of shares.values()) share.volume = withoutGrace(share)
  for (const [type, share] of last) share.volume = share.volume.add(stepUp(type, share, shares.values()))
  return total(
    terms,
    [...shares.values()].filter(({ volume }) => volume.compare(0) > 0),
  )
}

const withoutGrace = ({ component, volume }: Share): Exact => {
  const left = volume.sub((component.graceSeconds ?? 0) * 1000)
  return component.type !== 'PARKING_TIME' ? volume : left.compare(0) > 0 ? left : zero
}

/** What is missing until all of one kind is a whole number of steps of the component that counted last. */
function stepUp(type: Dimension, { component }: Share, shares: Iterable<Share>): Exact {
  const step = (component.stepSize ?? 1) * perStep[type]
  if (type === 'FLAT' || component.stepSize === undefined) return zero
  const all = [...shares]
    .filter(share => share.component.type === type)
    .reduce((sum, { volume }) => sum.add(volume), zero)
  return all.div(step).ceil().mul(step).sub(all)
}

function total(terms: Terms, shares: readonly Share[]): Price {
  const { currency, minPrice, maxPrice } = terms
  const costs = shares.map(({ component, volume }) => exact(component.price).mul(volume).div(perUnit[component.type]))
  const sum = costs.reduce((sum, cost) => sum.add(cost), zero)
  const least = minPrice !== undefined && shares.length > 0 ? exact(minPrice) : zero
  const most = maxPrice !== undefined ? exact(maxPrice) : undefined
  const due = most && sum.compare(most) > 0 ? most : sum.compare(least) < 0 ? least : sum
  const dueMinor = rounded(due, currency)
  const adjustment = dueMinor - rounded(sum, currency)
  // The shares of what is rounded as a whole; the finer the weights, the truer.
  const weights = costs.map(cost => toWhole(cost.mul(1_000_000)))
  const amounts = weights.length > 0 ? divided(rounded(sum, currency), weights) : []
  const lines: PriceLine[] = shares.map(({ component: { type, price }, volume }, index) => ({
    type,
    price,
    quantity: Number(toWhole(volume.div(perStep[type]))),
    amountMinor: amounts[index]!,
  }))
  if (adjustment !== 0n)
    lines.push({
      type: adjustment > 0n ? 'MINIMUM' : 'MAXIMUM',
      price: (adjustment > 0n ? minPrice : maxPrice)!,
      quantity: 1,
      amountMinor: adjustment,
    })
  return { currency, totalMinor: dueMinor, lines }
}

/** A stretch of a session in which the same restrictions hold. */
interface Piece {
  readonly from: Point
  readonly to: Point
  /** Of the session. */
  readonly start: number
  /** By the clock of the place, in the middle, as nothing changes within. */
  readonly local: Local
  readonly isParking: boolean
  readonly powerW: number
}

interface Point {
  readonly at: number
  readonly wh: Exact
}

/** Meters that count in whole kWh stand still between two readings of a car that charges; shorter stops are none. */
const parkedMs = 5 * 60_000

function* piecesOf(terms: Terms, course: readonly Moment[], timeZone: string): Generator<Piece> {
  const [begin] = course
  if (!begin) return
  const start = begin.at
  const end = course.at(-1)!.at
  const restrictions = terms.elements.flatMap(({ restrictions = [] }) => restrictions)
  const times = cutsByTime(restrictions, start, end, timeZone)
  const energies = restrictions.flatMap(({ minEnergyWh = [], maxEnergyWh = [] }) => [minEnergyWh, maxEnergyWh].flat())
  const parked = parkedIn(course)
  for (let index = 1; index < course.length; index++) {
    const [before, after] = [course[index - 1]!, course[index]!]
    const ms = after.at - before.at
    const gained = after.energyWh - before.energyWh
    const points: Point[] = [before, after].map(({ at, energyWh }) => ({ at, wh: exact(energyWh) }))
    for (const at of times)
      if (at > before.at && at < after.at)
        points.push({ at, wh: exact(before.energyWh).add(exact(gained).mul(exact(at - before.at, ms))) })
    for (const wh of energies)
      if (wh > before.energyWh && wh < after.energyWh)
        points.push({ at: before.at + Math.round((ms * (wh - before.energyWh)) / gained), wh: exact(wh) })
    points.sort((one, other) => one.at - other.at || one.wh.compare(other.wh))
    const of = { start, isParking: parked.has(index), powerW: ms > 0 ? (gained * 3_600_000) / ms : 0 }
    for (let piece = 1; piece < points.length; piece++) {
      const [from, to] = [points[piece - 1]!, points[piece]!]
      yield { from, to, local: localAt(middleOf(from, to), timeZone), ...of }
    }
  }
}

/** Steps of a course in which the car was parked and got nothing, for long enough to say so. */
function parkedIn(course: readonly Moment[]): Set<number> {
  const parked = new Set<number>()
  let since = 0
  for (let index = 1; index <= course.length; index++) {
    const stands = index < course.length && course[index]!.energyWh === course[index - 1]!.energyWh
    if (stands) continue
    if (course[index - 1]!.at - course[since]!.at >= parkedMs)
      for (let step = since + 1; step < index; step++) parked.add(step)
    since = index
  }
  return parked
}

/** When restrictions by the clock, by date, weekday or duration may begin or cease to hold. */
function cutsByTime(restrictions: readonly Restrictions[], start: number, end: number, timeZone: string): number[] {
  const cuts = new Set<number>()
  const clock = new Set<string>()
  for (const { startTime, endTime, startDate, endDate, daysOfWeek, ...others } of restrictions) {
    for (const time of [startTime, endTime]) if (time !== undefined) clock.add(time)
    if (startDate ?? endDate ?? daysOfWeek) clock.add('00:00')
    for (const seconds of [others.minDurationSeconds, others.maxDurationSeconds])
      if (seconds !== undefined) cuts.add(start + seconds * 1000)
  }
  if (clock.size === 0) return [...cuts]
  const localOf = (at: number) => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone)
  const last = localOf(end).toPlainDate()
  for (let day = localOf(start).toPlainDate(); Temporal.PlainDate.compare(day, last) <= 0; day = day.add({ days: 1 }))
    for (const time of clock)
      // Where clocks are set back a time comes twice.
      for (const disambiguation of ['earlier', 'later'] as const)
        cuts.add(day.toPlainDateTime(time).toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds)
  for (let change = localOf(start).getTimeZoneTransition('next'); change && change.epochMilliseconds < end;) {
    cuts.add(change.epochMilliseconds)
    change = change.getTimeZoneTransition('next')
  }
  return [...cuts]
}

const componentFor = ({ elements }: Terms, type: Dimension, piece: Piece): Component | undefined =>
  elements
    .find(
      ({ priceComponents, restrictions }) =>
        priceComponents.some(component => component.type === type) && (!restrictions || holds(restrictions, piece)),
    )
    ?.priceComponents.find(component => component.type === type)

const days = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const

interface Local {
  readonly time: string
  readonly date: string
  readonly day: (typeof days)[number]
}

const middleOf = (from: Point, to: Point): number => from.at + (to.at - from.at) / 2

function localAt(at: number, timeZone: string): Local {
  const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(at)).toZonedDateTimeISO(timeZone)
  const [date, time] = local.toPlainDateTime().toString().split('T') as [string, string]
  return { date, time: time.slice(0, 5), day: days[local.dayOfWeek - 1]! }
}

/** Looked at in the middle of a piece, as nothing changes within it. */
function holds(restrictions: Restrictions, { from, to, start, local: { time, date, day }, powerW }: Piece): boolean {
  const { startTime = '00:00', endTime = '24:00', startDate, endDate, daysOfWeek } = restrictions
  const isWithin = startTime < endTime ? time >= startTime && time < endTime : time >= startTime || time < endTime
  if (!isWithin || (startDate && date < startDate) || (endDate && date >= endDate)) return false
  if (daysOfWeek && !daysOfWeek.includes(day)) return false
  const seconds = (middleOf(from, to) - start) / 1000
  const { minEnergyWh, maxEnergyWh, minDurationSeconds, maxDurationSeconds, minPowerW, maxPowerW } = restrictions
  const energy = minEnergyWh === undefined && maxEnergyWh === undefined ? zero : from.wh.add(to.wh).div(2)
  return (
    (minEnergyWh === undefined || energy.compare(minEnergyWh) >= 0) &&
    (maxEnergyWh === undefined || energy.compare(maxEnergyWh) < 0) &&
    (minDurationSeconds === undefined || seconds >= minDurationSeconds) &&
    (maxDurationSeconds === undefined || seconds < maxDurationSeconds) &&
    (minPowerW === undefined || powerW >= minPowerW) &&
    (maxPowerW === undefined || powerW < maxPowerW)
  )
}
