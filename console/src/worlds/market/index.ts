import { list, screensOf, type ScreenOf, type World } from '../../shell/world.ts'
import type { Section } from './content.tsx'

const products = screensOf(() => import('./products.tsx'))
const orders = screensOf(() => import('./orders.tsx'))
const vendors = screensOf(() => import('./vendors.tsx'))
const selling = screensOf(() => import('./selling.tsx'))
const earnings = screensOf(() => import('./earnings.tsx'))

const content = async (section: Section, screen: 'List' | 'New' | 'One' | 'Edit') => ({
  default: (await import('./content.tsx')).articleScreens(section)[screen],
})

/** What is written for who passes by: a list, a new one, one, and its editor, for each kind. */
const written = (['blog', 'help', 'tutorials', 'jobs'] as const).flatMap((section): ScreenOf[] => [
  {
    path: `/content/${section}`,
    name: t => t.content.sections[section],
    roles: ['admin'],
    load: () => content(section, 'List'),
  },
  { path: `/content/${section}/new`, load: () => content(section, 'New') },
  { path: `/content/${section}/$id`, load: () => content(section, 'One') },
  { path: `/content/${section}/$id/edit`, load: () => content(section, 'Edit') },
])

const applications = screensOf(() => import('./applications.tsx'))
const catalogue = screensOf(() => import('./catalogue.tsx'))
const rules = screensOf(() => import('./rules.tsx'))

/** What all that is sold goes by: each a list and a form, and an editor where what stands can be changed. */
const ruled: readonly ScreenOf[] = [
  { path: '/market/categories', name: t => t.rules.categories, roles: ['admin'], load: catalogue('Categories') },
  { path: '/market/categories/new', load: catalogue('NewCategory') },
  { path: '/market/categories/$id/edit', load: catalogue('EditCategory') },
  { path: '/market/taxes', name: t => t.rules.taxes, roles: ['admin'], load: catalogue('Taxes') },
  { path: '/market/taxes/new', load: catalogue('NewTax') },
  { path: '/market/taxes/$id/edit', load: catalogue('EditTax') },
  { path: '/market/coupons', name: t => t.rules.coupons, of: '/api/orders/coupons', load: rules('Coupons') },
  { path: '/market/coupons/new', load: rules('NewCoupon') },
  list('/market/shipping', '/api/orders/shipping-options', rules('Shipping'), t => t.rules.shipping),
  { path: '/market/shipping/new', load: rules('NewShipping') },
  list('/market/commissions', '/api/vendors/commission-rules', rules('Commissions'), t => t.rules.commissions),
  { path: '/market/commissions/new', load: rules('NewCommission') },
]

const productSheets = screensOf(() => import('./product-sheets.tsx'))

export const market: World = {
  id: 'market',
  screens: [
    { path: '/vendor', name: t => t.selling.title, roles: ['user', 'vendor'], load: selling('Selling') },
    { path: '/vendor/profile', load: selling('SellingProfile') },
    { path: '/vendor/seller', load: selling('SellingSeller') },
    { path: '/vendor/earnings', name: t => t.selling.earnings, roles: ['vendor'], load: earnings('Earnings') },
    { path: '/market/payouts', name: t => t.selling.payouts, roles: ['admin'], load: earnings('Payouts') },
    list('/market/bank-files', '/api/vendors/payout-files', earnings('BankFiles'), t => t.selling.files),
    { path: '/products', name: t => t.market.products, of: '/api/vendors/products', load: products('Products') },
    { path: '/products/sheet', load: productSheets('ProductSheet') },
    { path: '/products/new', load: products('NewProduct') },
    { path: '/products/$id', load: products('Product') },
    { path: '/products/$id/edit', load: products('EditProduct') },
    { path: '/sales', name: t => t.market.sales, of: '/api/orders/sales', load: orders('Sales') },
    { path: '/orders', name: t => t.market.orders, of: '/api/orders', load: orders('Orders') },
    { path: '/orders/$id', load: orders('Order') },
    list('/vendors/applications', '/api/vendors/applications', vendors('Applications'), t => t.market.applications),
    { path: '/market/reviews', name: t => t.market.reviews, of: '/api/marketplace/reviews', load: vendors('Reviews') },
    ...ruled,
    ...written,
    { path: '/content/applications/$id', load: applications('OneApplication') },
  ],
}
