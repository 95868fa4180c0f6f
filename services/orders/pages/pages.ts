import Type, { type Static } from 'typebox'
import { getCart } from '#contracts/cart'
import type { ReturnReason } from '#contracts/orders'
import { Id } from '#contracts/shared'
import {
  anyone,
  anyoneAsThemselves,
  forForms,
  html,
  isId,
  languageOf,
  Problem,
  sendPage,
  type Actor,
  type Reply,
  type Request,
} from '#kernel'
import { guestActor, type Guests } from '../guests/guests.ts'
import type { OrdersHost } from '../host.ts'
import { asPdf, findInvoice } from '#money/invoices'
import { look } from '../orders/access.ts'
import type { Cancel } from '../orders/cancelling.ts'
import type { PlaceFromCart } from '../orders/placing.ts'
import { findOrder, listOrders, lockOrder, type Address } from '../orders/store.ts'
import type { Paying } from '../paying/paying.ts'
import type { ReadFacts } from '../pricing/facts.ts'
import { priceCart } from '../pricing/price.ts'
import type { Returning } from '../returns/returning.ts'
import { leftOf } from '../returns/rules.ts'
import { returnsOf } from '../returns/store.ts'
import type { Arrive } from '../sending/arriving.ts'
import { goodsOf, type Links } from '../sending/goods.ts'
import type { Vault } from '../sending/licences.ts'
import { ship, shipmentsOf } from '../sending/shipping.ts'
import { returnsView, saleView } from './returns.ts'
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
  partId: Type.Optional(Type.String({ maxLength: 36 })),
  carrier: Type.Optional(Type.String({ maxLength: 80 })),
  tracking: Type.Optional(Type.String({ maxLength: 80 })),
  lineId: Type.Optional(Type.String({ maxLength: 36 })),
  quantity: Type.Optional(Type.String({ maxLength: 7 })),
  reason: Type.Optional(Type.String({ maxLength: 20 })),
  note: Type.Optional(Type.String({ maxLength: 2_000 })),
  returnId: Type.Optional(Type.String({ maxLength: 36 })),
  answer: Type.Optional(Type.String({ maxLength: 500 })),
  restock: Type.Optional(Type.String({ maxLength: 3 })),
})

export interface Surroundings {
  readonly host: OrdersHost
  readonly paying: Paying
  readonly placeFromCart: PlaceFromCart
  readonly readFacts: ReadFacts
  readonly cancel: Cancel
  readonly arrive: Arrive
  readonly vault: Vault
  readonly links: Links
  readonly returning: Returning
  readonly guests: Guests
}

const returnReasons: readonly ReturnReason[] = ['withdrawal', 'broken', 'wrong', 'other']

const unkept = (reply: Reply): Reply => reply.header('cache-control', 'private, no-store')
const signInFirst = (reply: Reply, back: string): Reply =>
  unkept(reply).redirect(`/api/auth/sign-in?return=${encodeURIComponent(back)}`, 303)

/** Checkout and orders as pages: no script is needed to buy. */
export function pages(surroundings: Surroundings): void {
  const { host, guests } = surroundings
  guestPages(surroundings)
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
      return await showOrder(surroundings, request as unknown as Request, reply, { actor, id: params.id })
    },
  )
  host.site.get(
    '/checkout',
    { config: { access: anyone }, schema: { ...about, summary: 'The page of the checkout' } },
    async (request, reply) => {
      const { visitor: actor } = request
      if (!actor && guests.tokenOf(request as Request) === undefined) return signInFirst(reply, '/cart/checkout')
      return await showCheckout(surroundings, request as Request, reply, {})
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
        const asked = request as unknown as Request
        const { visitor: actor, body } = request
        if (!actor && guests.tokenOf(asked) === undefined) return signInFirst(reply, '/cart/checkout')
        if (!actor) guests.guard(asked)
        try {
          return await buy(surroundings, asked, reply, body)
        } catch (error) {
          if (!(error instanceof Problem) || !(error.code in texts.en.troubles)) throw error
          return await showCheckout(surroundings, asked, reply, body, error.code)
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
          return await does(surroundings, reply, actor, params.id, `/orders/${params.id}`, body)
        } catch (error) {
          if (!(error instanceof Problem)) throw error
          return await showOrder(
            surroundings,
            request as unknown as Request,
            reply,
            { actor, id: params.id },
            error.code,
          )
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

/** Places the order and leads to where it is paid; of who is not signed in, that of the cart their browser has. */
async function buy(at: Surroundings, request: Request, reply: Reply, sent: Sent): Promise<Reply> {
  const { host, placeFromCart, paying, guests } = at
  const billing = addressOf(sent)
  const agreed = /^\d{1,16}$/.test(sent.totalMinor ?? '') ? BigInt(sent.totalMinor!) : undefined
  const guest = request.visitor === undefined
  const actor = request.visitor ?? guestActor(guests.idOf(billing.email))
  const wanted = {
    userId: actor.userId,
    guest,
    billing,
    shipping: billing,
    locale: languageOf(request),
    totalMinor: agreed,
  }
  const token = guest ? guests.tokenOf(request) : undefined
  const { orderId } = await placeFromCart(request, wanted, token)
  const found = await findOrder(host.db, orderId)
  const isPaid = found?.order.paymentStatus === 'paid'
  const to = isPaid ? undefined : await paying.begin(orderId, undefined).catch(orLater)
  return unkept(reply).redirect(to ? payAt(to) : guest ? guests.linkOf(orderId) : `/orders/${orderId}`, 303)
}

const payAt = ({ paymentId }: { paymentId: string }): string => `/api/orders/payments/${paymentId}/page`

// The order stands: it can be paid from its page.
function orLater(error: unknown): undefined {
  if (!(error instanceof Problem)) throw error
}

async function showCheckout(
  { host, guests, readFacts }: Surroundings,
  request: Request,
  reply: Reply,
  sent: Sent,
  trouble?: string,
): Promise<Reply> {
  const language = languageOf(request)
  const words = texts[language]
  const userId = request.visitor?.userId
  const { cart } = await host.ask(getCart, userId === undefined ? { token: guests.tokenOf(request)! } : { userId })
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
  const facts = await readFacts(cart, userId ?? null, host.now())
  const priced = priceCart({ ...cart, country }, facts, { place: country === null ? null : { country } }, host.now())
  return sendPage(unkept(reply), trouble ? 409 : 200, {
    language,
    title: words.checkout,
    body: html`${userId === undefined && html`<p><a href="/api/auth/sign-in?return=%2Fcart%2Fcheckout">${words.signIn}</a></p>`}
    ${checkoutView(language, priced, { ...sent, country: country ?? '' }, trouble)}`,
    onward,
  })
}

type Fields = Static<typeof OrderFields>

async function does(
  at: Surroundings,
  reply: Reply,
  actor: Actor,
  id: string,
  back: string,
  fields: Fields,
): Promise<Reply> {
  const { whole, as, partIds } = await look(at.host.db, actor, id)
  const orderId = whole.order.id
  if (as === 'buyer') {
    if (fields.act === 'pay') return unkept(reply).redirect(payAt(await at.paying.begin(orderId, undefined)), 303)
    await buyerDoes(at, actor, orderId, fields)
  } else await sellerDoes(at, actor, orderId, partIds, fields)
  return unkept(reply).redirect(back, 303)
}

async function buyerDoes(
  { host, cancel, arrive, returning }: Surroundings,
  actor: Actor,
  orderId: string,
  { act, shipmentId = '', partId = '', lineId = '', returnId = '', quantity = '', reason, note }: Fields,
): Promise<void> {
  if (act === 'withdraw') {
    const [whole, returns] = await Promise.all([findOrder(host.db, orderId), returnsOf(host.db, orderId)])
    const lines = whole!.lines.filter(line => line.partId === partId && leftOf(line, returns) > 0)
    if (lines.length === 0) throw new Problem('conflict', 'nothing_to_return')
    await returning.request({}, actor, orderId, {
      lines: lines.map(line => ({ lineId: line.id, quantity: leftOf(line, returns) })),
      reason: 'withdrawal',
    })
  }
  if (act === 'cancel') await cancel({}, actor, orderId, {})
  if (act === 'arrived' && isId(shipmentId)) await arrive(actor, orderId, shipmentId)
  if (act === 'keep' && isId(returnId)) await returning.step({}, actor, orderId, returnId, { act: 'withdraw' })
  if (act !== 'return') return
  const pieces = Number(quantity)
  if (!isId(lineId) || !Number.isInteger(pieces) || pieces < 1) throw new Problem('conflict', 'nothing_to_return')
  await returning.request({}, actor, orderId, {
    lines: [{ lineId, quantity: pieces }],
    reason: returnReasons.find(one => one === reason) ?? 'other',
    note: note?.replaceAll('\r\n', '\n').trim().slice(0, 1_000) || undefined,
  })
}

async function sellerDoes(
  { host, returning }: Surroundings,
  actor: Actor,
  orderId: string,
  partIds: readonly string[],
  { act, partId = '', returnId = '', restock, ...fields }: Fields,
): Promise<void> {
  const of = (text: string | undefined): string | undefined => text?.trim() || undefined
  const answer = of(fields.answer) ?? null
  if (act === 'sent' && partIds.includes(partId)) {
    const [carrier, tracking] = [of(fields.carrier), of(fields.tracking)]
    await host.db.transaction(async tx => {
      const about = { ...(carrier && { carrier }), ...(tracking && { tracking }) }
      await ship(tx, host.now(), (await lockOrder(tx, orderId))!, partId, about)
    })
  }
  if (!isId(returnId)) return
  if (act === 'refuse' && answer === null) throw new Problem('invalid', 'answer_missing')
  if (act === 'approve' || act === 'refuse') await returning.step({}, actor, orderId, returnId, { act, answer })
  if (act === 'received')
    await returning.step({}, actor, orderId, returnId, { act: 'receive', restock: restock === 'yes', answer })
}

async function showOrder(
  { host, vault, links, returning }: Surroundings,
  request: Request,
  reply: Reply,
  { actor, id, link }: { actor: Actor; id: string; link?: string },
  trouble?: string,
): Promise<Reply> {
  const language = languageOf(request)
  const words = texts[language]
  const seen = await look(host.db, actor, id).catch((error: unknown) => {
    if (error instanceof Problem) return undefined
    throw error
  })
  if (!seen) return noOrder(request, reply)
  const { whole, as, partIds } = seen
  const [shipments, goods, returns] = await Promise.all([
    shipmentsOf(host.db, whole.order.id),
    as === 'buyer' ? goodsOf(host.db, vault, links, whole.lines) : [],
    returnsOf(host.db, whole.order.id),
  ])
  const { number } = whole.order
  return sendPage(unkept(reply), trouble ? 409 : 200, {
    language,
    title: as === 'buyer' ? words.title(number) : words.sale.title(number),
    body:
      as === 'buyer'
        ? orderView(
            language,
            whole,
            shipments,
            goods,
            {
              more: returnsView(language, whole, returns, returning.terms, host.now()),
              papers: link === undefined ? '/api/orders/invoices' : `${link}/invoices`,
            },
            trouble,
          )
        : saleView(language, whole, partIds, { shipments, returns, trouble }),
    onward: [
      { to: '/shop', text: words.toShop },
      ...(link === undefined ? [{ to: '/orders', text: words.toOrders }] : []),
    ],
  })
}

function noOrder(request: Request, reply: Reply): Promise<Reply> | Reply {
  const language = languageOf(request)
  const words = texts[language]
  return sendPage(unkept(reply), 404, {
    language,
    title: words.unknown.title,
    body: html`<p>${words.unknown.text}</p>`,
    onward: [{ to: '/orders', text: words.toOrders }],
  })
}

/** The pages of an order for who has its link, from the mail that they alone got. */
function guestPages(surroundings: Surroundings): void {
  const { host, guests } = surroundings
  const about = { produces: ['text/html'], hide: true, refuses: 'any' as const }
  const config = { access: anyone }
  const Link = Type.Object({ link: Type.String({ maxLength: 100, pattern: '^[0-9A-Za-z._-]+$' }) })
  host.site.get(
    '/orders/guest/:link',
    { config, schema: { ...about, summary: 'The page of an order, by its link', params: Link } },
    async (request, reply) => {
      const found = await guests.comesBy(request.params.link)
      const asked = request as unknown as Request
      if (!found) return await noOrder(asked, reply)
      const { actor, orderId: id } = found
      return await showOrder(surroundings, asked, reply, { actor, id, link: guests.linkOf(id) })
    },
  )
  host.site.get(
    '/orders/guest/:link/invoices/:id',
    {
      config,
      schema: {
        summary: 'An invoice or a credit note of an order, by its link',
        produces: ['application/pdf'],
        hide: true,
        refuses: ['invoice_unknown'],
        params: Type.Object({ ...Link.properties, id: Id }),
      },
    },
    async ({ params }, reply) => {
      const found = await guests.comesBy(params.link)
      const whole = found && (await findOrder(host.db, found.orderId))
      const invoice = await findInvoice(host.db, params.id)
      if (!invoice || !whole?.parts.some(({ invoiceId }) => invoiceId === params.id))
        throw new Problem('not_found', 'invoice_unknown')
      return unkept(reply)
        .type('application/pdf')
        .send(await asPdf(invoice))
    },
  )
  forForms(host.site, forms => {
    forms.post(
      '/orders/guest/:link',
      {
        config,
        schema: {
          ...about,
          summary: 'The page of an order, by its link: its buttons',
          consumes: ['application/x-www-form-urlencoded'],
          params: Link,
          body: OrderFields,
        },
      },
      async (request, reply) => {
        const asked = request as unknown as Request
        const found = await guests.comesBy(request.params.link)
        if (!found) return await noOrder(asked, reply)
        const { actor, orderId: id } = found
        const link = guests.linkOf(id)
        try {
          return await does(surroundings, reply, actor, id, link, request.body)
        } catch (error) {
          if (!(error instanceof Problem)) throw error
          return await showOrder(surroundings, asked, reply, { actor, id, link }, error.code)
        }
      },
    )
  })
}
