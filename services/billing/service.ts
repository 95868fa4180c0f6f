import { defineService } from '#kernel'
import { invoices } from '#money/invoices'
import { ledger } from '#money/ledger'
import { payments } from '#money/payments'
import { adHocs } from './ad-hoc/open.ts'
import { followBookings } from './bookings/fees.ts'
import { answerReservations } from './bookings/reservations.ts'
import { bookRoutes } from './books/routes.ts'
import type { Booked } from './charges/charge.ts'
import { chargeRoutes } from './charges/routes.ts'
import { followSessions } from './charges/reactions.ts'
import { companies } from './companies/companies.ts'
import { creditRoutes } from './credits/routes.ts'
import { groupRoutes } from './groups/routes.ts'
import { reimburse, stateReimbursements } from './home/reimbursing.ts'
import { homeRoutes } from './home/routes.ts'
import { needs, publishes, settings } from './host.ts'
import { answerHoldings } from './holdings.ts'
import { openInvoicing } from './invoices/open.ts'
import { forgetWhoLeaves, personal } from './leaving.ts'
import { invoiceRoutes } from './invoices/routes.ts'
import { invoicePayingRoutes } from './invoices/paying.ts'
import { invoicePaymentRoutes } from './invoices/payments.ts'
import { problems } from './problems.ts'
import { quoteRoutes } from './quotes/routes.ts'
import { sellerRoutes } from './sellers/routes.ts'
import { answerPricing } from './tariffs/chargers.ts'
import { tariffRoutes } from './tariffs/routes.ts'
import { tariffTrialRoutes } from './tariffs/trying.ts'
import { upkeep } from './upkeep.ts'
import { holdToLeast } from './wallets/least.ts'
import { walletRoutes } from './wallets/routes.ts'
import { topUps } from './wallets/top-ups.ts'

/** What charging costs, and the money of drivers and sellers. */
export const billing = defineService({
  name: 'billing',
  about: 'What charging costs: tariffs, quotes, wallets, and what is booked for each session.',
  problems,
  folder: import.meta.dirname,
  personal,
  includes: [ledger, payments, invoices],
  needs,
  settings,
  publishes,
  start(host) {
    tariffRoutes(host)
    tariffTrialRoutes(host)
    groupRoutes(host)
    quoteRoutes(host)
    answerReservations(host)
    answerPricing(host)
    sellerRoutes(host)
    chargeRoutes(host)
    walletRoutes(host)
    bookRoutes(host)
    const payments = topUps(host, (tx, change) => adHoc.follow(tx, change))
    const invoicing = openInvoicing(host)
    followBookings(host, invoicing.fee)
    const adHoc = adHocs(host, payments, invoicing.session)
    const booked: Booked = async (tx, charge, dueMinor) => {
      await adHoc.settle(tx, charge, dueMinor)
      await reimburse(tx, charge)
      await invoicing.session(tx, charge.sessionId)
    }
    const rebook = followSessions(host, booked, adHoc)
    creditRoutes(host, adHoc)
    companies(host, rebook)
    homeRoutes(host)
    stateReimbursements(host)
    forgetWhoLeaves(host, payments, rebook)
    invoiceRoutes(host)
    invoicePaymentRoutes(host)
    invoicePayingRoutes(host, payments)
    holdToLeast(host)
    upkeep(host)
    answerHoldings(host)
  },
})
