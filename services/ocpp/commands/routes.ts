import Type, { type Static } from 'typebox'
import { ChargerId } from '#contracts/ocpp'
import { EventActor, Id, Instant } from '#contracts/shared'
import {
  Count,
  counted,
  countQuery,
  createdIn,
  createdQuery,
  cursorOf,
  fail,
  isId,
  listQuery,
  mostCounted,
  Page,
  page,
  withRole,
} from '#kernel'
import { manageable } from '../access.ts'
import { pathOf } from '../chargers/paths.ts'
import { findCharger, type Charger } from '../chargers/store.ts'
import type { OcppHost } from '../host.ts'
import { answerOf, refusals, type CallCharger } from './call.ts'
import { withoutSecrets } from './secrets.ts'
import { countCommands, findCommand, listCommands, type Command, type Wanted } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const Payload = Type.Unsafe<Record<string, unknown>>(
  Type.Object({}, { additionalProperties: true, examples: [{ type: 'Soft' }] }),
)
const Answer = Type.Unsafe<Record<string, unknown>>(
  Type.Object({}, { title: 'ChargerAnswer', additionalProperties: true, examples: [{ status: 'Accepted' }] }),
)

const CommandView = Type.Object(
  {
    id: Id,
    chargerId: ChargerId,
    action: Type.String({ examples: ['Reset'] }),
    payload: Payload,
    askedBy: EventActor,
    askedAt: Instant,
    sentAt: nullable(Instant),
    endedAt: nullable(Instant),
    outcome: nullable(Type.Enum(['answered', 'error', 'timeout', 'offline'], { examples: ['answered'] })),
    answer: nullable(Answer),
    errorCode: nullable(Type.String({ examples: ['NotImplemented'] })),
    errorDescription: nullable(Type.String()),
  },
  { title: 'ChargerCommand' },
)

const view = (command: Command): Static<typeof CommandView> => ({
  id: command.id,
  chargerId: command.chargerId,
  action: command.action,
  payload: withoutSecrets(command.action, command.payload) as Record<string, unknown>,
  askedBy: command.askedBy,
  askedAt: command.askedAt.toISOString(),
  sentAt: command.sentAt?.toISOString() ?? null,
  endedAt: command.endedAt?.toISOString() ?? null,
  outcome: command.outcome,
  answer: command.answer as Record<string, unknown> | null,
  errorCode: command.errorCode,
  errorDescription: command.errorDescription,
})

const One = Type.Object({ id: ChargerId })
const filters = {
  action: Type.Optional(Type.String({ maxLength: 50, examples: ['Reset'] })),
  outcome: Type.Optional(
    Type.Enum(['open', 'answered', 'error', 'timeout', 'offline'], {
      description: 'How it ended; `open` where it has not',
    }),
  ),
  ...createdQuery,
}
type Filters = Static<ReturnType<typeof countQuery<typeof filters>>>

/** None from before it was this charger: who takes an identity next reads nothing of before. */
function wanted({ id: chargerId, createdAt }: Charger, query: Filters): Wanted {
  const { from, to } = createdIn(query)
  const since = from && from > createdAt ? from : createdAt
  return { chargerId, action: query.action, outcome: query.outcome, created: { from: since, to } }
}

export function commandRoutes(host: OcppHost, call: CallCharger): void {
  const { http, db } = host
  const config = { access: withRole('operator') }

  http.post(
    '/chargers/:id/commands/:command',
    {
      config,
      schema: {
        summary: 'Send a charger a command, and wait for its answer',
        description:
          'The command is an action of OCPP in the version that the charger speaks, whatever its case, and the body ' +
          'its payload; answered with the answer of the charger.',
        honours: ['Idempotency-Key'],
        gives: ['Location'],
        refuses: ['charger_unknown', 'editor_required', ...refusals],
        params: Type.Object({
          id: ChargerId,
          command: Type.String({ minLength: 1, maxLength: 50, examples: ['Reset'] }),
        }),
        body: Payload,
        response: { 200: Answer },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const charger = manageable(actor, 'write', await findCharger(db, params.id), 'charger_unknown')
      const { commandId, ended } = await call(request, charger, params.command, body)
      reply.header('location', `${pathOf(params.id)}/commands/${commandId}`)
      return await reply.send(answerOf(commandId, ended))
    },
  )

  http.get(
    '/chargers/:id/commands',
    {
      config,
      schema: {
        summary: 'Commands that a charger was sent, the newest first',
        refuses: ['charger_unknown'],
        params: One,
        querystring: listQuery(filters),
        response: { 200: Page(CommandView) },
      },
    },
    async ({ actor, params, query }) => {
      const charger = manageable(actor, 'read', await findCharger(db, params.id), 'charger_unknown')
      const before = cursorOf(query.after, isId)?.[0] as string | undefined
      const rows = await listCommands(db, wanted(charger, query), query.limit + 1, before)
      return page(rows, query.limit, ({ id }) => [id], view)
    },
  )

  http.get(
    '/chargers/:id/commands/count',
    {
      config,
      schema: {
        summary: 'How many commands a list has',
        refuses: ['charger_unknown'],
        params: One,
        querystring: countQuery(filters),
        response: { 200: Count },
      },
    },
    async ({ actor, params, query }) => {
      const charger = manageable(actor, 'read', await findCharger(db, params.id), 'charger_unknown')
      return counted(await countCommands(db, wanted(charger, query), mostCounted + 1))
    },
  )

  http.get(
    '/chargers/:id/commands/:command',
    {
      config,
      schema: {
        summary: 'A command and how it ended',
        refuses: ['charger_unknown', 'command_unknown'],
        params: Type.Object({ id: ChargerId, command: { ...Id, description: 'Its id' } }),
        response: { 200: CommandView },
      },
    },
    async ({ actor, params }) => {
      const charger = manageable(actor, 'read', await findCharger(db, params.id), 'charger_unknown')
      const command = await findCommand(db, params.id, params.command)
      return command && command.askedAt >= charger.createdAt ? view(command) : fail('not_found', 'command_unknown')
    },
  )
}
