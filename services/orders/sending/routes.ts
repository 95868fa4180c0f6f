import { timingSafeEqual } from 'node:crypto'
import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { Id, Instant, Line as Text } from '#contracts/shared'
import { anyone, Problem, sendFile, signedIn, type Actor } from '#kernel'
import { sellsAs, vendors } from '../access.ts'
import type { OrdersHost } from '../host.ts'
import { findVariant } from '../offers/offers.ts'
import { look, unknown } from '../orders/access.ts'
import { Params } from '../orders/routes.ts'
import { lockOrder } from '../orders/store.ts'
import type { Arrive } from './arriving.ts'
import { goodsOf, type Links } from './goods.ts'
import { addKeys, poolOf, type HandingOver, type Vault } from './licences.ts'
import { ship, shipmentsOf, type ShipmentRow } from './shipping.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const ShipmentView = Type.Object(
  {
    id: Id,
    partId: Id,
    carrier: nullable(Type.String({ examples: ['DHL'] })),
    tracking: nullable(Type.String({ examples: ['00340434161094042557'] })),
    trackingUrl: nullable(Type.String()),
    lines: Type.Array(Type.Object({ lineId: Id, quantity: Type.Integer({ minimum: 1, examples: [1] }) })),
    shippedAt: Instant,
    deliveredAt: nullable(Instant),
  },
  { title: 'Shipment' },
)

const GoodsView = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        lineId: Id,
        productName: Type.String({ examples: ['Load management, 1 year'] }),
        keys: Type.Array(Type.String({ examples: ['AAAA-BBBB-CCCC'] })),
        download: nullable(
          Type.Object({
            url: Type.String({ description: 'For whoever has it: it is signed' }),
            left: nullable(Type.Integer({ minimum: 0, examples: [5] })),
          }),
        ),
      }),
    ),
  },
  { title: 'DigitalGoods' },
)

const PoolView = Type.Object(
  {
    variantId: Id,
    free: Type.Integer({ minimum: 0, examples: [20] }),
    given: Type.Integer({ minimum: 0, examples: [3] }),
  },
  { title: 'KeyPool' },
)

const viewShipment = ({ orderId: _, ...row }: ShipmentRow) => ({
  ...row,
  shippedAt: row.shippedAt.toISOString(),
  deliveredAt: row.deliveredAt?.toISOString() ?? null,
})

/** How things get to their buyers: parcels, keys, downloads. */
export function sendingRoutes(
  host: OrdersHost,
  { vault, handing, links, arrive }: { vault: Vault; handing: HandingOver; links: Links; arrive: Arrive },
): void {
  const { db, http, now } = host

  http.post(
    '/:id/shipments',
    {
      config: { access: vendors },
      schema: {
        summary: 'Say that things of an order were sent',
        honours: ['Idempotency-Key'],
        refuses: ['order_unknown', 'order_state', 'part_unknown', 'line_unknown', 'nothing_to_ship'],
        params: Params,
        body: Type.Object({
          partId: Type.Optional({ ...Id, description: 'Where one sells several parts of it' }),
          carrier: Type.Optional(Text(80, { examples: ['DHL'] })),
          tracking: Type.Optional(Text(80, { examples: ['00340434161094042557'] })),
          trackingUrl: Type.Optional(
            Type.String({ maxLength: 500, pattern: '^https://[^\\s"<>]+$', examples: ['https://example.com/track/1'] }),
          ),
          lines: Type.Optional(
            Type.Array(
              Type.Object({ lineId: Id, quantity: Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] }) }),
              { minItems: 1, maxItems: 200, description: 'Without them all that is left to send' },
            ),
          ),
        }),
        response: { 201: ShipmentView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const seen = await look(db, actor, params.id)
      if (seen.as === 'buyer' && actor.role !== 'admin') unknown()
      const partId = body.partId ?? seen.partIds[0]!
      if (!seen.partIds.includes(partId)) throw new Problem('not_found', 'part_unknown')
      const id = await db.once(request, async tx => {
        const whole = (await lockOrder(tx, seen.whole.order.id))!
        return { id: await ship(tx, now(), whole, partId, body) }
      })
      const [made] = await shipmentsOf(db, seen.whole.order.id, id.id)
      return reply.code(201).send(viewShipment(made!))
    },
  )

  http.get(
    '/:id/shipments',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What was sent of an order',
        refuses: ['order_unknown'],
        params: Params,
        response: { 200: Type.Object({ items: Type.Array(ShipmentView) }, { title: 'Shipments' }) },
      },
    },
    async ({ actor, params }) => {
      const { whole, partIds } = await look(db, actor, params.id)
      const rows = await shipmentsOf(db, whole.order.id)
      return { items: rows.filter(({ partId }) => partIds.includes(partId)).map(viewShipment) }
    },
  )

  http.post(
    '/:id/shipments/:shipmentId/delivered',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say that a shipment has arrived',
        description: 'By its buyer or its vendor; again it changes nothing.',
        refuses: ['order_unknown', 'shipment_unknown'],
        params: Type.Object({ ...Params.properties, shipmentId: Id }),
        response: { 200: ShipmentView },
      },
    },
    async ({ actor, params }) => viewShipment(await arrive(actor, params.id, params.shipmentId)),
  )

  http.get(
    '/:id/goods',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Licence keys and downloads of one’s own order',
        refuses: ['order_unknown'],
        params: Params,
        response: { 200: GoodsView },
      },
    },
    async ({ actor, params }, reply) => {
      const { whole, as } = await look(db, actor, params.id)
      if (as !== 'buyer') unknown()
      reply.header('cache-control', 'private, no-store')
      return { items: await goodsOf(db, vault, links, whole.lines) }
    },
  )

  http.get(
    '/downloads/:link',
    {
      config: { access: anyone },
      schema: {
        summary: 'Fetch what was bought, by the link at its order',
        honours: ['Range', 'If-None-Match'],
        refuses: ['download_unknown', 'download_used_up', 'file_missing'],
        produces: ['application/octet-stream'],
        params: Type.Object({ link: Type.String({ maxLength: 120, pattern: '^[0-9A-Za-z._-]+$' }) }),
      },
    },
    async (request, reply) => {
      const { link } = request.params
      const [lineId = ''] = link.split('.', 1)
      // As text: a digest has several spellings.
      const [given, right] = [link, `${lineId}.${links.sign(lineId).toString('base64url')}`].map(text =>
        Buffer.from(text),
      )
      if (given!.length !== right!.length || !timingSafeEqual(given!, right!))
        throw new Problem('not_found', 'download_unknown')
      const [row] = await db<{ documentId: string; fileName: string }[]>`
        select document_id as "documentId", file_name as "fileName" from downloads where line_id = ${lineId}`
      if (!row) throw new Problem('not_found', 'download_unknown')
      const { fileKey } = await host.ask(getDocumentFile, { docId: row.documentId })
      const size = fileKey === null ? undefined : await host.files.size(fileKey)
      if (fileKey === null || size === undefined) throw new Problem('not_found', 'file_missing')
      // A part of it counts as the whole: who goes on where it broke off fetches it once more.
      const counted = await db.transaction(tx =>
        // Programs that look what a link leads to fetch nothing.
        request.method === 'HEAD'
          ? tx`select from downloads where line_id = ${lineId}`
          : tx`
          update downloads set used = used + 1 where line_id = ${lineId} and (most is null or used < most) returning used`,
      )
      if (counted.length === 0) throw new Problem('conflict', 'download_used_up')
      return await sendFile(request, reply, {
        fileName: row.fileName,
        contentType: 'application/octet-stream',
        sizeBytes: size,
        tag: fileKey,
        read: range => host.files.read(fileKey, range),
      })
    },
  )

  /** Of a variant whose keys are the actor's to see to. Fails with `variant_unknown`. */
  async function pooled(actor: Actor, variantId: string) {
    const found = await findVariant(db, variantId)
    if (!found || !sellsAs(actor, found.listing.vendorId)) throw new Problem('not_found', 'variant_unknown')
    return found
  }

  http.post(
    '/keys/:variantId',
    {
      config: { access: vendors },
      schema: {
        summary: 'Add licence keys to the pool of a variant',
        description: 'All or none. Who waits for a key gets it at once, whoever paid first.',
        honours: ['Idempotency-Key'],
        refuses: ['variant_unknown', 'keys_known'],
        params: Type.Object({ variantId: Id }),
        body: Type.Object({
          keys: Type.Array(Text(500, { examples: ['AAAA-BBBB-CCCC'] }), { minItems: 1, maxItems: 5_000 }),
        }),
        response: { 200: PoolView },
      },
    },
    async request => {
      const { actor, params, body } = request
      const { listing } = await pooled(actor, params.variantId)
      await db.once(request, async tx => {
        const about = { variantId: params.variantId, vendorId: listing.vendorId, keys: body.keys, at: now() }
        const added = await addKeys(tx, vault, about)
        await handing.supply(tx, params.variantId)
        return { added }
      })
      return { variantId: params.variantId, ...(await poolOf(db, params.variantId)) }
    },
  )

  http.get(
    '/keys/:variantId',
    {
      config: { access: vendors },
      schema: {
        summary: 'How many licence keys of a variant are left',
        refuses: ['variant_unknown'],
        params: Type.Object({ variantId: Id }),
        response: { 200: PoolView },
      },
    },
    async ({ actor, params }) => {
      await pooled(actor, params.variantId)
      return { variantId: params.variantId, ...(await poolOf(db, params.variantId)) }
    },
  )
}
