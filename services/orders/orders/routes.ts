import Type from 'typebox'
import { Currency, Email, Id, Instant, Line, Minor } from '#contracts/shared'
import { OrderNumber } from '#contracts/orders'
import {
  isId,
  isInstant,
  newId,
  notModified,
  ownVersion,
  Problem,
  signedIn,
  listRoutes,
  createdIn,
  type Actor,
} from '#kernel'
import { vendors, vendorsFor } from '../access.ts'
import type { OrdersHost } from '../host.ts'
import type { Paying } from '../paying/paying.ts'
import { allOf, giveBack, ofLines, spread } from '../paying/refunds.ts'
import type { Share } from '../paying/shares.ts'
import { look, seenBy, unknown } from './access.ts'
import type { Cancel } from './cancelling.ts'
import { placedEntry } from '../placing/place.ts'
import type { PlaceFromCart } from './placing.ts'
import { findOrder, listOrders, listSales, lockOrder, logOf, type Address, type Whole } from './store.ts'
import { OrderView, PartView, partFacts, summary, SummaryView, view } from './view.ts'

export const Params = Type.Object({
  id: Type.String({
    maxLength: 36,
    pattern: '^[0-9A-Za-z-]+$',
    description: 'Id or number',
    examples: ['K7M2Q-9XWTB'],
  }),
})

const SaleView = Type.Object(
  {
    ...PartView.properties,
    orderId: Id,
    orderNumber: OrderView.properties.orderId,
    currency: Currency,
    createdAt: Instant,
  },
  { title: 'Sale' },
)

/** Whatever people write on letters: of most countries nobody here knows the form. */
export const AddressBody = Type.Object({
  name: Line(200, { examples: ['Ada Lovelace'] }),
  email: Email,
  phone: Type.Optional(Line(40)),
  company: Type.Optional(Line(200)),
  address: Type.String({
    minLength: 1,
    maxLength: 500,
    pattern: '[^\\s]',
    description: 'Street and house, as many lines as it takes',
    examples: ['Ringstr. 5'],
  }),
  city: Type.Optional(Line(120, { examples: ['Berlin'] })),
  zip: Type.Optional(Line(20, { examples: ['10115'] })),
  region: Type.Optional(
    Line(80, {
      examples: ['Bavaria'],
      description: 'State or province, by name or code: in the United States and in India tax depends on it',
    }),
  ),
  country: Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, examples: ['DE'] }),
  taxId: Type.Optional(
    Type.String({
      maxLength: 20,
      pattern: '^[0-9A-Za-z .-]+$',
      description: 'Of a company',
      examples: ['DE123456788'],
    }),
  ),
})

export const placing = [
  'feature_off',
  'cart_empty',
  'product_not_for_sale',
  'price_missing',
  'stock_short',
  'quantity_above_limit',
  'shipping_unavailable',
  'coupon_unknown',
  'coupon_not_yet',
  'coupon_ended',
  'coupon_used_up',
  'coupon_not_for_this',
  'coupon_below_least',
  'gift_card_unknown',
  'gift_card_short',
  'price_changed',
  'order_total_changed',
  'order_too_large',
  'tax_id_invalid',
]

/** What beginning to pay refuses with. */
export const beginning = [
  'order_unknown',
  'order_state',
  'payment_refused',
  'payments_unavailable',
  'payment_provider_unavailable',
  'payment_provider_unknown',
]

/** Orders of buyers, and what vendors see of them. */
export function orderRoutes(host: OrdersHost, paying: Paying, placeFromCart: PlaceFromCart, cancel: Cancel): void {
  const { db, http, now } = host

  const shown = async (actor: Actor, id: string) => {
    const whole = (await findOrder(db, id))!
    const seen = seenBy(actor, whole) ?? unknown()
    return view(whole, await logOf(db, id), seen.as === 'vendor' ? seen.partIds : undefined)
  }

  http.post(
    '/',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Order what is in the cart',
        description:
          'Its pieces are held until it is paid or too old. There is one order of a cart: asked again, also from another tab, it is the same.',
        honours: ['Idempotency-Key'],
        gives: ['Location'],
        refuses: placing,
        body: Type.Object({
          billingAddress: AddressBody,
          shippingAddress: Type.Optional(Type.Object({ ...AddressBody.properties, email: Type.Optional(Email) })),
          totalMinor: Type.Optional({
            ...Minor,
            minimum: 0,
            description: 'What the buyer agreed to pay; without it prices have to be those that the cart had',
          }),
          locale: Type.Optional(Type.Enum(['en', 'de'], { examples: ['en'] })),
        }),
        response: { 200: OrderView, 201: OrderView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { orderId, isNew, whole } = await placeFromCart(request, {
        userId: actor.userId,
        billing: body.billingAddress,
        shipping: (body.shippingAddress ?? body.billingAddress) as Address,
        locale: body.locale ?? 'en',
        totalMinor: body.totalMinor === undefined ? undefined : BigInt(body.totalMinor),
      })
      return reply
        .code(isNew ? 201 : 200)
        .header('location', `/api/orders/${orderId}`)
        .send(whole ? view(whole, [placedEntry(whole.order)]) : await shown(actor, orderId))
    },
  )

  listRoutes(http, db, '/', {
    config: { access: signedIn },
    schema: {
      summary: 'One’s own orders, the newest first; all of an admin',
      of: 'orders',
      filters: {
        status: Type.Optional(
          Type.Enum(['pending', 'processing', 'completed', 'cancelled', 'refunded'], { examples: ['pending'] }),
        ),
        mine: Type.Optional(Type.Boolean({ description: 'Of an admin too only what they bought' })),
        buyerId: Type.Optional({ ...Id, description: 'For an admin: only what this person bought' }),
        number: Type.Optional(OrderNumber),
      },
      item: SummaryView,
    },
    wanted: ({ actor, query }) => ({
      userId: actor.role === 'admin' && !query.mine ? query.buyerId?.toLowerCase() : actor.userId,
      status: query.status,
      number: query.number?.toUpperCase(),
      created: createdIn(query),
    }),
    rows: (wanted, limit, after) => listOrders(db, wanted, limit, after as [string, string] | undefined),
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    view: summary,
  })

  listRoutes(http, db, '/sales', {
    config: { access: vendors },
    schema: {
      summary: 'What a vendor has sold: their parts of orders, the newest first',
      of: 'sales',
      filters: {
        state: Type.Optional(
          Type.Enum(['pending', 'processing', 'shipped', 'delivered', 'cancelled', 'refunded'], {
            examples: ['processing'],
          }),
        ),
      },
      item: SaleView,
    },
    wanted: ({ actor, query }) => ({
      vendorIds: vendorsFor(actor),
      state: query.state,
      created: createdIn(query),
    }),
    rows: (wanted, limit, after) => listSales(db, wanted, limit, after as [string, string] | undefined),
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    view: part => ({
      ...partFacts(part),
      orderId: part.orderId,
      orderNumber: part.number,
      currency: part.currency,
      state: part.state,
      shippingOption: part.shippingOption,
      refundedMinor: Number(part.refundedMinor),
      invoiceId: part.invoiceId,
      createdAt: part.createdAt.toISOString(),
    }),
  })

  http.get(
    '/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'An order, for its buyer, its vendors and admins',
        honours: ['If-None-Match'],
        refuses: ['order_unknown'],
        params: Params,
        response: { 200: OrderView },
      },
    },
    async (request, reply) => {
      const { whole, as, partIds } = await look(db, request.actor, request.params.id)
      if (notModified(request, reply, ownVersion(whole.order.version, request.actor))) return reply.send()
      return view(whole, await logOf(db, whole.order.id), as === 'vendor' ? partIds : undefined)
    },
  )

  http.post(
    '/:id/payment',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Begin to pay an order',
        description:
          'A PaymentIntent of Stripe or an order of Razorpay: there is one, whoever asks for it and how often.',
        refuses: beginning,
        params: Params,
        body: Type.Union([
          Type.Object({ provider: Type.Optional(Type.Enum(['stripe', 'razorpay', 'play'], { examples: ['play'] })) }),
          Type.Null(),
        ]),
        response: { 200: PaymentView },
      },
    },
    async ({ actor, params, body }) => {
      const { whole, as } = await look(db, actor, params.id)
      if (as !== 'buyer') unknown()
      return await paying.begin(whole.order.id, body?.provider)
    },
  )

  http.post(
    '/:id/payment/confirm',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Tell what a checkout came back with',
        description:
          'What Razorpay’s checkout gives the browser, whose signature is checked; without it the provider is asked how the payment stands. A webhook says the same.',
        refuses: [
          'order_unknown',
          'order_state',
          'payment_proof_invalid',
          'payment_provider_unavailable',
          'payment_provider_unknown',
        ],
        params: Params,
        body: Type.Object({
          razorpay_order_id: Type.Optional(Type.String({ maxLength: 100 })),
          razorpay_payment_id: Type.Optional(Type.String({ maxLength: 100 })),
          razorpay_signature: Type.Optional(Type.String({ maxLength: 200 })),
        }),
        response: { 200: OrderView },
      },
    },
    async ({ actor, params, body }) => {
      const { whole, as } = await look(db, actor, params.id)
      const { paymentId, id } = whole.order
      if (as !== 'buyer') unknown()
      if (paymentId === null) throw new Problem('conflict', 'order_state')
      const proof = Object.fromEntries(Object.entries(body).filter(([, value]) => typeof value === 'string'))
      if (Object.keys(proof).length > 0) await paying.payments.confirm(paymentId, proof as Record<string, string>)
      else await paying.payments.check(paymentId)
      return await shown(actor, id)
    },
  )

  http.post(
    '/:id/cancel',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Cancel an order, or what one vendor sells of it',
        description:
          'Before it is paid nobody has to pay any more, once the provider agrees. Afterwards what was not sent can be cancelled: by its buyer, by a vendor their own part; what was paid for it goes back.',
        honours: ['Idempotency-Key'],
        refuses: ['order_unknown', 'order_state', 'order_shipped', 'part_unknown', 'payment_over', 'refund_above_paid'],
        params: Params,
        body: Type.Union([
          Type.Object({
            partId: Type.Optional({ ...Id, description: 'Of a paid order; without it all parts that one may cancel' }),
            reason: Type.Optional(Line(500, { examples: ['Changed my mind'] })),
          }),
          Type.Null(),
        ]),
        response: { 200: OrderView },
      },
    },
    async request => {
      const { actor, params, body } = request
      return await shown(actor, await cancel(request, actor, params.id, body ?? {}))
    },
  )

  http.post(
    '/:id/refund',
    {
      config: { access: vendors },
      schema: {
        summary: 'Give money of an order back: all, an amount, or that of lines',
        description: 'By a vendor of their own part, by an admin of any. Never more than was paid and is still here.',
        honours: ['Idempotency-Key'],
        refuses: ['order_unknown', 'order_state', 'part_unknown', 'line_unknown', 'line_twice', 'refund_above_paid'],
        params: Params,
        body: Type.Object({
          reason: Line(500, { examples: ['Arrived with a scratch'] }),
          partId: Type.Optional(Id),
          amountMinor: Type.Optional({
            ...Minor,
            minimum: 1,
            description: 'Shared as there is left of lines and shipping',
          }),
          lines: Type.Optional(
            Type.Array(
              Type.Object({
                lineId: Id,
                quantity: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] })),
                amountMinor: Type.Optional({ ...Minor, minimum: 1 }),
              }),
              { minItems: 1, maxItems: 200 },
            ),
          ),
        }),
        response: { 200: OrderView },
      },
    },
    async request => {
      const { actor, params, body } = request
      const { whole: before, as, partIds } = await look(db, actor, params.id)
      if (as === 'buyer' && actor.role !== 'admin') unknown()
      if (body.partId !== undefined && !partIds.includes(body.partId)) throw new Problem('not_found', 'part_unknown')
      const ids = body.partId === undefined ? partIds : [body.partId]
      await db.once(request, async tx => {
        const whole = (await lockOrder(tx, before.order.id))!
        await giveBack(
          tx,
          paying,
          whole,
          { reference: newId(), reason: body.reason, shares: sharesOf(whole, ids, body) },
          now(),
        )
        return {}
      })
      return await shown(actor, before.order.id)
    },
  )
}

export const PaymentView = Type.Object(
  {
    paymentId: Id,
    state: Type.Enum(['asked', 'pending', 'failed', 'authorised', 'cancelled', 'succeeded'], { examples: ['pending'] }),
    provider: Type.String({ examples: ['stripe'] }),
    providerId: Type.Union([Type.String(), Type.Null()], { description: 'Of the PaymentIntent or the order there' }),
    clientSecret: Type.Union([Type.String(), Type.Null()], { description: 'For the SDKs of Stripe' }),
    publicKey: Type.Union([Type.String(), Type.Null()]),
    page: Type.String({ description: 'Where a browser pays', examples: ['https://example.com/pay'] }),
  },
  { title: 'OrderPayment' },
)

function sharesOf(
  whole: Whole,
  partIds: readonly string[],
  {
    amountMinor,
    lines,
  }: { amountMinor?: number; lines?: { lineId: string; quantity?: number; amountMinor?: number }[] },
): Share[] {
  if (lines) return ofLines(whole, partIds, lines)
  return amountMinor === undefined ? allOf(whole, partIds) : spread(whole, partIds, BigInt(amountMinor))
}
