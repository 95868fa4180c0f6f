import { list, screensOf, type World } from '../../shell/world.ts'

const own = screensOf(() => import('./operations.tsx'))
const deliveries = screensOf(() => import('./deliveries.tsx'))
const admin = screensOf(() => import('./admin.tsx'))
const terms = screensOf(() => import('./terms.tsx'))
const settings = screensOf(() => import('./settings.tsx'))
const features = screensOf(() => import('./features.tsx'))
const health = screensOf(() => import('./health.tsx'))

export const operations: World = {
  id: 'operations',
  screens: [
    list('/operations/dead-letters', '/api/events/dead-letters', own('DeadLetters'), t => t.operations.deadLetters),
    { path: '/jobs', name: t => t.operations.jobs, load: () => import('./jobs.tsx') },
    list('/operations/approvals', '/api/admin/approvals', admin('Approvals'), t => t.operations.approvals),
    { path: '/operations/audit', name: t => t.operations.audit, of: '/api/admin/audit', load: admin('Audit') },
    { path: '/operations/events', name: t => t.operations.events, of: '/api/admin/events', load: admin('Events') },
    { path: '/operations/events/$id', load: admin('Event') },
    list(
      '/operations/deliveries',
      '/api/notifications/deliveries',
      deliveries('Deliveries'),
      t => t.operations.deliveries,
    ),
    { path: '/operations/deliveries/$id', load: deliveries('Delivery') },
    { path: '/operations/mailbox', load: deliveries('Mailbox') },
    { path: '/operations/terms', name: t => t.account.terms, of: '/api/auth/terms/versions', load: terms('Terms') },
    { path: '/operations/terms/new', load: terms('NewTerms') },
    { path: '/operations/terms/$id', load: terms('TermsDetail') },
    list(
      '/operations/webhooks',
      '/api/notifications/webhook-failures',
      () => import('./webhooks.tsx'),
      t => t.account.failures,
    ),
    list('/operations/bounces', '/api/notifications/closed-addresses', own('Bounces'), t => t.operations.bounces),
    list('/operations/payments', '/api/billing/webhooks/dead', own('Payments'), t => t.operations.payments),
    list(
      '/operations/subscriptions',
      '/api/events/subscriptions',
      own('Subscriptions'),
      t => t.operations.subscriptions,
    ),
    { path: '/operations/settings', name: t => t.operations.settings, roles: ['admin'], load: settings('Settings') },
    { path: '/operations/settings/new', load: settings('NewSetting') },
    { path: '/operations/settings/$id', load: settings('EditSetting') },
    { path: '/operations/features', name: t => t.operations.features, roles: ['admin'], load: features('Features') },
    { path: '/operations/features/new', load: features('NewFeature') },
    { path: '/operations/features/$id', load: features('Feature') },
    { path: '/operations/go-live', name: t => t.goLive, roles: ['admin'], load: () => import('./go-live.tsx') },
    { path: '/operations/health', name: t => t.operations.health, roles: ['admin'], load: health('Health') },
  ],
}
