import type { World } from '../../shell/world.ts'

export const operations: World = {
  id: 'operations',
  screens: [
    {
      path: '/operations/dead-letters',
      name: texts => texts.operations.deadLetters,
      of: '/api/events/dead-letters',
      load: async () => ({ default: (await import('./operations.tsx')).DeadLetters }),
    },
    {
      path: '/jobs',
      name: texts => texts.operations.jobs,
      load: () => import('./jobs.tsx'),
    },
    {
      path: '/operations/approvals',
      name: texts => texts.operations.approvals,
      of: '/api/admin/approvals',
      load: async () => ({ default: (await import('./admin.tsx')).Approvals }),
    },
    {
      path: '/operations/audit',
      name: texts => texts.operations.audit,
      of: '/api/admin/audit',
      load: async () => ({ default: (await import('./admin.tsx')).Audit }),
    },
    {
      path: '/operations/events',
      name: texts => texts.operations.events,
      of: '/api/admin/events',
      load: async () => ({ default: (await import('./admin.tsx')).Events }),
    },
    {
      path: '/operations/deliveries',
      name: texts => texts.operations.deliveries,
      of: '/api/notifications/deliveries',
      load: async () => ({ default: (await import('./operations.tsx')).Deliveries }),
    },
    {
      path: '/operations/terms',
      name: texts => texts.account.terms,
      of: '/api/auth/terms/versions',
      load: async () => ({ default: (await import('./terms.tsx')).Terms }),
    },
    {
      path: '/operations/terms/new',
      load: async () => ({ default: (await import('./terms.tsx')).NewTerms }),
    },
    {
      path: '/operations/terms/$id',
      load: async () => ({ default: (await import('./terms.tsx')).TermsDetail }),
    },
    {
      path: '/operations/webhooks',
      name: texts => texts.account.failures,
      of: '/api/notifications/webhook-failures',
      load: () => import('./webhooks.tsx'),
    },
    {
      path: '/operations/bounces',
      name: texts => texts.operations.bounces,
      of: '/api/notifications/closed-addresses',
      load: async () => ({ default: (await import('./operations.tsx')).Bounces }),
    },
    {
      path: '/operations/payments',
      name: texts => texts.operations.payments,
      of: '/api/billing/webhooks/dead',
      load: async () => ({ default: (await import('./operations.tsx')).Payments }),
    },
    {
      path: '/operations/subscriptions',
      name: texts => texts.operations.subscriptions,
      of: '/api/events/subscriptions',
      load: async () => ({ default: (await import('./operations.tsx')).Subscriptions }),
    },
    {
      path: '/operations/health',
      name: texts => texts.operations.health,
      roles: ['admin'],
      load: async () => ({ default: (await import('./health.tsx')).Health }),
    },
  ],
}
