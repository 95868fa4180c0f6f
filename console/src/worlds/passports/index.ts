import type { World } from '../../shell/world.ts'

export const passports: World = {
  id: 'passports',
  screens: [
    { path: '/passports', name: t => t.passports.title, of: '/api/passports', load: () => import('./list.tsx') },
    { path: '/documents', name: t => t.documents.title, of: '/api/documents', load: () => import('./documents.tsx') },
    {
      path: '/passports/readiness',
      name: t => t.readiness.fleet,
      of: '/api/passports/readiness',
      load: () => import('./fleet.tsx'),
    },
    {
      path: '/passports/exchange',
      name: t => t.exchange.title,
      of: '/api/passports',
      load: () => import('./exchange.tsx'),
    },
    { path: '/passports/labels', name: t => t.labels.title, of: '/api/passports', load: () => import('./labels.tsx') },
    { path: '/passports/new', load: () => import('./new.tsx') },
    { path: '/passports/$id', load: () => import('./detail.tsx') },
    { path: '/passports/$id/edit', load: () => import('./edit.tsx') },
  ],
}
