import Type, { type Static } from 'typebox'
import { OrderLine, OrderNumber, OrderPart, OrderStatus, PaymentStatus } from '#contracts/orders'
import type { EventData } from '#contracts/define'
import type { OrderCreated } from '#contracts/orders'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { dueOf } from '../pricing/price.ts'
import type { Address, Line, LogEntry, Order, Part, Whole } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Amount = { ...Minor, minimum: 0 }

export const AddressView = Type.Object(
  {
    name: Type.String({ examples: ['Ada Lovelace'] }),
    email: Type.Optional(Type.String({ examples: ['ada@example.com'] })),
    phone: Type.Optional(Type.String()),
    company: Type.Optional(Type.String()),
    address: Type.String({ examples: ['Ringstr. 5'] }),
    city: Type.Optional(Type.String({ examples: ['Berlin'] })),
    zip: Type.Optional(Type.String({ examples: ['10115'] })),
    region: Type.Optional(Type.String()),
    country: Type.String({ examples: ['DE'] }),
    taxId: Type.Optional(Type.String()),
  },
  { title: 'OrderAddress' },
)

const State = Type.Enum(['pending', 'processing', 'shipped', 'delivered', 'cancelled', 'refunded'], {
  examples: ['processing'],
})

export const ItemView = Type.Object(
  {
    ...OrderLine.properties,
    /** As it was offered. */
    price: { ...Amount, description: 'The same as `priceMinor`' },
    options: Type.String(),
    slug: Type.String(),
    thumbnail: nullable(Type.String()),
    later: Type.Boolean({ description: 'It is sent once it is there' }),
    sent: Type.Integer({ examples: [0] }),
    refundedMinor: Amount,
    taxPercent: Type.String({ examples: ['19'] }),
    handedOverAt: nullable(Instant),
  },
  { title: 'OrderItem' },
)

export const PartView = Type.Object(
  {
    ...OrderPart.properties,
    state: State,
    shippingOption: nullable(Type.String()),
    refundedMinor: Amount,
    invoiceId: nullable(Id),
  },
  { title: 'OrderPart' },
)

export const SummaryView = Type.Object(
  {
    id: Id,
    orderId: OrderNumber,
    userId: Id,
    status: OrderStatus,
    paymentStatus: PaymentStatus,
    currency: Currency,
    totalMinor: Amount,
    refundedMinor: Amount,
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'OrderSummary' },
)

export const OrderView = Type.Object(
  {
    ...SummaryView.properties,
    items: Type.Array(ItemView),
    parts: Type.Array(PartView),
    subtotalMinor: Amount,
    discountMinor: Amount,
    shippingMinor: Amount,
    taxMinor: Amount,
    giftCardMinor: Amount,
    roundingMinor: {
      ...Amount,
      description: 'What nobody pays, as there is no such small coin; of KWD and other currencies of three decimals',
      examples: [0],
    },
    dueMinor: { ...Amount, description: 'What is left to pay by card' },
    paymentMethod: nullable(Type.String({ examples: ['stripe'] })),
    paymentIntent: nullable(Type.String({ description: 'Of the intent or order at the provider' })),
    billingAddress: AddressView,
    shippingAddress: AddressView,
    expiresAt: { ...Instant, description: 'Until then its pieces are held for a payment' },
    paidAt: nullable(Instant),
    log: Type.Array(Type.Object({ at: Instant, kind: Type.String({ examples: ['placed'] }), about: Type.Unknown() }), {
      description: 'What happened, the oldest first',
    }),
  },
  { title: 'Order' },
)

export const summary = (order: Order): Static<typeof SummaryView> => ({
  id: order.id,
  orderId: order.number,
  userId: order.userId,
  status: order.status,
  paymentStatus: order.paymentStatus,
  currency: order.currency,
  totalMinor: Number(order.totalMinor),
  refundedMinor: Number(order.refundedMinor),
  version: order.version,
  createdAt: order.createdAt.toISOString(),
})

export const lineFacts = (line: Line): Static<typeof OrderLine> => ({
  lineId: line.id,
  partId: line.partId,
  vendorId: line.vendorId,
  productId: line.productId,
  variantId: line.variantId,
  productName: line.name,
  sku: line.sku,
  kind: line.kind,
  quantity: line.quantity,
  priceMinor: Number(line.priceMinor),
  discountMinor: Number(line.discountMinor),
  netMinor: Number(line.netMinor),
  taxMinor: Number(line.taxMinor),
  totalMinor: Number(line.totalMinor),
  commissionBasisPoints: line.commissionBasisPoints,
  commissionMinor: Number(line.commissionMinor),
  passportId: line.passportId,
})

export const partFacts = (part: Part): Static<typeof OrderPart> => ({
  partId: part.id,
  vendorId: part.vendorId,
  vendor: { kind: part.ownerKind, id: part.vendorId },
  shippingMinor: Number(part.shippingMinor),
  taxMinor: Number(part.taxMinor),
  totalMinor: Number(part.totalMinor),
  commissionMinor: Number(part.commissionMinor),
})

/** The order as its events tell of it. */
export const orderFacts = ({ order, parts, lines }: Whole, at: Date): EventData<typeof OrderCreated> => ({
  orderId: order.id,
  number: order.number,
  userId: order.userId,
  version: order.version,
  currency: order.currency,
  subtotalMinor: Number(order.subtotalMinor),
  discountMinor: Number(order.discountMinor),
  shippingMinor: Number(order.shippingMinor),
  taxMinor: Number(order.taxMinor),
  totalMinor: Number(order.totalMinor),
  giftCardMinor: Number(order.giftMinor),
  status: order.status,
  paymentStatus: order.paymentStatus,
  country: order.country,
  cartId: order.cartId,
  parts: parts.map(partFacts),
  items: lines.map(lineFacts),
  at: at.toISOString(),
})

export const aboutOrder = ({ id, number, userId, version }: Order) => ({ orderId: id, number, userId, version })

/** What of an order somebody may see: its buyer and admins all, a vendor their own part, and where that goes. */
export function view(
  { order, parts, lines }: Whole,
  log: readonly LogEntry[],
  partIds?: readonly string[],
): Static<typeof OrderView> {
  const own = (id: string): boolean => partIds === undefined || partIds.includes(id)
  const address = (one: Address): Address => (partIds === undefined ? one : withoutContact(one))
  const seen = parts.filter(({ id }) => own(id))
  const sum = (of: (part: Part) => bigint): number => Number(seen.reduce((total, part) => total + of(part), 0n))
  const of = (what: (line: Line) => bigint): number =>
    Number(lines.reduce((total, line) => (own(line.partId) ? total + what(line) : total), 0n))
  return {
    ...summary(order),
    ...(partIds !== undefined && {
      totalMinor: sum(part => part.totalMinor),
      refundedMinor: sum(p => p.refundedMinor),
    }),
    items: lines
      .filter(({ partId }) => own(partId))
      .map(line => ({
        ...lineFacts(line),
        price: Number(line.priceMinor),
        options: line.options,
        slug: line.slug,
        thumbnail: line.thumbnail,
        later: line.later,
        sent: line.sent,
        refundedMinor: Number(line.refundedMinor),
        taxPercent: line.treatment.percent,
        handedOverAt: line.handedOverAt?.toISOString() ?? null,
      })),
    parts: seen.map(part => ({
      ...partFacts(part),
      state: part.state,
      shippingOption: part.shippingOption,
      refundedMinor: Number(part.refundedMinor),
      invoiceId: part.invoiceId,
    })),
    subtotalMinor: of(line => line.priceMinor * BigInt(line.quantity)),
    discountMinor: of(line => line.discountMinor),
    shippingMinor: sum(part => part.shippingMinor),
    taxMinor: sum(part => part.taxMinor),
    giftCardMinor: partIds === undefined ? Number(order.giftMinor) : 0,
    roundingMinor: partIds === undefined ? Number(order.totalMinor - order.giftMinor - dueOf(order)) : 0,
    dueMinor: order.paymentStatus === 'paid' ? 0 : Number(dueOf(order)),
    paymentMethod: order.paymentMethod,
    paymentIntent: partIds === undefined ? order.paymentIntent : null,
    billingAddress: address(order.billing),
    shippingAddress: order.shipping,
    expiresAt: order.expiresAt.toISOString(),
    paidAt: order.paidAt?.toISOString() ?? null,
    log: partIds === undefined ? log.map(({ at, kind, about }) => ({ at: at.toISOString(), kind, about })) : [],
  }
}

const withoutContact = ({ email: _email, phone: _phone, ...address }: Address): Address => address
