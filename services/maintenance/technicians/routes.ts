import Type, { type Static } from 'typebox'
import { Id, Instant, Line, Owner } from '#contracts/shared'
import {
  authorise,
  Count,
  counted,
  countQuery,
  cursorOf,
  isId,
  isInstant,
  listQuery,
  mostCounted,
  newId,
  ownerFor,
  Page,
  page,
  partiesOf,
  Problem,
  requireMatch,
  withRole,
  type Actor,
} from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { removeTechnician } from './reactions.ts'
import {
  countTechnicians,
  findTechnician,
  insertTechnician,
  listTechnicians,
  lockTechnician,
  updateTechnician,
} from './store.ts'
import type { Technician } from './technicians.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
export const Skill = Line(60, { examples: ['high-voltage'] })
const Clock = Type.String({ maxLength: 5, pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', examples: ['08:00'] })
const Hours = Type.Object({
  weekday: Type.Integer({ minimum: 1, maximum: 7, description: '1 is Monday', examples: [1] }),
  from: Clock,
  to: { ...Clock, description: 'Not after `from`: on the next day', examples: ['16:30'] },
})
const Absence = Type.Object({ from: Instant, to: { ...Instant, examples: ['2027-02-28T18:00:00.000Z'] } })
const Position = Type.Object({
  latitude: Type.Number({ minimum: -90, maximum: 90, examples: [52.52] }),
  longitude: Type.Number({ minimum: -180, maximum: 180, examples: [13.405] }),
})
const said = {
  name: Line(200, { examples: ['Grace Hopper'] }),
  skills: Type.Unsafe<string[]>(Type.Array(Skill, { maxItems: 50, uniqueItems: true })),
  position: nullable(Position),
  radiusM: nullable(Type.Integer({ minimum: 1, maximum: 2_000_000, description: 'Their area', examples: [50_000] })),
  timeZone: Type.String({ maxLength: 64, pattern: '^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$', examples: ['Europe/Berlin'] }),
  hours: Type.Array(Hours, { maxItems: 50, description: 'When they work' }),
  absences: Type.Array(Absence, { maxItems: 100 }),
}
const { name, ...others } = said
const optional = Type.Partial(Type.Object(others)).properties
const Body = Type.Object({
  userId: { ...Id, description: 'The person, who has the role technician' },
  name,
  ...optional,
})
const Change = Type.Object({ name, ...optional })
// What was held to its pattern when it came needs none when it goes.
const TechnicianView = Type.Object(
  {
    id: Id,
    userId: Id,
    owner: Owner,
    name: Type.String({ examples: ['Grace Hopper'] }),
    skills: Type.Array(Type.String({ examples: ['high-voltage'] })),
    position: nullable(
      Type.Object({ latitude: Type.Number({ examples: [52.52] }), longitude: Type.Number({ examples: [13.405] }) }),
    ),
    radiusM: nullable(Type.Integer({ description: 'Their area', examples: [50_000] })),
    timeZone: Type.String({ examples: ['Europe/Berlin'] }),
    hours: Type.Array(
      Type.Object({
        weekday: Type.Integer({ examples: [1] }),
        from: Type.String({ examples: ['08:00'] }),
        to: Type.String({ examples: ['16:30'] }),
      }),
    ),
    absences: Type.Array(Absence),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'Technician' },
)
const One = Type.Object({ id: Id })
const filters = { skill: Type.Optional(Skill) }
const config = { access: withRole('operator') }

const view = ({ latitude, longitude, createdAt, deletedAt: _, ...more }: Technician) => ({
  ...more,
  skills: [...more.skills],
  hours: [...more.hours],
  absences: [...more.absences],
  position: latitude === null || longitude === null ? null : { latitude, longitude },
  createdAt: createdAt.toISOString(),
})

/** Fails with `time_zone_unknown`. */
function saidOf(body: Static<typeof Change>) {
  const { timeZone = 'UTC', position = null, radiusM = null, skills = [], hours = [], absences = [] } = body
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timeZone)
  } catch {
    throw new Problem('unprocessable', 'time_zone_unknown', {
      errors: [{ pointer: '/timeZone', detail: 'must be a time zone like Europe/Berlin' }],
    })
  }
  const { latitude = null, longitude = null } = position ?? {}
  return { name: body.name, timeZone, latitude, longitude, radiusM, skills, hours, absences }
}

export function technicianRoutes(host: MaintenanceHost): void {
  const { http, db, now } = host
  const scope = (actor: Actor, { skill }: { skill?: string }) => ({
    owners: actor.role === 'admin' ? undefined : partiesOf(actor),
    skill,
  })

  http.post(
    '/technicians',
    {
      config,
      schema: {
        summary: 'Add a technician',
        description: 'Of the organisation one acts for, else of oneself.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['editor_required', 'technician_exists', 'time_zone_unknown'],
        body: Body,
        response: { 201: TechnicianView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const at = now()
      const who = { id: newId(at.getTime()), userId: body.userId, owner: ownerFor(actor), version: 1, createdAt: at }
      const technician = { ...who, ...saidOf(body), deletedAt: null }
      const made = await db.once(request, async tx => {
        await insertTechnician(tx, technician)
        return view(technician)
      })
      return reply
        .code(201)
        .header('location', `/api/maintenance/technicians/${made.id}`)
        .header('etag', '"1"')
        .send(made)
    },
  )

  http.get(
    '/technicians',
    {
      config,
      schema: {
        summary: 'List technicians, the newest first',
        description: 'One’s own and those of the organisation one acts for; all for admins.',
        querystring: listQuery(filters),
        response: { 200: Page(TechnicianView) },
      },
    },
    async ({ actor, query: { limit, after, ...query } }) => {
      const before = cursorOf(after, isInstant, isId) as [string, string] | undefined
      const rows = await listTechnicians(db, scope(actor, query), limit + 1, before)
      return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], view)
    },
  )

  http.get(
    '/technicians/count',
    {
      config,
      schema: {
        summary: 'How many technicians a list finds',
        querystring: countQuery(filters),
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => counted(await countTechnicians(db, scope(actor, query), mostCounted + 1)),
  )

  http.get(
    '/technicians/:id',
    {
      config,
      schema: {
        summary: 'Read a technician',
        gives: ['ETag'],
        refuses: ['technician_unknown'],
        params: One,
        response: { 200: TechnicianView },
      },
    },
    async ({ actor, params }, reply) => {
      const technician = await findTechnician(db, params.id)
      authorise(actor, 'read', technician, 'technician_unknown')
      return reply.header('etag', `"${technician!.version}"`).send(view(technician!))
    },
  )

  http.put(
    '/technicians/:id',
    {
      config,
      schema: {
        summary: 'Describe a technician anew',
        honours: ['If-Match'],
        refuses: ['technician_unknown', 'editor_required', 'time_zone_unknown'],
        params: One,
        body: Change,
        response: { 200: TechnicianView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const technician = await db.transaction(async tx => {
        const before = await lockTechnician(tx, params.id, 'change')
        authorise(actor, 'write', before, 'technician_unknown')
        requireMatch(request, before!.version)
        const next = { ...before!, ...saidOf(body), version: before!.version + 1 }
        await updateTechnician(tx, next)
        return next
      })
      return reply.header('etag', `"${technician.version}"`).send(view(technician))
    },
  )

  http.delete(
    '/technicians/:id',
    {
      config,
      schema: {
        summary: 'Remove a technician',
        description: 'What they had to do and is not resolved is handed back: those tickets are open again.',
        honours: ['If-Match'],
        refuses: ['technician_unknown', 'editor_required'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await db.transaction(async tx => {
        const technician = await lockTechnician(tx, params.id, 'change')
        authorise(actor, 'write', technician, 'technician_unknown')
        requireMatch(request, technician!.version)
        await removeTechnician(host, tx, technician!, actor)
      })
      return reply.code(204).send()
    },
  )
}
