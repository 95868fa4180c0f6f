import { OrderShipped } from '#contracts/orders'
import { newId, Problem, type Db, type Tx } from '#kernel'
import { linesOf, logged, noteOrder, noteParts, type Whole } from '../orders/store.ts'
import { aboutOrder } from '../orders/view.ts'

export interface ShipmentRow {
  id: string
  orderId: string
  partId: string
  carrier: string | null
  tracking: string | null
  trackingUrl: string | null
  lines: { lineId: string; quantity: number }[]
  shippedAt: Date
  deliveredAt: Date | null
}

export const shipmentsOf = (db: Db, orderId: string, only?: string) => db<ShipmentRow[]>`
  select id, order_id as "orderId", part_id as "partId", carrier, tracking, tracking_url as "trackingUrl", lines,
    shipped_at as "shippedAt", delivered_at as "deliveredAt"
  from shipments where order_id = ${orderId} and ${only === undefined ? db`true` : db`id = ${only}`}
  order by shipped_at, id`

/** Writes what was sent of a part. Fails with `order_state`, `line_unknown`, `nothing_to_ship`. */
export async function ship(
  tx: Tx<'orders'>,
  at: Date,
  { order, parts, lines }: Whole,
  partId: string,
  about: {
    carrier?: string
    tracking?: string
    trackingUrl?: string
    lines?: { lineId: string; quantity: number }[]
  },
): Promise<string> {
  const part = parts.find(({ id }) => id === partId)!
  if (order.status !== 'processing' || !['processing', 'shipped'].includes(part.state))
    throw new Problem('conflict', 'order_state')
  const left = lines.filter(line => line.partId === partId && line.kind !== 'digital' && line.sent < line.quantity)
  const sent = about.lines ?? left.map(({ id, quantity, sent }) => ({ lineId: id, quantity: quantity - sent }))
  for (const { lineId, quantity } of sent) {
    const line = left.find(({ id }) => id === lineId)
    if (!line && !lines.some(({ id }) => id === lineId)) throw new Problem('not_found', 'line_unknown')
    if (!line || quantity > line.quantity - line.sent) throw new Problem('conflict', 'nothing_to_ship')
  }
  if (sent.length === 0 || new Set(sent.map(({ lineId }) => lineId)).size < sent.length)
    throw new Problem('conflict', 'nothing_to_ship')
  const id = newId()
  const { carrier = null, tracking = null, trackingUrl = null } = about
  await tx`
    insert into shipments (id, order_id, part_id, carrier, tracking, tracking_url, lines, shipped_at)
    values (${id}, ${order.id}, ${partId}, ${carrier}, ${tracking}, ${trackingUrl}, ${tx.json(sent)}, ${at})`
  for (const { lineId, quantity } of sent)
    await tx`update order_lines set sent = sent + ${quantity} where id = ${lineId}`
  const isAll = !(await linesOf(tx, order.id)).some(
    line => line.partId === partId && line.kind !== 'digital' && line.sent < line.quantity,
  )
  if (isAll) await noteParts(tx, [partId], 'shipped')
  const noted = await noteOrder(tx, order, {})
  await logged(tx, order.id, at, 'shipped', { shipmentId: id, partId })
  await tx.publish(OrderShipped, {
    ...aboutOrder(noted),
    shipmentId: id,
    partId,
    vendorId: part.vendorId,
    carrier,
    tracking,
    trackingUrl,
    shippedAt: at.toISOString(),
  })
  return id
}
