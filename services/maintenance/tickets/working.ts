import { getStation } from '#contracts/stations'
import {
  TicketAssigned,
  TicketChanged,
  TicketOpened,
  TicketSlaAtRisk,
  TicketSlaMissed,
  type Priority,
} from '#contracts/maintenance'
import { newId, Problem, type Actor, type Tx } from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { closeIncident } from '../incidents/following.ts'
import { closed, type Incident } from '../incidents/incidents.ts'
import { lockIncident } from '../incidents/store.ts'
import { insertNote, insertTicket, listPressing, listUnticketed, updateTicket, type Note } from './store.ts'
import { escalatedAt } from '../sla/escalation.ts'
import { clockOf } from '../sla/store.ts'
import { move, rank, running, targetOf, told, type Act, type Ticket } from './tickets.ts'

type MaintenanceTx = Tx<'maintenance'>

export interface Wanted {
  readonly title: string
  readonly description: string | null
  readonly skill: string | null
  readonly priority: Priority
  readonly evse: number | null
}

/** Where a ticket leads; nothing where the station is not known. */
export async function placeOf({ ask, log }: MaintenanceHost, stationId: string | null) {
  const station = stationId
    ? await ask(getStation, { stationId }).catch((error: unknown) => {
        if (!(error instanceof Problem) || error.code !== 'station_unknown') log.warn({ err: error }, 'no station')
        return undefined
      })
    : undefined
  const { address = null, coordinates = null, timeZone } = station ?? {}
  return {
    address,
    latitude: coordinates?.latitude ?? null,
    longitude: coordinates?.longitude ?? null,
    timeZone: timeZone ?? 'UTC',
  }
}

/** What a ticket is about. */
export type About = Pick<Incident, 'stationId' | 'chargerId' | 'owner' | 'place'> & { incidentId: string | null }

/** Opens a ticket, whose clock runs from now on. Fails with `ticket_exists`. */
export async function openTicket(
  host: MaintenanceHost,
  tx: MaintenanceTx,
  about: About & Awaited<ReturnType<typeof placeOf>>,
  wanted: Wanted,
  authorId: string | null,
): Promise<Ticket> {
  const at = host.now()
  const clock = await clockOf(host, tx, about.owner)
  const fresh: Ticket = {
    ...about,
    ...wanted,
    id: newId(at.getTime()),
    number: 0,
    state: 'open',
    technicianId: null,
    assigneeId: null,
    slaTargetS: targetOf(clock, wanted.priority),
    slaUsedS: 0,
    slaSince: null,
    riskAt: null,
    dueAt: null,
    escalation: 0,
    version: 1,
    createdAt: at,
    updatedAt: at,
  }
  const { number: _, ...row } = running(clock, fresh, at)
  const ticket = await insertTicket(tx, row)
  await note(tx, ticket, { authorId, act: 'open', at })
  await tx.publish(TicketOpened, told(ticket))
  const { id: ticketId, number, priority } = ticket
  host.log.info({ ticketId, number, priority, incidentId: about.incidentId }, 'a ticket is open')
  return ticket
}

type Noting = Partial<Note> & { authorId: string | null; act: string; at: Date }

export const note = (
  tx: Tx,
  { id, state, version: turn }: Pick<Ticket, 'id' | 'state' | 'version'>,
  { authorId, act, at, toldAt = null, text = null, photos = [] }: Noting,
) => insertNote(tx, id, { id: newId(at.getTime()), authorId, act, state, text, photos, notedAt: at, toldAt, turn })

/**
 * When something was done: as who did it says, who may have had no network. Never later than now, as clocks of telephones
 * go wrong, nor before the clock of the ticket runs.
 */
export function doneAt(
  now: Date,
  { createdAt, slaSince }: Pick<Ticket, 'createdAt' | 'slaSince'>,
  said: string | undefined,
): { at: Date; toldAt: Date | null } {
  const first = Math.max(createdAt.getTime(), slaSince?.getTime() ?? 0)
  const at = said === undefined ? now : new Date(Math.max(first, Math.min(now.getTime(), Date.parse(said))))
  return { at, toldAt: now.getTime() - at.getTime() > 5_000 ? now : null }
}

/** Does something with a ticket, notes and tells it. Fails with `ticket_state`. */
export async function act(
  host: MaintenanceHost,
  tx: MaintenanceTx,
  before: Ticket,
  what: Act,
  by: {
    actor: Pick<Actor, 'userId'> | null
    text?: string | null
    photos?: readonly string[]
    at?: string
    more?: Partial<Ticket>
  },
): Promise<Ticket> {
  const { at, toldAt } = doneAt(host.now(), before, by.at)
  const moved = move(await clockOf(host, tx, before.owner), before, what, at, by.more)
  // What was done in time was not late, though it was told of when it seemed so.
  const isKept = toldAt !== null && moved.slaSince === null && moved.slaUsedS < moved.slaTargetS
  const escalation = isKept ? Math.min(moved.escalation, 1) : moved.escalation
  const ticket = { ...moved, escalation, updatedAt: toldAt ?? at }
  await updateTicket(tx, ticket)
  const { text = null, photos = [] } = by
  await note(tx, ticket, { authorId: by.actor?.userId ?? null, act: what, at, toldAt, text, photos })
  await tx.publish(TicketChanged, told(ticket))
  if (what === 'assign' && ticket.assigneeId !== before.assigneeId) await tx.publish(TicketAssigned, told(ticket))
  if (what === 'close') await endIncident(host, tx, ticket)
  return ticket
}

/** Gives a ticket another priority, notes and tells it. Fails with `ticket_closed`. */
export async function prioritise(
  host: MaintenanceHost,
  tx: MaintenanceTx,
  before: Ticket,
  priority: Priority,
  { userId }: Pick<Actor, 'userId'>,
): Promise<void> {
  if (before.priority === priority) return
  const at = host.now()
  const ticket = rank(await clockOf(host, tx, before.owner), before, priority, at)
  await updateTicket(tx, ticket)
  await note(tx, ticket, { authorId: userId, act: 'prioritise', at, text: priority })
  await tx.publish(TicketChanged, told(ticket))
}

/** What a charger says of itself ends by itself; the rest is over with the work. */
async function endIncident(host: MaintenanceHost, tx: MaintenanceTx, { incidentId }: Ticket): Promise<void> {
  const incident = incidentId === null ? undefined : await lockIncident(tx, incidentId)
  if (incident && !incident.closedAt && (incident.source === 'person' || incident.source === 'alert'))
    await closeIncident(host, tx, closed(incident, 'solved', host.now()))
}

/** Tells of tickets whose time runs out, or has. */
export async function watchClocks(host: MaintenanceHost): Promise<void> {
  const { db, now, log } = host
  const at = now()
  const escalated = await escalatedAt(host, at)
  await db.transaction(async tx => {
    for (const before of await listPressing(tx, at)) {
      const isMissed = before.dueAt !== null && before.dueAt <= at
      const ticket = { ...before, escalation: isMissed ? 2 : 1, version: before.version + 1 }
      await updateTicket(tx, ticket)
      await note(tx, ticket, { authorId: null, act: isMissed ? 'sla-missed' : 'sla-at-risk', at })
      if (isMissed) {
        const escalatedTo = escalated.get(ticket.owner?.id ?? '')
        await tx.publish(TicketSlaMissed, { ...told(ticket), ...(escalatedTo && { escalatedTo }) })
      } else await tx.publish(TicketSlaAtRisk, told(ticket))
      const { id: ticketId, number, priority, dueAt } = ticket
      if (isMissed) log.warn({ ticketId, number, priority, dueAt }, 'a ticket takes longer than it may')
    }
  })
}

/** Gives incidents that last a ticket: nobody has to see them first. */
export async function openTickets(host: MaintenanceHost): Promise<void> {
  const { db, now, settings } = host
  for (const incident of await listUnticketed(db, new Date(now().getTime() - settings.MAINTENANCE_TICKET_AFTER))) {
    const { id: incidentId, stationId, chargerId, owner, place, source, code, info, evse, priority } = incident
    const where = await placeOf(host, stationId)
    const title = `${place}: ${code ?? source}`.slice(0, 200)
    const wanted = { title, description: info, skill: null, priority, evse }
    try {
      await db.transaction(async tx => {
        const still = await lockIncident(tx, incidentId)
        if (still?.closedAt === null && still.clearedAt === null)
          await openTicket(host, tx, { incidentId, stationId, chargerId, owner, place, ...where }, wanted, null)
      })
    } catch (error) {
      // Somebody was quicker.
      if (!(error instanceof Problem) || error.code !== 'ticket_exists') throw error
    }
  }
}
