import { defineService } from '#kernel'
import { invoices } from '#money/invoices'
import { differencesIn, ledger } from '#money/ledger'
import { payments } from '#money/payments'
import { openGuests } from './guests/guests.ts'
import { guestRoutes } from './guests/routes.ts'
import { asksLater, needs, publishes, settings } from './host.ts'
import { openInvoicing } from './invoices/invoicing.ts'
import { invoiceRoutes } from './invoices/routes.ts'
import { forgetWhoLeaves, personal } from './leaving.ts'
import { followOffers } from './offers/offers.ts'
import { openCancelling } from './orders/cancelling.ts'
import { openPlacing } from './orders/placing.ts'
import { orderRoutes } from './orders/routes.ts'
import type { Order } from './orders/store.ts'
import { pages } from './pages/pages.ts'
import { openPaying } from './paying/paying.ts'
import { followCommissions } from './pricing/commission.ts'
import { answerQuotes, openFacts } from './pricing/facts.ts'
import { problems } from './problems.ts'
import { openReturning } from './returns/returning.ts'
import { returnRoutes } from './returns/routes.ts'
import { sellerRoutes } from './sellers/routes.ts'
import { answerSellers } from './sellers/sellers.ts'
import { openArriving } from './sending/arriving.ts'
import { openLinks } from './sending/goods.ts'
import { openHandingOver, openVault } from './sending/licences.ts'
import { sendingRoutes } from './sending/routes.ts'
import { voucherRoutes } from './vouchers/routes.ts'

/** What is bought: at which price, paid with what, and how it gets to who bought it. */
export const orders = defineService({
  name: 'orders',
  about:
    'Orders: what is bought at which price, what is paid of it, how many pieces are left, and how things are sent.',
  problems,
  folder: import.meta.dirname,
  personal,
  includes: [ledger, payments, invoices],
  needs,
  asksLater,
  settings,
  publishes,
  start(host) {
    const { db, log, metrics } = host
    const [vault, handing, invoicing] = [openVault(host), openHandingOver(host), openInvoicing(host)]
    const paid = async (tx: Parameters<typeof handing.soon>[0], orderId: string): Promise<void> => {
      await handing.soon(tx, orderId)
      await invoicing.soon(tx, orderId)
    }
    followOffers(host)
    followCommissions(host)
    forgetWhoLeaves(host)
    const guests = openGuests(host)
    const pageOf = ({ id, guest }: Order): string => (guest ? guests.linkOf(id) : `/orders/${id}`)
    const paying = openPaying(host, { paid, refunded: invoicing.soon }, pageOf)
    const cancel = openCancelling(host, paying)
    const [links, arrive, returning] = [openLinks(host), openArriving(host), openReturning(host, paying)]
    const readFacts = openFacts(db)
    const placeFromCart = openPlacing(host, { readFacts, handOver: paid })
    orderRoutes(host, paying, placeFromCart, cancel)
    guestRoutes(host, { guests, placeFromCart, paying, cancel })
    sendingRoutes(host, { vault, handing, links, arrive })
    returnRoutes(host, returning)
    invoiceRoutes(host)
    pages({ host, paying, placeFromCart, readFacts, cancel, arrive, vault, links, returning, guests })
    sellerRoutes(host)
    voucherRoutes(host)
    answerQuotes(host, readFacts)
    answerSellers(host)
    host.every('1 minute', 'cancel orders that nobody paid in time', () => paying.expire())
    const wrong = metrics.gauge('ohmnibus_orders_accounts_wrong', 'Accounts that are not the sum of their postings', [])
    host.every('1 hour', 'compare balances with what was booked', async () => {
      const differences = await differencesIn(db)
      wrong.set({}, differences.length)
      for (const { id } of differences) log.error({ accountId: id }, 'an account is not the sum of its postings')
    })
  },
})
