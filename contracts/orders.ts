/** All that orders promise, from the cart to what was sent back, in one place, though it takes more than 500 lines. */
import Type, { type Static } from 'typebox'
import { call, event } from './define.ts'
import { CartContent, Currency, Email, Id, Instant, Locale, Minor, Owner } from './shared.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Text = (maxLength: number, options: { examples?: string[] } = {}) => Type.String({ maxLength, ...options })
const Amount = { ...Minor, minimum: 0 }
const Version = Type.Integer({ minimum: 1, examples: [1] })

/**
 * Orders: what was bought at which price, what was paid of it, and where it is. One order has a part for each vendor, and
 * a part has lines. Every event has the order's `version`, which grows with each change; amounts are in the minor unit of
 * the order's one currency.
 */

/** What people call an order; tells nothing of how many there are. */
export const OrderNumber = Type.String({ maxLength: 20, examples: ['K7M2Q-9XWTB'] })

/** `processing` from the payment on; `completed` once the buyer has all of it; `refunded` once nothing of it is left. */
export const OrderStatus = Type.Enum(['pending', 'processing', 'completed', 'cancelled', 'refunded'], {
  examples: ['pending'],
})
export type OrderStatus = Static<typeof OrderStatus>

export const PaymentStatus = Type.Enum(['pending', 'paid', 'failed', 'refunded'], { examples: ['pending'] })
export type PaymentStatus = Static<typeof PaymentStatus>

/** A line as it was bought: nothing of it changes when the product does. */
export const OrderLine = Type.Object({
  lineId: Id,
  partId: Id,
  vendorId: Id,
  productId: Id,
  variantId: Id,
  productName: Text(200, { examples: ['Wallbox 11 kW'] }),
  sku: Text(64, { examples: ['WB-11-T2'] }),
  kind: Type.Enum(['physical', 'digital', 'battery'], { examples: ['physical'] }),
  quantity: Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] }),
  /** Of one, as it was offered. */
  priceMinor: Amount,
  /** Of the line, by coupons. */
  discountMinor: Amount,
  netMinor: Amount,
  taxMinor: Amount,
  /** What is paid for the line. */
  totalMinor: Amount,
  /** What the platform keeps of it, by the rule that held when it was ordered; 100 basis points are one percent. */
  commissionBasisPoints: Type.Integer({ minimum: 0, maximum: 10_000, examples: [0] }),
  commissionMinor: Amount,
  /** Of a battery. */
  passportId: nullable(Id),
})
export type OrderLine = Static<typeof OrderLine>

/** What one vendor sells of an order. */
export const OrderPart = Type.Object({
  partId: Id,
  vendorId: Id,
  vendor: Owner,
  shippingMinor: Amount,
  taxMinor: Amount,
  /** Lines and shipping, with tax. */
  totalMinor: Amount,
  commissionMinor: Amount,
})

const order = {
  orderId: Id,
  number: OrderNumber,
  userId: Id,
  version: Version,
}

const Whole = Type.Object({
  ...order,
  currency: Currency,
  subtotalMinor: Amount,
  discountMinor: Amount,
  shippingMinor: Amount,
  taxMinor: Amount,
  totalMinor: Amount,
  /** What of the total gift cards pay. */
  giftCardMinor: Amount,
  status: OrderStatus,
  paymentStatus: PaymentStatus,
  /** Where it goes to (ISO 3166-1). */
  country: Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, examples: ['DE'] }),
  cartId: Id,
  parts: Type.Array(OrderPart, { minItems: 1, maxItems: 200 }),
  items: Type.Array(OrderLine, { minItems: 1, maxItems: 200 }),
  at: Instant,
})

/** An order was placed: its pieces are held until it is paid, cancelled, or too old. */
export const OrderCreated = event('orders', 'order.created', 'orderId', Whole)

/** Somebody without an account has placed an order: they come to it by a link that is mailed to them alone. */
export const GuestOrdered = event(
  'orders',
  'order.by-guest',
  'orderId',
  Type.Object({
    orderId: Id,
    number: OrderNumber,
    email: Email,
    locale: Locale,
    currency: Currency,
    totalMinor: Amount,
    at: Instant,
  }),
)

/** All of an order is paid, and what was held is sold. */
export const PaymentSucceeded = event(
  'orders',
  'payment.success',
  'orderId',
  Type.Object({
    ...Whole.properties,
    /** `stripe`, `razorpay`, `play`; `gift-card` where nothing else was needed. */
    paymentMethod: Type.String({ maxLength: 20, examples: ['stripe'] }),
    paymentId: nullable(Id),
    /** Of the intent or order at the provider. */
    paymentIntent: nullable(Type.String({ maxLength: 200 })),
  }),
)

/** A try to pay failed; the order waits for another until it is too old. */
export const PaymentFailed = event(
  'orders',
  'payment.failed',
  'orderId',
  Type.Object({ ...order, paymentId: Id, reason: Type.String({ maxLength: 500 }), at: Instant }),
)

const Item = Type.Object({
  lineId: Id,
  productId: Id,
  variantId: Id,
  vendorId: Id,
  quantity: Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] }),
})

/**
 * Parts of an order will not come: all that were left where `whole`. What was paid for them goes back, as
 * `order.refunded` tells.
 */
export const OrderCancelled = event(
  'orders',
  'order.cancelled',
  'orderId',
  Type.Object({
    ...order,
    whole: Type.Boolean(),
    /** `expired`: nobody paid in time. */
    reason: Type.Enum(['buyer', 'vendor', 'admin', 'expired', 'payment'], { examples: ['buyer'] }),
    partIds: Type.Array(Id, { maxItems: 200 }),
    items: Type.Array(Item, { maxItems: 200 }),
    at: Instant,
  }),
)

/** The buyer has all of an order: what was sent has arrived, what is digital was handed over. */
export const OrderCompleted = event(
  'orders',
  'order.completed',
  'orderId',
  Type.Object({
    ...order,
    items: Type.Array(Item, { minItems: 1, maxItems: 200 }),
    completedAt: Instant,
  }),
)

/** Money of an order goes back to its buyer. */
export const OrderRefunded = event(
  'orders',
  'order.refunded',
  'orderId',
  Type.Object({
    ...order,
    refundId: Id,
    currency: Currency,
    amountMinor: Amount,
    /** Nothing of what was paid is left. */
    whole: Type.Boolean(),
    reason: Type.String({ maxLength: 500 }),
    /** What of it each vendor gives, and what of their commission the platform gives back. */
    parts: Type.Array(Type.Object({ partId: Id, vendorId: Id, amountMinor: Amount, commissionMinor: Amount }), {
      maxItems: 200,
    }),
    items: Type.Array(Type.Object({ lineId: Id, amountMinor: Amount }), { maxItems: 200 }),
    at: Instant,
  }),
)

/** A refund that had been told did not come about: the bank of the buyer did not take it. */
export const RefundFailed = event(
  'orders',
  'order.refund-failed',
  'orderId',
  Type.Object({
    ...order,
    refundId: Id,
    currency: Currency,
    amountMinor: Amount,
    parts: Type.Array(Type.Object({ partId: Id, vendorId: Id, amountMinor: Amount, commissionMinor: Amount }), {
      maxItems: 200,
    }),
    at: Instant,
  }),
)

/** The buyer's bank takes the money of an order back, or has decided about that: of each dispute once `opened` and once its end. */
export const OrderDisputed = event(
  'orders',
  'order.disputed',
  'orderId',
  Type.Object({
    ...order,
    disputeId: Type.String({ maxLength: 200, examples: ['dp_1'] }),
    state: Type.Enum(['opened', 'won', 'lost'], { examples: ['opened'] }),
    currency: Currency,
    amountMinor: Amount,
    at: Instant,
  }),
)

const shipment = {
  ...order,
  shipmentId: Id,
  partId: Id,
  vendorId: Id,
  carrier: nullable(Text(80, { examples: ['DHL'] })),
  tracking: nullable(Text(80, { examples: ['00340434161094042557'] })),
  trackingUrl: nullable(Type.String({ maxLength: 500, examples: ['https://example.com/track/1'] })),
}

/** A vendor has sent things of an order. */
export const OrderShipped = event(
  'orders',
  'order.shipped',
  'orderId',
  Type.Object({ ...shipment, shippedAt: Instant }),
)

/** What was sent has arrived. */
export const OrderDelivered = event(
  'orders',
  'order.delivered',
  'orderId',
  Type.Object({ ...shipment, deliveredAt: Instant }),
)

/** Everything that a vendor sells of an order has arrived or was handed over. */
export const PartDelivered = event(
  'orders',
  'part.delivered',
  'orderId',
  Type.Object({ ...order, partId: Id, vendorId: Id, deliveredAt: Instant }),
)

/** Licence keys or a download wait for the buyer at their order; no key is in here. */
export const GoodsHandedOver = event(
  'orders',
  'goods.handed-over',
  'orderId',
  Type.Object({
    ...order,
    lineId: Id,
    productId: Id,
    productName: Text(200, { examples: ['Load management, 1 year'] }),
    kind: Type.Enum(['licence', 'download'], { examples: ['licence'] }),
    quantity: Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] }),
    at: Instant,
  }),
)

/** A battery was paid for: its passport goes to the buyer. Nothing of that is taken back by a later refund. */
export const BatterySold = event(
  'orders',
  'battery.sold',
  'passportId',
  Type.Object({
    passportId: Id,
    orderId: Id,
    lineId: Id,
    productId: Id,
    serial: nullable(Text(128, { examples: ['BP-2024-011'] })),
    seller: Owner,
    buyer: Owner,
    at: Instant,
  }),
)

/** Why somebody gives something back: they think otherwise, or it is not what was bought. */
export const ReturnReason = Type.Enum(['withdrawal', 'broken', 'wrong', 'other'], { examples: ['withdrawal'] })
export type ReturnReason = Static<typeof ReturnReason>

const returned = {
  ...order,
  returnId: Id,
  partId: Id,
  vendorId: Id,
  vendor: Owner,
  items: Type.Array(Item, { minItems: 1, maxItems: 200 }),
}

/** A buyer wants to give things of a part back that have arrived. */
export const ReturnRequested = event(
  'orders',
  'return.requested',
  'orderId',
  Type.Object({ ...returned, reason: ReturnReason, at: Instant }),
)

/**
 * A buyer has withdrawn from the contract about what was sent by one vendor, at a moment that they get in writing where
 * they said (Directive 2011/83/EU, Art. 11a). `return.requested` tells of the same return.
 */
export const WithdrawalDeclared = event(
  'orders',
  'withdrawal.declared',
  'orderId',
  Type.Object({
    ...order,
    returnId: Id,
    partId: Id,
    email: Email,
    locale: Locale,
    /** What it is about, as the order calls it. */
    things: Type.Array(Type.Object({ name: Text(200), quantity: Type.Integer({ minimum: 1, examples: [1] }) }), {
      minItems: 1,
      maxItems: 200,
    }),
    at: Instant,
  }),
)

/** A vendor agreed to a return or refused it, or the buyer keeps the things after all. */
export const ReturnDecided = event(
  'orders',
  'return.decided',
  'orderId',
  Type.Object({
    ...returned,
    decision: Type.Enum(['approved', 'refused', 'withdrawn'], { examples: ['approved'] }),
    /** What the vendor says to it. */
    answer: nullable(Type.String({ maxLength: 500 })),
    at: Instant,
  }),
)

/** What was given back is with its vendor. What was paid for it goes back, as `order.refunded` tells. */
export const ReturnReceived = event(
  'orders',
  'return.received',
  'orderId',
  Type.Object({
    ...returned,
    /** Its pieces can be bought again, as `stock.changed` tells. */
    restocked: Type.Boolean(),
    currency: Currency,
    /** Nothing where all of it had gone back before. */
    amountMinor: Amount,
    refundId: nullable(Id),
    at: Instant,
  }),
)

/** An invoice or a credit note of an order was issued, for ever. */
export const OrderInvoiced = event(
  'orders',
  'order.invoiced',
  'orderId',
  Type.Object({
    orderId: Id,
    orderNumber: OrderNumber,
    userId: Id,
    sellerId: Id,
    invoiceId: Id,
    kind: Type.Enum(['invoice', 'credit-note'], { examples: ['invoice'] }),
    number: Type.String({ maxLength: 40, examples: ['INV-2027-000001'] }),
    issuedOn: Type.String({ format: 'date', examples: ['2027-03-01'] }),
    currency: Currency,
    totalMinor: Minor,
  }),
)

/**
 * How many pieces of a variant can be bought now: those there are without those that are held; null where nobody counts.
 * Below zero is what was sold before it is there. `version` grows with each change.
 */
export const StockChanged = event(
  'orders',
  'stock.changed',
  'variantId',
  Type.Object({
    variantId: Id,
    productId: Id,
    available: Type.Union([Type.Integer({ examples: [12] }), Type.Null()]),
    version: Version,
  }),
)

const QuotedLine = Type.Object({
  lineId: Id,
  productId: Id,
  variantId: Id,
  vendorId: nullable(Id),
  productName: nullable(Type.String({ maxLength: 200 })),
  slug: nullable(Type.String({ maxLength: 120 })),
  thumbnail: nullable(Type.String({ maxLength: 500 })),
  options: Type.String({ maxLength: 1_500, description: 'In words', examples: ['Cable length: 5 m'] }),
  quantity: Type.Integer({ examples: [1] }),
  /** As it is now; null where it is not for sale (any more). */
  priceMinor: nullable(Amount),
  /** What the buyer was told before, where that was another one. */
  formerPriceMinor: nullable(Amount),
  discountMinor: Amount,
  taxMinor: Amount,
  totalMinor: Amount,
  taxPercent: Type.String({ maxLength: 20, examples: ['19'] }),
  taxIncluded: Type.Boolean(),
  /** Null where nobody counts. */
  available: nullable(Type.Integer({ examples: [12] })),
  /** Why it cannot be ordered as it stands. */
  trouble: nullable(
    Type.Enum(['product_not_for_sale', 'price_missing', 'stock_short', 'quantity_above_limit'], {
      examples: ['stock_short'],
    }),
  ),
  /** It is sent when it is there. */
  later: Type.Boolean(),
})

/** What is left of a cart's price after everything: as an order of it would cost now. */
export const Quote = Type.Object({
  currency: Currency,
  subtotalMinor: Amount,
  discountMinor: Amount,
  shippingMinor: Amount,
  taxMinor: Amount,
  totalMinor: Amount,
  giftCardMinor: Amount,
  /** What nobody pays, as there is no such small coin (of KWD, BHD and others). */
  roundingMinor: Type.Optional(Amount),
  /** What is left to pay: the total without what gift cards pay and what is rounded off. */
  dueMinor: Amount,
  lines: Type.Array(QuotedLine),
  vendors: Type.Array(
    Type.Object({
      vendorId: Id,
      name: nullable(Type.String({ maxLength: 200 })),
      shippingMinor: Amount,
      optionId: nullable(Id),
      options: Type.Array(
        Type.Object({
          optionId: Id,
          name: Text(120, { examples: ['Parcel'] }),
          priceMinor: Amount,
          minDays: nullable(Type.Integer({ examples: [2] })),
          maxDays: nullable(Type.Integer({ examples: [4] })),
        }),
      ),
      /** Nothing of this vendor's can be sent there. */
      unreachable: Type.Boolean(),
    }),
  ),
  coupons: Type.Array(
    Type.Object({
      code: Type.String({ maxLength: 40 }),
      discountMinor: Amount,
      /** Why it takes nothing off. */
      trouble: nullable(Type.String({ maxLength: 40, examples: ['coupon_used_up'] })),
    }),
  ),
  giftCards: Type.Array(
    Type.Object({
      code: Type.String({ maxLength: 40, description: 'Its last letters' }),
      usedMinor: Amount,
      trouble: nullable(Type.String({ maxLength: 40, examples: ['gift_card_unknown'] })),
    }),
  ),
})
export type Quote = Static<typeof Quote>

/** What a cart would cost as an order, to the minor unit; nothing is held for it. */
export const quoteCart = call('orders', 'quote_cart', Type.Object({ userId: nullable(Id), cart: CartContent }), Quote)

/** Whether somebody has said as whom they sell, with name, address and tax number as invoices have them. */
export const getSeller = call(
  'orders',
  'get_seller',
  Type.Object({ ownerId: Id }),
  Type.Object({ known: Type.Boolean() }),
)

/** As whom vendors sell: name, address and tax number as invoices have them; who has not said so is left out. */
export const listSellers = call(
  'orders',
  'list_sellers',
  Type.Object({ ownerIds: Type.Array(Id, { maxItems: 1_000 }) }),
  Type.Object({
    items: Type.Array(
      Type.Object({
        owner: Owner,
        name: Text(200, { examples: ['Voltwerk GmbH'] }),
        address: Type.Object({
          street: Text(200),
          postalCode: Text(40),
          city: Text(200),
          region: nullable(Text(200)),
          country: Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, examples: ['DE'] }),
        }),
        taxId: nullable(Text(40, { examples: ['DE136695976'] })),
      }),
    ),
  }),
)

/** Where somebody without an account sees to their order; for their own mail alone. Fails with `order_unknown`. */
export const getGuestLink = call(
  'orders',
  'get_guest_link',
  Type.Object({ orderId: Id }),
  Type.Object({ link: Type.String({ examples: ['https://example.com/orders/guest/0198.4f0'] }) }),
)
