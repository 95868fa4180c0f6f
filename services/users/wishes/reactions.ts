import { ProductCreated, ProductDeleted, ProductUpdated, type Listing } from '#contracts/marketplace'
import { StockChanged } from '#contracts/orders'
import type { Tx } from '#kernel'
import type { UsersHost } from '../host.ts'
import type { Look } from './alarms.ts'
import { offeredOf, turnsAfter } from './products.ts'
import { putProducts, putStock } from './store.ts'

/** What the catalogue says of products, and orders of how many there are, is kept here for wishes. */
export function followProducts({ on, onMany, now }: UsersHost, look: Look): void {
  async function put(tx: Tx<'users'>, listings: readonly (Listing & { readonly deleted: boolean })[]): Promise<void> {
    // Two of one product in a statement would be one too many.
    const newest = new Map<string, Listing & { readonly deleted: boolean }>()
    for (const listing of listings)
      if ((newest.get(listing.productId)?.version ?? 0) < listing.version) newest.set(listing.productId, listing)
    const products = [...newest.values()].map(listing => {
      const { productId, name, slug, thumbnail, forSale, deleted, version } = listing
      const variants = offeredOf(listing)
      return {
        productId,
        name,
        slug,
        thumbnail,
        forSale: forSale && !deleted,
        deleted,
        variants,
        version,
        turnsAt: deleted ? null : turnsAfter(variants, now()),
      }
    })
    await look(tx, await putProducts(tx, products))
  }

  const about = { id: 'products', purpose: 'know what wishes are for', from: 'beginning' } as const
  for (const event of [ProductCreated, ProductUpdated])
    onMany(event, about, (events, tx) =>
      put(
        tx,
        events.map(listing => ({ ...listing, deleted: false })),
      ),
    )
  onMany(ProductDeleted, about, (events, tx) =>
    put(
      tx,
      events.map(listing => ({ ...listing, deleted: true })),
    ),
  )
  on(
    StockChanged,
    { id: 'stocks', purpose: 'know whether what is wished for can be bought', from: 'beginning' },
    async (stock, tx) => {
      if (await putStock(tx, stock)) await look(tx, [stock.productId])
    },
  )
}
