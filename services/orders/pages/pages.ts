import Type from 'typebox'
import { getCart } from '#contracts/cart'
import {
  anyone,
  anyoneAsThemselves,
  forForms,
  html,
  languageOf,
  Problem,
  sendPage,
  type Actor,
  type Reply,
  type Request,
} from '#kernel'
import type { OrdersHost } from '../host.ts'
import { look } from '../orders/access.ts'
import type { Cancel } from '../orders/cancelling.ts'
import { placeFromCart, type HandOver } from '../orders/placing.ts'
import { listOrders, type Address } from '../orders/store.ts'
import type { Paying } from '../paying/paying.ts'
import { factsFor } from '../pricing/facts.ts'
import { priceCart } from '../pricing/price.ts'
import type { Arrive } from '../sending/arriving.ts'
import { goodsOf, type Links } from '../sending/goods.ts'
import type { Vault } from '../sending/licences.ts'
import { shipmentsOf } from '../sending/shipping.ts'
import { texts } from './texts.ts'
import { checkoutView, listView, orderView, type Sent } from './views.ts'

const Short = Type.Optional(Type.String({ maxLength: 200 }))
/** As a browser sends it: what nobody fills in is empty. */
const CheckoutFields = Type.Object({
  name: Short,
  email: Type.Optional(Type.String({ maxLength: 254 })),
  company: Short,
  taxId: Type.Optional(Type.String({ maxLength: 20 })),
  address: Type.Optional(Type.String({ maxLength: 500 })),
  zip: Type.Optional(Type.String({ maxLength: 20 })),
  city: Type.Optional(Type.String({ maxLength: 120 })),
  country: Type.Optional(Type.String({ maxLength: 2 })),
  totalMinor: Type.Optional(Type.String({ maxLength: 16 })),
})
const OrderFields = Type.Object({
  act: Type.String({ maxLength: 20 }),
  shipmentId: Type.Optional(Type.String({ maxLength: 36 })),
})

export interface Surroundings {
  readonly host: OrdersHost
  readonly paying: Paying
  readonly handOver: HandOver
  readonly cancel: Cancel
  readonly arrive: Arrive
  readonly vault: Vault
  readonly links: Links
}

const unkept = (reply: Reply): Reply => reply.header('cache-control', 'private, no-store')
const signInFirst = (reply: Reply, back: string): Reply =>
  unkept(reply).redirect(`/api/auth/sign-in?return=${encodeURIComponent(back)}`, 303)

/** Checkout and orders as pages: no script is needed to buy. */
export function pages(surroundings: Surroundings): void {
  const { host } = surroundings
  const about = { produces: ['text/html'], hide: true }
  const Params = Type.Object({ id: Type.String({ maxLength: 36, pattern: '^[0-9A-Za-z-]+$' }) })
  const shared = { ...about, refuses: 'any' as const, consumes: ['application/x-www-form-urlencoded'] }
  host.site.get(
    '/orders',
    { config: { access: anyone }, schema: { ...about, summary: 'The page of one’s orders' } },
    list,
  )
  host.site.get(
    '/orders/:id',
    { config: { access: anyone }, schema: { ...about, summary: 'The page of an order', params: Params } },
    async (request, reply) => {
      const { visitor: actor, params } = request
      if (!actor) return signInFirst(reply, `/orders/${params.id}`)
      return await showOrder(surroundings, request as unknown as Request, reply, actor, params.id)
    },
  )
  host.site.get(
    '/checkout',
    { config: { access: anyone }, schema: { ...about, summary: 'The page of the checkout' } },
    async (request, reply) => {
      const { visitor: actor } = request
      if (!actor) return signInFirst(reply, '/cart/checkout')
      return await showCheckout(surroundings, request as Request, reply, actor, {})
    },
  )
  forForms(host.site, forms => {
    forms.post(
      '/checkout',
      {
        config: { access: anyoneAsThemselves },
        schema: { ...shared, summary: 'The page of the checkout: its button', body: CheckoutFields },
      },
      async (request, reply) => {
        const { visitor: actor, body } = request
        if (!actor) return signInFirst(reply, '/cart/checkout')
        try {
          return await buy(surroundings, request as unknown as Request, reply, actor, body)
        } catch (error) {
          if (!(error instanceof Problem) || !(error.code in texts.en.troubles)) throw error
          return await showCheckout(surroundings, request as unknown as Request, reply, actor, body, error.code)
        }
      },
    )
    forms.post(
      '/orders/:id',
      {
        config: { access: anyoneAsThemselves },
        schema: { ...shared, summary: 'The page of an order: its buttons', params: Params, body: OrderFields },
      },
      async (request, reply) => {
        const { visitor: actor, params, body } = request
        if (!actor) return signInFirst(reply, `/orders/${params.id}`)
        try {
          return await does(surroundings, reply, actor, params.id, body)
        } catch (error) {
          if (!(error instanceof Problem)) throw error
          return await showOrder(surroundings, request as unknown as Request, reply, actor, params.id, error.code)
        }
      },
    )
  })

  async function list(request: Pick<Request, 'visitor' | 'headers'>, reply: Reply): Promise<Reply> {
    const { visitor: actor } = request
    if (!actor) return signInFirst(reply, '/orders')
    const language = languageOf(request)
    const words = texts[language]
    const orders = await listOrders(host.db, { userId: actor.userId }, 50)
    return sendPage(unkept(reply), 200, {
      language,
      title: words.orders,
      body: orders.length === 0 ? html`<p>${words.none}</p>` : listView(language, orders),
      onward: [
        { to: '/shop', text: words.toShop },
        { to: '/', text: words.home },
      ],
    })
  }
}

function addressOf(sent: Sent): Address & { email: string } {
  const of = (text: string | undefined): string | undefined => text?.replaceAll('\r\n', '\n').trim() || undefined
  const [name, email, address] = [of(sent.name), of(sent.email), of(sent.address)]
  const country = of(sent.country)?.toUpperCase()
  if (!name || !email || !/^\S+@\S+$/.test(email) || !address || !/^[A-Z]{2}$/.test(country ?? ''))
    throw new Problem('invalid', 'address')
  const [company, taxId, zip, city] = [of(sent.company), of(sent.taxId), of(sent.zip), of(sent.city)]
  return { name, email, address, country: country!, company, taxId, zip, city }
}

/** Places the order and leads to where it is paid. */
async function buy(at: Surroundings, request: Request, reply: Reply, actor: Actor, sent: Sent): Promise<Reply> {
  const { host, handOver, paying } = at
  const billing = addressOf(sent)
  const agreed = /^\d{1,16}$/.test(sent.totalMinor ?? '') ? BigInt(sent.totalMinor!) : undefined
  const { orderId } = await placeFromCart(host, handOver, request, {
    userId: actor.userId,
    billing,
    shipping: billing,
    locale: languageOf(request),
    totalMinor: agreed,
  })
  const { order } = (await look(host.db, actor, orderId)).whole
  const isPaid = order.paymentStatus === 'paid'
  const to = isPaid ? undefined : await paying.begin(orderId, undefined).catch(orLater)
  return unkept(reply).redirect(to ? payAt(to) : `/orders/${orderId}`, 303)
}

const payAt = ({ paymentId }: { paymentId: string }): string => `/api/orders/payments/${paymentId}/page`

// The order stands: it can be paid from its page.
function orLater(error: unknown): undefined {
  if (!(error instanceof Problem)) throw error
}

async function showCheckout(
  { host }: Surroundings,
  request: Request,
  reply: Reply,
  actor: Actor,
  sent: Sent,
  trouble?: string,
): Promise<Reply> {
  const language = languageOf(request)
  const words = texts[language]
  const { cart } = await host.ask(getCart, { userId: actor.userId })
  const onward = [
    { to: '/cart', text: words.toCart },
    { to: '/shop', text: words.toShop },
  ] as const
  if (!cart)
    return sendPage(unkept(reply), 200, {
      language,
      title: words.checkout,
      body: html`<p>${words.nothing}</p>`,
      onward,
    })
  const typed = sent.country?.trim().toUpperCase()
  const country = typed && /^[A-Z]{2}$/.test(typed) ? typed : cart.country
  const facts = await factsFor(host.db, cart, actor.userId, host.now())
  const priced = priceCart({ ...cart, country }, facts, { place: country === null ? null : { country } }, host.now())
  return sendPage(unkept(reply), trouble ? 409 : 200, {
    language,
    title: words.checkout,
    body: checkoutView(language, priced, { ...sent, country: country ?? '' }, trouble),
    onward,
  })
}

async function does(
  { host, paying, cancel, arrive }: Surroundings,
  reply: Reply,
  actor: Actor,
  id: string,
  { act, shipmentId }: { act: string; shipmentId?: string },
): Promise<Reply> {
  const { whole, as } = await look(host.db, actor, id)
  if (as !== 'buyer') throw new Problem('not_found', 'order_unknown')
  const orderId = whole.order.id
  if (act === 'pay') return unkept(reply).redirect(payAt(await paying.begin(orderId, undefined)), 303)
  if (act === 'cancel') await cancel({}, actor, orderId, {})
  if (act === 'arrived' && shipmentId) await arrive(actor, orderId, shipmentId)
  return unkept(reply).redirect(`/orders/${orderId}`, 303)
}

async function showOrder(
  { host, vault, links }: Surroundings,
  request: Request,
  reply: Reply,
  actor: Actor,
  id: string,
  trouble?: string,
): Promise<Reply> {
  const language = languageOf(request)
  const words = texts[language]
  const seen = await look(host.db, actor, id).catch((error: unknown) => {
    if (error instanceof Problem) return undefined
    throw error
  })
  if (seen?.as !== 'buyer')
    return sendPage(unkept(reply), 404, {
      language,
      title: words.unknown.title,
      body: html`<p>${words.unknown.text}</p>`,
      onward: [{ to: '/orders', text: words.toOrders }],
    })
  const { whole } = seen
  const [shipments, goods] = await Promise.all([
    shipmentsOf(host.db, whole.order.id),
    goodsOf(host.db, vault, links, whole.lines),
  ])
  return sendPage(unkept(reply), trouble ? 409 : 200, {
    language,
    title: words.title(whole.order.number),
    body: orderView(language, whole, shipments, goods, trouble),
    onward: [
      { to: '/orders', text: words.toOrders },
      { to: '/shop', text: words.toShop },
    ],
  })
}
