import { OrderRefunded, RefundFailed } from '#contracts/orders'
import { newId, Problem, type Tx } from '#kernel'
import { divided, exact, toWhole } from '#money/amount'
import { post, type Transfer } from '#money/ledger'
import { payableOf, type Payments, type Refund } from '#money/payments'
import { logged, noteOrder, type Order, type Part, type Whole } from '../orders/store.ts'
import { aboutOrder } from '../orders/view.ts'
import { dueOf } from '../pricing/price.ts'
import { endParts } from '../sending/licences.ts'
import { returnToCards } from '../vouchers/store.ts'
import { accounts, completeIfDone } from './ending.ts'
import { settle, type Settled, type Share } from './shares.ts'

export interface RefundWish {
  /** Of the request: asked again it is the same refund. */
  readonly reference: string
  readonly reason: string
  readonly shares: readonly Share[]
}

/** Who asks the provider, and what is done soon after money has gone back. */
export interface Refunding {
  readonly payments: Pick<Payments<'orders'>, 'refund'>
  readonly refunded: (tx: Tx<'orders'>, orderId: string) => Promise<void>
}

interface RefundRow {
  readonly id: string
  readonly orderId: string
  readonly reference: string
  readonly amountMinor: bigint
  readonly giftMinor: bigint
  /** What of it does not go back to the card, as there is no such small coin; below zero what goes back beside it. */
  readonly roundingMinor: bigint
  readonly reason: string
  readonly shares: readonly Settled[]
  readonly state: 'asked' | 'succeeded' | 'failed'
}

const columns = (tx: Tx) => tx`
  id, order_id as "orderId", reference, amount_minor as "amountMinor", gift_minor as "giftMinor",
  rounding_minor as "roundingMinor", reason, shares, state`

const sumOf = ({ shippingMinor, lines }: Share): bigint =>
  lines.reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), BigInt(shippingMinor))

/** All that is left of some parts. */
export const allOf = ({ parts, lines }: Pick<Whole, 'parts' | 'lines'>, partIds: readonly string[]): Share[] =>
  parts
    .filter(({ id }) => partIds.includes(id))
    .map(part => ({
      partId: part.id,
      shippingMinor: Number(part.shippingMinor - part.shippingRefundedMinor),
      lines: lines
        .filter(line => line.partId === part.id && line.totalMinor > line.refundedMinor)
        .map(line => ({ lineId: line.id, amountMinor: Number(line.totalMinor - line.refundedMinor) })),
    }))
    .filter(share => sumOf(share) > 0n)

/** An amount, shared as there is left of things and their shipping. Fails with `refund_above_paid`. */
export function spread(
  whole: Pick<Whole, 'parts' | 'lines'>,
  partIds: readonly string[],
  amountMinor: bigint,
): Share[] {
  const all = allOf(whole, partIds)
  const flat = all.flatMap(({ partId, shippingMinor, lines }) => [
    ...lines.map(line => ({ partId, lineId: line.lineId as string | null, left: BigInt(line.amountMinor) })),
    { partId, lineId: null, left: BigInt(shippingMinor) },
  ])
  const left = flat.reduce((sum, one) => sum + one.left, 0n)
  if (amountMinor > left) throw new Problem('conflict', 'refund_above_paid', { leftMinor: Number(left) })
  const amounts = divided(
    amountMinor,
    flat.map(one => one.left),
  )
  const shared = flat.map((one, index) => ({ ...one, amountMinor: Number(amounts[index]!) }))
  return [...Map.groupBy(shared, ({ partId }) => partId)]
    .map(([partId, members]) => ({
      partId,
      shippingMinor: members.find(({ lineId }) => lineId === null)?.amountMinor ?? 0,
      lines: members.flatMap(({ lineId, amountMinor }) =>
        lineId !== null && amountMinor > 0 ? [{ lineId, amountMinor }] : [],
      ),
    }))
    .filter(share => sumOf(share) > 0n)
}

/** So many of some lines, or so much. Fails with `line_unknown`, `line_twice`, `refund_above_paid`. */
export function ofLines(
  { lines }: Pick<Whole, 'lines'>,
  partIds: readonly string[],
  wanted: readonly { lineId: string; quantity?: number | undefined; amountMinor?: number | undefined }[],
): Share[] {
  const flat = wanted.map(({ lineId, quantity, amountMinor }) => {
    const line = lines.find(({ id, partId }) => id === lineId && partIds.includes(partId))
    if (!line) throw new Problem('not_found', 'line_unknown')
    const left = line.totalMinor - line.refundedMinor
    const worth =
      amountMinor !== undefined
        ? BigInt(amountMinor)
        : quantity === undefined || quantity === line.quantity
          ? left
          : toWhole(exact(line.totalMinor).mul(exact(quantity, line.quantity)))
    if (worth > left || (quantity ?? 0) > line.quantity)
      throw new Problem('conflict', 'refund_above_paid', { leftMinor: Number(left) })
    return { partId: line.partId, lineId, amountMinor: Number(worth) }
  })
  if (new Set(flat.map(({ lineId }) => lineId)).size < flat.length) throw new Problem('unprocessable', 'line_twice')
  return [...Map.groupBy(flat, ({ partId }) => partId)].map(([partId, members]) => ({
    partId,
    shippingMinor: 0,
    lines: members.map(({ lineId, amountMinor }) => ({ lineId, amountMinor })),
  }))
}

/**
 * Gives money back, to the card it came from first and what is left to gift cards. The order is locked. Fails with
 * `refund_above_paid`, never partly.
 */
export async function giveBack(
  tx: Tx<'orders'>,
  { payments, refunded }: Refunding,
  whole: Whole,
  wish: RefundWish,
  at: Date,
): Promise<{ refundId: string; order: Order }> {
  const { order } = whole
  const [before] = await tx<RefundRow[]>`
    select ${columns(tx)} from order_refunds where order_id = ${order.id} and reference = ${wish.reference}`
  if (before) return { refundId: before.id, order }
  const amountMinor = wish.shares.reduce((sum, share) => sum + sumOf(share), 0n)
  if (order.paymentStatus !== 'paid') throw new Problem('conflict', 'order_state')
  const left = order.totalMinor - order.refundedMinor
  if (amountMinor <= 0n || amountMinor > left)
    throw new Problem('conflict', 'refund_above_paid', { leftMinor: Number(left) })
  const sent = await byCard(tx, order.id)
  const cardLeft = order.totalMinor - order.giftMinor - sent.minor
  const cardMinor = amountMinor < cardLeft ? amountMinor : cardLeft
  const giftMinor = amountMinor - cardMinor
  // All that should have gone back by then, as far as it can, less what has: in the end it is what was paid.
  const due = payableOf({ minor: sent.minor + cardMinor, currency: order.currency }) - sent.paidMinor
  const paidMinor = due < 0n ? 0n : due
  const roundingMinor = cardMinor - paidMinor
  const refundId = newId()
  const state = paidMinor > 0n ? 'asked' : 'succeeded'
  const shares = await settle(tx, whole, wish.shares)
  await tx`
    insert into order_refunds (id, order_id, reference, amount_minor, gift_minor, rounding_minor, reason, shares, state,
      created_at, ended_at)
    values (${refundId}, ${order.id}, ${wish.reference}, ${amountMinor}, ${giftMinor}, ${roundingMinor}, ${wish.reason},
      ${tx.json(shares as never)}, ${state}, ${at}, ${state === 'asked' ? null : at})`
  if (paidMinor > 0n) await payments.refund(tx, order.paymentId!, { reference: refundId, amountMinor: paidMinor })
  if (giftMinor > 0n) await returnToCards(tx, order.id, giftMinor)
  const noted = await noteRefund(tx, whole, { refundId, ...wish, shares, amountMinor, giftMinor, roundingMinor }, at)
  // No provider will tell that it has come about.
  if (state === 'succeeded') await refunded(tx, order.id)
  return { refundId, order: noted }
}

/** What went back, or is on its way back, of what was to be paid by card, and `paidMinor` how much of it is money. */
async function byCard(tx: Tx, orderId: string): Promise<{ minor: bigint; paidMinor: bigint }> {
  const [row] = await tx<{ minor: bigint; paidMinor: bigint }[]>`
    select coalesce(sum(amount_minor - gift_minor), 0)::bigint as minor,
      coalesce(sum(amount_minor - gift_minor - rounding_minor), 0)::bigint as "paidMinor"
    from order_refunds where order_id = ${orderId} and state <> 'failed'`
  return row!
}

async function noteRefund(
  tx: Tx<'orders'>,
  { order, parts }: Whole,
  wish: Pick<RefundRow, 'reason' | 'shares' | 'amountMinor' | 'giftMinor' | 'roundingMinor'> & { refundId: string },
  at: Date,
): Promise<Order> {
  const { refundId, shares, amountMinor, giftMinor, roundingMinor, reason } = wish
  await addToParts(tx, shares, 1)
  const refundedMinor = order.refundedMinor + amountMinor
  const isWhole = refundedMinor === order.totalMinor
  await book(tx, order, parts, { kind: 'refund', refundId, shares, giftMinor, roundingMinor }, at)
  const gone = await tx<{ id: string }[]>`
    update order_parts set state = 'refunded'
    where order_id = ${order.id} and refunded_minor = total_minor and state in ('shipped', 'delivered', 'processing')
    returning id`
  const noted = await noteOrder(tx, order, {
    refundedMinor,
    ...(isWhole && { paymentStatus: 'refunded', endedAt: order.endedAt ?? at }),
    // What was cancelled stays so, whatever goes back of it.
    ...(isWhole && order.status !== 'cancelled' && { status: 'refunded' }),
  })
  await logged(tx, order.id, at, 'refund', { refundId, amountMinor: Number(amountMinor), reason })
  await tx.publish(OrderRefunded, {
    ...aboutOrder(noted),
    refundId,
    currency: order.currency,
    amountMinor: Number(amountMinor),
    whole: isWhole,
    reason: reason.slice(0, 500),
    parts: partsOf(shares, parts),
    items: shares.flatMap(share => share.lines.map(({ lineId, amountMinor }) => ({ lineId, amountMinor }))),
    at: at.toISOString(),
  })
  return gone.length > 0 ? await completeIfDone(tx, noted, at) : noted
}

const partsOf = (shares: readonly Settled[], parts: readonly Part[]) =>
  shares.map(share => ({
    partId: share.partId,
    vendorId: parts.find(({ id }) => id === share.partId)!.vendorId,
    amountMinor: Number(sumOf(share)),
    commissionMinor: share.lines.reduce((sum, { commissionMinor }) => sum + commissionMinor, 0),
  }))

async function addToParts(tx: Tx, shares: readonly Share[], sign: 1 | -1): Promise<void> {
  for (const share of shares) {
    await tx`
      update order_parts set refunded_minor = refunded_minor + ${sign * Number(sumOf(share))},
        shipping_refunded_minor = shipping_refunded_minor + ${sign * share.shippingMinor}
      where id = ${share.partId}`
    for (const { lineId, amountMinor } of share.lines)
      await tx`update order_lines set refunded_minor = refunded_minor + ${sign * amountMinor} where id = ${lineId}`
  }
}

/** What of it is tax goes back as tax. */
async function book(
  tx: Tx<'orders'>,
  { id, currency }: Order,
  parts: readonly Part[],
  refund: Pick<RefundRow, 'shares' | 'giftMinor' | 'roundingMinor'> & {
    kind: 'refund' | 'refund-failed'
    refundId: string
  },
  at: Date,
): Promise<void> {
  const [outside, cards] = [await accounts.outside(tx, currency), await accounts.giftCards(tx, currency)]
  const transfers: Transfer[] = []
  const give = (from: string, to: string, minor: bigint): void => {
    if (minor > 0n) transfers.push(refund.kind === 'refund' ? { from, to, minor } : { from: to, to: from, minor })
  }
  let gift = refund.giftMinor
  let off = refund.roundingMinor
  const rounding = off === 0n ? outside : await accounts.rounding(tx, currency)
  // What goes back beside it, as less did before.
  if (off < 0n) give(rounding, outside, -off)
  const move = (account: string, minor: bigint): void => {
    const toCards = minor < gift ? minor : gift
    gift -= toCards
    const left = minor - toCards
    const toRounding = off <= 0n ? 0n : left < off ? left : off
    off -= toRounding
    give(account, cards, toCards)
    give(account, rounding, toRounding)
    give(account, outside, left - toRounding)
  }
  for (const share of refund.shares) {
    const part = parts.find(one => one.id === share.partId)!
    const tax = share.lines.reduce((sum, { taxMinor }) => sum + BigInt(taxMinor), BigInt(share.shippingTaxMinor))
    move(await accounts.tax(tx, part, currency), tax)
    move(await accounts.sales(tx, part, currency), sumOf(share) - tax)
  }
  await post(tx, { cause: refund.refundId, kind: refund.kind, at, about: { orderId: id }, transfers })
}

/** The provider has given it back, or could not. */
export async function endRefund(
  tx: Tx<'orders'>,
  whole: Whole,
  reference: string,
  state: 'succeeded' | 'failed',
  at: Date,
): Promise<void> {
  const { order, parts } = whole
  const [row] = await tx<RefundRow[]>`
    select ${columns(tx)} from order_refunds
    where order_id = ${order.id} and (id::text = ${reference} or reference = ${reference}) for update`
  if (!row || row.state === state || row.state === 'failed') return
  await tx`update order_refunds set state = ${state}, ended_at = ${at} where id = ${row.id}`
  await logged(tx, order.id, at, `refund ${state}`, { refundId: row.id })
  if (state === 'succeeded') return
  // What gift cards got they keep: only the card's part comes back to the vendors, to be given back otherwise.
  await addToParts(tx, row.shares, -1)
  await book(tx, order, parts, { ...row, kind: 'refund-failed', refundId: row.id }, at)
  if (row.giftMinor > 0n) await takeFromCards(tx, order.id, row.giftMinor)
  const undone = parts.filter(part => part.state === 'refunded' && row.shares.some(({ partId }) => partId === part.id))
  const goesOn = await standAsBefore(
    tx,
    undone.map(({ id }) => id),
  )
  const isOver = order.status === 'refunded' || order.status === 'completed'
  const noted = await noteOrder(tx, order, {
    refundedMinor: order.refundedMinor - row.amountMinor,
    ...(order.paymentStatus === 'refunded' && { paymentStatus: 'paid' }),
    ...(isOver && (goesOn ? { status: 'processing', endedAt: null } : { status: 'completed' })),
  })
  await tx.publish(RefundFailed, {
    ...aboutOrder(noted),
    refundId: row.id,
    currency: order.currency,
    amountMinor: Number(row.amountMinor),
    parts: partsOf(row.shares, parts),
    at: at.toISOString(),
  })
  // What arrived meanwhile is told now.
  await endParts(tx, noted, at)
}

/**
 * Parts whose money did not go back after all stand where they stood, by what was sent and has arrived; one that is still
 * to come comes. Whether any is.
 */
async function standAsBefore(tx: Tx, partIds: readonly string[]): Promise<boolean> {
  const rows = await tx<{ state: Part['state'] }[]>`
    update order_parts p set state = case
      when p.delivered_at is not null then 'delivered'
      when exists (select from order_lines l where l.part_id = p.id and l.kind <> 'digital')
        and not exists (select from order_lines l where l.part_id = p.id and l.kind <> 'digital' and l.sent < l.quantity)
        then 'shipped'
      else 'processing' end
    where id = any(${partIds as string[]}::uuid[]) returning state`
  return rows.some(({ state }) => state !== 'delivered')
}

/** As far as they still have it. */
async function takeFromCards(tx: Tx, orderId: string, amountMinor: bigint): Promise<void> {
  const uses = await tx<{ cardId: string; returnedMinor: bigint; balanceMinor: bigint }[]>`
    select c.id as "cardId", u.returned_minor as "returnedMinor", c.balance_minor as "balanceMinor"
    from gift_uses u join gift_cards c on c.id = u.gift_card_id
    where u.order_id = ${orderId} order by c.id for update`
  let left = amountMinor
  for (const { cardId, returnedMinor, balanceMinor } of uses) {
    const minor = [left, returnedMinor, balanceMinor].reduce((least, one) => (one < least ? one : least))
    left -= minor
    await tx`update gift_cards set balance_minor = balance_minor - ${minor} where id = ${cardId}`
    await tx`update gift_uses set returned_minor = returned_minor - ${minor}
      where order_id = ${orderId} and gift_card_id = ${cardId}`
  }
}

/** Somebody gave money back at the provider itself: it is shared as there is left. */
export async function noteForeignRefund(tx: Tx<'orders'>, whole: Whole, refund: Refund, at: Date): Promise<void> {
  const { order, parts } = whole
  const reference = `provider ${refund.id}`
  const left = order.totalMinor - order.refundedMinor
  const before = await byCard(tx, order.id)
  // With the last of what was paid goes what nobody could pay.
  const isLast = before.paidMinor + refund.amountMinor >= dueOf(order)
  const due = order.totalMinor - order.giftMinor - before.minor
  const wanted = isLast && due > refund.amountMinor ? due : refund.amountMinor
  const amountMinor = wanted < left ? wanted : left
  if (amountMinor <= 0n) return
  const roundingMinor = isLast && amountMinor > refund.amountMinor ? amountMinor - refund.amountMinor : 0n
  const ids = parts.map(({ id }) => id)
  const shares = await settle(tx, whole, spread(whole, ids, amountMinor))
  const refundId = newId()
  const [row] = await tx`
    insert into order_refunds (id, order_id, reference, amount_minor, rounding_minor, reason, shares, state, created_at,
      ended_at)
    values (${refundId}, ${order.id}, ${reference}, ${amountMinor}, ${roundingMinor}, 'at the provider',
      ${tx.json(shares as never)}, 'succeeded', ${at}, ${at})
    on conflict (order_id, reference) do nothing returning id`
  const about = { refundId, reason: 'at the provider', shares, amountMinor, giftMinor: 0n, roundingMinor }
  if (row) await noteRefund(tx, whole, about, at)
}
