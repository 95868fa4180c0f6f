import Type from 'typebox'
import { Id, Instant, Line, Owner } from '#contracts/shared'
import {
  Count,
  counted,
  countQuery,
  cursorOf,
  fail,
  isId,
  isInstant,
  listQuery,
  mayWrite,
  mostCounted,
  newId,
  ownerFor,
  Page,
  page,
  Problem,
  requireMatch,
  withRole,
  type Actor,
  type Tx,
} from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { One } from '../incidents/routes.ts'
import { lockTicket, updateTicket } from '../tickets/store.ts'
import { DoneAt, workable } from '../tickets/routes.ts'
import { doneAt, note } from '../tickets/working.ts'
import {
  countParts,
  findPart,
  insertPart,
  listParts,
  lockPart,
  takeFromStock,
  updatePart,
  useIn,
  type Part,
} from './store.ts'

const Number = Line(60, { examples: ['LOCK-T2'] })
const stock = Type.Integer({ minimum: 0, maximum: 1_000_000, examples: [12] })
const Body = Type.Object({ number: Number, name: Line(200, { examples: ['Lock for a Type 2 socket'] }), stock })
const PartView = Type.Object(
  {
    id: Id,
    owner: Owner,
    number: Type.String({ examples: ['LOCK-T2'] }),
    name: Type.String({ examples: ['Lock for a Type 2 socket'] }),
    stock,
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'Part' },
)
const filters = { number: Type.Optional(Number) }
const operators = { access: withRole('operator') }
const workers = { access: withRole('operator', 'technician') }

const view = ({ createdAt, ...part }: Part) => ({ ...part, createdAt: createdAt.toISOString() })

export function partRoutes(host: MaintenanceHost): void {
  const { http, db, now } = host

  http.post(
    '/parts',
    {
      config: operators,
      schema: {
        summary: 'Add a part to the stock',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['editor_required', 'part_exists'],
        body: Body,
        response: { 201: PartView },
      },
    },
    async (request, reply) => {
      const at = now()
      const part = {
        ...request.body,
        id: newId(at.getTime()),
        owner: ownerFor(request.actor),
        version: 1,
        createdAt: at,
      }
      const made = await db.once(request, async tx => {
        await insertPart(tx, part)
        return view(part)
      })
      return reply.code(201).header('location', `/api/maintenance/parts/${made.id}`).header('etag', '"1"').send(made)
    },
  )

  http.get(
    '/parts',
    {
      config: workers,
      schema: {
        summary: 'List parts, the newest first',
        description: 'Operators see those of their parties, technicians those of who sends them, admins all.',
        querystring: listQuery(filters),
        response: { 200: Page(PartView) },
      },
    },
    async ({ actor, query: { limit, after, number } }) => {
      const before = cursorOf(after, isInstant, isId) as [string, string] | undefined
      const rows = await listParts(db, actor, number, limit + 1, before)
      return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], view)
    },
  )

  http.get(
    '/parts/count',
    {
      config: workers,
      schema: { summary: 'How many parts a list finds', querystring: countQuery(filters), response: { 200: Count } },
    },
    async ({ actor, query }) => counted(await countParts(db, actor, query.number, mostCounted + 1)),
  )

  http.get(
    '/parts/:id',
    {
      config: workers,
      schema: {
        summary: 'Read a part',
        gives: ['ETag'],
        refuses: ['part_unknown'],
        params: One,
        response: { 200: PartView },
      },
    },
    async ({ actor, params }, reply) => {
      const part = (await findPart(db, actor, params.id)) ?? fail('not_found', 'part_unknown')
      return reply.header('etag', `"${part.version}"`).send(view(part))
    },
  )

  http.put(
    '/parts/:id',
    {
      config: operators,
      schema: {
        summary: 'Change a part, or count its stock anew',
        honours: ['If-Match'],
        refuses: ['part_unknown', 'editor_required', 'part_exists'],
        params: One,
        body: Body,
        response: { 200: PartView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const part = await db.transaction(async tx => {
        const before = (await lockPart(tx, actor, params.id)) ?? fail('not_found', 'part_unknown')
        if (!mayWrite(actor, before)) throw new Problem('forbidden', 'editor_required')
        requireMatch(request, before.version)
        const next = { ...before, ...body, version: before.version + 1 }
        await updatePart(tx, next)
        return next
      })
      return reply.header('etag', `"${part.version}"`).send(view(part))
    },
  )

  http.post(
    '/tickets/:id/parts',
    {
      config: workers,
      schema: {
        summary: 'Use a part in a ticket',
        description: 'It is taken from the stock, which never falls below zero.',
        honours: ['Idempotency-Key'],
        refuses: ['ticket_unknown', 'editor_required', 'ticket_closed', 'part_unknown', 'part_out_of_stock'],
        params: One,
        body: Type.Object({
          partId: Id,
          quantity: Type.Integer({ minimum: 1, maximum: 10_000, examples: [1] }),
          at: DoneAt,
        }),
        response: { 200: PartView },
      },
    },
    async request => {
      const { actor, params, body } = request
      return await db.once(request, async tx => view(await usePart(host, tx, actor, params.id, body)))
    },
  )
}

/**
 * Takes parts from the stock for a ticket. Fails with `ticket_unknown`, `editor_required`, `ticket_closed`, `part_unknown`
 * and `part_out_of_stock`.
 */
export async function usePart(
  { now }: Pick<MaintenanceHost, 'now'>,
  tx: Tx<'maintenance'>,
  actor: Actor,
  ticketId: string,
  { partId, quantity, at: said }: { partId: string; quantity: number; at?: string },
): Promise<Part> {
  const ticket = workable(actor, await lockTicket(tx, ticketId))
  if (ticket.state === 'closed') throw new Problem('conflict', 'ticket_closed')
  const part = (await lockPart(tx, actor, partId)) ?? fail('not_found', 'part_unknown')
  const { stock, number, name } = part
  if (!(await takeFromStock(tx, part.id, quantity)))
    throw new Problem('conflict', 'part_out_of_stock', { detail: `There are ${stock} of it.`, stock })
  await useIn(tx, ticket.id, part.id, quantity)
  const [told, next] = [now(), { ...ticket, version: ticket.version + 1 }]
  await updateTicket(tx, { ...next, updatedAt: told })
  const when = doneAt(told, ticket, said)
  await note(tx, next, { authorId: actor.userId, act: 'part', ...when, text: `${quantity} × ${number} ${name}` })
  return { ...part, stock: stock - quantity, version: part.version + 1 }
}
