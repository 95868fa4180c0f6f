import Type, { type Static } from 'typebox'
import { OrderStatus, PaymentStatus } from '#contracts/orders'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { isId, isInstant, signedIn, listRoutes, createdIn } from '#kernel'
import type { UsersHost } from '../host.ts'
import { listPurchases, type Purchase } from './store.ts'

const Amount = { ...Minor, minimum: 0 }

export const PurchaseView = Type.Object(
  {
    orderId: Id,
    number: Type.String({ examples: ['K7M2Q-9XWTB'] }),
    status: OrderStatus,
    paymentStatus: PaymentStatus,
    currency: Currency,
    totalMinor: Amount,
    refundedMinor: Amount,
    items: Type.Array(
      Type.Object({
        productId: Id,
        variantId: Id,
        vendorId: Id,
        productName: Type.String({ examples: ['Wallbox 11 kW'] }),
        quantity: Type.Integer({ minimum: 1, examples: [1] }),
        totalMinor: Amount,
      }),
    ),
    placedAt: Instant,
  },
  { title: 'Purchase' },
)

export const viewPurchase = (one: Purchase): Static<typeof PurchaseView> => ({
  orderId: one.orderId,
  number: one.number,
  status: one.status as Static<typeof OrderStatus>,
  paymentStatus: one.paymentStatus as Static<typeof PaymentStatus>,
  currency: one.currency,
  totalMinor: Number(one.totalMinor),
  refundedMinor: Number(one.refundedMinor),
  items: [...one.items],
  placedAt: one.placedAt.toISOString(),
})

/** What one bought. */
export function purchaseRoutes({ db, http }: UsersHost): void {
  listRoutes(http, db, '/purchases', {
    config: { access: signedIn },
    schema: {
      summary: 'What one ordered, the latest first',
      description: 'As orders tell of it; the orders themselves are at `/api/orders`.',
      of: 'orders',
      filters: { status: Type.Optional(OrderStatus) },
      item: PurchaseView,
    },
    wanted: ({ actor: { userId }, query }) => ({ userId, status: query.status, placed: createdIn(query) }),
    rows: ({ userId, status, placed }, limit, last) => {
      const after = last && ([new Date(last[0] as string), last[1] as string] as const)
      return listPurchases(db, userId, { status, placed, after }, limit)
    },
    order: [isInstant, isId],
    keysOf: ({ placedAt, orderId }) => [placedAt.toISOString(), orderId],
    view: viewPurchase,
  })
}
