import type { OrderStatus, PaymentStatus } from '#contracts/orders'
import type { Delivery } from '#contracts/marketplace'
import type { Static } from 'typebox'
import { madeIn, type Db, type Span, type Tx } from '#kernel'
import type { Treatment } from '#money/tax'

export interface Address {
  readonly name: string
  readonly email?: string | undefined
  readonly phone?: string | undefined
  readonly company?: string | undefined
  readonly address: string
  readonly city?: string | undefined
  readonly zip?: string | undefined
  readonly region?: string | undefined
  readonly country: string
  /** Of a company. */
  readonly taxId?: string | undefined
}

export interface Order {
  readonly id: string
  readonly number: string
  readonly userId: string
  /** Who bought has no account. */
  readonly guest: boolean
  readonly cartId: string
  readonly status: OrderStatus
  readonly paymentStatus: PaymentStatus
  readonly paymentMethod: string | null
  readonly paymentId: string | null
  readonly paymentIntent: string | null
  readonly cancelling: string | null
  readonly currency: string
  readonly subtotalMinor: bigint
  readonly discountMinor: bigint
  readonly shippingMinor: bigint
  readonly taxMinor: bigint
  readonly totalMinor: bigint
  readonly giftMinor: bigint
  readonly refundedMinor: bigint
  readonly disputedMinor: bigint
  readonly country: string
  readonly billing: Address
  readonly shipping: Address
  readonly locale: 'en' | 'de'
  readonly version: number
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly paidAt: Date | null
  readonly endedAt: Date | null
}

export type PartState = 'pending' | 'processing' | 'shipped' | 'delivered' | 'cancelled' | 'refunded'

export interface Part {
  readonly id: string
  readonly orderId: string
  readonly position: number
  readonly vendorId: string
  readonly ownerKind: 'person' | 'organisation'
  readonly state: PartState
  readonly shippingMinor: bigint
  readonly shippingOption: string | null
  readonly shippingTax: Treatment | null
  readonly taxMinor: bigint
  readonly totalMinor: bigint
  readonly commissionMinor: bigint
  readonly refundedMinor: bigint
  readonly shippingRefundedMinor: bigint
  readonly invoiceId: string | null
  readonly deliveredAt: Date | null
  readonly createdAt: Date
}

export interface Line {
  readonly id: string
  readonly orderId: string
  readonly partId: string
  readonly position: number
  readonly productId: string
  readonly variantId: string
  readonly vendorId: string
  readonly name: string
  readonly slug: string
  readonly sku: string
  readonly options: string
  readonly kind: 'physical' | 'digital' | 'battery'
  readonly thumbnail: string | null
  readonly serial: string | null
  readonly passportId: string | null
  readonly delivery: Static<typeof Delivery> | null
  readonly quantity: number
  readonly counted: boolean
  readonly later: boolean
  readonly priceMinor: bigint
  readonly discountMinor: bigint
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly totalMinor: bigint
  readonly treatment: Treatment
  readonly commissionBasisPoints: number
  readonly commissionMinor: bigint
  readonly refundedMinor: bigint
  readonly sent: number
  readonly handedOverAt: Date | null
}

/** An order with all of it. */
export interface Whole {
  readonly order: Order
  readonly parts: readonly Part[]
  readonly lines: readonly Line[]
}

const orderColumns = (db: Db) => db`
  id, number, user_id as "userId", guest, cart_id as "cartId", status, payment_status as "paymentStatus",
  payment_method as "paymentMethod", payment_id as "paymentId", payment_intent as "paymentIntent", cancelling, currency,
  subtotal_minor as "subtotalMinor", discount_minor as "discountMinor", shipping_minor as "shippingMinor",
  tax_minor as "taxMinor", total_minor as "totalMinor", gift_minor as "giftMinor", refunded_minor as "refundedMinor",
  disputed_minor as "disputedMinor", country, billing, shipping, locale, version, created_at as "createdAt",
  expires_at as "expiresAt", paid_at as "paidAt", ended_at as "endedAt"`

const partColumns = (db: Db) => db`
  id, order_id as "orderId", position, vendor_id as "vendorId", owner_kind as "ownerKind", state,
  shipping_minor as "shippingMinor", shipping_option as "shippingOption", shipping_tax as "shippingTax",
  tax_minor as "taxMinor", total_minor as "totalMinor", commission_minor as "commissionMinor",
  refunded_minor as "refundedMinor", shipping_refunded_minor as "shippingRefundedMinor", invoice_id as "invoiceId",
  delivered_at as "deliveredAt", created_at as "createdAt"`

const lineColumns = (db: Db) => db`
  id, order_id as "orderId", part_id as "partId", position, product_id as "productId", variant_id as "variantId",
  vendor_id as "vendorId", name, slug, sku, options, kind, thumbnail, serial, passport_id as "passportId", delivery,
  quantity, counted, later, price_minor as "priceMinor", discount_minor as "discountMinor", net_minor as "netMinor",
  tax_minor as "taxMinor", total_minor as "totalMinor", treatment, commission_basis_points as "commissionBasisPoints",
  commission_minor as "commissionMinor", refunded_minor as "refundedMinor", sent, handed_over_at as "handedOverAt"`

const partsOf = (db: Db, id: string) =>
  db<Part[]>`select ${partColumns(db)} from order_parts where order_id = ${id} order by position`
export const linesOf = (db: Db, id: string) =>
  db<Line[]>`select ${lineColumns(db)} from order_lines where order_id = ${id} order by position`

export async function findOrder(db: Db, id: string): Promise<Whole | undefined> {
  const [[order], parts, lines] = await Promise.all([
    db<Order[]>`select ${orderColumns(db)} from orders where id = ${id}`,
    partsOf(db, id),
    linesOf(db, id),
  ])
  return order && { order, parts, lines }
}

export async function idOfNumber(db: Db, number: string): Promise<string | undefined> {
  const [row] = await db<{ id: string }[]>`select id from orders where number = ${number}`
  return row?.id
}

export async function idOfCart(db: Db, cartId: string): Promise<string | undefined> {
  const [row] = await db<{ id: string }[]>`select id from orders where cart_id = ${cartId}`
  return row?.id
}

/**
 * Nobody else changes it until the transaction ends. Its payment first: whoever hears of that comes from there, and two
 * who wait for each other's row would wait for ever.
 */
export async function lockOrder(tx: Tx, id: string): Promise<Whole | undefined> {
  await tx`select from payments where purpose = 'order' and reference = ${id} for update`
  const [order] = await tx<Order[]>`select ${orderColumns(tx)} from orders where id = ${id} for update`
  if (!order) return undefined
  const [parts, lines] = await Promise.all([partsOf(tx, id), linesOf(tx, id)])
  return { order, parts, lines }
}

/** With its parts and lines, in one statement; false where there is an order of that cart. */
export async function insertOrder(tx: Tx, { order, parts, lines }: Whole, addedTaxMinor: bigint): Promise<boolean> {
  const rows = await tx`
    with o as (
      insert into orders (id, number, user_id, guest, cart_id, status, payment_status, currency, subtotal_minor,
        discount_minor, shipping_minor, tax_minor, added_tax_minor, total_minor, gift_minor, country, billing, shipping,
        locale, version, created_at, expires_at)
      values (${order.id}, ${order.number}, ${order.userId}, ${order.guest}, ${order.cartId}, 'pending', 'pending',
        ${order.currency}, ${order.subtotalMinor}, ${order.discountMinor}, ${order.shippingMinor}, ${order.taxMinor},
        ${addedTaxMinor}, ${order.totalMinor}, ${order.giftMinor}, ${order.country}, ${tx.json(order.billing as never)},
        ${tx.json(order.shipping as never)}, ${order.locale}, 1, ${order.createdAt}, ${order.expiresAt})
      on conflict (cart_id) do nothing returning id, created_at),
    p as (
      insert into order_parts (id, order_id, position, vendor_id, owner_kind, state, shipping_minor, shipping_option,
        shipping_tax, tax_minor, total_minor, commission_minor, created_at)
      select r.id, o.id, position, vendor_id, owner_kind, 'pending', shipping_minor, shipping_option, shipping_tax,
        tax_minor, total_minor, commission_minor, o.created_at
      from o, json_populate_recordset(null::order_parts, ${tx.json(parts.map(partRow) as never)}) r),
    l as (
      insert into order_lines (id, order_id, part_id, position, product_id, variant_id, vendor_id, name, slug, sku,
        options, kind, thumbnail, serial, passport_id, delivery, quantity, counted, later, price_minor, discount_minor,
        net_minor, tax_minor, total_minor, treatment, commission_basis_points, commission_minor)
      select r.id, o.id, part_id, position, product_id, variant_id, vendor_id, name, slug, sku, options, kind, thumbnail,
        serial, passport_id, delivery, quantity, counted, later, price_minor, discount_minor, net_minor, tax_minor,
        total_minor, treatment, commission_basis_points, commission_minor
      from o, json_populate_recordset(null::order_lines, ${tx.json(lines.map(lineRow) as never)}) r)
    select id from o`
  return rows.length > 0
}

const partRow = (part: Part) => ({
  id: part.id,
  position: part.position,
  vendor_id: part.vendorId,
  owner_kind: part.ownerKind,
  shipping_minor: Number(part.shippingMinor),
  shipping_option: part.shippingOption,
  shipping_tax: part.shippingTax,
  tax_minor: Number(part.taxMinor),
  total_minor: Number(part.totalMinor),
  commission_minor: Number(part.commissionMinor),
})

const lineRow = (line: Line) => ({
  id: line.id,
  part_id: line.partId,
  position: line.position,
  product_id: line.productId,
  variant_id: line.variantId,
  vendor_id: line.vendorId,
  name: line.name,
  slug: line.slug,
  sku: line.sku,
  options: line.options,
  kind: line.kind,
  thumbnail: line.thumbnail,
  serial: line.serial,
  passport_id: line.passportId,
  delivery: line.delivery,
  quantity: line.quantity,
  counted: line.counted,
  later: line.later,
  price_minor: Number(line.priceMinor),
  discount_minor: Number(line.discountMinor),
  net_minor: Number(line.netMinor),
  tax_minor: Number(line.taxMinor),
  total_minor: Number(line.totalMinor),
  treatment: line.treatment,
  commission_basis_points: line.commissionBasisPoints,
  commission_minor: Number(line.commissionMinor),
})

export interface OrderChange {
  readonly status?: OrderStatus
  readonly paymentStatus?: PaymentStatus
  readonly paymentMethod?: string
  readonly paymentId?: string | null
  readonly paymentIntent?: string | null
  readonly cancelling?: string
  readonly refundedMinor?: bigint
  readonly disputedMinor?: bigint
  readonly paidAt?: Date
  readonly endedAt?: Date | null
}

/** Writes what changed; the new version is in what comes back. */
export async function noteOrder(tx: Tx, order: Order, change: OrderChange): Promise<Order> {
  const next = { ...order, ...change }
  const [row] = await tx<Order[]>`
    update orders set status = ${next.status}, payment_status = ${next.paymentStatus},
      payment_method = ${next.paymentMethod}, payment_id = ${next.paymentId}, payment_intent = ${next.paymentIntent},
      cancelling = ${next.cancelling}, refunded_minor = ${next.refundedMinor}, disputed_minor = ${next.disputedMinor},
      paid_at = ${next.paidAt}, ended_at = ${next.endedAt}, version = version + 1
    where id = ${order.id} returning ${orderColumns(tx)}`
  return row!
}

export const noteParts = (tx: Tx, partIds: readonly string[], state: PartState) =>
  tx`update order_parts set state = ${state} where id = any(${partIds as string[]}::uuid[])`

/** What happened, for who has to answer for it. */
export const logged = (tx: Tx, orderId: string, at: Date, kind: string, about: object = {}) =>
  tx`insert into order_log (order_id, at, kind, about) values (${orderId}, ${at}, ${kind}, ${tx.json(about as never)})`

export interface LogEntry {
  readonly id: bigint
  readonly at: Date
  readonly kind: string
  readonly about: object
}

export const logOf = (db: Db, orderId: string) =>
  db<LogEntry[]>`select id, at, kind, about from order_log where order_id = ${orderId} order by id limit 500`

/** The newest first. */
export const listOrders = (
  db: Db,
  filter: {
    userId?: string | undefined
    status?: OrderStatus | undefined
    number?: string | undefined
    created?: Span
  },
  limit: number,
  before?: readonly [string, string],
) => db<Order[]>`
  select ${orderColumns(db)} from orders
  where ${filter.userId === undefined ? db`true` : db`user_id = ${filter.userId}`}
    and ${filter.status === undefined ? db`true` : db`status = ${filter.status}`}
    and ${filter.number === undefined ? db`true` : db`number = ${filter.number}`}
    ${madeIn(db, 'created_at', filter.created ?? {})}
    and ${before ? db`(created_at, id) < (${before[0]}, ${before[1]}::uuid)` : db`true`}
  order by created_at desc, id desc limit ${limit}`

export const listSales = (
  db: Db,
  filter: { vendorIds: readonly string[] | undefined; state?: PartState | undefined; created?: Span },
  limit: number,
  before?: readonly [string, string],
) => db<(Part & Pick<Order, 'number' | 'currency'>)[]>`
  select ${partColumns(db)}, (select number from orders where id = order_id) as number,
    (select currency from orders where id = order_id) as currency
  from order_parts
  where ${filter.vendorIds === undefined ? db`true` : db`vendor_id = any(${filter.vendorIds as string[]}::uuid[])`}
    and ${filter.state === undefined ? db`true` : db`state = ${filter.state}`}
    ${madeIn(db, 'created_at', filter.created ?? {})}
    and ${before ? db`(created_at, id) < (${before[0]}, ${before[1]}::uuid)` : db`true`}
  order by created_at desc, id desc limit ${limit}`

/** Orders that nobody has paid in time, some at a time. */
export const overdue = (db: Db, at: Date) => db<{ id: string }[]>`
  select id from orders where status = 'pending' and cancelling is null and expires_at <= ${at}
  order by expires_at limit 500`
