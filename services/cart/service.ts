import { getCart } from '#contracts/cart'
import { defineService } from '#kernel'
import { contentOf } from './carts.ts'
import { asksLater, settings } from './host.ts'
import { pages } from './pages.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { reactions } from './reactions.ts'
import { routes } from './routes.ts'
import { dropExpired, findCart } from './store.ts'
import { hashOf, openVisitors } from './visitors.ts'

/** What somebody means to buy, until they do or forget about it. */
export const cart = defineService({
  name: 'cart',
  about: 'Carts: what somebody means to buy, signed in or not, and what it costs now.',
  problems,
  folder: import.meta.dirname,
  personal,
  asksLater,
  settings,
  start(host) {
    const { db, now } = host
    const visitors = openVisitors(host)
    routes(host, visitors)
    pages(host, visitors)
    reactions(host)
    host.answer(getCart, async ({ userId, token }) => {
      const whose = userId !== undefined ? { userId } : token !== undefined ? { tokenHash: hashOf(token) } : undefined
      const found = whose && (await findCart(db, whose))
      if (!found || found.lines.length === 0) return { cart: null }
      const { cart, lines } = found
      return { cart: { ...contentOf(cart, lines), cartId: cart.orderKey, version: cart.version } }
    })
    host.every('1 hour', 'drop carts that nobody touched for seven days', async () => {
      await db.transaction(tx => dropExpired(tx, now()))
    })
  },
})
