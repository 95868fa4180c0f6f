import { Group } from '@mantine/core'
import editSchema from 'schema:put /api/marketplace/products/{id}'
import schema from 'schema:post /api/marketplace/products'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { Facts } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { Sheet } from '../../blocks/list/sheet.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { createScreen, detailScreen, editScreen, listScreen, WayButton } from '../../blocks/screens.tsx'
import type { components } from '../../api/api.gen'
import type { Catalogue } from '../../texts/en.ts'
import { useTexts } from '../../texts/texts.tsx'
import { useNavigate } from '@tanstack/react-router'

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
  columns: [
    { id: 'name' },
    { id: 'status', kind: 'state' },
    { id: 'kind', kind: 'word' },
    { id: 'price', kind: 'money', currency: ({ currency }) => currency },
    { id: 'stock', kind: 'number' },
    { id: 'category', aside: true },
    { id: 'rating', kind: 'number', aside: true },
    { id: 'updatedAt', kind: 'instant' },
  ],
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
    <WayButton to="/products/sheet" name={texts => texts.sheet.title} />
  </Group>,
)

/** What a sheet has of a variant: the columns of the file that products are taken over from. */
const cells = ['sku', 'name', 'category', 'options', 'price', 'currency', 'stock', 'weightG'] as const

export function ProductSheet() {
  const texts = useTexts()
  const navigate = useNavigate()
  return (
    <Screen title={texts.sheet.title} within={way.name(texts)}>
      <Sheet path="/api/marketplace/import" columns={cells} rows={[]} taken={() => void navigate({ to: way.to })} />
    </Screen>
  )
}

/** The variants of one product. What is left of them orders count: who leaves the cell empty says nothing of it. */
function Variants({ product }: { product: components['schemas']['Product'] }) {
  const { reference, slug, variants } = product
  const columns = ['sku', 'options', 'price', 'currency', 'stock', 'weightG']
  return (
    <Sheet
      key={product.version}
      path="/api/marketplace/import"
      columns={columns}
      rows={variants.map(({ sku, options, price, currency, weightG }) => [
        sku,
        options.map(option => `${option.name}=${option.value}`).join('|'),
        price === null ? '' : majorOf(price, currency),
        currency,
        '',
        weightG === null ? '' : String(weightG),
      ])}
      fixed={{ reference: reference ?? slug }}
      taken={() => {}}
    />
  )
}

/** `499.00`, as files have it. */
function majorOf(minor: number, currency: string): string {
  const digits =
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
  const text = String(minor).padStart(digits + 1, '0')
  return digits > 0 ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text
}

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
            { id: 'stock', kind: 'number', value: product.stock },
            { id: 'category', value: product.category },
            { id: 'text', value: product.description },
            { id: 'reason', value: product.reason },
            {
              id: 'passportId',
              value: product.passportId,
              to: product.passportId ? `/passports/${product.passportId}` : undefined,
            },
            { id: 'variants', kind: 'json', value: product.variants },
          ]}
        />
      ),
    },
    ...(product.kind === 'battery'
      ? []
      : [{ id: 'variants', name: texts.sheet.variants, content: () => <Variants product={product} /> }]),
  ],
})

export const EditProduct = editScreen({
  title: texts => texts.market.products,
  list: way,
  path: '/api/marketplace/products/{id}',
  schema: editSchema,
  opened: id => `/products/${id}`,
})
