import Type from 'typebox'
import { Id, Instant, Line } from '#contracts/shared'
import {
  cursorOf,
  isCount,
  isId,
  listQuery,
  newId,
  Page,
  page,
  Problem,
  signedIn,
  stringify,
  type Actor,
  type Db,
} from '#kernel'
import { dayOf } from '../audiences/views.ts'
import type { PassportsHost } from '../host.ts'
import { noteWhole } from '../audiences/log.ts'
import { editableBy, visibleTo } from '../passports.ts'
import { learnOperator } from '../operators/operators.ts'
import { findPassport } from '../store.ts'
import { familyRefusals, valueRefusals } from '../units/changing.ts'
import { requireValues } from '../units/units.ts'
import { One } from '../view.ts'
import { makesItems, mayBegin } from './making.ts'
import type { Spec } from './serials.ts'
import {
  endSerialisation,
  findSerialisation,
  insertSerialisation,
  listRefused,
  listSerialisations,
  lockSerialisation,
  type Serialisation,
} from './store.ts'

const most = 100_000

const Serial = Line(100, { examples: ['000011'] })
const Body = Type.Object(
  {
    serials: Type.Optional(Type.Array(Serial, { minItems: 1, maxItems: most })),
    range: Type.Optional(
      Type.Object(
        {
          prefix: Type.Optional(Line(60, { examples: ['LM3-'] })),
          from: Type.Integer({ minimum: 0, maximum: 999_999_999_999, examples: [1] }),
          count: Type.Integer({ minimum: 1, maximum: most, examples: [2000] }),
          width: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 20,
              examples: [6],
              description: 'Filled with zeros to so many digits',
            }),
          ),
          suffix: Type.Optional(Line(20)),
        },
        { description: 'Serials that are counted up, instead of a list' },
      ),
    ),
    batchId: Type.Optional({ ...Id, description: 'The batch of the model that they begin with' }),
    identifier: Type.Optional(
      Type.String({
        maxLength: 300,
        pattern: '^[^\\u0000-\\u001f{}]*\\{serial\\}[^\\u0000-\\u001f{}]*$',
        examples: ['https://id.example.com/01/09506000134352/21/{serial}'],
        description:
          'How the identifier of each battery is made of its serial; the serial itself where nothing is said. In a link ' +
          'the serial is percent-encoded, and one of GS1 Digital Link is held to its rules.',
      }),
    ),
    attributes: Type.Optional(
      Type.Unsafe<Record<string, unknown>>(
        Type.Object({}, { additionalProperties: true, description: 'What all of them say, beside their model' }),
      ),
    ),
    publish: Type.Boolean({
      default: false,
      description: 'At once; the model has to be published, its owner an economic operator',
    }),
  },
  { examples: [{ range: { prefix: 'LM3-', from: 1, count: 3, width: 6 }, publish: false }] },
)

const Count = (example: number) => Type.Integer({ minimum: 0, examples: [example] })
const SerialisationView = Type.Object(
  {
    id: Id,
    modelId: Id,
    batchId: Type.Union([Id, Type.Null()]),
    state: Type.Enum(['waiting', 'running', 'done', 'failed', 'cancelled'], { examples: ['done'] }),
    problem: Type.Union([Type.String(), Type.Null()], { description: 'Why it failed as a whole' }),
    total: Count(2000),
    done: { ...Count(2000), description: 'Rows looked at' },
    created: Count(1999),
    failed: { ...Count(1), description: 'Rows refused; `errors` lists them' },
    createdAt: Instant,
    endedAt: Type.Union([Instant, Type.Null()]),
  },
  { title: 'PassportSerialisation' },
)
const RefusedView = Type.Object(
  {
    row: Type.Integer({ minimum: 1, examples: [17], description: 'Of the order, from 1' }),
    serial: Type.String({ examples: ['000017'] }),
    code: Type.Enum(['serial_repeated', 'serial_invalid', 'battery_identifier_taken'], {
      examples: ['battery_identifier_taken'],
    }),
    detail: Type.String(),
  },
  { title: 'RefusedSerial' },
)
const OneOrder = Type.Object({ id: Id, orderId: Id })

const view = ({ id, parentId, modelId, state, problem, total, done, created, failed, ...times }: Serialisation) => ({
  id,
  modelId,
  batchId: parentId === modelId ? null : parentId,
  state,
  problem,
  total,
  done,
  created,
  failed,
  createdAt: times.createdAt.toISOString(),
  endedAt: times.endedAt?.toISOString() ?? null,
})

/** Items of a model by the thousand, from their serials. */
export function serialRoutes(host: PassportsHost): void {
  const { http, db, now } = host
  const makeItems = makesItems(host)

  http.post(
    '/:id/items',
    {
      config: { access: signedIn },
      bodyLimit: 16 * 1024 * 1024,
      schema: {
        summary: 'Make items of a model from their serials, up to 100,000',
        description:
          'A job makes them, a thousand at a time, and goes on where it was when its process ends. A serial that is ' +
          'there already is refused by itself, so that an order sent again makes nothing twice.',
        honours: ['Idempotency-Key'],
        gives: ['Location'],
        refuses: [
          'passport_unknown',
          'editor_required',
          'serials_missing',
          'economic_operator_required',
          'passport_not_ready',
          'service_unavailable',
          'parent_draft',
          ...familyRefusals,
          ...valueRefusals,
        ],
        params: One,
        body: Body,
        response: { 202: SerialisationView },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      const spec = specOf(body)
      const total = spec.serials?.length ?? spec.range!.count
      if (spec.publish) await learnOperator(host, { passportId: params.id })
      const made = await db.once(request, async tx => {
        const model = editableBy(actor, await findPassport(tx, params.id, actor))
        if (model.granularity !== 'model') throw unfit('Items are made of a model; name a batch of it by `batchId`.')
        requireValues(stringify(body.attributes ?? {}), { category: model.category, on: dayOf(now()) })
        const parent = await mayBegin(
          host,
          tx,
          actor,
          body.batchId === undefined ? model : await batchOf(tx, body.batchId, model.id, actor),
          spec,
        )
        const { userId, role, sessionId, organisation } = actor
        const one: Serialisation = {
          id: newId(),
          parentId: parent.id,
          modelId: model.id,
          owner: model.owner,
          userId,
          actor: { userId, role, sessionId, ...(organisation && { organisation }) } as Actor,
          spec,
          state: 'waiting',
          problem: null,
          total,
          done: 0,
          created: 0,
          failed: 0,
          createdAt: now(),
          endedAt: null,
        }
        await insertSerialisation(tx, one)
        await tx.enqueue(makeItems, { id: one.id }, { key: `items ${one.id}` })
        return view(one)
      })
      return await reply.code(202).header('location', `/api/passports/${params.id}/items/${made.id}`).send(made)
    },
  )

  http.get(
    '/serialisations',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List own orders for items, of all models, the latest first',
        querystring: listQuery({}),
        response: { 200: Page(SerialisationView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const [last = null] = (cursorOf(after, isId) ?? []) as [string?]
      return page(await listSerialisations(db, actor.userId, limit + 1, last), limit, ({ id }) => [id], view)
    },
  )

  const orderFor = async (actor: Actor, id: string, orderId: string, route?: string): Promise<Serialisation> => {
    const model = visibleTo(actor, await findPassport(db, id, actor, undefined, now()))
    if (route) await noteWhole(db, model, actor, route, now())
    const order = await findSerialisation(db, orderId)
    if (order?.modelId !== id) throw new Problem('not_found', 'serialisation_unknown')
    return order
  }

  http.get(
    '/:id/items/:orderId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How far an order for items is',
        refuses: ['passport_unknown', 'serialisation_unknown'],
        params: OneOrder,
        response: { 200: SerialisationView },
      },
    },
    async ({ actor, params: { id, orderId } }) =>
      view(await orderFor(actor, id, orderId, 'GET /api/passports/:id/items/:orderId')),
  )

  http.get(
    '/:id/items/:orderId/errors',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List the rows of an order for items that were refused, and why',
        refuses: ['passport_unknown', 'serialisation_unknown'],
        params: OneOrder,
        querystring: listQuery({}),
        response: { 200: Page(RefusedView) },
      },
    },
    async ({ actor, params: { id, orderId }, query: { limit, after } }) => {
      await orderFor(actor, id, orderId, 'GET /api/passports/:id/items/:orderId/errors')
      const row = cursorOf(after, isCount)?.[0] as number | undefined
      return page(
        await listRefused(db, orderId, limit + 1, row),
        limit,
        one => [one.row],
        one => one,
      )
    },
  )

  http.post(
    '/:id/items/:orderId/cancel',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Stop an order for items; what it has made stays, and one that is done is as it is',
        refuses: ['passport_unknown', 'editor_required', 'serialisation_unknown'],
        params: OneOrder,
        response: { 200: SerialisationView },
      },
    },
    async ({ actor, params: { id, orderId } }) => {
      await orderFor(actor, id, orderId)
      return await db.transaction(async tx => {
        editableBy(actor, await findPassport(tx, id, actor))
        const order = await lockSerialisation(tx, orderId)
        if (order!.endedAt) return view(order!)
        const at = now()
        await endSerialisation(tx, orderId, 'cancelled', at)
        return view({ ...order!, state: 'cancelled', endedAt: at })
      })
    },
  )
}

const unfit = (detail: string): Problem => new Problem('unprocessable', 'parent_unfit', { detail })

async function batchOf(tx: Db, batchId: string, modelId: string, actor: Actor) {
  const batch = await findPassport(tx, batchId, actor)
  if (batch?.parentId !== modelId || batch.granularity !== 'batch') throw unfit('The model has no such batch.')
  return batch
}

/** Its own words are for each item to say. */
const own = ['uniqueBatteryIdentifier', 'batterySerialNumber']

function specOf(body: Type.Static<typeof Body>): Spec {
  const { serials, range, identifier = '{serial}', attributes = {}, publish } = body
  if (Boolean(serials) === Boolean(range))
    throw new Problem('unprocessable', 'serials_missing', {
      detail: 'Name the serials by `serials`, or a `range` of them: one of both.',
    })
  const values = stringify(attributes)
  requireValues(values)
  const said = own.filter(name => Object.hasOwn(attributes, name))
  if (said.length > 0)
    throw new Problem('unprocessable', 'value_invalid', {
      detail: 'Each item says its own identifier and serial, by the order.',
      errors: said.map(name => ({ pointer: `/attributes/${name}`, detail: 'is made of the serial' })),
    })
  return { ...(serials ? { serials } : { range: range! }), identifier, values: values.slice(1, -1), publish }
}
