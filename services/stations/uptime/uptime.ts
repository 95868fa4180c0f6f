import { weekOf, type OpeningTimes } from '../place.ts'

/** From one time to another, in milliseconds since 1970. */
export type Stretch = readonly [from: number, to: number]

/** That a place of a charger works from then on, or does not; connector 0 is the EVSE, EVSE 0 the charger. */
export interface Turn {
  readonly evse: number
  readonly connector: number
  readonly at: number
  readonly works: boolean
}

export interface History {
  /** When the charger was connected. */
  readonly online: readonly Stretch[]
  readonly turns: readonly Turn[]
}

/** When an EVSE could not be used: nobody reaches its charger, or nothing of it works. */
export function outagesOf({ online, turns }: History, evse: number, [from, to]: Stretch): Stretch[] {
  const states = new Map<string, boolean>()
  const mine = turns.filter(turn => turn.evse === 0 || turn.evse === evse)
  const moments: { at: number; apply: () => void }[] = mine.map(turn => ({
    at: turn.at,
    apply: () => void states.set(`${turn.evse} ${turn.connector}`, turn.works),
  }))
  let connections = 0
  for (const [begin, end] of online)
    moments.push({ at: begin, apply: () => void connections++ }, { at: end, apply: () => void connections-- })
  // What ends and begins at once is no gap.
  moments.sort((a, b) => a.at - b.at)

  const works = (): boolean => {
    if (connections <= 0) return false
    if (states.get('0 0') === false || states.get(`${evse} 0`) === false) return false
    const connectors = [...states].filter(([place]) => place.startsWith(`${evse} `) && !place.endsWith(' 0'))
    return connectors.length === 0 || connectors.some(([, ok]) => ok)
  }
  const outages: [number, number][] = []
  let since: number | undefined = from
  for (const [index, { at, apply }] of moments.entries()) {
    apply()
    if (moments[index + 1]?.at === at) continue
    const within = Math.min(Math.max(at, from), to)
    if (works()) {
      if (since !== undefined && within > since) outages.push([since, within])
      since = undefined
    } else since ??= within
  }
  if (since !== undefined && to > since) outages.push([since, to])
  return outages
}

/** As stretches in their order that do not meet. */
export function merged(stretches: readonly Stretch[]): Stretch[] {
  const result: [number, number][] = []
  for (const [from, to] of [...stretches].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else if (to > from) result.push([from, to])
  }
  return result
}

/** What of the one lies in the other. */
export const overlap = (some: readonly Stretch[], others: readonly Stretch[]): Stretch[] =>
  some.flatMap(([from, to]) =>
    others.flatMap(([begin, end]): Stretch[] =>
      begin < to && end > from ? [[Math.max(begin, from), Math.min(end, to)]] : [],
    ),
  )

const minuteMs = 60_000

/** When a station is closed within a stretch, to the minute of its own clock. */
export function closedWithin(times: OpeningTimes | null, zone: string, [from, to]: Stretch): Stretch[] {
  const spans = (list: OpeningTimes['closed'] = []): Stretch[] =>
    list.map(period => [Date.parse(period.from), Date.parse(period.to)])
  const exceptions = overlap(merged(spans(times?.closed)), [[from, to]])
  const week = weekOf(times)
  if (!week) return exceptions
  const offset = offsets(zone)
  const closed: Stretch[] = []
  for (let at = Math.floor(from / minuteMs) * minuteMs; at < to; at += minuteMs) {
    const minutes = Math.floor((at + offset(at)) / minuteMs)
    // 1970 began on a Thursday.
    const minute = (minutes + 3 * 1440) % (7 * 1440)
    if (!week.some(([begin, end]) => begin <= minute && minute < end))
      closed.push([Math.max(at, from), Math.min(at + minuteMs, to)])
  }
  const also = merged(spans(times?.alsoOpen))
  return merged([...without(merged(closed), also), ...exceptions])
}

/** What of the one does not lie in the other. */
function without(some: readonly Stretch[], others: readonly Stretch[]): Stretch[] {
  return others.reduce<Stretch[]>(
    (left, [begin, end]) =>
      left.flatMap(([from, to]): Stretch[] =>
        begin >= to || end <= from
          ? [[from, to]]
          : [[from, Math.min(begin, to)] as Stretch, [Math.max(end, from), to] as Stretch].filter(([a, b]) => b > a),
      ),
    [...some],
  )
}

/** How far a zone is from UTC, in milliseconds, looked up once an hour. */
function offsets(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
  const known = new Map<number, number>()
  return at => {
    const hour = Math.floor(at / 3_600_000)
    let offset = known.get(hour)
    if (offset === undefined) {
      const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT'
      const [, sign = '+', hours = '0', minutes = '0'] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? []
      offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * minuteMs
      known.set(hour, offset)
    }
    return offset
  }
}

const lengthOf = (stretches: readonly Stretch[]): number => stretches.reduce((sum, [from, to]) => sum + to - from, 0)
const inMinutes = (ms: number): number => Math.round((ms / minuteMs) * 100) / 100
const share = (part: number, whole: number): number | null =>
  whole <= 0 ? null : Math.round((part / whole) * 1_000_000) / 10_000

/**
 * Uptime in percent, by two rules.
 *
 * `nevi`: 23 CFR 680.116(b)(3), μ = (T_total − (T_outage − T_excluded)) / T_total in minutes, where T_total is 525,600 for
 * the previous twelve months. A port is up that is online and available for use, or in use (b)(1). T_excluded is outage
 * for reasons outside the operator's control and scheduled maintenance, as noted, and what lies outside of the hours of
 * operation.
 *
 * `afir`: Regulation (EU) 2023/1804 names no formula (uptime stands in recital 12 alone). It is the share of time in which
 * a recharging point is `operational` as Art. 20(2)(c) has operators tell it (operational or out of order): nothing is
 * excluded.
 */
export function uptimeOf(total: Stretch, outages: readonly Stretch[], excluded: readonly Stretch[]) {
  const whole = total[1] - total[0]
  const out = lengthOf(outages)
  const spared = lengthOf(overlap(outages, merged(excluded)))
  return {
    totalMinutes: inMinutes(whole),
    outageMinutes: inMinutes(out),
    excludedMinutes: inMinutes(spared),
    nevi: share(whole - (out - spared), whole),
    afir: share(whole - out, whole),
  }
}
