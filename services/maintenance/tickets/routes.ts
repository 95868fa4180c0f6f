import Type from 'typebox'
import { Priority } from '#contracts/maintenance'
import { Id, Instant, Line } from '#contracts/shared'
import {
  Count,
  counted,
  countQuery,
  listQuery,
  mayRead,
  Page,
  page,
  Problem,
  requireMatch,
  withRole,
  type Actor,
  type Reply,
  type Tx,
} from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { reportable } from '../incidents/reporting.ts'
import { One, Photos, Words } from '../incidents/routes.ts'
import { findIncident } from '../incidents/store.ts'
import { listUsed } from '../parts/store.ts'
import { mayManage } from '../places/places.ts'
import { Skill } from '../technicians/routes.ts'
import { listLoads, lockTechnician } from '../technicians/store.ts'
import { byScore, propose } from '../technicians/technicians.ts'
import { countTickets, searchTickets, ticketFilters } from './search.ts'
import { clockOf } from '../sla/store.ts'
import { findTicket, listNotes, lockTicket, updateTicket } from './store.ts'
import { possible, type Act, type Ticket } from './tickets.ts'
import { summary, TicketSummary, TicketView, view } from './view.ts'
import { act, doneAt, note, openTicket, placeOf, prioritise, type About } from './working.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const operators = { access: withRole('operator') }
const workers = { access: withRole('operator', 'technician') }
export const DoneAt = Type.Optional({
  ...Instant,
  description:
    'When it was done, where it is told of later: a technician had no network. Never counts as later than now.',
})

/** Whoever has it to do works on it; who operates the station does all. */
export const mayWork = (actor: Actor, { owner, assigneeId }: Ticket): boolean =>
  mayManage(actor, owner) || (actor.role === 'technician' && assigneeId === actor.userId)

/** Fails with `ticket_unknown`, and with `editor_required` for what one may only see. */
export function workable(actor: Actor, ticket: Ticket | undefined): Ticket {
  if (ticket && mayWork(actor, ticket)) return ticket
  if (ticket?.owner && actor.role === 'operator' && mayRead(actor, { owner: ticket.owner }))
    throw new Problem('forbidden', 'editor_required', { detail: 'Only who operates the station may.' })
  throw new Problem('not_found', 'ticket_unknown')
}

const Proposals = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          technicianId: Id,
          name: Type.String({ examples: ['Grace Hopper'] }),
          score: Type.Number({ description: 'The more the better', examples: [93.2] }),
          distanceM: nullable(Type.Integer({ examples: [4_200] })),
          inArea: nullable(Type.Boolean()),
          skilled: Type.Boolean(),
          load: Type.Integer({ description: 'Open tickets', examples: [1] }),
          availableAt: nullable(
            Type.String({ description: 'When they work next', examples: ['2027-02-18T08:30:00.000Z'] }),
          ),
          reasons: Type.Array(Type.String({ examples: ['4.2 km away'] })),
        },
        { title: 'TicketProposal' },
      ),
    ),
  },
  { title: 'TicketProposals' },
)

export function ticketRoutes(host: MaintenanceHost): void {
  const { http, db, now } = host

  const read = async (actor: Actor, id: string) => {
    const ticket = await findTicket(db, id)
    if (
      !ticket ||
      !(
        mayWork(actor, ticket) ||
        (ticket.owner && actor.role === 'operator' && mayRead(actor, { owner: ticket.owner }))
      )
    )
      throw new Problem('not_found', 'ticket_unknown')
    return view(ticket, await listNotes(db, id), await listUsed(db, id))
  }
  const answer = (reply: Reply, body: Awaited<ReturnType<typeof read>>) =>
    reply.header('etag', `"${body.version}"`).send(body)

  http.post(
    '/tickets',
    {
      config: operators,
      schema: {
        summary: 'Open a ticket',
        description: 'About an incident, or about a station. An incident has one that is not closed.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['incident_unknown', 'station_unknown', 'editor_required', 'ticket_exists', 'ticket_about_nothing'],
        body: Type.Object({
          incidentId: Type.Optional(Id),
          stationId: Type.Optional({ ...Id, description: 'Where there is no incident' }),
          evse: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, examples: [1] })),
          title: Line(200, { examples: ['Cable does not lock'] }),
          description: Type.Optional(Words),
          skill: Type.Optional(Skill),
          priority: Type.Optional(Priority),
        }),
        response: { 201: TicketView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { title, description = null, skill = null, priority } = body
      const about = body.incidentId ? await ofIncident(actor, body.incidentId) : await ofStation(actor, body)
      const where = await placeOf(host, about.stationId)
      const wanted = { title, description, skill, priority: priority ?? about.priority, evse: about.evse }
      const { evse: _, priority: __, ...its } = about
      const id = await db.once(
        request,
        async tx => (await openTicket(host, tx, { ...its, ...where }, wanted, actor.userId)).id,
      )
      return answer(reply.code(201).header('location', `/api/maintenance/tickets/${id}`), await read(actor, id))
    },
  )

  async function ofIncident(actor: Actor, incidentId: string): Promise<About & Pick<Ticket, 'evse' | 'priority'>> {
    const incident = await findIncident(db, incidentId)
    if (!incident || !mayManage(actor, incident.owner)) throw new Problem('not_found', 'incident_unknown')
    const { stationId, chargerId, owner, place, evse, priority } = incident
    return { incidentId, stationId, chargerId, owner, place, evse, priority }
  }
  async function ofStation(actor: Actor, { stationId, evse }: { stationId?: string; evse?: number }) {
    if (stationId === undefined) throw new Problem('unprocessable', 'ticket_about_nothing')
    const { chargerId, owner, name: place } = await reportable(host, actor, stationId)
    if (!mayManage(actor, owner)) throw new Problem('forbidden', 'editor_required')
    return { incidentId: null, stationId, chargerId, owner, place, evse: evse ?? null, priority: 'normal' as const }
  }

  http.get(
    '/tickets',
    {
      config: workers,
      schema: {
        summary: 'List tickets, the newest first',
        description: 'Technicians see their own, operators those of their stations and of nobody’s, admins all.',
        querystring: listQuery(ticketFilters),
        response: { 200: Page(TicketSummary) },
      },
    },
    async ({ actor, query }) => {
      const rows = await searchTickets(db, actor, { ...query, limit: query.limit + 1 })
      return page(rows, query.limit, ({ createdAt, id }) => [createdAt.toISOString(), id], summary)
    },
  )

  http.get(
    '/tickets/count',
    {
      config: workers,
      schema: {
        summary: 'How many tickets a list finds',
        querystring: countQuery(ticketFilters),
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => counted(await countTickets(db, actor, query)),
  )

  http.get(
    '/tickets/:id',
    {
      config: workers,
      schema: {
        summary: 'Read a ticket, with what was done and said',
        gives: ['ETag'],
        refuses: ['ticket_unknown'],
        params: One,
        response: { 200: TicketView },
      },
    },
    async ({ actor, params }, reply) => answer(reply, await read(actor, params.id)),
  )

  http.get(
    '/tickets/:id/proposals',
    {
      config: operators,
      schema: {
        summary: 'Who might do a ticket, and why',
        description:
          'Technicians of its owner by distance, skill, load and calendar, the best first. Nobody has to follow.',
        refuses: ['ticket_unknown', 'editor_required'],
        params: One,
        response: { 200: Proposals },
      },
    },
    async ({ actor, params }) => {
      const ticket = workable(actor, await findTicket(db, params.id))
      const { settings } = await clockOf(host, db, ticket.owner)
      const holidays = new Set(settings.MAINTENANCE_HOLIDAYS)
      const technicians = await listLoads(db, ticket.owner?.id ?? actor.organisation?.id ?? actor.userId)
      return {
        items: technicians
          .map(one => propose(ticket, one, now(), holidays))
          .sort(byScore)
          .slice(0, 20),
      }
    },
  )

  http.post(
    '/tickets/:id/assign',
    {
      config: operators,
      schema: {
        summary: 'Assign a ticket to a technician',
        honours: ['If-Match', 'Idempotency-Key'],
        refuses: ['ticket_unknown', 'editor_required', 'ticket_state', 'technician_unknown'],
        params: One,
        body: Type.Object({ technicianId: Id }),
        response: { 200: TicketView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      await db.once(request, async tx => {
        const technician = await lockTechnician(tx, body.technicianId, 'assign')
        const ticket = workable(actor, await lockTicket(tx, params.id))
        requireMatch(request, ticket.version)
        const isTheirs =
          technician &&
          (actor.role === 'admin' || technician.owner.id === ticket.owner?.id || mayRead(actor, technician))
        if (!isTheirs) throw new Problem('not_found', 'technician_unknown')
        const more = { technicianId: technician.id, assigneeId: technician.userId }
        await act(host, tx, ticket, 'assign', { actor, text: technician.name, more })
        return params.id
      })
      return answer(reply, await read(actor, params.id))
    },
  )

  http.put(
    '/tickets/:id/priority',
    {
      config: operators,
      schema: {
        summary: 'Say how soon a ticket has to be seen to',
        description: 'Its clock goes on by the new priority; what it has used of its time stays.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['ticket_unknown', 'editor_required', 'ticket_closed'],
        params: One,
        body: Type.Object({ priority: Priority }),
        response: { 200: TicketView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      await db.transaction(async tx => {
        const ticket = workable(actor, await lockTicket(tx, params.id))
        requireMatch(request, ticket.version)
        await prioritise(host, tx, ticket, body.priority, actor)
      })
      return answer(reply, await read(actor, params.id))
    },
  )

  for (const [path, { summary, operator }] of Object.entries(acts))
    http.post(
      `/tickets/:id/${path}`,
      {
        config: operator ? operators : workers,
        schema: {
          summary,
          honours: ['If-Match', 'Idempotency-Key'],
          refuses: ['ticket_unknown', 'ticket_state', 'editor_required'],
          params: One,
          body: Type.Object({ text: Type.Optional(Words), photos: Type.Optional(Photos), at: DoneAt }),
          response: { 200: TicketView },
        },
      },
      async (request, reply) => {
        const { actor, params, body } = request
        await db.once(request, tx =>
          doing(host, tx, version => requireMatch(request, version), params.id, path as Act, actor, body),
        )
        return answer(reply, await read(actor, params.id))
      },
    )

  http.post(
    '/tickets/:id/comments',
    {
      config: workers,
      schema: {
        summary: 'Say something about a ticket',
        honours: ['Idempotency-Key'],
        gives: ['ETag'],
        refuses: ['ticket_unknown', 'editor_required', 'ticket_closed'],
        params: One,
        body: Type.Object({ text: Words, photos: Type.Optional(Photos), at: DoneAt }),
        response: { 201: TicketView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      await db.once(request, tx => comment(host, tx, params.id, actor, body))
      return answer(reply.code(201), await read(actor, params.id))
    },
  )
}

/** What is done with tickets but for assigning them, and whether it takes who operates the station. */
const acts = {
  start: { summary: 'Begin to work on a ticket', operator: false },
  wait: { summary: 'Let a ticket wait for a part: its clock stands', operator: false },
  resolve: { summary: 'Say that the work of a ticket is done', operator: false },
  close: { summary: 'Close a ticket', operator: true },
  reopen: { summary: 'Reopen a ticket: its clock begins anew', operator: true },
} as const

/** Something done with a ticket by who may. Fails with `ticket_unknown`, `editor_required`, `version_stale`, `ticket_state`. */
export async function doing(
  host: MaintenanceHost,
  tx: Tx<'maintenance'>,
  match: (version: number) => void,
  id: string,
  what: Act,
  actor: Actor,
  { text = null, photos = [], at }: { text?: string | null; photos?: readonly string[]; at?: string },
): Promise<string> {
  const ticket = workable(actor, await lockTicket(tx, id))
  match(ticket.version)
  await act(host, tx, ticket, what, { actor, text, photos, ...(at !== undefined && { at }) })
  return id
}

/** Fails with `ticket_unknown`, `editor_required`, and `ticket_closed`. */
export async function comment(
  { now }: Pick<MaintenanceHost, 'now'>,
  tx: Tx<'maintenance'>,
  id: string,
  actor: Actor,
  { text, photos = [], at: said }: { text: string | null; photos?: readonly string[]; at?: string },
): Promise<string> {
  const ticket = workable(actor, await lockTicket(tx, id))
  if (!possible(ticket).some(act => act !== 'reopen')) throw new Problem('conflict', 'ticket_closed')
  const [told, next] = [now(), { ...ticket, version: ticket.version + 1 }]
  await updateTicket(tx, { ...next, updatedAt: told })
  await note(tx, next, { authorId: actor.userId, act: 'comment', ...doneAt(told, ticket, said), text, photos })
  return id
}
