import Type from 'typebox'
import { IncidentEnd, IncidentSource, Priority, Remedy } from '#contracts/maintenance'
import { Id, Instant, Owner } from '#contracts/shared'
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
  signedIn,
  withRole,
  type Actor,
  type Reply,
} from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { mayManage } from '../places/places.ts'
import { mayTry, requestRemedy } from '../remedies/remedies.ts'
import { listRemedies, type Tried } from '../remedies/store.ts'
import { closeIncident } from './following.ts'
import { closed, faults, type Incident } from './incidents.ts'
import { report } from './reporting.ts'
import { countIncidents, incidentFilters, searchIncidents } from './search.ts'
import { findIncident, listReports, lockIncident, type Said } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
export const One = Type.Object({ id: Id })
export const Version = Type.Integer({ minimum: 1, examples: [1] })
export const Words = Type.String({
  minLength: 1,
  maxLength: 2000,
  pattern:
    '^[ \\t\\r\\n]*[^ \\t\\r\\n\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f][^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f]*$',
  description: 'Words of people, of several lines',
  examples: ['The cable does not lock.'],
})
export const Photos = Type.Array({ ...Id, description: 'A document' }, { maxItems: 10, uniqueItems: true })

const summaryFields = {
  id: Id,
  status: Type.Enum(['open', 'closed'], { examples: ['open'] }),
  source: IncidentSource,
  chargerId: nullable(Type.String({ examples: ['CP-1'] })),
  stationId: nullable(Id),
  evse: nullable(Type.Integer({ examples: [1] })),
  connector: nullable(Type.Integer({ examples: [1] })),
  owner: nullable(Owner),
  place: Type.String({ description: 'What people call it', examples: ['Market square'] }),
  code: nullable(Type.String({ description: 'Of the charger, or what people chose', examples: ['GroundFailure'] })),
  info: nullable(Type.String({ examples: ['leak 31 mA'] })),
  priority: Priority,
  openedAt: Instant,
  clearedAt: nullable({ ...Instant, description: 'It is well since then; closed when that lasts' }),
  relapses: Type.Integer({ minimum: 0, description: 'How often it came back before that', examples: [0] }),
  closedAt: nullable(Instant),
  end: nullable(IncidentEnd),
  version: Version,
}
const RemedyView = Type.Object(
  {
    id: Id,
    remedy: Remedy,
    askedBy: nullable({ ...Id, description: 'Null where the rule did' }),
    requestedAt: Instant,
    outcome: nullable(
      Type.String({
        description: 'Null while it is under way: answered, error, timeout, offline',
        examples: ['answered'],
      }),
    ),
    status: nullable(Type.String({ description: 'What the charger answered', examples: ['Accepted'] })),
    errorCode: nullable(Type.String()),
  },
  { title: 'IncidentRemedy' },
)
const Summary = Type.Object(summaryFields, { title: 'IncidentSummary' })
const IncidentView = Type.Object(
  {
    ...summaryFields,
    reports: Type.Array(
      Type.Object({
        reporterId: Id,
        text: nullable(Type.String({ examples: ['The cable does not lock.'] })),
        photos: Type.Array(Id),
        reportedAt: Instant,
      }),
      { description: 'What people said of it: to who reported it their own words alone' },
    ),
    remedies: Type.Array(RemedyView, { description: 'What was tried from afar, for who sees to it' }),
  },
  { title: 'Incident' },
)

const summary = ({ openedAt, clearedAt, closedAt, key: _, told: __, ...incident }: Incident) => ({
  ...incident,
  status: closedAt ? ('closed' as const) : ('open' as const),
  openedAt: openedAt.toISOString(),
  clearedAt: clearedAt?.toISOString() ?? null,
  closedAt: closedAt?.toISOString() ?? null,
})

const remedyView = ({ incidentId: _, chargerId: __, requestedAt, ...tried }: Tried) => ({
  ...tried,
  requestedAt: requestedAt.toISOString(),
})

const view = (incident: Incident, reports: readonly Said[], remedies: readonly Tried[]) => ({
  ...summary(incident),
  remedies: remedies.map(remedyView),
  reports: reports.map(({ reportedAt, photos, ...one }) => ({
    ...one,
    photos: [...photos],
    reportedAt: reportedAt.toISOString(),
  })),
})

export function incidentRoutes(host: MaintenanceHost): void {
  const { http, db } = host

  /** With all reports for who sees to it, for others with their own: who has none sees nothing. */
  const read = async (actor: Actor, id: string) => {
    const incident = await findIncident(db, id)
    if (!incident) throw new Problem('not_found', 'incident_unknown')
    const isSeen = mayManage(actor, incident.owner) || isMember(actor, incident)
    const reports = await listReports(db, id, isSeen ? undefined : actor.userId)
    if (!isSeen && reports.length === 0) throw new Problem('not_found', 'incident_unknown')
    return view(incident, reports, isSeen ? await listRemedies(db, id) : [])
  }
  const answer = (reply: Reply, body: ReturnType<typeof view>) => reply.header('etag', `"${body.version}"`).send(body)

  http.post(
    '/incidents',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Report that something does not work at a station',
        description:
          'For everybody at public stations. What others reported of the same thing is the same incident; of each ' +
          'person the last report is kept.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['station_unknown'],
        body: Type.Object({
          stationId: Id,
          evse: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, examples: [1] })),
          fault: Type.Enum([...faults], { examples: ['cable'] }),
          text: Type.Optional(Words),
          photos: Type.Optional(Photos),
        }),
        response: { 201: IncidentView },
      },
    },
    async (request, reply) => {
      const { stationId, evse = null, fault, text = null, photos = [] } = request.body
      const id = await report(host, request, { stationId, evse, fault, text, photos })
      return answer(
        reply.code(201).header('location', `/api/maintenance/incidents/${id}`),
        await read(request.actor, id),
      )
    },
  )

  http.get(
    '/incidents',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List incidents, the newest first',
        description:
          'Operators see those of their stations and chargers and of those that are nobody’s yet, admins all, others ' +
          'what they reported.',
        querystring: listQuery(incidentFilters),
        response: { 200: Page(Summary) },
      },
    },
    async ({ actor, query }) => {
      const rows = await searchIncidents(db, actor, { ...query, limit: query.limit + 1 })
      return page(rows, query.limit, ({ openedAt, id }) => [openedAt.toISOString(), id], summary)
    },
  )

  http.get(
    '/incidents/count',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How many incidents a list finds',
        querystring: countQuery(incidentFilters),
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => counted(await countIncidents(db, actor, query)),
  )

  http.get(
    '/incidents/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Read an incident',
        gives: ['ETag'],
        refuses: ['incident_unknown'],
        params: One,
        response: { 200: IncidentView },
      },
    },
    async ({ actor, params }, reply) => answer(reply, await read(actor, params.id)),
  )

  http.post(
    '/incidents/:id/close',
    {
      config: { access: withRole('operator') },
      schema: {
        summary: 'Close an incident',
        description: 'As solved, or dismissed where there was nothing. A charger that is still faulted opens no other.',
        honours: ['If-Match', 'Idempotency-Key'],
        refuses: ['incident_unknown', 'incident_closed', 'editor_required'],
        params: One,
        body: Type.Object({ end: Type.Enum(['solved', 'dismissed'], { examples: ['solved'] }) }),
        response: { 200: IncidentView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      await db.once(request, async tx => {
        const incident = manageable(actor, await lockIncident(tx, params.id))
        requireMatch(request, incident.version)
        if (incident.closedAt) throw new Problem('conflict', 'incident_closed')
        await closeIncident(host, tx, closed(incident, body.end, host.now()))
        return params.id
      })
      return answer(reply, await read(actor, params.id))
    },
  )

  http.post(
    '/incidents/:id/remedies',
    {
      config: { access: withRole('operator') },
      schema: {
        summary: 'Have the charger of an incident try something',
        description:
          'As the rule does by itself: `reset` starts the charger anew (gently), `unlock` lets the cable go. What it ' +
          'answers stands at the incident.',
        honours: ['Idempotency-Key'],
        refuses: ['incident_unknown', 'editor_required', 'remedy_impossible', 'remedies_used_up'],
        params: One,
        body: Type.Object({ remedy: Remedy }),
        response: { 202: RemedyView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const tried = await db.once(request, async tx => {
        const { chargerId, ...incident } = manageable(actor, await lockIncident(tx, params.id))
        if (incident.closedAt || chargerId === null) throw new Problem('conflict', 'remedy_impossible')
        if (!(await mayTry(host, tx, chargerId))) throw new Problem('conflict', 'remedies_used_up')
        return remedyView(await requestRemedy(host, tx, { ...incident, chargerId }, body.remedy, actor.userId))
      })
      return reply.code(202).send(tried)
    },
  )
}

const isMember = (actor: Actor, { owner }: Incident): boolean => owner !== null && mayRead(actor, { owner })

/** Fails with `incident_unknown`, and with `editor_required` for what one may only see. */
function manageable(actor: Actor, incident: Incident | undefined): Incident {
  if (!incident) throw new Problem('not_found', 'incident_unknown')
  if (mayManage(actor, incident.owner)) return incident
  if (!isMember(actor, incident)) throw new Problem('not_found', 'incident_unknown')
  throw new Problem('forbidden', 'editor_required', { detail: 'Only who operates a station may close its incidents.' })
}
