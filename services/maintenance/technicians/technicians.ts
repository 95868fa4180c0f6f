import type { Owner } from '#contracts/shared'
import { nextWork, type Calendar } from '../sla/clock.ts'

export interface Hours {
  readonly weekday: number
  readonly from: string
  readonly to: string
}

/** Somebody who can be sent. */
export interface Technician {
  readonly id: string
  readonly userId: string
  readonly owner: Owner
  readonly name: string
  readonly skills: readonly string[]
  readonly latitude: number | null
  readonly longitude: number | null
  readonly radiusM: number | null
  readonly timeZone: string
  readonly hours: readonly Hours[]
  readonly absences: readonly { readonly from: string; readonly to: string }[]
  readonly version: number
  readonly createdAt: Date
  readonly deletedAt: Date | null
}

export interface Proposal {
  readonly technicianId: string
  readonly name: string
  /** The more the better; 100 for who is there, knows it and has nothing else to do. */
  readonly score: number
  readonly distanceM: number | null
  readonly inArea: boolean | null
  readonly skilled: boolean
  readonly load: number
  readonly availableAt: string | null
  readonly reasons: string[]
}

const earthM = 6_371_000
const radians = (degrees: number): number => (degrees * Math.PI) / 180

/** As the crow flies. */
export function distanceM([lat1, lon1]: readonly [number, number], [lat2, lon2]: readonly [number, number]): number {
  const [lat, lon] = [radians(lat2 - lat1), radians(lon2 - lon1)]
  const half = Math.sin(lat / 2) ** 2 + Math.cos(radians(lat1)) * Math.cos(radians(lat2)) * Math.sin(lon / 2) ** 2
  return Math.round(2 * earthM * Math.asin(Math.min(1, Math.sqrt(half))))
}

const hour = 3_600_000

/**
 * How well a technician suits, and why: who lacks the skill loses 50, who is out of their area 25, each kilometre 0.2 (20
 * at most), each open ticket 5 (25 at most), each hour until they work 0.5 (20 at most).
 */
export function propose(
  ticket: { skill: string | null; latitude: number | null; longitude: number | null },
  technician: Technician & { load: number },
  at: Date,
  holidays: ReadonlySet<string>,
): Proposal {
  const { id: technicianId, name, load, hours, timeZone: zone } = technician
  const skilled = ticket.skill === null || technician.skills.includes(ticket.skill)
  const [from, to] = [technician, ticket].map(({ latitude, longitude }) =>
    latitude === null || longitude === null ? undefined : ([latitude, longitude] as const),
  )
  const distance = from && to ? distanceM(from, to) : null
  const inArea = distance === null || technician.radiusM === null ? null : distance <= technician.radiusM
  const calendar: Calendar = { zone, hours, holidays }
  const next = nextWork(calendar, at.getTime(), technician.absences)
  const waitH = next === undefined ? Infinity : (next - at.getTime()) / hour
  const losses = [
    skilled ? 0 : 50,
    inArea === false ? 25 : 0,
    Math.min(20, ((distance ?? 0) / 1000) * 0.2),
    Math.min(25, load * 5),
    Math.min(20, waitH * 0.5),
  ]
  const score = Math.max(0, Math.round((100 - losses.reduce((sum, loss) => sum + loss, 0)) * 10) / 10)
  const availableAt = next === undefined ? null : new Date(next).toISOString()
  const reasons = [
    ticket.skill !== null && (skilled ? `knows ${ticket.skill}` : `does not know ${ticket.skill}`),
    distance !== null && `${(distance / 1000).toFixed(1)} km away`,
    inArea !== null && (inArea ? 'in their area' : 'out of their area'),
    load === 0 ? 'has nothing else to do' : `has ${load} open ${load === 1 ? 'ticket' : 'tickets'}`,
    availableAt === null ? 'works at no time that is known' : waitH === 0 ? 'works now' : `works from ${availableAt}`,
  ].filter(reason => reason !== false)
  return { technicianId, name, score, distanceM: distance, inArea, skilled, load, availableAt, reasons }
}

/** The best first; of equals who has less to do. */
export const byScore = (one: Proposal, other: Proposal): number =>
  other.score - one.score || one.load - other.load || (one.name < other.name ? -1 : 1)
