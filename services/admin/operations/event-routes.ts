import Type, { type Static } from 'typebox'
import { EventActor, Id, Instant } from '#contracts/shared'
import { createdIn, isCount, listRoutes, Problem, timeOf, withRole } from '#kernel'
import type { AdminHost } from '../host.ts'
import { browse, reactionsTo, stretchOf, type Logged } from './store.ts'

const config = { access: withRole('admin') }
const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Text = (maxLength: number, example: string) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000]*$', examples: [example] })
const EventView = Type.Object(
  {
    position: Type.Integer({ minimum: 0, examples: [4711] }),
    eventId: Id,
    topic: Type.String({ examples: ['passport.created'] }),
    service: Type.String({ examples: ['passports'] }),
    key: Type.String({ examples: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'] }),
    traceId: Type.String({ examples: ['0af7651916cd43dd8448eb211c80319c'] }),
    actor: EventActor,
    publishedAt: Instant,
    data: Type.Record(Type.String(), Type.Unknown(), { examples: [{}] }),
  },
  { title: 'LoggedEvent' },
)
const view = ({ publishedAt, ...event }: Logged): Static<typeof EventView> => ({
  ...event,
  publishedAt: publishedAt.toISOString(),
})

const Reaction = Type.Object(
  {
    subscription: Type.String({ examples: ['notifications: tell (passport.created)'] }),
    service: Type.String({ examples: ['notifications'] }),
    purpose: nullable(Type.String({ examples: ['tell people'] })),
    state: Type.Enum(['handled', 'coming', 'retrying', 'dead', 'waiting'], { examples: ['handled'] }),
    attempts: Type.Integer({ examples: [0] }),
    error: nullable(Type.String({ examples: [null] })),
  },
  { title: 'EventReaction' },
)

/** What happened on the platform, looked through by people. */
export function eventRoutes({ db, http }: AdminHost): void {
  listRoutes(http, db, '/events', {
    config,
    schema: {
      summary: 'The event log, the latest first',
      description: 'All that is told of one thing has its id as `key`; all that came of one request has one `traceId`.',
      of: 'events',
      filters: {
        topic: Type.Optional(Text(100, 'passport.created')),
        service: Type.Optional(Text(40, 'passports')),
        key: Type.Optional(Text(300, '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d')),
        traceId: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$', maxLength: 32 })),
        from: Type.Optional({ ...Instant, description: 'As `createdFrom`, which counts where both are given' }),
        to: Type.Optional({ ...Instant, description: 'As `createdTo`, which counts where both are given' }),
      },
      item: EventView,
    },
    wanted: async ({ query }) => {
      const { from, to, topic, service, key, traceId } = query
      const former = { ...(from && { from: timeOf(from) }), ...(to && { to: timeOf(to) }) }
      const { from: least = former.from, to: most = former.to } = createdIn(query)
      return { topic, service, key, traceId, ...(await stretchOf(db, { from: least, to: most })) }
    },
    rows: (wanted, limit, after) => browse(db, wanted, limit, after?.[0] as number | undefined),
    order: [isCount],
    keysOf: ({ position }) => [position],
    view,
  })

  http.get(
    '/events/:position',
    {
      config,
      schema: {
        summary: 'An event, and what became of it with each who reacts to it',
        refuses: ['event_unknown'],
        params: Type.Object({ position: Type.Integer({ minimum: 0, examples: [4711] }) }),
        response: {
          200: Type.Object(
            { ...EventView.properties, reactions: Type.Array(Reaction) },
            { title: 'LoggedEventWithReactions' },
          ),
        },
      },
    },
    async ({ params: { position } }) => {
      const [event] = await browse(db, { least: 0, most: position + 1 }, 1)
      if (event?.position !== position) throw new Problem('not_found', 'event_unknown')
      return { ...view(event), reactions: [...(await reactionsTo(db, position))] }
    },
  )
}
