import { list, screensOf, type World } from '../../shell/world.ts'

const rules = screensOf(() => import('./rules.tsx'))
const requests = screensOf(() => import('./requests.tsx'))

export const passports: World = {
  id: 'passports',
  screens: [
    { path: '/passports', name: t => t.passports.title, of: '/api/passports', load: () => import('./list.tsx') },
    { path: '/documents', name: t => t.documents.title, of: '/api/documents', load: () => import('./documents.tsx') },
    list(
      '/passports/readiness',
      '/api/passports/readiness',
      () => import('./fleet.tsx'),
      t => t.readiness.fleet,
    ),
    { path: '/passports/readiness/rules', load: rules('Rules') },
    { path: '/passports/readiness/settings', load: rules('Settings') },
    list(
      '/passports/exchange',
      '/api/passports',
      () => import('./exchange.tsx'),
      t => t.exchange.title,
    ),
    { path: '/passports/labels', name: t => t.labels.title, of: '/api/passports', load: () => import('./labels.tsx') },
    list('/passports/requests', '/api/passports/requests', requests('Requests'), t => t.passports.requests),
    { path: '/passports/requests/$id', load: requests('OneRequest') },
    { path: '/scan', name: t => t.passports.scan, of: '/api/passports', load: () => import('./scan.tsx') },
    { path: '/passports/new', load: () => import('./new.tsx') },
    { path: '/passports/$id', load: () => import('./detail.tsx') },
    { path: '/passports/$id/edit', load: () => import('./edit.tsx') },
  ],
}
