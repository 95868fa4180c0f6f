import Type, { type Static } from 'typebox'
import { Id, OrganisationRole } from '#contracts/shared'
import { ownerFor, Problem, requireMatch, withRole } from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { reachedBy } from './escalation.ts'
import { findSla, putSla, usual, type Sla } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Seconds = nullable(Type.Integer({ minimum: 60, maximum: 31_536_000, examples: [14_400] }))

const fields = {
  workingHours: nullable(
    Type.String({
      pattern: '^[1-7]-[1-7] ([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$',
      maxLength: 16,
      description: 'Weekdays (1 is Monday) and hours in the time zone of the station; critical tickets run always',
      examples: ['1-6 07:00-20:00'],
    }),
  ),
  holidays: nullable(
    Type.Array(Type.String({ format: 'date', maxLength: 10, examples: ['2027-12-25'] }), { maxItems: 400 }),
  ),
  criticalS: Seconds,
  highS: Seconds,
  normalS: Seconds,
  lowS: Seconds,
}
const EscalateTo = Type.Union([Type.Object({ personId: Id }), Type.Object({ role: OrganisationRole }), Type.Null()], {
  description:
    'Whom to tell too when a ticket has taken longer than it may: a member of the organisation (a technician, of who ' +
    'operates for themselves), or all who have a role in it',
  examples: [null],
})
const Body = Type.Object({ ...fields, escalateTo: Type.Optional(EscalateTo) })
const SlaView = Type.Object(
  { ...fields, escalateTo: EscalateTo, version: Type.Integer({ minimum: 0, examples: [1] }) },
  { title: 'ServiceLevels' },
)
const view = ({ holidays, ...sla }: Sla): Static<typeof SlaView> => ({ ...sla, holidays: holidays && [...holidays] })
const config = { access: withRole('operator') }

/** How long an operator's tickets may take, and when their clock runs. */
export function slaRoutes(host: MaintenanceHost): void {
  const { http, db } = host
  http.get(
    '/sla',
    {
      config,
      schema: {
        summary: 'How long the own tickets may take',
        description: 'Of the organisation one acts for. What is null is as the platform has it.',
        gives: ['ETag'],
        refuses: ['editor_required'],
        response: { 200: SlaView },
      },
    },
    async ({ actor }, reply) => {
      const sla = await findSla(db, ownerFor(actor).id)
      return reply.header('etag', `"${sla.version}"`).send(view(sla))
    },
  )

  http.put(
    '/sla',
    {
      config,
      schema: {
        summary: 'Say how long the own tickets may take',
        description: 'Clocks that run are set anew when something is done with their ticket; new tickets begin so.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['editor_required', 'escalation_unknown'],
        body: Body,
        response: { 200: SlaView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const owner = ownerFor(actor)
      if (body.escalateTo && (await reachedBy(host, owner, body.escalateTo)).length === 0)
        throw new Problem('unprocessable', 'escalation_unknown', {
          errors: [{ pointer: '/escalateTo', detail: 'is nobody there' }],
        })
      const sla = await db.transaction(async tx => {
        const before = await findSla(tx, owner.id)
        requireMatch(request, before.version)
        const next = { ...usual, ...body, version: before.version + 1 }
        await putSla(tx, owner, next)
        return next
      })
      return reply.header('etag', `"${sla.version}"`).send(view(sla))
    },
  )
}
