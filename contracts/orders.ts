import Type from 'typebox'
import { event } from './define.ts'
import { Id, Instant } from './shared.ts'

const Item = Type.Object({
  productId: Id,
  variantId: Id,
  vendorId: Id,
  quantity: Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] }),
})

/** The buyer has all of an order: what was sent has arrived, what is digital was handed over. */
export const OrderCompleted = event(
  'orders',
  'order.completed',
  'orderId',
  Type.Object({
    orderId: Id,
    userId: Id,
    items: Type.Array(Item, { minItems: 1, maxItems: 1_000 }),
    completedAt: Instant,
  }),
)

/**
 * How many pieces of a variant can be bought now: those there are without those that are held; null where nobody counts.
 * `version` grows with each change.
 */
export const StockChanged = event(
  'orders',
  'stock.changed',
  'variantId',
  Type.Object({
    variantId: Id,
    productId: Id,
    available: Type.Union([Type.Integer({ examples: [12] }), Type.Null()]),
    version: Type.Integer({ minimum: 1, examples: [1] }),
  }),
)
