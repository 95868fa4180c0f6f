import type { World } from '../../shell/world.ts'

const products = () => import('./products.tsx')
const orders = () => import('./orders.tsx')
const vendors = () => import('./vendors.tsx')

export const market: World = {
  id: 'market',
  screens: [
    {
      path: '/products',
      name: texts => texts.market.products,
      of: '/api/vendors/products',
      load: async () => ({ default: (await products()).Products }),
    },
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
  ],
}
