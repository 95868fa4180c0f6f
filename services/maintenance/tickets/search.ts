import Type, { type Static } from 'typebox'
import { Priority, TicketState } from '#contracts/maintenance'
import { Id, Instant } from '#contracts/shared'
import {
  countQuery,
  cursorOf,
  isId,
  isInstant,
  mostCounted,
  partiesOf,
  timeOf,
  madeIn,
  changedQuery,
  changedIn,
  type Actor,
  type Db,
} from '#kernel'
import { nobody } from '../places/places.ts'
import { ticketColumns } from './store.ts'
import type { Ticket } from './tickets.ts'

export const ticketFilters = {
  state: Type.Optional(TicketState),
  open: Type.Optional(Type.Boolean({ description: 'Whether there is something left to do' })),
  priority: Type.Optional(Priority),
  technicianId: Type.Optional(Id),
  stationId: Type.Optional(Id),
  incidentId: Type.Optional(Id),
  from: Type.Optional({ ...Instant, description: 'Only what was opened then or later' }),
  to: Type.Optional({ ...Instant, description: 'Only what was opened before' }),
  ...changedQuery,
}
type Filters = Static<ReturnType<typeof countQuery<typeof ticketFilters>>>

const nothing = (db: Db) => db``
type Fragment = ReturnType<typeof nothing>

/** Technicians see what is theirs, operators what is of their parties and of nobody yet, admins all. */
function scopesOf(db: Db, actor: Actor): Fragment[] {
  if (actor.role === 'admin') return [db`true`]
  if (actor.role === 'technician') return [db`t.assignee_id = ${actor.userId}`]
  return [...partiesOf(actor), nobody].map(id => db`coalesce(t.owner_id, ${nobody}) = ${id}`)
}

const isOpen = (db: Db) => db`t.state not in ('resolved', 'closed')`
const matching = (db: Db, filters: Filters): Fragment => {
  const { state, open, priority, technicianId, stationId, incidentId, from, to, ...changed } = filters
  return db`
  ${state === undefined ? db`` : db`and t.state = ${state}`}
  ${open === undefined ? db`` : open ? db`and ${isOpen(db)}` : db`and not (${isOpen(db)})`}
  ${priority === undefined ? db`` : db`and t.priority = ${priority}`}
  ${technicianId === undefined ? db`` : db`and t.technician_id = ${technicianId}`}
  ${stationId === undefined ? db`` : db`and t.station_id = ${stationId}`}
  ${incidentId === undefined ? db`` : db`and t.incident_id = ${incidentId}`}
  ${from === undefined ? db`` : db`and t.created_at >= ${timeOf(from)}`}
  ${to === undefined ? db`` : db`and t.created_at < ${timeOf(to)}`}
  ${madeIn(db, 't.updated_at', changedIn(changed))}`
}

const joined = (db: Db, branches: readonly Fragment[]): Fragment =>
  branches.reduce((all, one) => db`${all} union all ${one}`)

/** Those that one may see, the newest first. */
export async function searchTickets(
  db: Db,
  actor: Actor,
  { limit, after, ...filters }: Filters & { limit: number; after?: string | undefined },
): Promise<Ticket[]> {
  const cursor = cursorOf(after, isInstant, isId) as readonly [string, string] | undefined
  const position = cursor ? db`and (t.created_at, t.id) < (${cursor[0]}::timestamptz, ${cursor[1]}::uuid)` : db``
  const branches = scopesOf(db, actor).map(
    scope => db`(
      select t.* from tickets t where ${scope} ${matching(db, filters)} ${position}
      order by t.created_at desc, t.id desc limit ${limit})`,
  )
  return await db<Ticket[]>`
    select ${ticketColumns(db)} from (${joined(db, branches)}) t order by t.created_at desc, t.id desc limit ${limit}`
}

/** How many a list finds; no more than `mostCounted + 1` of each scope are looked at. */
export async function countTickets(db: Db, actor: Actor, filters: Filters): Promise<number> {
  const branches = scopesOf(db, actor).map(
    scope => db`(select from tickets t where ${scope} ${matching(db, filters)} limit ${mostCounted + 1})`,
  )
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from (${joined(db, branches)}) found`
  return row!.count
}

/** What somebody still has to do, the most urgent first. */
export const listToDo = (db: Db, userId: string) => db<Ticket[]>`
  select ${ticketColumns(db)} from tickets t where t.assignee_id = ${userId} and ${isOpen(db)}
  order by t.due_at nulls last, t.created_at limit 100`
