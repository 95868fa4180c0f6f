import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { cursorOf, isId, isInstant, listQuery, newId, Page, page, Problem, signedIn, type Db, type Tx } from '#kernel'
import { nullable } from '../fields.ts'
import type { UsersHost } from '../host.ts'
import type { Look } from './alarms.ts'
import { isThere, leastAt } from './products.ts'
import {
  countWishes,
  deleteWish,
  findProducts,
  listWishes,
  putWish,
  stocksOf,
  type Product,
  type Wish,
} from './store.ts'

const most = 1_000
const Amount = { ...Minor, minimum: 0 }

export const WishView = Type.Object(
  {
    id: Id,
    productId: Id,
    name: Type.String({ maxLength: 200, examples: ['Wallbox 11 kW'] }),
    slug: Type.String({ maxLength: 120, examples: ['wallbox-11-kw'] }),
    thumbnail: nullable(Type.String({ maxLength: 500 })),
    currency: Currency,
    priceMinor: nullable({ ...Amount, description: 'The least one pays now; null where it is not for sale' }),
    formerMinor: { ...Amount, description: 'When it was put on the list' },
    alarmMinor: nullable({ ...Amount, description: 'What one waits for; null for less than `formerMinor`' }),
    available: nullable(Type.Boolean({ description: 'Null where nobody has said' })),
    gone: Type.Boolean({ description: 'It is no longer in the catalogue' }),
    createdAt: Instant,
  },
  { title: 'Wish' },
)

/** With what there is to say of their products now. */
export async function viewWishes(db: Db, wishes: readonly Wish[], at: Date): Promise<Static<typeof WishView>[]> {
  const ids = wishes.map(({ productId }) => productId)
  if (ids.length === 0) return []
  const [products, stocks] = await Promise.all([findProducts(db, ids), stocksOf(db, ids)])
  return wishes.map(wish => viewOf(wish, products.get(wish.productId), stocks, at))
}

function viewOf(
  wish: Wish,
  product: Product | undefined,
  stocks: ReadonlyMap<string, number | null>,
  at: Date,
): Static<typeof WishView> {
  const { id, productId, currency, priceMinor, alarmMinor, gone, createdAt } = wish
  return {
    id,
    productId,
    name: product?.name ?? '',
    slug: product?.slug ?? '',
    thumbnail: product?.thumbnail ?? null,
    currency,
    priceMinor: (product?.forSale ? leastAt(product.variants, currency, at) : undefined) ?? null,
    formerMinor: Number(priceMinor),
    alarmMinor: alarmMinor === null ? null : Number(alarmMinor),
    available: (product?.forSale ? isThere(product.variants, stocks) : false) ?? null,
    gone: gone || (product?.deleted ?? false),
    createdAt: createdAt.toISOString(),
  }
}

const Body = Type.Object({
  productId: Id,
  currency: Type.Optional(Currency),
  alarmMinor: Type.Optional(nullable(Amount)),
})

async function wishFor(tx: Tx<'users'>, userId: string, body: Static<typeof Body>, at: Date, look: Look) {
  const { productId, alarmMinor = null } = body
  const product = (await findProducts(tx, [productId])).get(productId)
  if (!product || product.deleted || !product.forSale)
    throw new Problem('unprocessable', 'product_unavailable', {
      errors: [{ pointer: '/productId', detail: 'is no product that can be bought' }],
    })
  const currency = body.currency ?? product.variants.flatMap(({ prices }) => prices)[0]?.currency
  const least = currency === undefined ? undefined : leastAt(product.variants, currency, at)
  if (currency === undefined || least === undefined)
    throw new Problem('unprocessable', 'currency_unavailable', {
      errors: [{ pointer: '/currency', detail: 'is none that the product has a price in' }],
    })
  if ((await countWishes(tx, userId)) >= most) throw new Problem('conflict', 'wishes_too_many')
  const stocks = await stocksOf(tx, [productId])
  const { wish, isNew } = await putWish(tx, {
    id: newId(),
    userId,
    productId,
    currency,
    priceMinor: BigInt(least),
    alarmMinor: alarmMinor === null ? null : BigInt(alarmMinor),
    soldOut: isThere(product.variants, stocks) === false,
    at,
  })
  // It may cost no more than one waits for already.
  if (alarmMinor !== null) await look(tx, [productId])
  return { isNew, wish: viewOf(wish, product, stocks, at) }
}

/** What one would like to have, and hears of. */
export function wishRoutes({ db, http, now }: UsersHost, look: Look): void {
  http.get(
    '/wishlist',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What one wishes for, the latest first',
        querystring: listQuery({}),
        response: { 200: Page(WishView) },
      },
    },
    async ({ actor, query }) => {
      const cursor = cursorOf(query.after, isInstant, isId)
      const after = cursor && ([new Date(cursor[0] as string), cursor[1] as string] as [Date, string])
      const rows = await listWishes(db, actor.userId, query.limit + 1, after)
      const views = await viewWishes(db, rows, now())
      return page(
        views,
        query.limit,
        ({ createdAt, id }) => [createdAt, id],
        view => view,
      )
    },
  )

  http.post(
    '/wishlist',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Wish for a product',
        description:
          'One hears when it costs no more than `alarmMinor`, or, where none is set, less than now; when it is there ' +
          'again; and when it is gone for good. Asked again for the same product the alarm is another one.',
        honours: ['Idempotency-Key'],
        refuses: ['product_unavailable', 'currency_unavailable', 'wishes_too_many'],
        body: Body,
        response: { 200: WishView, 201: WishView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const made = await db.once(request, tx => wishFor(tx, actor.userId, body, now(), look))
      return reply.code(made.isNew ? 201 : 200).send(made.wish)
    },
  )

  http.delete(
    '/wishlist/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Wish for it no longer',
        refuses: ['wish_unknown'],
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      const was = await db.transaction(tx => deleteWish(tx, params.id, actor.userId))
      if (!was) throw new Problem('not_found', 'wish_unknown')
      return reply.code(204).send()
    },
  )
}
