import {
  CommissionRuleChanged,
  VendorApproved,
  VendorRegistered,
  VendorReinstated,
  VendorRejected,
  VendorSubmitted,
  VendorSuspended,
  VendorUpdated,
} from '#contracts/vendors'
import { defineService } from '#kernel'
import { differencesIn, ledger } from '#money/ledger'
import { commissionRoutes } from './commissions/routes.ts'
import { followMoney } from './earnings/following.ts'
import { earningsRoutes } from './earnings/routes.ts'
import { settleDue } from './earnings/settling.ts'
import { closeWhoLeaves, followTrade } from './figures/following.ts'
import { analyticsRoutes } from './figures/routes.ts'
import { needs, settings } from './host.ts'
import { pages } from './pages.ts'
import { problems } from './problems.ts'
import { decisionRoutes } from './profiles/deciding.ts'
import { profileRoutes } from './profiles/routes.ts'

/** Who sells in the shop: who they are, whether they may, and what the platform keeps of what they sell. */
export const vendors = defineService({
  name: 'vendors',
  about: 'Vendors: who sells in the shop, whether they may, what they sold, and what the platform keeps of it.',
  problems,
  folder: import.meta.dirname,
  includes: [ledger],
  needs,
  settings,
  publishes: [
    VendorRegistered,
    VendorUpdated,
    VendorSubmitted,
    VendorApproved,
    VendorRejected,
    VendorSuspended,
    VendorReinstated,
    CommissionRuleChanged,
  ],
  start(host) {
    profileRoutes(host)
    decisionRoutes(host)
    commissionRoutes(host)
    analyticsRoutes(host)
    pages(host)
    earningsRoutes(host)
    followTrade(host)
    followMoney(host)
    closeWhoLeaves(host)
    const waiting = host.metrics.gauge('ohmnibus_vendors_waiting', 'Vendors that wait for a decision', [])
    host.every('1 minute', 'count vendors that wait for a decision', async () => {
      const [row] = await host.db<{ count: number }[]>`select count(*)::int from vendors where status = 'pending'`
      waiting.set({}, row!.count)
    })
    host.every('10 minutes', 'settle what was delivered long enough ago', async () => {
      const settled = await settleDue(host)
      if (settled > 0) host.log.info({ settled }, 'parts of orders were settled to their vendors')
    })
    const wrong = host.metrics.gauge(
      'ohmnibus_vendors_accounts_wrong',
      'Accounts that are not the sum of their postings',
      [],
    )
    host.every('1 hour', 'compare balances with what was booked', async () => {
      const differences = await differencesIn(host.db)
      wrong.set({}, differences.length)
      for (const { id } of differences) host.log.error({ accountId: id }, 'an account is not the sum of its postings')
    })
  },
})
