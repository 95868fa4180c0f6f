import { getCart } from '#contracts/cart'
import { openSwitches, Problem, type Actor, type Tx } from '#kernel'
import type { OrdersHost } from '../host.ts'
import { becomePaid } from '../paying/ending.ts'
import { OrderedBefore, place, priceFor, type Wanted } from '../placing/place.ts'
import type { ReadFacts } from '../pricing/facts.ts'
import { dueOf, type Priced } from '../pricing/price.ts'
import { idOfCart, type Whole } from './store.ts'

export interface Placed {
  readonly orderId: string
  /** And not one of before. */
  readonly isNew: boolean
  /** As it was written, where nothing has changed it since. */
  readonly whole?: Whole | undefined
}

/** Places an order of what is in the buyer's cart; the one there is where somebody did before. */
export type PlaceFromCart = (
  request: Parameters<OrdersHost['db']['once']>[0] & { readonly visitor?: Actor | undefined },
  wanted: Omit<Wanted, 'cart'>,
  /** Of a browser at which nobody is signed in. */
  token?: string,
) => Promise<Placed>

export function openPlacing(
  host: OrdersHost,
  { readFacts, handOver }: { readFacts: ReadFacts; handOver: Parameters<typeof becomePaid>[4] },
): PlaceFromCart {
  const { ask, db, now, settings } = host
  const requireOn = openSwitches(host)
  return async (request, wanted, token) => {
    const { cart } = await ask(getCart, token === undefined ? { userId: wanted.userId } : { token })
    // Who sends it again, as the answer was lost, has the order: what it took is in the cart no more.
    if (!cart || cart.lines.length === 0)
      return await db.once(request, async () => {
        throw new Problem('conflict', 'cart_empty')
      })
    const whole = { ...wanted, cart }
    let placed: Whole | undefined
    const begin = async (tx: Tx<'orders'>, priced: Priced) => {
      const at = now()
      placed = await place(tx, whole, priced, at, settings.ORDERS_HOLD)
      const { order } = placed
      // Nothing is left to pay.
      if (dueOf(order) === 0n) {
        await becomePaid(tx, placed, null, at, handOver)
        placed = undefined
      }
      return { orderId: order.id, isNew: true }
    }
    try {
      await requireOn('orders.checkout', request.visitor)
      const priced = await priceFor(host, readFacts, whole)
      const answer = await db.once(request, tx => begin(tx, priced))
      return { ...answer, ...(placed?.order.id === answer.orderId && { whole: placed }) }
    } catch (error) {
      // Of a cart there is one order: who asks again is not told that something is short which that order holds.
      const before =
        error instanceof Problem || error instanceof OrderedBefore ? await idOfCart(db, cart.cartId) : undefined
      if (before === undefined) throw error
      return { orderId: before, isNew: false }
    }
  }
}
