import { OrderInvoiced } from '#contracts/orders'
import type { Job, Tx } from '#kernel'
import { decimalOf } from '#money/amount'
import { credit, findInvoice, issue, type DraftLine, type Issued } from '#money/invoices'
import { dayAt } from '#money/tax'
import type { OrdersHost } from '../host.ts'
import { findOrder, type Line, type Order, type Part, type Whole } from '../orders/store.ts'
import type { Share } from '../paying/shares.ts'
import { findSellers, type Seller } from '../sellers/sellers.ts'

const words = { en: { shipping: 'Shipping' }, de: { shipping: 'Versand' } }

/** Invoices of each seller once an order is paid, and credit notes for what goes back. */
export function openInvoicing(host: OrdersHost) {
  const { db } = host
  const job: Job<{ orderId: string }> = host.job('invoice an order', ({ orderId }: { orderId: string }) =>
    invoice(host, orderId),
  )
  /** Orders that are paid, or of which something went back, and no paper says so yet. */
  host.every('10 minutes', 'issue invoices that are missing', async () => {
    const rows = await db<{ orderId: string }[]>`
      select distinct p.order_id as "orderId" from order_parts p
      join orders o on o.id = p.order_id join sellers s on s.owner_id = p.vendor_id
      where p.invoice_id is null and o.paid_at is not null and p.total_minor > 0 limit 500`
    await db.transaction(async tx => {
      for (const { orderId } of rows) await soon(tx, orderId)
    })
  })
  const soon = (tx: Tx<'orders'>, orderId: string): Promise<void> =>
    tx.enqueue(job, { orderId }, { key: `invoice ${orderId}` })
  return { soon }
}

async function invoice(host: OrdersHost, orderId: string): Promise<void> {
  const { db, now } = host
  const whole = await findOrder(db, orderId)
  if (!whole?.order.paidAt) return
  const sellers = await findSellers(
    db,
    whole.parts.map(({ vendorId }) => vendorId),
  )
  for (const part of whole.parts) {
    const seller = sellers.get(part.vendorId)
    if (!seller || part.totalMinor === 0n) continue
    await db.transaction(async tx => {
      const [row] = await tx<{ invoiceId: string | null }[]>`
        select invoice_id as "invoiceId" from order_parts where id = ${part.id} for update`
      const issued = row!.invoiceId === null ? await issueFor(tx, whole, part, seller, now()) : undefined
      const invoiceId = issued?.id ?? row!.invoiceId!
      if (issued) await tx`update order_parts set invoice_id = ${issued.id} where id = ${part.id}`
      const credits = await creditsFor(tx, whole, part, invoiceId, now())
      for (const one of [issued, ...credits]) if (one?.isNew) await tell(tx, whole.order, part, one)
    })
  }
}

const tell = (tx: Tx<'orders'>, order: Order, part: Part, one: Issued) =>
  tx.publish(OrderInvoiced, {
    orderId: order.id,
    orderNumber: order.number,
    userId: order.userId,
    sellerId: part.vendorId,
    invoiceId: one.id,
    kind: one.kind,
    number: one.number,
    issuedOn: one.issuedOn,
    currency: order.currency,
    totalMinor: Number(one.grossMinor),
  })

/** Each line is one of something at what was paid for it, so that the invoice comes to the same to the last unit. */
function issueFor(tx: Tx, { order, lines }: Whole, part: Part, seller: Seller, at: Date): Promise<Issued> {
  const { currency, billing, locale } = order
  const day = dayAt(order.paidAt!, { country: seller.address.country })
  const theirs = lines.filter(({ partId, totalMinor }) => partId === part.id && totalMinor > 0n)
  const draftLine = (line: Line): DraftLine => ({
    name: line.name,
    description: [`${line.quantity} × ${line.sku}`, line.options, line.serial ?? ''].filter(Boolean).join(', '),
    quantity: '1',
    unit: 'C62',
    price: decimalOf({ minor: line.totalMinor, currency }),
    treatment: line.treatment,
    item: line.id,
  })
  return issue(tx, {
    cause: `order part ${part.id}`,
    // One seller may be paid for charging too, whose numbers are others.
    prefix: 'ORD',
    seller: { id: part.vendorId, name: seller.name, ...seller.address, taxId: seller.taxId ?? undefined },
    buyer: {
      id: order.userId,
      name: billing.company ?? billing.name,
      street: billing.address.replaceAll(/\s*\n\s*/g, ', ').slice(0, 100),
      postalCode: billing.zip?.slice(0, 12),
      city: billing.city?.slice(0, 80),
      country: billing.country,
      taxId: billing.taxId,
    },
    currency,
    language: locale,
    prices: 'gross',
    rounding: 'line',
    at,
    timeZone: 'UTC',
    suppliedFrom: day,
    suppliedTo: day,
    prepaidMinor: part.totalMinor,
    orderReference: order.number,
    lines: [
      ...theirs.map(draftLine),
      ...(part.shippingMinor > 0n
        ? [
            {
              name: words[locale].shipping,
              ...(part.shippingOption !== null && { description: part.shippingOption }),
              quantity: '1',
              unit: 'C62',
              price: decimalOf({ minor: part.shippingMinor, currency }),
              treatment: part.shippingTax!,
              item: `shipping ${part.id}`,
            },
          ]
        : []),
    ],
  })
}

/** What went back of a part, each refund with a note of its own. */
async function creditsFor(tx: Tx, { order }: Whole, part: Part, invoiceId: string, at: Date): Promise<Issued[]> {
  const refunds = await tx<{ id: string; reason: string; shares: Share[] }[]>`
    select id, reason, shares from order_refunds where order_id = ${order.id} and state = 'succeeded' order by created_at, id`
  const issued: Issued[] = []
  for (const { id, reason, shares } of refunds) {
    const share = shares.find(({ partId }) => partId === part.id)
    if (!share) continue
    const { lines } = (await findInvoice(tx, invoiceId))!
    const positionOf = (item: string) => lines.find(line => line.item === item)?.position
    const wanted = [
      ...share.lines.map(({ lineId, amountMinor }) => ({ item: lineId, amountMinor })),
      { item: `shipping ${part.id}`, amountMinor: share.shippingMinor },
    ].flatMap(({ item, amountMinor }) => {
      const position = positionOf(item)
      return position !== undefined && amountMinor > 0 ? [{ position, amountMinor: BigInt(amountMinor) }] : []
    })
    if (wanted.length === 0) continue
    issued.push(
      await credit(tx, {
        prefix: 'OCN',
        cause: `refund ${id} ${part.id}`,
        invoice: invoiceId,
        lines: wanted,
        reason,
        at,
        timeZone: 'UTC',
      }),
    )
  }
  return issued
}
