import type { Priority, TicketState } from '#contracts/maintenance'
import type { Owner } from '#contracts/shared'
import { Problem } from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { afterWork, hoursOf, workedMs, type Calendar } from '../sla/clock.ts'

/** Work that somebody has to do. */
export interface Ticket {
  readonly id: string
  readonly number: number
  readonly incidentId: string | null
  readonly stationId: string | null
  readonly chargerId: string | null
  readonly evse: number | null
  readonly owner: Owner | null
  readonly place: string
  readonly address: string | null
  readonly latitude: number | null
  readonly longitude: number | null
  readonly timeZone: string
  readonly title: string
  readonly description: string | null
  readonly skill: string | null
  readonly priority: Priority
  readonly state: TicketState
  readonly technicianId: string | null
  readonly assigneeId: string | null
  readonly slaTargetS: number
  readonly slaUsedS: number
  readonly slaSince: Date | null
  readonly riskAt: Date | null
  readonly dueAt: Date | null
  readonly escalation: number
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type Act = 'assign' | 'start' | 'wait' | 'resolve' | 'close' | 'reopen' | 'hand-back'

/** From which states an act leads, and to which. What was never begun may be closed as it is. */
const ways: Record<Act, { from: readonly TicketState[]; to: TicketState; words: string }> = {
  assign: {
    from: ['open', 'assigned', 'in-progress', 'waiting-for-part', 'reopened'],
    to: 'assigned',
    words: 'be assigned',
  },
  start: { from: ['assigned', 'waiting-for-part', 'reopened'], to: 'in-progress', words: 'be started' },
  wait: { from: ['in-progress'], to: 'waiting-for-part', words: 'wait for a part' },
  resolve: { from: ['in-progress', 'waiting-for-part'], to: 'resolved', words: 'be resolved' },
  close: { from: ['resolved', 'open'], to: 'closed', words: 'be closed' },
  reopen: { from: ['resolved', 'closed'], to: 'reopened', words: 'be reopened' },
  'hand-back': {
    from: ['assigned', 'in-progress', 'waiting-for-part', 'reopened'],
    to: 'open',
    words: 'be handed back',
  },
}

/** What can be done with a ticket as it is. */
export const possible = (ticket: Pick<Ticket, 'state' | 'technicianId'>): Act[] =>
  (Object.keys(ways) as Act[]).filter(
    act => ways[act].from.includes(ticket.state) && (act !== 'start' || ticket.technicianId !== null),
  )

/** In which states the clock runs: not while it waits for a part, nor once it is resolved. */
const isRunning = (state: TicketState): boolean => !['waiting-for-part', 'resolved', 'closed'].includes(state)

/** A ticket after an act, with its clock. Fails with `ticket_state`. */
export function move(host: Clocked, ticket: Ticket, act: Act, at: Date, more: Partial<Ticket> = {}): Ticket {
  if (!possible(ticket).includes(act)) {
    const detail =
      act === 'start' && ways.start.from.includes(ticket.state)
        ? 'It is nobody’s: assign it first.'
        : `A ticket that is ${ticket.state} cannot ${ways[act].words}.`
    throw new Problem('conflict', 'ticket_state', { detail, state: ticket.state, possible: possible(ticket) })
  }
  const state = ways[act].to
  const next = { ...ticket, ...more, state, version: ticket.version + 1, updatedAt: at }
  if (act === 'reopen') return running(host, { ...next, slaUsedS: 0, escalation: 0 }, at)
  if (isRunning(state)) return ticket.slaSince ? next : running(host, next, at)
  return standing(host, next, at)
}

export type Clocked = Pick<MaintenanceHost, 'settings'>

/** A ticket of another priority: what was used of its time stays, and its clock goes on by the new one. Fails with `ticket_closed`. */
export function rank(host: Clocked, ticket: Ticket, priority: Priority, at: Date): Ticket {
  if (!possible(ticket).some(act => act !== 'reopen')) throw new Problem('conflict', 'ticket_closed')
  const stopped = standing(host, ticket, at)
  const ranked = { ...stopped, priority, slaTargetS: targetOf(host, priority), updatedAt: at }
  const next = ticket.slaSince ? running(host, ranked, at) : ranked
  // What was told still holds, or will be told when it is so again.
  const { riskAt, dueAt, escalation } = next
  const isLate = dueAt !== null && dueAt <= at
  const isAtRisk = riskAt !== null && riskAt <= at
  const told = !ticket.slaSince || isLate ? escalation : isAtRisk ? Math.min(escalation, 1) : 0
  return { ...next, escalation: told, version: ticket.version + 1 }
}

/** The hours that count for a ticket. */
export const calendarOf = (
  { settings }: Clocked,
  { priority, timeZone }: Pick<Ticket, 'priority' | 'timeZone'>,
): Calendar => ({
  zone: timeZone,
  always: priority === 'critical',
  hours: hoursOf(settings.MAINTENANCE_WORKING_HOURS),
  holidays: new Set(settings.MAINTENANCE_HOLIDAYS),
})

/** How long one of this priority may take, in seconds. */
export const targetOf = ({ settings }: Clocked, priority: Priority): number =>
  Math.round(
    {
      critical: settings.MAINTENANCE_SLA_CRITICAL,
      high: settings.MAINTENANCE_SLA_HIGH,
      normal: settings.MAINTENANCE_SLA_NORMAL,
      low: settings.MAINTENANCE_SLA_LOW,
    }[priority] / 1000,
  )

/** A quarter of the time is left. */
const riskShare = 0.75

/** With a clock that runs from then on. */
export function running(host: Clocked, ticket: Ticket, at: Date): Ticket {
  const calendar = calendarOf(host, ticket)
  const when = (share: number): Date | null => {
    const ms = afterWork(calendar, at.getTime(), (ticket.slaTargetS * share - ticket.slaUsedS) * 1000)
    return ms === undefined ? null : new Date(ms)
  }
  return { ...ticket, slaSince: at, riskAt: when(riskShare), dueAt: when(1) }
}

/** With a clock that stands. */
export function standing(host: Clocked, ticket: Ticket, at: Date): Ticket {
  if (!ticket.slaSince) return ticket
  const worked = workedMs(calendarOf(host, ticket), ticket.slaSince.getTime(), at.getTime())
  const slaUsedS = ticket.slaUsedS + Math.round(worked / 1000)
  return { ...ticket, slaUsedS, slaSince: null, riskAt: null, dueAt: null }
}

/** What events tell of a ticket. */
export const told = ({ id, owner, dueAt, ...ticket }: Ticket) => ({
  ticketId: id,
  number: ticket.number,
  incidentId: ticket.incidentId,
  chargerId: ticket.chargerId,
  stationId: ticket.stationId,
  owner,
  place: ticket.place,
  title: ticket.title,
  priority: ticket.priority,
  state: ticket.state,
  assigneeId: ticket.assigneeId,
  dueAt: dueAt?.toISOString() ?? null,
  version: ticket.version,
})
