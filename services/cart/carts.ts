import { quoteCart, type Quote } from '#contracts/orders'
import type { Price } from '#contracts/marketplace'
import type { CartContent } from '#contracts/shared'
import { Problem } from '#kernel'
import type { CartHost } from './host.ts'
import { addLine, candidates, findCart, most, type Cart, type CartLine, type Whose } from './store.ts'

/** A cart with what it would cost as an order. */
export interface Shown {
  readonly cart: Cart
  readonly quote: Quote
}

export const contentOf = (cart: Cart, lines: CartLine[]): CartContent => ({
  currency: cart.currency,
  country: cart.country,
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

function priceOf(prices: readonly Price[], currency: string | undefined): Price | undefined {
  return currency === undefined ? prices[0] : prices.find(price => price.currency === currency)
}

const asked = ({ priceMinor, sale }: Price, at: Date): number => {
  const runs =
    sale &&
    (sale.from === null || at.getTime() >= Date.parse(sale.from)) &&
    (sale.until === null || at.getTime() < Date.parse(sale.until))
  return runs ? sale.priceMinor : priceMinor
}

export interface Wanted {
  readonly productId: string
  readonly variantId?: string | undefined
  readonly quantity: number
  /** Of a cart that is not there yet. */
  readonly currency?: string | undefined
}

/**
 * Puts something into a cart. Fails with `offer_unknown`, `variant_missing`, `product_not_for_sale`,
 * `price_missing`, `quantity_above_limit`, `cart_full`.
 */
export async function put(
  { db, now }: CartHost,
  wanted: Wanted,
  before: Whose | undefined,
  begin: () => Whose,
): Promise<void> {
  const { productId, variantId, quantity } = wanted
  const variants = await candidates(db, productId, before)
  const [first] = variants
  if (!first) throw new Problem('not_found', 'offer_unknown')
  const variant =
    variantId === undefined && variants.length === 1 ? first : variants.find(one => one.variantId === variantId)
  if (!variant)
    throw variantId === undefined
      ? new Problem('unprocessable', 'variant_missing')
      : new Problem('not_found', 'offer_unknown')
  if (!variant.forSale) throw new Problem('conflict', 'product_not_for_sale')
  const at = now()
  const price = priceOf(variant.prices, variant.currency ?? wanted.currency)
  if (!price) throw new Problem('conflict', 'price_missing')
  if (quantity > (variant.most ?? most.quantity)) throw new Problem('conflict', 'quantity_above_limit')
  const whose = before ?? begin()
  const line = {
    productId,
    variantId: variant.variantId,
    quantity,
    priceMinor: BigInt(asked(price, at)),
    currency: price.currency,
  }
  const id = await db.transaction(tx => addLine(tx, whose, line, at))
  if (id !== undefined) return
  const there = (await findCart(db, whose))?.lines ?? []
  throw there.some(one => one.variantId === variant.variantId)
    ? new Problem('conflict', 'quantity_above_limit', { most: most.quantity })
    : new Problem('conflict', 'cart_full', { most: most.lines })
}
