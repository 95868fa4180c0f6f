import { AccountDeletionApproved, SettingChanged, SwitchTurned } from '#contracts/admin'
import { defineService } from '#kernel'
import { deleteAccount, followDeletions } from './approvals/accounts.ts'
import { approvalRoutes } from './approvals/routes.ts'
import { countWaiting, lapseApprovals } from './approvals/store.ts'
import { deadLetterRoutes, replaying } from './operations/dead-letter-routes.ts'
import { eventRoutes } from './operations/event-routes.ts'
import { auditRoutes, sealAll } from './audit/routes.ts'
import { dashboardRoute } from './figures/dashboard.ts'
import { followEverything } from './figures/following.ts'
import { asksLater, needs } from './host.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { environmentRoute } from './settings/environment-routes.ts'
import { changeSetting, settingRoutes } from './settings/setting-routes.ts'
import { switchRoutes } from './settings/switch-routes.ts'

/** For who runs the platform: how it stands, what admins did, what takes two of them, settings and switches. */
export const admin = defineService({
  name: 'admin',
  about: 'For who runs the platform: how it stands, what admins did, what takes two of them, settings and switches.',
  problems,
  folder: import.meta.dirname,
  personal,
  needs,
  asksLater,
  publishes: [SettingChanged, SwitchTurned, AccountDeletionApproved],
  start(host) {
    followEverything(host)
    followDeletions(host)
    dashboardRoute(host)
    auditRoutes(host)
    approvalRoutes(host, {
      'account.delete': deleteAccount,
      'setting.change': changeSetting(host),
      'dead-letters.replay': replaying(host),
    })
    settingRoutes(host)
    environmentRoute(host)
    switchRoutes(host)
    eventRoutes(host)
    deadLetterRoutes(host)
    const waiting = host.metrics.gauge('ohmnibus_approvals_waiting', 'Requests that wait for a second admin', [])
    host.every('10 seconds', 'seal what admins did', () => sealAll(host))
    host.every('1 minute', 'let requests lapse, and count those that wait for a second admin', async () => {
      await host.db.transaction(tx => lapseApprovals(tx, host.now()))
      waiting.set({}, await countWaiting(host.db))
    })
  },
})
