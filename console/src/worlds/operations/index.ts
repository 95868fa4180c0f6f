import { screensOf, type World } from '../../shell/world.ts'

const letters = screensOf(() => import('./operations.tsx'))
const admin = screensOf(() => import('./admin.tsx'))
const terms = screensOf(() => import('./terms.tsx'))
const settings = screensOf(() => import('./settings.tsx'))
const health = screensOf(() => import('./health.tsx'))

export const operations: World = {
  id: 'operations',
  screens: [
    {
      path: '/operations/dead-letters',
      name: t => t.operations.deadLetters,
      of: '/api/events/dead-letters',
      load: letters('DeadLetters'),
    },
    { path: '/jobs', name: t => t.operations.jobs, load: () => import('./jobs.tsx') },
    {
      path: '/operations/approvals',
      name: t => t.operations.approvals,
      of: '/api/admin/approvals',
      load: admin('Approvals'),
    },
    { path: '/operations/audit', name: t => t.operations.audit, of: '/api/admin/audit', load: admin('Audit') },
    { path: '/operations/events', name: t => t.operations.events, of: '/api/admin/events', load: admin('Events') },
    {
      path: '/operations/deliveries',
      name: t => t.operations.deliveries,
      of: '/api/notifications/deliveries',
      load: letters('Deliveries'),
    },
    { path: '/operations/terms', name: t => t.account.terms, of: '/api/auth/terms/versions', load: terms('Terms') },
    { path: '/operations/terms/new', load: terms('NewTerms') },
    { path: '/operations/terms/$id', load: terms('TermsDetail') },
    {
      path: '/operations/webhooks',
      name: t => t.account.failures,
      of: '/api/notifications/webhook-failures',
      load: () => import('./webhooks.tsx'),
    },
    {
      path: '/operations/bounces',
      name: t => t.operations.bounces,
      of: '/api/notifications/closed-addresses',
      load: letters('Bounces'),
    },
    {
      path: '/operations/payments',
      name: t => t.operations.payments,
      of: '/api/billing/webhooks/dead',
      load: letters('Payments'),
    },
    {
      path: '/operations/subscriptions',
      name: t => t.operations.subscriptions,
      of: '/api/events/subscriptions',
      load: letters('Subscriptions'),
    },
    { path: '/operations/settings', name: t => t.operations.settings, roles: ['admin'], load: settings('Settings') },
    { path: '/operations/settings/new', load: settings('NewSetting') },
    { path: '/operations/settings/$id', load: settings('EditSetting') },
    {
      path: '/operations/go-live',
      name: t => t.goLive,
      roles: ['admin'],
      load: () => import('./go-live.tsx'),
    },
    { path: '/operations/health', name: t => t.operations.health, roles: ['admin'], load: health('Health') },
  ],
}
