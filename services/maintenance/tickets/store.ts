import type { TicketState } from '#contracts/maintenance'
import { violates, Problem, type Db, type Tx } from '#kernel'
import type { Incident } from '../incidents/incidents.ts'
import { incidentColumns } from '../incidents/store.ts'
import { ownerColumn } from '../places/places.ts'
import type { Ticket } from './tickets.ts'

export const ticketColumns = (db: Db) => db`
  t.id, t.number, t.incident_id as "incidentId", t.station_id as "stationId", t.charger_id as "chargerId", t.evse,
  ${ownerColumn(db, 't')} as owner, t.place, t.address, t.latitude, t.longitude, t.time_zone as "timeZone", t.title,
  t.description, t.skill, t.priority, t.state, t.technician_id as "technicianId", t.assignee_id as "assigneeId",
  t.sla_target_s as "slaTargetS", t.sla_used_s as "slaUsedS", t.sla_since as "slaSince", t.risk_at as "riskAt",
  t.due_at as "dueAt", t.escalation, t.version, t.created_at as "createdAt", t.updated_at as "updatedAt"`

export async function findTicket(db: Db, id: string): Promise<Ticket | undefined> {
  const [row] = await db<Ticket[]>`select ${ticketColumns(db)} from tickets t where t.id = ${id}`
  return row
}

/** A ticket that nobody else changes until the transaction ends. */
export async function lockTicket(tx: Tx, id: string): Promise<Ticket | undefined> {
  const [row] = await tx<Ticket[]>`select ${ticketColumns(tx)} from tickets t where t.id = ${id} for update`
  return row
}

const rowOf = (ticket: Omit<Ticket, 'number'>) => ({
  priority: ticket.priority,
  state: ticket.state,
  technician_id: ticket.technicianId,
  assignee_id: ticket.assigneeId,
  sla_target_s: ticket.slaTargetS,
  sla_used_s: ticket.slaUsedS,
  sla_since: ticket.slaSince,
  risk_at: ticket.riskAt,
  due_at: ticket.dueAt,
  escalation: ticket.escalation,
  version: ticket.version,
  updated_at: ticket.updatedAt,
})

/** Gives it its number. Fails with `ticket_exists` where the incident has one. */
export async function insertTicket(tx: Tx, ticket: Omit<Ticket, 'number'>): Promise<Ticket> {
  const row = {
    ...rowOf(ticket),
    id: ticket.id,
    incident_id: ticket.incidentId,
    station_id: ticket.stationId,
    charger_id: ticket.chargerId,
    evse: ticket.evse,
    owner_kind: ticket.owner?.kind ?? null,
    owner_id: ticket.owner?.id ?? null,
    place: ticket.place,
    address: ticket.address,
    latitude: ticket.latitude,
    longitude: ticket.longitude,
    time_zone: ticket.timeZone,
    title: ticket.title,
    description: ticket.description,
    skill: ticket.skill,
    created_at: ticket.createdAt,
  }
  try {
    const [made] = await tx<{ number: number }[]>`insert into tickets ${tx(row as never)} returning number`
    return { ...ticket, number: made!.number }
  } catch (error) {
    if (violates(error, 'tickets_of_incident')) throw new Problem('conflict', 'ticket_exists')
    throw error
  }
}

export const updateTicket = (tx: Tx, ticket: Ticket) =>
  tx`update tickets set ${tx(rowOf(ticket) as never)} where id = ${ticket.id}`

export interface Note {
  readonly id: string
  readonly authorId: string | null
  readonly act: string
  readonly state: TicketState
  readonly text: string | null
  readonly photos: readonly string[]
  readonly notedAt: Date
  /** When it was told of, where that was later than it was done. */
  readonly toldAt: Date | null
  /** The version of the ticket that it led to. */
  readonly turn: number
}

export const insertNote = (tx: Tx, ticketId: string, note: Note) => tx`
  insert into ticket_notes (id, ticket_id, turn, author_id, act, state, text, photos, noted_at, told_at)
  values (${note.id}, ${ticketId}, ${note.turn}, ${note.authorId}, ${note.act}, ${note.state}, ${note.text},
    ${note.photos as string[]}, ${note.notedAt}, ${note.toldAt})`

/** The last two hundred, in their order. */
export const listNotes = (db: Db, ticketId: string) => db<Note[]>`
  select * from (
    select id, author_id as "authorId", act, state, text, photos, noted_at as "notedAt", told_at as "toldAt", turn
    from ticket_notes
    where ticket_id = ${ticketId} order by turn desc limit 200) n
  order by turn`

/** Tickets of which it is time to say that their time runs out, or has. */
export const listPressing = (tx: Tx, at: Date) => tx<Ticket[]>`
  select ${ticketColumns(tx)} from tickets t
  where t.sla_since is not null and ((t.escalation = 0 and t.risk_at <= ${at}) or (t.escalation < 2 and t.due_at <= ${at}))
  order by t.id limit 500 for update`

/** What a technician has that is not resolved. */
export const listOpenOf = (tx: Tx, technicianId: string) => tx<Ticket[]>`
  select ${ticketColumns(tx)} from tickets t
  where t.technician_id = ${technicianId} and t.state not in ('resolved', 'closed') order by t.id for update`

/** Incidents that have lasted since before then and have no ticket. */
export const listUnticketed = (db: Db, before: Date) => db<Incident[]>`
  select ${incidentColumns(db)} from incidents i
  where i.closed_at is null and i.cleared_at is null and i.opened_at <= ${before}
    and not exists (select from tickets t where t.incident_id = i.id)
  order by i.opened_at, i.id limit 100`

/** Tickets are whose their incident is, or else their station, as works are. */
export async function followOwners(tx: Tx, chargerIds: readonly string[], stationId?: string): Promise<void> {
  if (chargerIds.length > 0)
    await tx`
      update tickets t set owner_kind = i.owner_kind, owner_id = i.owner_id from incidents i
      where i.id = t.incident_id and i.charger_id = any(${chargerIds as string[]})
        and t.owner_id is distinct from i.owner_id`
  if (stationId === undefined) return
  for (const table of ['tickets', 'works'])
    await tx`
      update ${tx(table)} t set owner_kind = s.owner_kind, owner_id = s.owner_id from stations s
      where s.id = ${stationId} and t.station_id = s.id and t.owner_id is distinct from s.owner_id`
}
