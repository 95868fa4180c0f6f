import Type from 'typebox'
import { Email, Minor } from '#contracts/shared'
import { anyone, Problem, type Reply, type Request } from '#kernel'
import type { OrdersHost } from '../host.ts'
import { unknown } from '../orders/access.ts'
import type { Cancel } from '../orders/cancelling.ts'
import type { PlaceFromCart } from '../orders/placing.ts'
import { AddressBody, beginning, PaymentView, placing } from '../orders/routes.ts'
import { findOrder, logOf, type Address } from '../orders/store.ts'
import { OrderView, view } from '../orders/view.ts'
import type { Paying } from '../paying/paying.ts'
import { guestActor, type Guests } from './guests.ts'

const config = { access: anyone }
const Params = Type.Object({
  link: Type.String({
    maxLength: 100,
    pattern: '^[0-9A-Za-z._-]+$',
    description: 'Of the link that was answered and mailed, what stands behind its last slash',
    examples: ['0198f6a2-7c3e-7b1a-9d55-3f1e2a4b5c6d.q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA'],
  }),
})

/** Orders of who has no account: of the cart that their browser has, and from then on by the secret link to it. */
export function guestRoutes(host: OrdersHost, { guests, placeFromCart, paying, cancel }: GuestNeeds): void {
  const { db, http } = host
  const shown = async (id: string) => view((await findOrder(db, id))!, await logOf(db, id))
  const comesBy = async (link: string, reply: Reply) => {
    reply.header('cache-control', 'private, no-store')
    return (await guests.comesBy(link)) ?? unknown()
  }

  http.post(
    '/guest',
    {
      config,
      schema: {
        summary: 'Order without an account what is in the cart of one’s browser',
        description:
          'Known by the address of mail, to which the link goes as well. Whoever has the link may pay, cancel and return.',
        honours: ['Idempotency-Key'],
        refuses: [...placing, 'origin_not_allowed'],
        body: Type.Object({
          billingAddress: AddressBody,
          shippingAddress: Type.Optional(Type.Object({ ...AddressBody.properties, email: Type.Optional(Email) })),
          totalMinor: Type.Optional({ ...Minor, minimum: 0, description: 'What the buyer agreed to pay' }),
          locale: Type.Optional(Type.Enum(['en', 'de'], { examples: ['en'] })),
        }),
        response: { 200: GuestOrder, 201: GuestOrder },
      },
    },
    async (request, reply) => {
      const { body } = request
      guests.guard(request as Request)
      const token = guests.tokenOf(request as Request)
      if (token === undefined) throw new Problem('conflict', 'cart_empty')
      const { userId } = guestActor(guests.idOf(body.billingAddress.email))
      const wanted = {
        userId,
        guest: true,
        billing: body.billingAddress,
        shipping: (body.shippingAddress ?? body.billingAddress) as Address,
        locale: body.locale ?? ('en' as const),
        totalMinor: body.totalMinor === undefined ? undefined : BigInt(body.totalMinor),
      }
      const { orderId, isNew } = await placeFromCart(request, wanted, token)
      reply.header('cache-control', 'private, no-store')
      return reply.code(isNew ? 201 : 200).send({ link: guests.linkOf(orderId), order: await shown(orderId) })
    },
  )

  http.get(
    '/guest/:link',
    {
      config,
      schema: {
        summary: 'An order, by its link',
        refuses: ['order_unknown'],
        params: Params,
        response: { 200: OrderView },
      },
    },
    async ({ params }, reply) => await shown((await comesBy(params.link, reply)).orderId),
  )

  http.post(
    '/guest/:link/payment',
    {
      config,
      schema: {
        summary: 'Begin to pay an order, by its link',
        refuses: beginning,
        params: Params,
        response: { 200: PaymentView },
      },
    },
    async ({ params }, reply) => await paying.begin((await comesBy(params.link, reply)).orderId, undefined),
  )

  http.post(
    '/guest/:link/cancel',
    {
      config,
      schema: {
        summary: 'Cancel an order, by its link',
        honours: ['Idempotency-Key'],
        refuses: ['order_unknown', 'order_state', 'order_shipped', 'payment_over', 'refund_above_paid'],
        params: Params,
        response: { 200: OrderView },
      },
    },
    async (request, reply) => {
      const { actor, orderId } = await comesBy(request.params.link, reply)
      return await shown(await cancel(request, actor, orderId, {}))
    },
  )
}

const GuestOrder = Type.Object(
  {
    link: Type.String({
      description: 'The page of the order, for who has this alone',
      examples: ['/orders/guest/0198f6a2-7c3e-7b1a-9d55-3f1e2a4b5c6d.q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA'],
    }),
    order: OrderView,
  },
  { title: 'GuestOrder' },
)

interface GuestNeeds {
  readonly guests: Guests
  readonly placeFromCart: PlaceFromCart
  readonly paying: Paying
  readonly cancel: Cancel
}
