import Type from 'typebox'
import { quoteCart } from '#contracts/orders'
import type { Host } from '#kernel'
import { shopSettings } from '#shop/frame'

/** Its page looks as those of the shop do. */
export const settings = Type.Object(shopSettings)

/** What a cart would cost: orders know, and ask in their turn what is in it. */
export const asksLater = [quoteCart] as const

/** What this service has of the world. */
export type CartHost = Host<'cart', (typeof asksLater)[number], typeof settings>
