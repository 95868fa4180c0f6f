import { WishAvailable, WishCheaper, WishGone } from '#contracts/users'
import type { Tx } from '#kernel'
import type { UsersHost } from '../host.ts'
import { isThere, judge, leastAt, turnsAfter, type News } from './products.ts'
import {
  findProducts,
  lockWishesFor,
  setTurn,
  stocksOf,
  turned,
  updateWish,
  wished,
  type Product,
  type Wish,
} from './store.ts'

/** Has those told who wish for products of which there is news. */
export type Look = (tx: Tx<'users'>, productIds: readonly string[]) => Promise<void>

const atOnce = 500

/** Who wishes for something hears when it costs less, is there again, or never will be. */
export function openAlarms(host: UsersHost): Look {
  const { db, now } = host
  const looking = host.job(
    'look at wishes',
    async ({ productId }: { productId: string }) => {
      const product = (await findProducts(db, [productId])).get(productId)
      if (!product) return
      const there = isThere(product.variants, await stocksOf(db, [productId]))
      let after: string | null = null
      do after = await db.transaction(tx => tellOf(tx, product, there, after))
      while (after !== null)
    },
    { urgency: 'bulk' },
  )

  /** Some of those who wish for it; the last of them, or null at the end. */
  async function tellOf(
    tx: Tx<'users'>,
    product: Product,
    there: boolean | undefined,
    after: string | null,
  ): Promise<string | null> {
    const at = now()
    const wishes = await lockWishesFor(tx, product.productId, after, atOnce)
    for (const before of wishes) {
      const least = leastAt(product.variants, before.currency, at)
      const { forSale, deleted } = product
      const leastMinor = least === undefined ? undefined : BigInt(least)
      const { wish, news } = judge(before, { forSale, deleted, there, leastMinor })
      await updateWish(tx, wish)
      for (const one of news) await tell(tx, wish, product, one, at)
    }
    return wishes.length < atOnce ? null : wishes.at(-1)!.id
  }

  const look: Look = async (tx, productIds) => {
    for (const productId of await wished(tx, productIds))
      await tx.enqueue(looking, { productId }, { key: `wishes ${productId}` })
  }

  host.every('1 minute', 'tell of prices that fall by the clock', async () => {
    const at = now()
    const products = await turned(db, at, 1_000)
    await db.transaction(async tx => {
      for (const product of products) await setTurn(tx, product, turnsAfter(product.variants, at))
      await look(
        tx,
        products.map(({ productId }) => productId),
      )
    })
  })
  return look
}

async function tell(tx: Tx<'users'>, wish: Wish, product: Product, news: News, at: Date): Promise<void> {
  const { name: productName, slug, productId } = product
  const about = { wishId: wish.id, userId: wish.userId, productId, productName, slug, at: at.toISOString() }
  if (news === 'available') await tx.publish(WishAvailable, about)
  else if (news === 'gone') await tx.publish(WishGone, about)
  else
    await tx.publish(WishCheaper, {
      ...about,
      currency: wish.currency,
      priceMinor: Number(wish.toldMinor),
      formerMinor: Number(wish.priceMinor),
    })
}
