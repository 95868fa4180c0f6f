import { useNavigate } from '@tanstack/react-router'
import type { components } from '../../api/api.gen'
import { Sheet } from '../../blocks/list/sheet.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { useTexts } from '../../texts/texts.tsx'

/** What a sheet has of a variant: the columns of the file that products are taken over from. */
const cells = ['sku', 'name', 'category', 'options', 'price', 'currency', 'stock', 'weightG'] as const

export function ProductSheet() {
  const texts = useTexts()
  const navigate = useNavigate()
  return (
    <Screen title={texts.sheet.title} within={texts.market.products}>
      <Sheet
        path="/api/marketplace/import"
        columns={cells}
        rows={[]}
        taken={() => void navigate({ to: '/products' })}
      />
    </Screen>
  )
}

/** The variants of one product. What is left of them orders count: who leaves the cell empty says nothing of it. */
export function Variants({ product }: { product: components['schemas']['Product'] }) {
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
