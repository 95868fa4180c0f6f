import { screensOf, type World } from '../../shell/world.ts'

const organisations = screensOf(() => import('./organisations.tsx'))

export const people: World = {
  id: 'people',
  screens: [
    {
      path: '/notifications',
      name: t => t.notifications.title,
      of: '/api/notifications',
      load: () => import('./notifications.tsx'),
    },
    {
      path: '/organisations',
      name: t => t.people.organisations,
      of: '/api/auth/organisations',
      load: organisations('Organisations'),
    },
    { path: '/organisations/new', load: organisations('NewOrganisation') },
    { path: '/organisations/$id', load: organisations('Organisation') },
    { path: '/organisations/$id/roles/$role', load: () => import('./organisation/roles.tsx') },
    { path: '/organisations/$id/programs/$account', load: () => import('./organisation/programs.tsx') },
    { path: '/people', name: t => t.people.title, of: '/api/auth/users', load: () => import('./people.tsx') },
    { path: '/people/$id', load: () => import('./person.tsx') },
    {
      path: '/people/verifications',
      name: t => t.people.verifications,
      of: '/api/auth/organisation-kinds',
      load: () => import('./verifications.tsx'),
    },
    { path: '/me', load: () => import('./me.tsx') },
    { path: '/me/messages', load: () => import('./messages.tsx') },
  ],
}
