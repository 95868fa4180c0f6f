import { defineService } from '#kernel'
import { invoices } from '#money/invoices'
import { payments } from '#money/payments'
import { addressRoutes } from './addresses/routes.ts'
import { followCharges } from './dashboard/charges.ts'
import { dashboardRoutes } from './dashboard/routes.ts'
import { exportRoute } from './export/routes.ts'
import { asksLater, needs, publishes, settings } from './host.ts'
import { answerHoldings } from './holdings.ts'
import { forgetWhoLeaves } from './leaving.ts'
import { personal } from './personal.ts'
import { planRoutes, planSellerRoutes } from './plans/routes.ts'
import { problems } from './problems.ts'
import { profileReactions } from './profiles/reactions.ts'
import { profileRoutes } from './profiles/routes.ts'
import { followOrders } from './purchases/reactions.ts'
import { purchaseRoutes } from './purchases/routes.ts'
import { openEngine } from './subscriptions/engine.ts'
import { openInvoicing } from './subscriptions/invoicing.ts'
import { renewByTheClock } from './subscriptions/renewing.ts'
import { billRoutes, subscriptionRoutes } from './subscriptions/routes.ts'
import { openAlarms } from './wishes/alarms.ts'
import { followProducts } from './wishes/reactions.ts'
import { wishRoutes } from './wishes/routes.ts'

/** What people have of the platform: a profile, addresses, wishes, subscriptions, and what they bought and charged. */
export const users = defineService({
  name: 'users',
  about:
    'What people have of the platform: a profile, addresses, wishes, subscriptions, and what they bought and charged.',
  problems,
  folder: import.meta.dirname,
  includes: [payments, invoices],
  needs,
  asksLater,
  personal,
  settings,
  publishes,
  start(host) {
    profileReactions(host)
    profileRoutes(host)
    addressRoutes(host)
    const look = openAlarms(host)
    followProducts(host, look)
    wishRoutes(host, look)
    followOrders(host)
    purchaseRoutes(host)
    followCharges(host)
    planSellerRoutes(host)
    planRoutes(host)
    const engine = openEngine(host, openInvoicing(host))
    renewByTheClock(host, engine)
    subscriptionRoutes(host, engine)
    billRoutes(host)
    dashboardRoutes(host)
    exportRoute(host)
    forgetWhoLeaves(host, engine)
    answerHoldings(host)
  },
})
