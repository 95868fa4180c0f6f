import Type, { type Static } from 'typebox'
import { getCart } from '#contracts/cart'
import type { ReturnReason } from '#contracts/orders'
import { Id } from '#contracts/shared'
import {
  anyone,
  anyoneAsThemselves,
  cursorOf,
  forForms,
  html,
  isId,
  isInstant,
  languageOf,
  page,
  Problem,
  sendPage,
  type Actor,
  type Language,
  type PageContent,
  type Reply,
  type Request,
} from '#kernel'
import { guestActor, type Guests } from '../guests/guests.ts'
import type { OrdersHost } from '../host.ts'
import { asPdf, findInvoice } from '#money/invoices'
import { framesOf, topOf, type Frame } from '#shop/frame'
import { look } from '../orders/access.ts'
import type { Cancel } from '../orders/cancelling.ts'
import type { PlaceFromCart } from '../orders/placing.ts'
import { findOrder, listOrders, lockOrder } from '../orders/store.ts'
import type { Paying } from '../paying/paying.ts'
import type { ReadFacts } from '../pricing/facts.ts'
import { priceCart, type Buyer } from '../pricing/price.ts'
import { buyerOf } from '../placing/place.ts'
import type { Returning } from '../returns/returning.ts'
import { leftOf } from '../returns/rules.ts'
import { returnsOf } from '../returns/store.ts'
import type { Arrive } from '../sending/arriving.ts'
import { goodsOf, type Links } from '../sending/goods.ts'
import type { Vault } from '../sending/licences.ts'
import { ship, shipmentsOf } from '../sending/shipping.ts'
import {
  addressesOf,
  CheckoutFields,
  checkoutView,
  filledIn,
  savedOf,
  soFar,
  type Choice,
  type Sent,
} from './checkout.ts'
import { returnsView, saleView } from './returns.ts'
import { texts } from './texts.ts'
import { listView, orderView } from './views.ts'

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

interface Shown extends Surroundings {
  readonly frameOf: (language: Language) => Frame
}

const returnReasons: readonly ReturnReason[] = ['withdrawal', 'broken', 'wrong', 'other']

const unkept = (reply: Reply): Reply => reply.header('cache-control', 'private, no-store')
const signInFirst = (reply: Reply, back: string): Reply =>
  unkept(reply).redirect(`/api/auth/sign-in?return=${encodeURIComponent(back)}`, 303)

/** Checkout and orders as pages: no script is needed to buy. */
export function pages(needed: Surroundings): void {
  const { host, guests } = needed
  const surroundings = { ...needed, frameOf: framesOf(host) }
  guestPages(surroundings)
  const about = { produces: ['text/html'], hide: true }
  const Params = Type.Object({ id: Type.String({ maxLength: 36, pattern: '^[0-9A-Za-z-]+$' }) })
  const shared = { ...about, refuses: 'any' as const, consumes: ['application/x-www-form-urlencoded'] }
  host.site.get(
    '/orders',
    {
      config: { access: anyone },
      schema: {
        ...about,
        summary: 'The page of one’s orders',
        querystring: Type.Object({ after: Type.Optional(Type.String({ maxLength: 1_000 })) }),
      },
    },
    (request, reply) => showOrders(surroundings, request as unknown as Request, reply, request.query.after),
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
    {
      config: { access: anyone },
      schema: {
        ...about,
        summary: 'The page of the checkout',
        querystring: Type.Object({
          bill: Type.Optional(Type.String({ maxLength: 36 })),
          ship: Type.Optional(Type.String({ maxLength: 36 })),
        }),
      },
    },
    async (request, reply) => {
      const asked = request as unknown as Request
      if (!request.visitor && guests.tokenOf(asked) === undefined) return signInFirst(reply, '/cart/checkout')
      return await showCheckout(surroundings, asked, reply, { choice: request.query })
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
        if (body.act === 'look') return await showCheckout(surroundings, asked, reply, { sent: body })
        try {
          return await buy(surroundings, asked, reply, body)
        } catch (error) {
          if (!(error instanceof Problem) || !(error.code in texts.en.troubles)) throw error
          return await showCheckout(surroundings, asked, reply, { sent: body, trouble: error.code })
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
}

/** One’s orders, the newest first. */
async function showOrders(
  { host, frameOf }: Shown,
  request: Request,
  reply: Reply,
  after: string | undefined,
): Promise<Reply> {
  const { visitor: actor } = request
  if (!actor) return signInFirst(reply, '/orders')
  const language = languageOf(request)
  const words = texts[language]
  const before = placeAfter(after)
  const rows = await listOrders(host.db, { userId: actor.userId }, perPage + 1, before)
  const { items, nextCursor } = page(
    rows,
    perPage,
    ({ createdAt, id }) => [createdAt.toISOString(), id],
    order => order,
  )
  return send(frameOf(language), reply, 200, {
    title: words.orders,
    body: items.length === 0 ? html`<p>${words.none}</p>` : listView(language, items, nextCursor),
    onward: [
      before ? { to: '/orders', text: words.toOrders } : { to: '/', text: words.home },
      { to: '/shop', text: words.toShop },
    ],
  })
}

const perPage = 50

/** Anybody can write an address: of what is no place in the list it begins with the newest. */
function placeAfter(after: string | undefined): [string, string] | undefined {
  try {
    return cursorOf(after, isInstant, isId) as [string, string] | undefined
  } catch {
    return undefined
  }
}

/** A page that nobody keeps, as those of the shop look. */
const send = (frame: Frame, reply: Reply, status: number, content: Pick<PageContent, 'title' | 'body' | 'onward'>) =>
  sendPage(unkept(reply), status, {
    ...content,
    language: frame.language,
    look: frame.look,
    top: topOf(frame),
    body: html`<div class="slim">${content.body}</div>`,
  })

/** Places the order and leads to where it is paid; of who is not signed in, that of the cart their browser has. */
async function buy(at: Shown, request: Request, reply: Reply, sent: Sent): Promise<Reply> {
  const { host, placeFromCart, paying, guests } = at
  const { billing, shipping } = addressesOf(sent)
  const agreed = /^\d{1,16}$/.test(sent.totalMinor ?? '') ? BigInt(sent.totalMinor!) : undefined
  const guest = request.visitor === undefined
  const actor = request.visitor ?? guestActor(guests.idOf(billing.email))
  const wanted = {
    userId: actor.userId,
    guest,
    billing,
    shipping,
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
  { host, guests, readFacts, frameOf }: Shown,
  request: Request,
  reply: Reply,
  { sent, choice = {}, trouble }: { sent?: Sent; choice?: Choice; trouble?: string },
): Promise<Reply> {
  const language = languageOf(request)
  const words = texts[language]
  const userId = request.visitor?.userId
  const frame = frameOf(language)
  const [{ cart }, saved] = await Promise.all([
    host.ask(getCart, userId === undefined ? { token: guests.tokenOf(request)! } : { userId }),
    savedOf(host, userId),
  ])
  const onward = [
    { to: '/cart', text: words.toCart },
    { to: '/shop', text: words.toShop },
  ] as const
  if (!cart) return send(frame, reply, 200, { title: words.checkout, body: html`<p>${words.nothing}</p>`, onward })
  const filled = sent ?? { country: cart.country ?? '', region: cart.region ?? '', ...filledIn(saved, choice) }
  const known = soFar(filled, cart)
  const buyer = known ? await buyerSoFar(known) : { place: null }
  const facts = await readFacts(cart, userId ?? null, host.now())
  const priced = priceCart({ ...cart, country: known?.country ?? null }, facts, buyer, host.now())
  return send(frame, reply, trouble ? 409 : 200, {
    title: words.checkout,
    body: html`${userId === undefined && html`<p><a href="/api/auth/sign-in?return=%2Fcart%2Fcheckout">${words.signIn}</a></p>`}
    ${checkoutView(language, priced, filled, { saved, choice, trouble })}`,
    onward,
  })
}

/** As the order will have it; a tax number that is none is told when somebody orders. */
async function buyerSoFar({ country, region, taxId, home }: NonNullable<ReturnType<typeof soFar>>): Promise<Buyer> {
  const to = { country, region }
  return await buyerOf(to, { taxId, country: home }).catch(() => buyerOf(to, { country: home }))
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
  { host, vault, links, returning, frameOf }: Shown,
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
  const frame = frameOf(language)
  if (!seen) return noOrder(frame, reply)
  const { whole, as, partIds } = seen
  const [shipments, goods, returns] = await Promise.all([
    shipmentsOf(host.db, whole.order.id),
    as === 'buyer' ? goodsOf(host.db, vault, links, whole.lines) : [],
    returnsOf(host.db, whole.order.id),
  ])
  const { number } = whole.order
  return send(frame, reply, trouble ? 409 : 200, {
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

function noOrder(frame: Frame, reply: Reply): Reply {
  const words = texts[frame.language]
  return send(frame, reply, 404, {
    title: words.unknown.title,
    body: html`<p>${words.unknown.text}</p>`,
    onward: [{ to: '/orders', text: words.toOrders }],
  })
}

/** The pages of an order for who has its link, from the mail that they alone got. */
function guestPages(surroundings: Shown): void {
  const { host, guests, frameOf } = surroundings
  const about = { produces: ['text/html'], hide: true, refuses: 'any' as const }
  const config = { access: anyone }
  const Link = Type.Object({ link: Type.String({ maxLength: 100, pattern: '^[0-9A-Za-z._-]+$' }) })
  host.site.get(
    '/orders/guest/:link',
    { config, schema: { ...about, summary: 'The page of an order, by its link', params: Link } },
    async (request, reply) => {
      const found = await guests.comesBy(request.params.link)
      const asked = request as unknown as Request
      if (!found) return noOrder(frameOf(languageOf(asked)), reply)
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
        if (!found) return noOrder(frameOf(languageOf(asked)), reply)
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
