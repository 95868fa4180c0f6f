import { quoteCart, type Quote } from '#contracts/orders'
import type { CartContent } from '#contracts/shared'
import { Problem, type Db } from '#kernel'
import type { CartHost } from './host.ts'
import type { Begun } from './visitors.ts'
import { addLine, candidates, findCart, most, type Cart, type CartLine, type Wanted, type Whose } from './store.ts'

/** A cart with what it would cost as an order. */
export interface Shown {
  readonly cart: Cart
  readonly quote: Quote
}

export const contentOf = (cart: Cart, lines: CartLine[]): CartContent => ({
  currency: cart.currency,
  country: cart.country,
  region: cart.region,
  lines,
  coupons: cart.coupons,
  giftCards: cart.giftCards,
  shipping: cart.shipping,
})

export async function showCart({ ask, db }: CartHost, whose: Whose | undefined): Promise<Shown | undefined> {
  const found = whose && (await findCart(db, whose))
  if (!found) return undefined
  const { cart, lines } = found
  const userId = 'userId' in whose ? whose.userId : null
  return { cart, quote: await ask(quoteCart, { userId, cart: contentOf(cart, lines) }) }
}

/**
 * Puts something into a cart. Fails with `offer_unknown`, `variant_missing`, `product_not_for_sale`,
 * `price_missing`, `quantity_above_limit`, `cart_full`.
 */
export async function put(
  { db, now }: CartHost,
  wanted: Wanted,
  before: Whose | undefined,
  begin: () => Begun,
): Promise<void> {
  const { whose, keep } = before ? { whose: before } : begin()
  const add = async (): Promise<boolean> => {
    const at = now()
    let added: Promise<readonly { id: string }[]> | undefined
    await db.transaction(async tx => {
      added = addLine(tx, whose, wanted, at).execute()
      // Out with the commit: where nothing is added there is nothing to undo.
      tx.withCommit(added)
    })
    return (await added!).length > 0
  }
  // Where nothing is in the way somebody began the same cart in another currency just then: it is put in at that one's price.
  for (let left = 3; !(await add()); left--) {
    const refused = await refusal(db, wanted, whose)
    if (refused || left === 0) throw refused ?? new Problem('conflict', 'price_missing')
  }
  keep?.()
}

/** Why something cannot be put into a cart; undefined where it can. */
async function refusal(
  db: Db,
  { productId, variantId, quantity, currency }: Wanted,
  whose: Whose,
): Promise<Problem | undefined> {
  const variants = await candidates(db, productId, whose)
  const [first] = variants
  if (!first) return new Problem('not_found', 'offer_unknown')
  const variant =
    variantId === undefined && variants.length === 1 ? first : variants.find(one => one.variantId === variantId)
  if (!variant)
    return variantId === undefined
      ? new Problem('unprocessable', 'variant_missing')
      : new Problem('not_found', 'offer_unknown')
  if (!variant.forSale) return new Problem('conflict', 'product_not_for_sale')
  const wanted = variant.currency ?? currency
  if (!variant.prices.some(price => wanted === undefined || price.currency === wanted))
    return new Problem('conflict', 'price_missing')
  if (quantity > (variant.most ?? most.quantity)) return new Problem('conflict', 'quantity_above_limit')
  const there = (await findCart(db, whose))?.lines ?? []
  const same = there.find(one => one.variantId === variant.variantId)
  if (same && same.quantity + quantity > most.quantity)
    return new Problem('conflict', 'quantity_above_limit', { most: most.quantity })
  return same || there.length < most.lines ? undefined : new Problem('conflict', 'cart_full', { most: most.lines })
}
