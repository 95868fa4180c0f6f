import { getPrices } from '#contracts/billing'
import { defineService } from '#kernel'
import { invoices } from '#money/invoices'
import { differencesIn, ledger } from '#money/ledger'
import { payments } from '#money/payments'
import { adHocs } from './ad-hoc/open.ts'
import { followBookings } from './bookings/fees.ts'
import type { Booked } from './charges/charge.ts'
import { chargeRoutes } from './charges/routes.ts'
import { followSessions } from './charges/reactions.ts'
import { companies } from './companies/companies.ts'
import { groupRoutes } from './groups/routes.ts'
import { needs, publishes, settings } from './host.ts'
import { openInvoicing } from './invoices/open.ts'
import { forgetWhoLeaves } from './leaving.ts'
import { invoiceRoutes } from './invoices/routes.ts'
import { invoicePaymentRoutes } from './invoices/payments.ts'
import { problems } from './problems.ts'
import { dropQuotes, quoteRoutes } from './quotes/routes.ts'
import { sellerRoutes } from './sellers/routes.ts'
import { answerChargers } from './tariffs/chargers.ts'
import { tariffRoutes } from './tariffs/routes.ts'
import { answerPrices } from './tariffs/store.ts'
import { walletRoutes } from './wallets/routes.ts'
import { topUps } from './wallets/top-ups.ts'

/** What charging costs, and the money of drivers and sellers. */
export const billing = defineService({
  name: 'billing',
  about: 'What charging costs: tariffs, quotes, wallets, and what is booked for each session.',
  problems,
  folder: import.meta.dirname,
  includes: [ledger, payments, invoices],
  needs,
  settings,
  publishes,
  start(host) {
    const { db, log, metrics, now } = host
    tariffRoutes(host)
    groupRoutes(host)
    quoteRoutes(host)
    host.answer(getPrices, input => answerPrices(db, input))
    answerChargers(host)
    sellerRoutes(host)
    chargeRoutes(host)
    walletRoutes(host)
    const payments = topUps(host, (tx, change) => adHoc.follow(tx, change))
    const invoicing = openInvoicing(host)
    followBookings(host)
    const adHoc = adHocs(host, payments, invoicing)
    const booked: Booked = async (tx, charge, dueMinor) => {
      await adHoc.settle(tx, charge, dueMinor)
      await invoicing(tx, charge.sessionId)
    }
    const rebook = followSessions(host, booked, adHoc)
    companies(host, rebook)
    forgetWhoLeaves(host, payments, rebook)
    invoiceRoutes(host)
    invoicePaymentRoutes(host)
    const wrong = metrics.gauge(
      'ohmnibus_billing_accounts_wrong',
      'Accounts that are not the sum of their postings',
      [],
    )
    host.every('1 hour', 'compare balances with what was booked', async () => {
      const differences = await differencesIn(db)
      wrong.set({}, differences.length)
      for (const { id, balanceMinor, postedMinor } of differences)
        log.error(
          { accountId: id, balanceMinor: balanceMinor.toString(), postedMinor: postedMinor.toString() },
          'an account is not the sum of its postings',
        )
    })
    host.every('1 hour', 'forget quotes that ended', async () => {
      await db.transaction(tx => dropQuotes(tx, new Date(now().getTime() - 30 * 86_400_000)))
    })
  },
})
