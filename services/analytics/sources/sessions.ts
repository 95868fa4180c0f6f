import { createHash } from 'node:crypto'

/** Figures are kept by the half hour: so time zones that are a half hour away from others have whole days, too. */
export const slotMs = 1_800_000

/** What lasts longer has a broken clock: its energy is counted at its end, and no time. */
const longestMs = 93 * 86_400_000

/** Energy that had flowed until then. */
export type Mark = readonly [at: number, energyWh: number]

/** What events told last of a session. */
export interface Told {
  readonly at: number
  /** Of two that were told at once: begun, goes on, ended, ended otherwise. */
  readonly rank: number
  readonly eventId: string
  readonly chargerId: string
  readonly evse: number
  readonly connector: number
  readonly ownerId: string | null
  readonly driverId: string | null
  readonly startedAt: number
  readonly endedAt: number | null
  readonly energyWh: number
}

/** What it cost, as it is booked now; where it was is known from here too. */
export interface Charged {
  readonly revision: number
  readonly sellerId: string
  readonly tariffId: string | null
  readonly currency: string
  readonly netMinor: number
  readonly taxMinor: number
  readonly totalMinor: number
  readonly endedAt: number
}

/** What was given back of a session by hand. */
export interface Credited {
  readonly netMinor: number
  readonly taxMinor: number
  readonly totalMinor: number
}

export interface Session {
  readonly id: string
  readonly told: Told | null
  /** The last of each half hour, in their order. */
  readonly marks: readonly Mark[]
  readonly charged: Charged | null
  readonly credited: Credited
}

export const isNewer = (one: Told, other: Told | null): boolean =>
  !other ||
  one.at > other.at ||
  (one.at === other.at && (one.rank > other.rank || (one.rank === other.rank && one.eventId > other.eventId)))

/** The session with what an event tells; the same one where that is nothing new. */
export function tell(before: Session, told: Told): Session {
  const marks = marked(before.marks, [told.at, told.energyWh])
  if (!isNewer(told, before.told)) return marks === before.marks ? before : { ...before, marks }
  return { ...before, told, marks }
}

export const book = (before: Session, charged: Charged): Session =>
  before.charged && before.charged.revision >= charged.revision ? before : { ...before, charged }

/** Of two of one half hour the later, of two of one moment the greater. */
function marked(marks: readonly Mark[], mark: Mark): readonly Mark[] {
  const slot = Math.floor(mark[0] / slotMs)
  const index = marks.findIndex(([at]) => Math.floor(at / slotMs) >= slot)
  const known = index < 0 ? undefined : marks[index]!
  if (!known || Math.floor(known[0] / slotMs) > slot) return known ? marks.toSpliced(index, 0, mark) : [...marks, mark]
  return known[0] > mark[0] || (known[0] === mark[0] && known[1] >= mark[1]) ? marks : marks.with(index, mark)
}

/** What sessions have in common. */
export interface Place {
  readonly ownerId: string | null
  readonly chargerId: string
  readonly evse: number
  readonly connector: number
  readonly tariffId: string | null
  readonly currency: string | null
}

export const placeOf = ({ told, charged }: Session): Place | undefined =>
  told
    ? {
        ownerId: charged?.sellerId ?? told.ownerId,
        chargerId: told.chargerId,
        evse: told.evse,
        connector: told.connector,
        tariffId: charged?.tariffId ?? null,
        currency: charged?.currency ?? null,
      }
    : undefined

/** The same for the same place, whoever comes first. */
export const idOfPlace = (place: Place): string => {
  const { ownerId, chargerId, evse, connector, tariffId, currency } = place
  const name = JSON.stringify([ownerId, chargerId, evse, connector, tariffId, currency])
  return createHash('sha256')
    .update(name)
    .digest('hex')
    .slice(0, 32)
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** In the order of the columns. */
export const measured = [
  'energy_wh',
  'busy_seconds',
  'sessions',
  'charged',
  'net_minor',
  'tax_minor',
  'total_minor',
] as const
type Sums = [number, number, number, number, number, number, number]

/**
 * What a session adds to which half hours: itself to that of its begin, its price to that of its end, its energy and its
 * time to those it lasted through. Between two readings energy flowed evenly. What is rounded adds up to the whole.
 */
export function sharesOf({ told, marks, charged, credited }: Session): Map<number, Sums> {
  const shares = new Map<number, Sums>()
  const at = (moment: number): Sums => {
    const slot = Math.floor(moment / slotMs) * slotMs
    const known = shares.get(slot)
    if (known) return known
    const made: Sums = [0, 0, 0, 0, 0, 0, 0]
    shares.set(slot, made)
    return made
  }
  // Nothing is said of one of which only the price is known yet.
  if (!told) return shares
  if (charged) {
    const sums = at(charged.endedAt)
    sums[3] += 1
    // What was given back counts up to what the session costs, which may be less since.
    const counts = credited.totalMinor < charged.totalMinor ? credited : charged
    sums[4] += charged.netMinor - counts.netMinor
    sums[5] += charged.taxMinor - counts.taxMinor
    sums[6] += charged.totalMinor - counts.totalMinor
  }
  const { startedAt, energyWh } = told
  at(startedAt)[2] += 1
  const end = Math.max(startedAt, told.endedAt ?? told.at)
  if (end - startedAt > longestMs || end === startedAt) {
    at(Math.max(startedAt, end - 1))[0] += energyWh
    return shares
  }
  spread(courseOf(startedAt, end, energyWh, marks), (moment, wh, seconds) => {
    const sums = at(moment)
    sums[0] += wh
    sums[1] += seconds
  })
  return shares
}

/** From nothing at the begin to all at the end, by way of the readings in between; it never falls. */
function courseOf(start: number, end: number, energyWh: number, marks: readonly Mark[]): Mark[] {
  const course: [number, number][] = [[start, 0]]
  for (const [at, wh] of marks)
    if (at > start && at < end) course.push([at, Math.min(energyWh, Math.max(wh, course.at(-1)![1]))])
  course.push([end, energyWh])
  return course
}

/** By half hours; what a part is rounded to is the difference of what the whole until then is. */
function spread(course: readonly Mark[], add: (slot: number, wh: number, seconds: number) => void): void {
  const [start, end] = [course[0]![0], course.at(-1)![0]]
  let [from, before, index] = [start, 0, 1]
  while (from < end) {
    const to = Math.min(end, (Math.floor(from / slotMs) + 1) * slotMs)
    while (course[index]![0] < to) index++
    const [[a, low], [b, high]] = [course[index - 1]!, course[index]!]
    const until = Math.round(low + ((high - low) * (to - a)) / (b - a))
    const seconds = Math.round((to - start) / 1000) - Math.round((from - start) / 1000)
    add(from, until - before, seconds)
    before = until
    from = to
  }
}
