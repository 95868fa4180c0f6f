import { Problem, type Actor, type Tx } from '#kernel'
import type { OrdersHost } from '../host.ts'
import { completeIfDone, takeBackPieces, tellCancelled } from '../paying/ending.ts'
import type { Paying } from '../paying/paying.ts'
import { allOf, giveBack } from '../paying/refunds.ts'
import { look, type Seen } from './access.ts'
import { lockOrder, logged, noteOrder, noteParts, type Whole } from './store.ts'

export interface CancelWish {
  readonly partId?: string
  readonly reason?: string
}

/** Cancels what may be of an order; resolves with its id. Fails as the route says. */
export type Cancel = (
  request: Parameters<OrdersHost['db']['once']>[0],
  actor: Actor,
  id: string,
  wish: CancelWish,
) => Promise<string>

export function openCancelling(host: OrdersHost, paying: Paying): Cancel {
  const { db, now } = host
  return async (request, actor, id, wish) => {
    const seen = await look(db, actor, id)
    const { order } = seen.whole
    await db.once(request, async tx => {
      const whole = (await lockOrder(tx, order.id))!
      await cancel(tx, paying, whole, seen, wish, now())
      return {}
    })
    const { paymentId } = order
    // Who asked hears at once what the provider says to it; where that is away, a job hears it later.
    if (order.status === 'pending' && paymentId !== null) await paying.payments.check(paymentId).catch(() => {})
    return order.id
  }
}

async function cancel(
  tx: Tx<'orders'>,
  paying: Paying,
  whole: Whole,
  { as, partIds }: Seen,
  { partId, reason = '' }: CancelWish,
  at: Date,
): Promise<void> {
  const { order, parts, lines } = whole
  if (partId !== undefined && !partIds.includes(partId)) throw new Problem('not_found', 'part_unknown')
  if (order.status === 'pending') {
    if (as === 'vendor' || partId !== undefined) throw new Problem('conflict', 'order_state')
    if (order.cancelling !== null) return
    return await paying.cancel(tx, whole, as)
  }
  if (order.status === 'cancelled') return
  if (order.status !== 'processing') throw new Problem('conflict', 'order_state')
  const wanted = parts.filter(part => partIds.includes(part.id) && (partId === undefined || part.id === partId))
  if (wanted.every(({ state }) => state === 'cancelled')) return
  const untouched = wanted.filter(
    part =>
      part.state === 'processing' &&
      lines.every(line => line.partId !== part.id || (line.sent === 0 && line.handedOverAt === null)),
  )
  if (untouched.length === 0) throw new Problem('conflict', 'order_shipped')
  const ids = untouched.map(({ id }) => id)
  await takeBackPieces(
    tx,
    lines.filter(line => ids.includes(line.partId)),
  )
  await noteParts(tx, ids, 'cancelled')
  const left = parts.some(part => part.state !== 'cancelled' && !ids.includes(part.id))
  const noted = await noteOrder(tx, order, left ? {} : { status: 'cancelled', endedAt: at })
  await logged(tx, order.id, at, 'cancelled', { by: as, partIds: ids, reason })
  await tellCancelled(tx, noted, !left, as, untouched, lines, at)
  const shares = allOf(whole, ids)
  const wish = { reference: `cancel ${ids.join(' ')}`, reason: reason || 'cancelled', shares }
  const given = shares.length > 0 ? await giveBack(tx, paying, { ...whole, order: noted }, wish, at) : { order: noted }
  await completeIfDone(tx, given.order, at)
}
