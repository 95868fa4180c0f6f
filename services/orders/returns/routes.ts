import Type, { type Static } from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { ReturnReason } from '#contracts/orders'
import { Id, Instant, Line, Minor } from '#contracts/shared'
import { isId, isInstant, Problem, sendFile, signedIn, listRoutes, createdIn } from '#kernel'
import { vendors, vendorsFor } from '../access.ts'
import type { OrdersHost } from '../host.ts'
import { look } from '../orders/access.ts'
import { Params } from '../orders/routes.ts'
import type { Returning, Step } from './returning.ts'
import { findReturn, listReturns, returnsOf, type Return } from './store.ts'
import { withdrawing } from './withdrawing.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const State = Type.Enum(['requested', 'approved', 'refused', 'withdrawn', 'received'], { examples: ['requested'] })
const Lines = Type.Array(
  Type.Object({ lineId: Id, quantity: Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] }) }),
  { minItems: 1, maxItems: 200, description: 'All of one vendor’s part' },
)
const Answer = Type.Optional(Line(500, { examples: ['It shows marks of use'] }))

const ReturnView = Type.Object(
  {
    id: Id,
    orderId: Id,
    partId: Id,
    vendorId: Id,
    reason: ReturnReason,
    note: nullable(Type.String({ examples: ['The cable is too short'] })),
    photos: Type.Array(Id),
    lines: Lines,
    state: State,
    answer: nullable(Type.String({ description: 'What the vendor said to it' })),
    restocked: nullable(Type.Boolean()),
    amountMinor: nullable({ ...Minor, minimum: 0, description: 'What went back when it was received' }),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
    decidedAt: nullable(Instant),
    receivedAt: nullable(Instant),
  },
  { title: 'OrderReturn' },
)

const view = ({ userId: _, ...one }: Return): Static<typeof ReturnView> => ({
  ...one,
  photos: [...one.photos],
  lines: [...one.lines],
  amountMinor: one.amountMinor === null ? null : Number(one.amountMinor),
  createdAt: one.createdAt.toISOString(),
  decidedAt: one.decidedAt?.toISOString() ?? null,
  receivedAt: one.receivedAt?.toISOString() ?? null,
})

const ReturnParams = Type.Object({ ...Params.properties, returnId: Id })

/** What buyers give back, and what vendors say to it. */
export function returnRoutes(host: OrdersHost, returning: Returning): void {
  const { db, http } = host
  withdrawing(host)

  http.post(
    '/:id/returns',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Ask to give things back that have arrived',
        description:
          'By their buyer: for a change of mind within ORDERS_RETURN_DAYS after they arrived, for what is broken or wrong within ORDERS_WARRANTY_DAYS. Licence keys and downloads are not given back.',
        honours: ['Idempotency-Key'],
        refuses: [
          'order_unknown',
          'line_unknown',
          'line_twice',
          'nothing_to_return',
          'return_too_late',
          'returns_too_many',
          'photo_unknown',
        ],
        params: Params,
        body: Type.Object({
          lines: Lines,
          reason: ReturnReason,
          note: Type.Optional(
            Type.String({ maxLength: 1_000, pattern: '[^\\s]', examples: ['The cable is too short'] }),
          ),
          photos: Type.Optional(
            Type.Array(Id, { maxItems: 10, uniqueItems: true, description: 'Documents of the buyer' }),
          ),
        }),
        response: { 201: ReturnView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      return reply.code(201).send(view(await returning.request(request, actor, params.id, body)))
    },
  )

  http.get(
    '/:id/returns',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What is given back of an order, for its buyer, its vendors and admins',
        refuses: ['order_unknown'],
        params: Params,
        response: { 200: Type.Object({ items: Type.Array(ReturnView) }, { title: 'OrderReturns' }) },
      },
    },
    async ({ actor, params }) => {
      const { whole, partIds } = await look(db, actor, params.id)
      const rows = await returnsOf(db, whole.order.id)
      return { items: rows.filter(({ partId }) => partIds.includes(partId)).map(view) }
    },
  )

  listRoutes(http, db, '/returns', {
    config: { access: vendors },
    schema: {
      summary: 'What buyers give back to a vendor, the newest first; all of an admin',
      of: 'returns',
      filters: { state: Type.Optional(State) },
      item: ReturnView,
    },
    wanted: ({ actor, query }) => ({ vendorIds: vendorsFor(actor), state: query.state, created: createdIn(query) }),
    rows: (wanted, limit, after) => listReturns(db, wanted, limit, after as [string, string] | undefined),
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    view,
  })

  const step = <Body extends Type.TObject>(
    path: 'approve' | 'refuse' | 'received' | 'withdraw',
    summary: string,
    Body: Body,
    stepOf: (body: Static<Body>) => Step,
  ) =>
    http.post(
      `/:id/returns/:returnId/${path}`,
      {
        config: { access: path === 'withdraw' ? signedIn : vendors },
        schema: {
          summary,
          description: 'Done again it changes nothing.',
          honours: ['Idempotency-Key'],
          refuses: ['order_unknown', 'return_unknown', 'return_state'],
          params: ReturnParams,
          body: Body,
          response: { 200: ReturnView },
        },
      },
      async request => {
        const { actor, params, body } = request as unknown as {
          actor: Parameters<Returning['step']>[1]
          params: Static<typeof ReturnParams>
          body: Static<Body>
        }
        return view(await returning.step(request, actor, params.id, params.returnId, stepOf(body)))
      },
    )
  step('approve', 'Agree to a return', Type.Object({ answer: Answer }), ({ answer = null }) => ({
    act: 'approve',
    answer,
  }))
  step(
    'refuse',
    'Refuse a return, with the reason that its buyer reads',
    Type.Object({ answer: Line(500, { examples: ['It shows marks of use'] }) }),
    ({ answer }) => ({ act: 'refuse', answer }),
  )
  step(
    'received',
    'Say that what was given back is there: what was paid for it goes back',
    Type.Object({
      restock: Type.Boolean({ description: 'Whether its pieces can be bought again', examples: [true] }),
      answer: Answer,
    }),
    ({ restock, answer = null }) => ({ act: 'receive', restock, answer }),
  )
  step('withdraw', 'Keep the things after all', Type.Object({}), () => ({ act: 'withdraw' }))

  http.get(
    '/:id/returns/:returnId/photos/:docId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'A photo of what is given back, for its buyer, its vendor and admins',
        honours: ['Range', 'If-None-Match'],
        refuses: ['order_unknown', 'return_unknown', 'file_missing'],
        produces: ['application/octet-stream'],
        params: Type.Object({ ...ReturnParams.properties, docId: Id }),
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      const { whole, partIds } = await look(db, actor, params.id)
      const one = await findReturn(db, whole.order.id, params.returnId)
      if (!one || !partIds.includes(one.partId) || !one.photos.includes(params.docId))
        throw new Problem('not_found', 'return_unknown')
      // Where a scanner has not looked at it yet, or has found something, there is none.
      const { fileKey } = await host.ask(getDocumentFile, { docId: params.docId })
      const size = fileKey === null ? undefined : await host.files.size(fileKey)
      if (fileKey === null || size === undefined) throw new Problem('not_found', 'file_missing')
      return await sendFile(request, reply, {
        fileName: `photo-${params.docId.slice(-6)}`,
        contentType: 'application/octet-stream',
        sizeBytes: size,
        tag: fileKey,
        read: range => host.files.read(fileKey, range),
      })
    },
  )
}
