import { getCart } from '#contracts/cart'
import { Problem } from '#kernel'
import type { OrdersHost } from '../host.ts'
import { becomePaid } from '../paying/ending.ts'
import { place, priceFor, type Wanted } from '../placing/place.ts'
import { idOfCart } from './store.ts'

export type HandOver = Parameters<typeof becomePaid>[4]

/** Places an order of what is in the buyer's cart; the one there is where somebody did before. */
export async function placeFromCart(
  host: OrdersHost,
  handOver: HandOver,
  request: Parameters<OrdersHost['db']['once']>[0],
  wanted: Omit<Wanted, 'cart'>,
  /** Of a browser at which nobody is signed in. */
  token?: string,
): Promise<{ orderId: string; isNew: boolean }> {
  const { ask, db, now, settings } = host
  const { cart } = await ask(getCart, token === undefined ? { userId: wanted.userId } : { token })
  // Who sends it again, as the answer was lost, has the order: what it took is in the cart no more.
  if (!cart || cart.lines.length === 0)
    return await db.once(request, async () => {
      throw new Problem('conflict', 'cart_empty')
    })
  const before = await idOfCart(db, cart.cartId)
  if (before !== undefined) return { orderId: before, isNew: false }
  const priced = await priceFor(host, { ...wanted, cart })
  return await db.once(request, async tx => {
    const at = now()
    const placed = await place(tx, { ...wanted, cart }, priced, at, settings.ORDERS_HOLD)
    if (!placed) return { orderId: (await idOfCart(tx, cart.cartId))!, isNew: false }
    // Nothing is left to pay.
    if (placed.order.totalMinor === placed.order.giftMinor) await becomePaid(tx, placed, null, at, handOver)
    return { orderId: placed.order.id, isNew: true }
  })
}
