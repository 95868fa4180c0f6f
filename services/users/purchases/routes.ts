import Type, { type Static } from 'typebox'
import { OrderStatus, PaymentStatus } from '#contracts/orders'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { cursorOf, isId, isInstant, listQuery, Page, page, signedIn } from '#kernel'
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
  http.get(
    '/purchases',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What one ordered, the latest first',
        description: 'As orders tell of it; the orders themselves are at `/api/orders`.',
        querystring: listQuery({ status: Type.Optional(OrderStatus) }),
        response: { 200: Page(PurchaseView) },
      },
    },
    async ({ actor, query: { after, limit, status } }) => {
      const cursor = cursorOf(after, isInstant, isId)
      const behind = cursor && ([new Date(cursor[0] as string), cursor[1] as string] as const)
      const rows = await listPurchases(db, actor.userId, { status, after: behind }, limit + 1)
      return page(rows, limit, ({ placedAt, orderId }) => [placedAt.toISOString(), orderId], viewPurchase)
    },
  )
}
