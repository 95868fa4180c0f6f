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
import { commissionRoutes } from './commissions/routes.ts'
import { closeWhoLeaves, followTrade } from './figures/following.ts'
import { analyticsRoutes } from './figures/routes.ts'
import { needs } from './host.ts'
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
  needs,
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
    followTrade(host)
    closeWhoLeaves(host)
    const waiting = host.metrics.gauge('ohmnibus_vendors_waiting', 'Vendors that wait for a decision', [])
    host.every('1 minute', 'count vendors that wait for a decision', async () => {
      const [row] = await host.db<{ count: number }[]>`select count(*)::int from vendors where status = 'pending'`
      waiting.set({}, row!.count)
    })
  },
})
