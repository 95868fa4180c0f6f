import Type, { type Static } from 'typebox'
import { Quote } from '#contracts/orders'
import { Currency, Id, Instant, Line, Minor } from '#contracts/shared'
import { anyoneAsThemselves, Problem, type Reply, type Request } from '#kernel'
import { put, showCart, type Shown } from './carts.ts'
import type { CartHost } from './host.ts'
import { agree, choose, dropCart, most, removeLine, setQuantity, type Waiting, type Whose } from './store.ts'
import type { Visitors } from './visitors.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Amount = { ...Minor, minimum: 0 }
const Quantity = Type.Integer({ minimum: 1, maximum: most.quantity, examples: [1] })
const { lines: QuotedLines, ...sums } = Quote.properties

const CartView = Type.Object(
  {
    id: nullable(Id),
    version: Type.Integer({ minimum: 0, examples: [1] }),
    country: nullable(Type.String({ examples: ['DE'] })),
    region: nullable(Type.String({ examples: ['CA'] })),
    items: Type.Array(
      Type.Object({ id: Id, price: nullable(Amount), ...QuotedLines.items.properties }, { title: 'CartItem' }),
    ),
    ...sums,
    subtotal: { ...Amount, description: 'The same as `subtotalMinor`' },
    tax: { ...Amount, description: 'The same as `taxMinor`' },
    total: { ...Amount, description: 'The same as `totalMinor`' },
    expiresAt: nullable(Instant),
    waiting: nullable(
      Type.Object(
        { currency: Currency, lines: Type.Integer({ minimum: 1, examples: [2] }) },
        {
          description:
            'What this browser had in another currency before the sign-in: it joins once nothing is left in this cart',
        },
      ),
    ),
  },
  { title: 'Cart' },
)

const nothing: Static<typeof CartView> = {
  id: null,
  version: 0,
  country: null,
  region: null,
  items: [],
  currency: 'EUR',
  subtotalMinor: 0,
  discountMinor: 0,
  shippingMinor: 0,
  taxMinor: 0,
  totalMinor: 0,
  giftCardMinor: 0,
  dueMinor: 0,
  vendors: [],
  coupons: [],
  giftCards: [],
  subtotal: 0,
  tax: 0,
  total: 0,
  expiresAt: null,
  waiting: null,
}

function view(shown: Shown | undefined, waiting: Waiting | undefined): Static<typeof CartView> {
  if (!shown) return nothing
  const { cart, quote } = shown
  const { lines, ...sums } = quote
  return {
    id: cart.id,
    version: cart.version,
    country: cart.country,
    region: cart.region,
    items: lines.map(line => ({ ...line, id: line.lineId, price: line.priceMinor })),
    ...sums,
    subtotal: sums.subtotalMinor,
    tax: sums.taxMinor,
    total: sums.totalMinor,
    expiresAt: cart.expiresAt.toISOString(),
    waiting: waiting ?? null,
  }
}

/** A cart, for whoever has one: by their session, or by the cookie of a browser at which nobody is signed in. */
export function routes(host: CartHost, visitors: Visitors): void {
  const { db, http, now } = host
  const config = { access: anyoneAsThemselves }
  const answer = async (whose: Whose | undefined) =>
    view(await showCart(host, whose), whose && 'userId' in whose ? whose.waiting : undefined)
  const own = async (request: Request, reply: Reply): Promise<Whose> => {
    visitors.guard(request)
    return (await visitors.whose(request, reply)) ?? unknown()
  }

  http.get(
    '/',
    {
      config,
      schema: {
        summary: 'What is in the cart, and what it costs now',
        description:
          'A price that changed since is told beside the former one. What a browser had joins the cart of who signed in, unless there is something in another currency in that.',
        refuses: ['order_too_large'],
        response: { 200: CartView },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'private, no-store')
      return await answer(await visitors.whose(request as Request, reply))
    },
  )

  http.post(
    '/items',
    {
      config,
      schema: {
        summary: 'Put something into the cart',
        description: 'More of what is in it already is added to that. Who is not signed in gets a cookie with it.',
        refuses: [
          'offer_unknown',
          'variant_missing',
          'product_not_for_sale',
          'price_missing',
          'quantity_above_limit',
          'cart_full',
          'order_too_large',
          'origin_not_allowed',
        ],
        body: Type.Object({
          productId: Id,
          variantId: Type.Optional({ ...Id, description: 'Where the product has several' }),
          quantity: Type.Optional(Quantity),
          currency: Type.Optional({ ...Currency, description: 'Of a cart in which nothing is yet' }),
        }),
        response: { 201: Type.Object({ added: Type.Boolean() }, { title: 'CartAddition' }) },
      },
    },
    async (request, reply) => {
      visitors.guard(request as Request)
      const { quantity = 1, ...wanted } = request.body
      const whose = await visitors.whose(request as Request, reply)
      await put(host, { ...wanted, quantity }, whose, () => visitors.begin(reply))
      return reply.code(201).send({ added: true })
    },
  )

  http.put(
    '/items/:id',
    {
      config,
      schema: {
        summary: 'Take so many of something',
        refuses: ['item_unknown', 'order_too_large', 'origin_not_allowed'],
        params: Type.Object({ id: Id }),
        body: Type.Object({ quantity: Quantity }),
        response: { 200: CartView },
      },
    },
    async (request, reply) => {
      const whose = await own(request as Request, reply)
      const { id } = request.params
      const isThere = await db.transaction(tx => setQuantity(tx, whose, id, request.body.quantity, now()))
      return isThere ? await answer(whose) : unknown()
    },
  )

  http.delete(
    '/items/:id',
    {
      config,
      schema: {
        summary: 'Take something out of the cart',
        refuses: ['item_unknown', 'order_too_large', 'origin_not_allowed'],
        params: Type.Object({ id: Id }),
        response: { 200: CartView },
      },
    },
    async (request, reply) => {
      const whose = await own(request as Request, reply)
      const isThere = await db.transaction(tx => removeLine(tx, whose, request.params.id, now()))
      return isThere ? await answer(whose) : unknown()
    },
  )

  http.put(
    '/',
    {
      config,
      schema: {
        summary: 'Say where it goes to, how, and with which coupons and gift cards',
        description: 'What is left out stays. With `acceptPrices` prices that changed are taken as they are now.',
        refuses: ['item_unknown', 'order_too_large', 'origin_not_allowed'],
        body: Type.Object({
          country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, examples: ['DE'] })),
          region: Type.Optional(
            Type.Union([
              Line(80, { examples: ['CA'], description: 'State or province: its code (ISO 3166-2) or its name' }),
              Type.Null(),
            ]),
          ),
          coupons: Type.Optional(Type.Array(Line(40, { examples: ['SPRING-10'] }), { maxItems: 5, uniqueItems: true })),
          giftCards: Type.Optional(Type.Array(Line(40), { maxItems: 5, uniqueItems: true, examples: [[]] })),
          shipping: Type.Optional(
            Type.Array(Type.Object({ vendorId: Id, optionId: Id }), { maxItems: 150, examples: [[]] }),
          ),
          acceptPrices: Type.Optional(Type.Boolean()),
        }),
        response: { 200: CartView },
      },
    },
    async (request, reply) => {
      const whose = await own(request as Request, reply)
      const { acceptPrices, ...choices } = request.body
      await db.transaction(tx => choose(tx, whose, choices, now()))
      if (acceptPrices) await acceptAll(host, whose)
      return await answer(whose)
    },
  )

  http.delete(
    '/',
    {
      config,
      schema: { summary: 'Empty the cart', refuses: ['origin_not_allowed'], response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      visitors.guard(request as Request)
      const whose = await visitors.whose(request as Request, reply)
      if (whose) await db.transaction(tx => dropCart(tx, whose))
      return reply.code(204).send()
    },
  )
}

/** The buyer was told what things cost now, and takes them so. */
export async function acceptAll(host: CartHost, whose: Whose): Promise<void> {
  const { lines } = (await showCart(host, whose))?.quote ?? { lines: [] }
  const prices = lines.flatMap(({ lineId, priceMinor }) => (priceMinor === null ? [] : [{ lineId, priceMinor }]))
  await host.db.transaction(tx => agree(tx, whose, prices))
}

const unknown = (): never => {
  throw new Problem('not_found', 'item_unknown')
}
