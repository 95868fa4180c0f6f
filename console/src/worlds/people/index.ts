import { list, screensOf, type World } from '../../shell/world.ts'

const organisations = screensOf(() => import('./organisations.tsx'))

const webhook = screensOf(() => import('./webhook.tsx'))

export const people: World = {
  id: 'people',
  screens: [
    list(
      '/notifications',
      '/api/notifications',
      () => import('./notifications.tsx'),
      t => t.notifications.title,
    ),
    list('/organisations', '/api/auth/organisations', organisations('Organisations'), t => t.people.organisations),
    { path: '/organisations/new', load: organisations('NewOrganisation') },
    { path: '/organisations/$id', load: organisations('Organisation') },
    { path: '/organisations/$id/roles/$role', load: () => import('./organisation/roles.tsx') },
    { path: '/organisations/$id/programs/$account', load: () => import('./organisation/programs.tsx') },
    { path: '/people', name: t => t.people.title, of: '/api/auth/users', load: () => import('./people.tsx') },
    { path: '/people/$id', load: () => import('./person.tsx') },
    list(
      '/people/verifications',
      '/api/auth/organisation-kinds',
      () => import('./verifications.tsx'),
      t => t.people.verifications,
    ),
    { path: '/webhooks', name: t => t.account.webhooks, load: () => import('./webhooks.tsx') },
    { path: '/webhooks/$id', load: webhook('OneWebhook') },
    { path: '/webhooks/$id/calls/$call', load: webhook('WebhookCall') },
    { path: '/me', load: () => import('./me.tsx') },
    { path: '/me/messages', load: () => import('./messages.tsx') },
  ],
}
