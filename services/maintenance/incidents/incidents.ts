import type { IncidentEnd, IncidentSource, Priority } from '#contracts/maintenance'
import type { Owner } from '#contracts/shared'

/** Something that does not work. */
export interface Incident {
  readonly id: string
  readonly source: IncidentSource
  readonly chargerId: string | null
  readonly stationId: string | null
  readonly key: string
  readonly evse: number | null
  readonly connector: number | null
  readonly owner: Owner | null
  readonly place: string
  readonly code: string | null
  readonly info: string | null
  readonly priority: Priority
  readonly openedAt: Date
  readonly clearedAt: Date | null
  readonly relapses: number
  readonly closedAt: Date | null
  readonly end: IncidentEnd | null
  readonly told: boolean
  readonly version: number
}

/** What people choose when they report something. */
export const faults = ['danger', 'no-start', 'no-stop', 'cable', 'payment', 'damage', 'blocked', 'other'] as const
export type Fault = (typeof faults)[number]

export const priorityOfReport = (fault: Fault): Priority =>
  fault === 'danger' ? 'critical' : fault === 'no-stop' ? 'high' : fault === 'blocked' ? 'low' : 'normal'

/** Said of one thing at a charger, in the order it was heard. */
export interface Signal {
  readonly chargerId: string
  readonly key: string
  readonly source: IncidentSource
  readonly bad: boolean
  readonly heardAt: Date
  readonly at: Date
  readonly eventId: string
  readonly evse: number
  readonly connector: number
  readonly code: string | null
  readonly info: string | null
  readonly priority: Priority
}

/** What was heard last of such a thing. */
export interface Heard {
  readonly heardAt: Date
  readonly eventId: string
  readonly bad: boolean
  /** The last there was. */
  readonly incident: Incident
}

/** Whether a signal is behind what was heard before: such a one says nothing new. */
const isLate = (heard: Heard, { heardAt, eventId }: Signal): boolean =>
  heardAt < heard.heardAt || (heardAt.getTime() === heard.heardAt.getTime() && eventId <= heard.eventId)

/**
 * What is known of a thing after a signal; `heard` itself where it says nothing new, undefined for what was never bad.
 * What comes back before it was well for `calmMs` is the same incident.
 */
export function follow(
  heard: Heard | undefined,
  signal: Signal,
  calmMs: number,
  open: (signal: Signal) => Incident,
  end: (incident: Incident) => void,
): Heard | undefined {
  if (heard ? isLate(heard, signal) : !signal.bad) return heard
  const { heardAt, eventId, bad } = signal
  if (!heard) return { heardAt, eventId, bad, incident: open(signal) }
  const { incident } = heard
  const next = (changed: Incident): Heard => ({ heardAt, eventId, bad, incident: changed })
  if (incident.closedAt) return next(bad && !heard.bad ? open(signal) : incident)
  if (!bad)
    return next(incident.clearedAt ? incident : { ...incident, clearedAt: heardAt, version: incident.version + 1 })
  const said = { code: signal.code, info: signal.info }
  if (!incident.clearedAt) {
    const isSame = said.code === incident.code && said.info === incident.info
    return next(isSame ? incident : { ...incident, ...said, version: incident.version + 1 })
  }
  if (heardAt.getTime() - incident.clearedAt.getTime() > calmMs) {
    end(closed(incident, 'cleared', incident.clearedAt))
    return next(open(signal))
  }
  const { relapses, version } = incident
  return next({ ...incident, ...said, clearedAt: null, relapses: relapses + 1, version: version + 1 })
}

export const closed = (incident: Incident, end: IncidentEnd, at: Date): Incident => ({
  ...incident,
  closedAt: at,
  end,
  version: incident.version + 1,
})

/** What events tell of an incident. */
export const told = ({ id, source, chargerId, stationId, ...more }: Incident) => ({
  incidentId: id,
  source,
  chargerId,
  stationId,
  evse: more.evse,
  connector: more.connector,
  owner: more.owner,
  place: more.place,
  code: more.code,
  priority: more.priority,
  openedAt: more.openedAt.toISOString(),
})
