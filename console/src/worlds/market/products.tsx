import { Group } from '@mantine/core'
import { lazy } from 'react'
import editSchema from 'schema:put /api/marketplace/products/{id}'
import schema from 'schema:post /api/marketplace/products'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { Facts, factsOf } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { createScreen, detailScreen, editScreen, listScreen, WayButton } from '../../blocks/screens.tsx'
import type { Catalogue } from '../../texts/en.ts'

const way = { to: '/products', name: (texts: Catalogue) => texts.market.products }
const match = (version: number) => ({ 'if-match': `"${version}"` })

/** What an admin decides about a product that waits. */
const approve = {
  name: (texts: Catalogue) => texts.market.approve,
  key: 'a',
  run: ({ id, version }: { id: string; version: number }) =>
    ask('POST', `/api/marketplace/products/${id}/approve`, { headers: match(version) }),
}

const list = listOf('/api/vendors/products', {
  imports: { path: '/api/marketplace/import' },
  columns: plain('name status:state kind:word price:money stock:number category? rating:number? updatedAt:instant'),
  open: ({ id }) => `/products/${id}`,
  acts: [
    { ...approve, may: ({ status }) => status === 'pending' },
    {
      name: texts => texts.market.reject,
      key: 'r',
      asks: texts => texts.market.reason,
      may: ({ status }) => status === 'pending',
      run: ({ id }, reason) => ask('POST', `/api/marketplace/products/${id}/reject`, { body: { reason } }),
    },
  ],
  empty: texts => ({ title: texts.market.emptyTitle, text: texts.market.emptyProducts }),
})

export const Products = listScreen(
  way.name,
  list,
  { to: '/products/new', name: texts => texts.market.newProduct },
  <Group>
    <WayButton to="/products/sheet" name={texts => texts.sheet.title} variant="default" />
  </Group>,
)

// With the grid, which the other screens of products do without.
const Variants = lazy(async () => ({ default: (await import('./product-sheets.tsx')).Variants }))

export const NewProduct = createScreen({
  title: texts => texts.market.newProduct,
  list: way,
  schema,
  post: '/api/marketplace/products',
  opened: ({ id }) => `/products/${String(id)}`,
})

export const Product = detailScreen({
  path: '/api/marketplace/products/{id}',
  list: way,
  title: ({ name }) => name,
  state: ({ status }) => status,
  changed: ({ updatedAt }) => updatedAt,
  links: ({ id, slug, status }, texts) => (
    <>
      {status === 'active' && <a href={`${base}/shop/${slug}`}>{texts.market.shopPage}</a>}
      <WayButton to={`/products/${id}/edit`} name={t => t.passports.edit} />
    </>
  ),
  tabs: (product, texts) => [
    {
      id: 'about',
      name: texts.shell.details,
      content: () => (
        <Facts
          facts={[
            { id: 'kind', kind: 'word', value: product.kind },
            { id: 'price', kind: 'money', value: product.price, currency: product.currency },
            ...factsOf(product, plain('stock:number category')),
            { id: 'text', value: product.description },
            { id: 'reason', value: product.reason },
            { id: 'passportId', value: product.passportId, to: `/passports/${product.passportId}` },
            { id: 'variants', kind: 'json', value: product.variants },
          ]}
        />
      ),
    },
    ...(product.kind === 'battery'
      ? []
      : [
          {
            id: 'variants',
            name: texts.sheet.variants,
            content: () => <Variants product={product} />,
          },
        ]),
  ],
})

export const EditProduct = editScreen({
  title: texts => texts.market.products,
  list: way,
  path: '/api/marketplace/products/{id}',
  schema: editSchema,
  opened: id => `/products/${id}`,
})
