import Type from 'typebox'
import { OcppVersion } from '#contracts/ocpp'
import { fail, withRole } from '#kernel'
import type { OcppHost } from '../host.ts'
import { actionsOf, schemaOf } from '../messages/schemas.ts'
import { commands } from './actions.ts'

const config = { access: withRole('operator') }
/** They come with the platform, and change with it alone. */
const lasting = 'private, max-age=86400'

const Schema = Type.Unsafe<Record<string, unknown>>(
  Type.Object({}, { title: 'OcppSchema', additionalProperties: true, description: 'JSON Schema (draft 4, 6 or 7)' }),
)
const Action = Type.String({ minLength: 1, maxLength: 50, examples: ['SetChargingProfile'] })

/** What a version of OCPP can say, for who makes forms of it or checks what was said. */
export function schemaRoutes({ http }: OcppHost): void {
  http.get(
    '/schemas/:version',
    {
      config,
      schema: {
        summary: 'Messages of a version of OCPP',
        description: '`commands` are those that a charger can be sent; all others are what chargers say.',
        params: Type.Object({ version: OcppVersion }),
        response: {
          200: Type.Object(
            { version: OcppVersion, commands: Type.Array(Action), messages: Type.Array(Action) },
            { title: 'OcppMessages' },
          ),
        },
      },
    },
    async ({ params: { version } }, reply) => {
      const own = new Set(commands[version])
      const messages = [...actionsOf(version)].filter(action => !own.has(action)).sort()
      reply.header('cache-control', lasting)
      return { version, commands: [...own].sort(), messages }
    },
  )

  http.get(
    '/schemas/:version/:action',
    {
      config,
      schema: {
        summary: 'What a message of OCPP takes, and what it is answered with',
        description:
          'The schemas of the Open Charge Alliance as they are. `answer` is null for what is never answered.',
        refuses: ['action_unknown'],
        params: Type.Object({ version: OcppVersion, action: Action }),
        response: {
          200: Type.Object(
            { version: OcppVersion, action: Action, request: Schema, answer: Type.Union([Schema, Type.Null()]) },
            { title: 'OcppMessage' },
          ),
        },
      },
    },
    async ({ params: { version, action } }, reply) => {
      const request = schemaOf(version, action, 'request') ?? fail('not_found', 'action_unknown')
      const answer = schemaOf(version, action, 'answer') ?? null
      reply.header('cache-control', lasting)
      return { version, action, request: request as Record<string, unknown>, answer: answer as typeof request | null }
    },
  )
}
