import Type from 'typebox'
import { Id, Instant, Line, Owner } from '#contracts/shared'
import {
  Count,
  counted,
  countQuery,
  cursorOf,
  isId,
  isInstant,
  listQuery,
  newId,
  Page,
  page,
  Problem,
  requireMatch,
  timeOf,
  withRole,
  type Actor,
} from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { reportable } from '../incidents/reporting.ts'
import { One } from '../incidents/routes.ts'
import { mayManage } from '../places/places.ts'
import { countWorks, findWork, insertWork, listWorks, lockWork, type Work } from './store.ts'
import { turn } from './works.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const State = Type.Enum(['planned', 'active', 'done', 'cancelled'], { examples: ['planned'] })
const filters = { state: Type.Optional(State), stationId: Type.Optional(Id) }
const config = { access: withRole('operator') }

const WorkView = Type.Object(
  {
    id: Id,
    stationId: Id,
    chargerId: nullable(Type.String({ examples: ['CP-1'] })),
    evse: nullable(Type.Integer({ description: 'Null for all of the charger', examples: [1] })),
    owner: nullable(Owner),
    place: Type.String({ examples: ['Market square'] }),
    title: Type.String({ examples: ['New cables'] }),
    from: Instant,
    to: Instant,
    state: State,
    answered: Type.Boolean({ description: 'Whether the charger has answered what it was asked last' }),
    answer: nullable(Type.String({ description: 'What it answered', examples: ['Accepted'] })),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'Work' },
)

const view = ({ fromAt, toAt, createdAt, requestId: _, requestedAt: __, ...work }: Work) => ({
  ...work,
  from: fromAt.toISOString(),
  to: toAt.toISOString(),
  createdAt: createdAt.toISOString(),
})

const manageable = (actor: Actor, work: Work | undefined): Work => {
  if (!work || !mayManage(actor, work.owner)) throw new Problem('not_found', 'work_unknown')
  return work
}

/** Planned works, which take connectors out of service and back. */
export function workRoutes(host: MaintenanceHost): void {
  const { http, db, now } = host

  http.post(
    '/works',
    {
      config,
      schema: {
        summary: 'Plan work at a station',
        description: 'When it begins the charger, or one EVSE of it, goes out of service, and back when it ends.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['station_unknown', 'editor_required', 'work_times_invalid'],
        body: Type.Object({
          stationId: Id,
          evse: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, examples: [1] })),
          title: Line(200, { examples: ['New cables'] }),
          from: { ...Instant, examples: ['2037-02-18T08:30:00.000Z'] },
          to: { ...Instant, examples: ['2037-02-18T16:30:00.000Z'] },
        }),
        response: { 201: WorkView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { stationId, evse = null, title } = body
      const [at, fromAt, toAt] = [now(), timeOf(body.from), timeOf(body.to)]
      if (fromAt >= toAt || toAt <= at)
        throw new Problem('unprocessable', 'work_times_invalid', {
          errors: [{ pointer: '/to', detail: 'must be after `from`, and ahead' }],
        })
      const { chargerId, owner, name: place } = await reportable(host, actor, stationId)
      if (!mayManage(actor, owner)) throw new Problem('forbidden', 'editor_required')
      const work: Work = {
        id: newId(at.getTime()),
        stationId,
        chargerId,
        evse,
        owner,
        place,
        title,
        fromAt,
        toAt,
        state: 'planned',
        requestId: null,
        requestedAt: null,
        answered: true,
        answer: null,
        version: 1,
        plannedBy: actor.userId,
        createdAt: at,
      }
      const made = await db.once(request, async tx => {
        await insertWork(tx, work)
        return view(work)
      })
      return reply.code(201).header('location', `/api/maintenance/works/${made.id}`).header('etag', '"1"').send(made)
    },
  )

  http.get(
    '/works',
    {
      config,
      schema: {
        summary: 'List planned works, the newest first',
        querystring: listQuery(filters),
        response: { 200: Page(WorkView) },
      },
    },
    async ({ actor, query: { limit, after, ...query } }) => {
      const before = cursorOf(after, isInstant, isId) as [string, string] | undefined
      const rows = await listWorks(db, actor, query, limit + 1, before)
      return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], view)
    },
  )

  http.get(
    '/works/count',
    {
      config,
      schema: {
        summary: 'How many planned works a list finds',
        querystring: countQuery(filters),
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => counted(await countWorks(db, actor, query)),
  )

  http.get(
    '/works/:id',
    {
      config,
      schema: {
        summary: 'Read a planned work',
        gives: ['ETag'],
        refuses: ['work_unknown'],
        params: One,
        response: { 200: WorkView },
      },
    },
    async ({ actor, params }, reply) => {
      const work = manageable(actor, await findWork(db, params.id))
      return reply.header('etag', `"${work.version}"`).send(view(work))
    },
  )

  http.post(
    '/works/:id/cancel',
    {
      config,
      schema: {
        summary: 'Cancel a planned work, or end it early',
        description: 'What is out of service for it goes back.',
        honours: ['If-Match'],
        refuses: ['work_unknown', 'work_over'],
        params: One,
        response: { 200: WorkView },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      const work = await db.transaction(async tx => {
        const before = manageable(actor, await lockWork(tx, params.id))
        requireMatch(request, before.version)
        if (before.state === 'done' || before.state === 'cancelled') throw new Problem('conflict', 'work_over')
        return await turn(host, tx, before, 'cancelled')
      })
      return reply.header('etag', `"${work.version}"`).send(view(work))
    },
  )
}
