import { isId, partiesOf, Problem, type Actor, type Db } from '#kernel'
import { sellsAs } from '../access.ts'
import { findOrder, idOfNumber, type Whole } from './store.ts'

export interface Seen {
  readonly whole: Whole
  readonly as: 'buyer' | 'admin' | 'vendor'
  /** What a vendor may see and see to; all of the others. */
  readonly partIds: readonly string[]
}

/** As whom somebody looks at an order, if at all. */
export function seenBy(actor: Actor, whole: Whole): Seen | undefined {
  const all = whole.parts.map(({ id }) => id)
  if (whole.order.userId === actor.userId) return { whole, as: 'buyer', partIds: all }
  if (actor.role === 'admin') return { whole, as: 'admin', partIds: all }
  const own = whole.parts.filter(({ vendorId }) => sellsAs(actor, vendorId) && partiesOf(actor).includes(vendorId))
  return own.length > 0 ? { whole, as: 'vendor', partIds: own.map(({ id }) => id) } : undefined
}

/** By id or number. Whoever may not see it is told the same as of one that there is not: fails with `order_unknown`. */
export async function look(db: Db, actor: Actor, idOrNumber: string): Promise<Seen> {
  const id = isId(idOrNumber.toLowerCase()) ? idOrNumber : await idOfNumber(db, idOrNumber.toUpperCase())
  const whole = id === undefined ? undefined : await findOrder(db, id)
  return (whole && seenBy(actor, whole)) ?? unknown()
}

export const unknown = (): never => {
  throw new Problem('not_found', 'order_unknown')
}
