import type { Problems } from '#kernel'

/** What carts refuse with. */
export const problems = {
  item_unknown: ['not_found', 'There is no such thing in the cart.'],
  offer_unknown: ['not_found', 'There is no such product.'],
  variant_missing: ['unprocessable', 'There are several of this product: say which.'],
  product_not_for_sale: ['conflict', 'It cannot be bought now.'],
  price_missing: ['conflict', 'It has no price in the currency of the cart.'],
  quantity_above_limit: ['conflict', 'A cart takes no more of one thing.'],
  cart_full: ['conflict', 'A cart takes no more different things.'],
  order_too_large: ['unprocessable', 'No order can cost that much.'],
} satisfies Problems
