import type { ScreenOf, World } from '../../shell/world.ts'
import type { Section } from './content.tsx'

const products = () => import('./products.tsx')
const orders = () => import('./orders.tsx')
const vendors = () => import('./vendors.tsx')
const selling = () => import('./selling.tsx')
const earnings = () => import('./earnings.tsx')

const content = async (section: Section, screen: 'List' | 'New' | 'One' | 'Edit') => ({
  default: (await import('./content.tsx')).articleScreens(section)[screen],
})

/** What is written for who passes by: a list, a new one, one, and its editor, for each kind. */
const written = (['blog', 'help', 'tutorials', 'jobs'] as const).flatMap((section): ScreenOf[] => [
  {
    path: `/content/${section}`,
    name: texts => texts.content.sections[section],
    roles: ['admin'],
    load: () => content(section, 'List'),
  },
  { path: `/content/${section}/new`, load: () => content(section, 'New') },
  { path: `/content/${section}/$id`, load: () => content(section, 'One') },
  { path: `/content/${section}/$id/edit`, load: () => content(section, 'Edit') },
])

export const market: World = {
  id: 'market',
  screens: [
    {
      path: '/vendor',
      name: texts => texts.selling.title,
      roles: ['user', 'vendor'],
      load: async () => ({ default: (await selling()).Selling }),
    },
    { path: '/vendor/profile', load: async () => ({ default: (await selling()).SellingProfile }) },
    { path: '/vendor/seller', load: async () => ({ default: (await selling()).SellingSeller }) },
    {
      path: '/vendor/earnings',
      name: texts => texts.selling.earnings,
      roles: ['vendor'],
      load: async () => ({ default: (await earnings()).Earnings }),
    },
    {
      path: '/market/payouts',
      name: texts => texts.selling.payouts,
      roles: ['admin'],
      load: async () => ({ default: (await earnings()).Payouts }),
    },
    {
      path: '/products',
      name: texts => texts.market.products,
      of: '/api/vendors/products',
      load: async () => ({ default: (await products()).Products }),
    },
    { path: '/products/sheet', load: async () => ({ default: (await import('./product-sheets.tsx')).ProductSheet }) },
    { path: '/products/new', load: async () => ({ default: (await products()).NewProduct }) },
    { path: '/products/$id', load: async () => ({ default: (await products()).Product }) },
    { path: '/products/$id/edit', load: async () => ({ default: (await products()).EditProduct }) },
    {
      path: '/sales',
      name: texts => texts.market.sales,
      of: '/api/orders/sales',
      load: async () => ({ default: (await orders()).Sales }),
    },
    {
      path: '/orders',
      name: texts => texts.market.orders,
      of: '/api/orders',
      load: async () => ({ default: (await orders()).Orders }),
    },
    { path: '/orders/$id', load: async () => ({ default: (await orders()).Order }) },
    {
      path: '/vendors/applications',
      name: texts => texts.market.applications,
      of: '/api/vendors/applications',
      load: async () => ({ default: (await vendors()).Applications }),
    },
    {
      path: '/market/reviews',
      name: texts => texts.market.reviews,
      of: '/api/marketplace/reviews',
      load: async () => ({ default: (await vendors()).Reviews }),
    },
    ...written,
  ],
}
