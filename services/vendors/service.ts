import { defineService } from '#kernel'
import { ledger } from '#money/ledger'
import { transfers } from '#money/transfers'
import { commissionRoutes } from './commissions/routes.ts'
import { followMoney } from './earnings/following.ts'
import { earningsRoutes } from './earnings/routes.ts'
import { closeWhoLeaves, followTrade } from './figures/following.ts'
import { analyticsRoutes } from './figures/routes.ts'
import { asksLater, needs, publishes, settings } from './host.ts'
import { answerHoldings } from './holdings.ts'
import { pages } from './pages.ts'
import { connectingRoutes } from './payouts/connecting.ts'
import { fileRoutes } from './payouts/files.ts'
import { payoutRoutes } from './payouts/routes.ts'
import { openSending } from './payouts/sending.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { accountRoutes } from './profiles/account.ts'
import { decisionRoutes } from './profiles/deciding.ts'
import { profileRoutes } from './profiles/routes.ts'
import { statementRoutes } from './statements/routes.ts'
import { taxReportRoutes } from './tax-report/routes.ts'
import { lookAfter } from './watching.ts'

/** Who sells in the shop: who they are, whether they may, and what the platform keeps of what they sell. */
export const vendors = defineService({
  name: 'vendors',
  about: 'Vendors: who sells in the shop, whether they may, what they sold, and what the platform keeps of it.',
  problems,
  folder: import.meta.dirname,
  personal,
  includes: [ledger, transfers],
  needs,
  asksLater,
  settings,
  publishes,
  start(host) {
    profileRoutes(host)
    decisionRoutes(host)
    commissionRoutes(host)
    analyticsRoutes(host)
    pages(host)
    earningsRoutes(host)
    accountRoutes(host)
    const sending = openSending(host)
    payoutRoutes(host, sending)
    connectingRoutes(host, sending)
    fileRoutes(host)
    statementRoutes(host)
    taxReportRoutes(host)
    followTrade(host)
    followMoney(host)
    closeWhoLeaves(host)
    lookAfter(host, sending)
    answerHoldings(host)
  },
})
