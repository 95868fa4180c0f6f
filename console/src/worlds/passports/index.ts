import type { World } from '../../shell/world.ts'

export const passports: World = {
  id: 'passports',
  screens: [
    {
      path: '/passports',
      name: texts => texts.passports.title,
      of: '/api/passports',
      load: () => import('./list.tsx'),
    },
    {
      path: '/documents',
      name: texts => texts.documents.title,
      of: '/api/documents',
      load: () => import('./documents.tsx'),
    },
    {
      path: '/passports/readiness',
      name: texts => texts.readiness.fleet,
      of: '/api/passports/readiness',
      load: () => import('./fleet.tsx'),
    },
    { path: '/passports/new', load: () => import('./new.tsx') },
    { path: '/passports/$id', load: () => import('./detail.tsx') },
    { path: '/passports/$id/edit', load: () => import('./edit.tsx') },
  ],
}
