import Type, { type Static } from 'typebox'
import { ChargerId, MessageOutcome, OcppVersion } from '#contracts/ocpp'
import { Id, Instant } from '#contracts/shared'
import {
  Count,
  countQuery,
  createdIn,
  createdQuery,
  cursorOf,
  fail,
  isId,
  listQuery,
  Page,
  withRole,
  type Actor,
} from '#kernel'
import { manageable, scopesFor } from '../access.ts'
import { findCharger, type Charger } from '../chargers/store.ts'
import { One } from '../chargers/view.ts'
import type { OcppHost } from '../host.ts'
import {
  countAllMessages,
  countMessages,
  findMessage,
  listAllMessages,
  listMessages,
  type Message,
  type Said,
} from './store.ts'
import type { Wire } from './wire.ts'

const operators = { access: withRole('operator') }
const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const Direction = Type.Enum(['received', 'sent'], {
  description: '`received` came from the charger',
  examples: ['received'],
})

const MessageView = Type.Object(
  {
    id: Id,
    messageId: Type.String({ description: 'As on the wire', examples: ['19223201'] }),
    direction: Direction,
    action: Type.String({ description: 'Empty where it could not be read', examples: ['BootNotification'] }),
    ocppVersion: OcppVersion,
    at: Instant,
    payload: Type.Unknown({ description: 'In a list null where it has more than 65,536 characters' }),
    outcome: MessageOutcome,
    tookMs: nullable(Type.Integer({ minimum: 0, description: 'Until it was answered', examples: [12] })),
    answer: Type.Unknown({ description: 'Null where there was none' }),
    errorCode: nullable(Type.String({ examples: ['FormationViolation'] })),
    errorDescription: nullable(Type.String()),
  },
  { title: 'ChargerMessage' },
)

const filters = {
  action: Type.Optional(Type.String({ maxLength: 50, examples: ['BootNotification'] })),
  direction: Type.Optional(Direction),
  outcome: Type.Optional(MessageOutcome),
  errorCode: Type.Optional(Type.String({ maxLength: 100, examples: ['FormationViolation'] })),
  text: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[^\\u0000]*$',
      description: 'Within the payload, the answer or the error, whatever its case',
      examples: ['04A2B9'],
    }),
  ),
  ...createdQuery,
  from: Type.Optional({ ...Instant, description: 'As `createdFrom`, which counts where both are given' }),
  to: Type.Optional({ ...Instant, description: 'As `createdTo`, which counts where both are given' }),
}

const Query = listQuery(filters)
const CountQuery = countQuery(filters)

/** A message is written down once it is answered, and its id tells when that was. */
function tookMs({ id, at, outcome }: Message): number | null {
  if (outcome === 'timeout' || outcome === 'unsent') return null
  return Math.max(0, Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) - at.getTime())
}

const view = (message: Message): Static<typeof MessageView> => ({
  ...message,
  at: message.at.toISOString(),
  tookMs: tookMs(message),
})

const looking =
  'Heartbeats are not kept, and passwords are not shown. A page looks at 10,000 messages at the most, and with ' +
  '`text` at 1,000: it may hold less than `limit` while `nextCursor` leads on.'

const counting =
  'Of as many messages as a page looks at: where there are more, `exact` is false, and there may be more than `count`.'

const AnyMessageView = Type.Object({ ...MessageView.properties, chargerId: ChargerId }, { title: 'AnyChargerMessage' })

/** What a query asks for. */
function saidBy({ from, to, ...rest }: Static<typeof CountQuery>): Said {
  const { createdFrom = from, createdTo = to, ...said } = rest
  return { ...said, ...createdIn({ ...(createdFrom && { createdFrom }), ...(createdTo && { createdTo }) }) }
}

/** The same, and behind which message. */
const wantedBy = ({ after, limit, ...rest }: Static<typeof Query>) => ({
  said: saidBy(rest),
  limit,
  before: cursorOf(after, isId)?.[0] as string | undefined,
})

const cursorBehind = (behind: string | undefined) =>
  behind ? Buffer.from(JSON.stringify([behind])).toString('base64url') : null

/** What is said between chargers and the platform, as operators look into it. */
export function logRoutes({ http, db }: OcppHost, wire: Wire): void {
  const readable = async (actor: Actor, id: string): Promise<Charger> =>
    manageable(actor, 'read', await findCharger(db, id), 'charger_unknown')

  http.get(
    '/chargers/:id/messages',
    {
      config: operators,
      schema: {
        summary: 'Search the messages of a charger, the latest first',
        description: looking,
        refuses: ['charger_unknown'],
        params: One,
        querystring: Query,
        response: { 200: Page(MessageView) },
      },
    },
    async ({ actor, params, query }) => {
      const { createdAt: since } = await readable(actor, params.id)
      const { said, limit, before } = wantedBy(query)
      const { messages, behind } = await listMessages(db, { ...said, chargerId: params.id, since }, limit, before)
      return { items: messages.map(view), nextCursor: cursorBehind(behind) }
    },
  )

  http.get(
    '/chargers/:id/messages/count',
    {
      config: operators,
      schema: {
        summary: 'How many messages of a charger a search finds',
        description: counting,
        refuses: ['charger_unknown'],
        params: One,
        querystring: CountQuery,
        response: { 200: Count },
      },
    },
    async ({ actor, params, query }) => {
      const { createdAt: since } = await readable(actor, params.id)
      return await countMessages(db, { ...saidBy(query), chargerId: params.id, since })
    },
  )

  http.get(
    '/messages/count',
    {
      config: operators,
      schema: {
        summary: 'How many messages of all chargers a search finds',
        description: counting,
        querystring: CountQuery,
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => await countAllMessages(db, scopesFor(actor, undefined), saidBy(query)),
  )

  http.get(
    '/messages',
    {
      config: operators,
      schema: {
        summary: 'Search the messages of all chargers that one looks after, the latest first',
        description: looking,
        querystring: Query,
        response: { 200: Page(AnyMessageView) },
      },
    },
    async ({ actor, query }) => {
      const { said, limit, before } = wantedBy(query)
      const { messages, behind } = await listAllMessages(db, scopesFor(actor, undefined), said, limit, before)
      const items = messages.map(message => ({ ...view(message), chargerId: message.chargerId }))
      return { items, nextCursor: cursorBehind(behind) }
    },
  )

  http.get(
    '/chargers/:id/messages/:messageId',
    {
      config: operators,
      schema: {
        summary: 'Read all of a message',
        refuses: ['charger_unknown', 'message_unknown'],
        params: Type.Object({ id: ChargerId, messageId: Id }),
        response: { 200: MessageView },
      },
    },
    async ({ actor, params }) => {
      const { createdAt } = await readable(actor, params.id)
      const message = await findMessage(db, params.id, createdAt, params.messageId)
      return view(message ?? fail('not_found', 'message_unknown'))
    },
  )

  const live = http.stream(
    '/chargers/:id/stream',
    {
      config: operators,
      schema: {
        summary: 'Listen to the wire of a charger, both ways',
        description:
          'Events `frame` with `at`, `direction` and `text`, as it was sent. Of a charger whose connection another process ' +
          'has what is written down comes, without heartbeats, within a second. Passwords are not shown.',
        refuses: ['charger_unknown', 'too_many_streams'],
        params: One,
      },
    },
    async ({ actor, params }) => {
      const may = () => readable(actor, params.id)
      await may()
      return wire.feed(params.id, may)
    },
  )
  wire.wakes(live)
}
