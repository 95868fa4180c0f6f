import { defineService } from '#kernel'
import { auditRoutes, sealAll } from './audit/routes.ts'
import { dashboardRoute } from './figures/dashboard.ts'
import { followEverything } from './figures/following.ts'
import { needs } from './host.ts'

/** For who runs the platform: how it stands, and what admins did. */
export const admin = defineService({
  name: 'admin',
  about: 'For who runs the platform: how it stands in all its worlds, and what admins did.',
  folder: import.meta.dirname,
  needs,
  start(host) {
    followEverything(host)
    dashboardRoute(host)
    auditRoutes(host)
    host.every('10 seconds', 'seal what admins did', () => sealAll(host))
  },
})
