import type { World } from '../../shell/world.ts'

export const people: World = {
  id: 'people',
  screens: [
    {
      path: '/notifications',
      name: texts => texts.notifications.title,
      of: '/api/notifications',
      load: () => import('./notifications.tsx'),
    },
    {
      path: '/organisations',
      name: texts => texts.people.organisations,
      of: '/api/auth/organisations',
      load: async () => ({ default: (await import('./organisations.tsx')).Organisations }),
    },
    {
      path: '/organisations/new',
      load: async () => ({ default: (await import('./organisations.tsx')).NewOrganisation }),
    },
    {
      path: '/organisations/$id',
      load: async () => ({ default: (await import('./organisations.tsx')).Organisation }),
    },
    { path: '/organisations/$id/roles/$role', load: () => import('./organisation/roles.tsx') },
    { path: '/organisations/$id/programs/$account', load: () => import('./organisation/programs.tsx') },
    { path: '/people', name: texts => texts.people.title, of: '/api/auth/users', load: () => import('./people.tsx') },
    { path: '/people/$id', load: () => import('./person.tsx') },
    {
      path: '/people/verifications',
      name: texts => texts.people.verifications,
      of: '/api/auth/organisation-kinds',
      load: () => import('./verifications.tsx'),
    },
    { path: '/me', load: () => import('./me.tsx') },
    { path: '/me/messages', load: () => import('./messages.tsx') },
  ],
}
