import { OrderDelivered } from '#contracts/orders'
import { Problem, type Actor } from '#kernel'
import type { OrdersHost } from '../host.ts'
import { look } from '../orders/access.ts'
import { lockOrder, logged, noteOrder } from '../orders/store.ts'
import { aboutOrder } from '../orders/view.ts'
import { endParts } from './licences.ts'
import { shipmentsOf, type ShipmentRow } from './shipping.ts'

/** Says that a shipment has arrived; again it changes nothing. Fails with `order_unknown`, `shipment_unknown`. */
export type Arrive = (actor: Actor, orderId: string, shipmentId: string) => Promise<ShipmentRow>

export const openArriving =
  ({ db, now }: OrdersHost): Arrive =>
  async (actor, orderId, shipmentId) => {
    const { whole, partIds } = await look(db, actor, orderId)
    const { id } = whole.order
    await db.transaction(async tx => {
      const { order } = (await lockOrder(tx, id))!
      const [shipment] = (await shipmentsOf(tx, id, shipmentId)).filter(({ partId }) => partIds.includes(partId))
      if (!shipment) throw new Problem('not_found', 'shipment_unknown')
      const at = now()
      const [row] = await tx`
        update shipments set delivered_at = ${at} where id = ${shipment.id} and delivered_at is null returning id`
      if (!row) return
      const noted = await noteOrder(tx, order, {})
      await logged(tx, id, at, 'delivered', { shipmentId: shipment.id })
      await tx.publish(OrderDelivered, {
        ...aboutOrder(noted),
        shipmentId: shipment.id,
        partId: shipment.partId,
        vendorId: whole.parts.find(part => part.id === shipment.partId)!.vendorId,
        carrier: shipment.carrier,
        tracking: shipment.tracking,
        trackingUrl: shipment.trackingUrl,
        deliveredAt: at.toISOString(),
      })
      await endParts(tx, noted, at)
    })
    return (await shipmentsOf(db, id, shipmentId))[0]!
  }
