import type { World } from '../../shell/world.ts'

const staff = ['operator', 'admin']
const stations = () => import('./stations.tsx')
const chargers = () => import('./chargers.tsx')
const lists = () => import('./lists.tsx')
const tickets = () => import('./tickets.tsx')

export const charging: World = {
  id: 'charging',
  screens: [
    {
      path: '/stations',
      name: texts => texts.charging.stations,
      roles: staff,
      load: async () => ({ default: (await stations()).Stations }),
    },
    {
      path: '/map',
      name: texts => texts.charging.map,
      roles: [...staff, 'technician'],
      load: () => import('./map.tsx'),
    },
    { path: '/stations/new', load: async () => ({ default: (await stations()).NewStation }) },
    { path: '/stations/$id', load: async () => ({ default: (await stations()).Station }) },
    { path: '/stations/$id/edit', load: async () => ({ default: (await stations()).EditStation }) },
    {
      path: '/sites',
      name: texts => texts.charging.sites,
      of: '/api/stations/sites',
      load: async () => ({ default: (await stations()).Sites }),
    },
    { path: '/sites/new', load: async () => ({ default: (await stations()).NewSite }) },
    { path: '/sites/$id/edit', load: async () => ({ default: (await stations()).EditSite }) },
    {
      path: '/chargers',
      name: texts => texts.charging.chargers,
      of: '/api/ocpp/chargers',
      load: async () => ({ default: (await chargers()).Chargers }),
    },
    { path: '/chargers/$id', load: async () => ({ default: (await chargers()).Charger }) },
    {
      path: '/sessions',
      name: texts => texts.charging.sessions,
      of: '/api/sessions',
      load: async () => ({ default: (await import('./sessions.tsx')).Sessions }),
    },
    { path: '/sessions/$id', load: async () => ({ default: (await import('./sessions.tsx')).Session }) },
    {
      path: '/tariffs',
      name: texts => texts.charging.tariffs,
      of: '/api/billing/tariffs',
      load: async () => ({ default: (await lists()).Tariffs }),
    },
    { path: '/tariffs/new', load: async () => ({ default: (await lists()).NewTariff }) },
    { path: '/tariffs/$id/edit', load: async () => ({ default: (await lists()).EditTariff }) },
    {
      path: '/tokens',
      name: texts => texts.charging.tokens,
      of: '/api/ocpp/tokens',
      load: async () => ({ default: (await lists()).Tokens }),
    },
    { path: '/tokens/new', load: async () => ({ default: (await lists()).NewToken }) },
    { path: '/tokens/$id/edit', load: async () => ({ default: (await lists()).EditToken }) },
    {
      path: '/bookings',
      name: texts => texts.charging.bookings,
      roles: staff,
      load: async () => ({ default: (await lists()).Bookings }),
    },
    {
      path: '/incidents',
      name: texts => texts.charging.incidents,
      roles: [...staff, 'technician'],
      load: async () => ({ default: (await tickets()).Incidents }),
    },
    {
      path: '/tickets',
      name: texts => texts.charging.tickets,
      of: '/api/maintenance/tickets',
      load: async () => ({ default: (await tickets()).Tickets }),
    },
    { path: '/tickets/$id', load: async () => ({ default: (await tickets()).Ticket }) },
    {
      path: '/sold',
      name: texts => texts.charging.sold,
      of: '/api/billing/sales',
      load: async () => ({ default: (await lists()).Sold }),
    },
    {
      path: '/invoices',
      name: texts => texts.charging.invoices,
      of: '/api/billing/invoices',
      load: async () => ({ default: (await lists()).Invoices }),
    },
    {
      path: '/figures',
      name: texts => texts.charging.figures,
      roles: staff,
      load: () => import('./figures.tsx'),
    },
  ],
}
