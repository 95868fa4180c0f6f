import { BatterySold, OrderCancelled, OrderCompleted, PaymentSucceeded } from '#contracts/orders'
import { newId, type Tx } from '#kernel'
import { accountFor, post, type Transfer } from '#money/ledger'
import type { Payment } from '#money/payments'
import { logged, linesOf, noteOrder, noteParts, type Line, type Order, type Part, type Whole } from '../orders/store.ts'
import { aboutOrder, orderFacts } from '../orders/view.ts'
import { piecesOf } from '../placing/place.ts'
import { releasePieces, restockPieces, sellPieces } from '../stock/stock.ts'
import { giveBackVouchers } from '../vouchers/store.ts'

export type Reason = 'buyer' | 'vendor' | 'admin' | 'expired' | 'payment'

/** An order's accounts: `sales` and `tax` of vendors, what gift cards are owed, what is rounded off, and where money comes from and goes to. */
export const accounts = {
  sales: (tx: Tx, part: Pick<Part, 'ownerKind' | 'vendorId'>, currency: string) =>
    accountFor(tx, newId(), { kind: 'sales', owner: { kind: part.ownerKind, id: part.vendorId }, currency }, null),
  tax: (tx: Tx, part: Pick<Part, 'ownerKind' | 'vendorId'>, currency: string) =>
    accountFor(tx, newId(), { kind: 'tax', owner: { kind: part.ownerKind, id: part.vendorId }, currency }, null),
  giftCards: (tx: Tx, currency: string) => accountFor(tx, newId(), { kind: 'gift-cards', owner: null, currency }, null),
  outside: (tx: Tx, currency: string) => accountFor(tx, newId(), { kind: 'outside', owner: null, currency }, null),
  /** What the platform bears of what buyers cannot pay, as no provider takes so little. */
  rounding: (tx: Tx, currency: string) => accountFor(tx, newId(), { kind: 'rounding', owner: null, currency }, null),
}

/** All of an order is paid: what was held is sold, and booked to who sold it. `handOver` sees to what is digital. */
export async function becomePaid(
  tx: Tx<'orders'>,
  whole: Whole,
  payment: Payment | null,
  at: Date,
  handOver: (tx: Tx<'orders'>, orderId: string) => Promise<void>,
): Promise<void> {
  const { order, parts, lines } = whole
  await sellPieces(tx, piecesOf(lines))
  const paid = await noteOrder(tx, order, {
    status: 'processing',
    paymentStatus: 'paid',
    paymentMethod: payment?.provider ?? 'gift-card',
    paymentId: payment?.id ?? null,
    paymentIntent: payment?.providerId ?? null,
    paidAt: at,
  })
  await noteParts(
    tx,
    parts.map(({ id }) => id),
    'processing',
  )
  await bookSale(tx, whole, payment?.capturedMinor ?? 0n, at)
  await logged(tx, order.id, at, 'paid', {
    amountMinor: Number(payment?.capturedMinor ?? 0n),
    giftCardMinor: Number(order.giftMinor),
  })
  await tx.publish(PaymentSucceeded, {
    ...orderFacts({ order: paid, parts, lines }, at),
    paymentMethod: paid.paymentMethod!,
    paymentId: paid.paymentId,
    paymentIntent: paid.paymentIntent,
  })
  for (const line of lines)
    if (line.passportId !== null) await tx.publish(BatterySold, batteryFacts(line, paid, parts, at))
  await handOver(tx, order.id)
}

const batteryFacts = (line: Line, order: Order, parts: readonly Part[], at: Date) => {
  const { ownerKind, vendorId } = parts.find(({ id }) => id === line.partId)!
  return {
    passportId: line.passportId!,
    orderId: order.id,
    lineId: line.id,
    productId: line.productId,
    serial: line.serial,
    seller: { kind: ownerKind, id: vendorId },
    buyer: { kind: 'person' as const, id: order.userId },
    at: at.toISOString(),
  }
}

async function bookSale(tx: Tx<'orders'>, { order, parts }: Whole, paidMinor: bigint, at: Date): Promise<void> {
  const { currency, giftMinor, totalMinor } = order
  // First what was paid by card, then what gift cards add, and last what is rounded off; each vendor gets what is theirs of
  // each.
  const sources = [
    { from: await accounts.outside(tx, currency), left: paidMinor },
    { from: await accounts.giftCards(tx, currency), left: giftMinor },
  ]
  const rest = totalMinor - paidMinor - giftMinor
  if (rest > 0n) sources.push({ from: await accounts.rounding(tx, currency), left: rest })
  const transfers: Transfer[] = []
  const move = (to: string, minor: bigint): void => {
    let wanted = minor
    for (const source of sources) {
      const part = wanted < source.left ? wanted : source.left
      source.left -= part
      wanted -= part
      if (part > 0n) transfers.push({ from: source.from, to, minor: part })
    }
  }
  for (const part of parts) {
    move(await accounts.sales(tx, part, currency), part.totalMinor - part.taxMinor)
    move(await accounts.tax(tx, part, currency), part.taxMinor)
  }
  await post(tx, { cause: order.id, kind: 'order', at, about: { number: order.number }, transfers })
}

/** An order that nobody has paid is over: its pieces and vouchers can be used by others. */
export async function becomeCancelled(tx: Tx<'orders'>, whole: Whole, reason: Reason, at: Date): Promise<void> {
  const { order, parts, lines } = whole
  if (order.status !== 'pending') return
  await releasePieces(tx, piecesOf(lines))
  await giveBackVouchers(tx, order.id)
  const cancelled = await noteOrder(tx, order, { status: 'cancelled', endedAt: at })
  await noteParts(
    tx,
    parts.map(({ id }) => id),
    'cancelled',
  )
  await logged(tx, order.id, at, 'cancelled', { reason })
  await tellCancelled(tx, cancelled, true, reason, parts, lines, at)
}

export const tellCancelled = (
  tx: Tx<'orders'>,
  order: Order,
  whole: boolean,
  reason: Reason,
  parts: readonly Part[],
  lines: readonly Line[],
  at: Date,
) =>
  tx.publish(OrderCancelled, {
    ...aboutOrder(order),
    whole,
    reason,
    partIds: parts.map(({ id }) => id),
    items: lines.filter(({ partId }) => parts.some(({ id }) => id === partId)).map(itemOf),
    at: at.toISOString(),
  })

export const itemOf = ({ id, productId, variantId, vendorId, quantity }: Line) => ({
  lineId: id,
  productId,
  variantId,
  vendorId,
  quantity,
})

/** Pieces that were sold, and will not be sent, are there again. */
export const takeBackPieces = (tx: Tx<'orders'>, lines: readonly Line[]): Promise<void> =>
  restockPieces(tx, piecesOf(lines))

/** Ends an order whose buyer has everything that will come. The order is locked, its parts are read anew. */
export async function completeIfDone(tx: Tx<'orders'>, order: Order, at: Date): Promise<Order> {
  if (order.status !== 'processing') return order
  const states = await tx<{ state: Part['state'] }[]>`select state from order_parts where order_id = ${order.id}`
  const over = states.every(({ state }) => state === 'delivered' || state === 'cancelled' || state === 'refunded')
  if (!over || !states.some(({ state }) => state === 'delivered')) return order
  const completed = await noteOrder(tx, order, { status: 'completed', endedAt: at })
  await logged(tx, order.id, at, 'completed')
  const arrived = await tx<{ id: string }[]>`
    select id from order_parts where order_id = ${order.id} and state = 'delivered'`
  const ids = new Set(arrived.map(({ id }) => id))
  const lines = (await linesOf(tx, order.id)).filter(({ partId }) => ids.has(partId))
  await tx.publish(OrderCompleted, {
    ...aboutOrder(completed),
    items: lines.map(itemOf),
    completedAt: at.toISOString(),
  })
  return completed
}
