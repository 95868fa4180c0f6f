import { Readable } from 'node:stream'
import Type from 'typebox'
import { Sku, StockPolicy } from '#contracts/marketplace'
import { Line, Slug } from '#contracts/shared'
import { decimalOf, isCurrency } from '#money/amount'
import { openImports } from '#imports/imports'
import { cellOf, Column, ownerFor, partiesOf, type Actor, type Line as LineOf, type Tx } from '#kernel'
import { sheetOf, sheetType, csvOfSheet } from '#imports/sheets'
import { editableBy, vendors } from '../access.ts'
import { attributesOf, wayTo, type Attribute, type Tree } from '../categories/tree.ts'
import type { ProductChange, VariantBody } from '../products/body.ts'
import { changeProduct, createProduct, type Workshop } from '../products/changing.ts'
import type { AttributeValue, Product, ProductVariant } from '../products/product.ts'
import { findOwn, listOwn, lockProduct, productOf } from '../products/store.ts'
import {
  deliveryIn,
  fault,
  imagesIn,
  more,
  moreCells,
  otherPrices,
  price,
  priceOf,
  safetyIn,
  translationsIn,
} from './cells.ts'

const text = (most: number) => Column.text(Line(most), `one line of at most ${most} characters`)
const pairs = (of: string) =>
  Column.list(Column.text({ type: 'string', pattern: '^[^=]{1,60}=.{1,200}$', maxLength: 261 } as never, of))

/** A line is a variant, found again by its SKU; those of one reference are one product. */
export const columns = {
  sku: Column.required(Column.text(Sku, 'what the vendor calls it')),
  reference: text(100),
  name: text(200),
  description: Column.text({ type: 'string', maxLength: 20_000 } as never, 'a text of at most 20000 characters'),
  language: Column.one(['en', 'de']),
  kind: Column.one(['physical', 'digital']),
  category: Column.text(Slug, 'the slug of a category'),
  tags: Column.list(text(40)),
  attributes: pairs('an attribute like power=11'),
  options: pairs('an option like Length=5 m'),
  price,
  originalPrice: price,
  currency: Column.text({ type: 'string', pattern: '^[A-Z]{3}$', maxLength: 3 } as never, 'a currency like EUR'),
  stock: Column.whole(0, 1_000_000_000),
  stockPolicy: Column.one(StockPolicy.enum),
  weightG: Column.whole(0, 100_000_000),
  taxClass: Column.text(Slug, 'the code of a tax class'),
  taxIncluded: Column.flag(),
  status: Column.one(['draft', 'pending']),
  ...more,
} as const

type ProductLine = LineOf<typeof columns>
type Cells = { readonly [Name in keyof typeof columns]: unknown }

const example = ['sku,name,category,price,currency,stock', 'WB-22-T2,Wallbox 22 kW,,899.00,EUR,5', ''].join('\r\n')

/** Takes products from CSV and gives them as such. */
export function transferRoutes(workshop: Workshop): void {
  const { host, catalogue } = workshop
  openImports(host, {
    what: 'products',
    access: vendors,
    columns,
    example,
    unpack: { types: [sheetType], csvOf: csvOfSheet },
    take: async (tx, line, actor) => await take(workshop, tx as Tx<'marketplace'>, line, actor),
  })

  host.http.get(
    '/export',
    {
      config: { access: vendors },
      schema: {
        summary: 'Export the products that one sells as CSV or XLSX, a line a variant',
        description:
          'In the columns that the import takes; batteries are left out, as each is listed with its passport.',
        produces: ['text/csv', sheetType],
        querystring: Type.Object({
          format: Type.Optional(Type.Enum(['csv', 'xlsx'], { default: 'csv', examples: ['csv'] })),
        }),
      },
    },
    async ({ actor, query: { format } }, reply) => {
      if (format === 'xlsx')
        return reply
          .type(sheetType)
          .header('content-disposition', 'attachment; filename="products.xlsx"')
          .header('cache-control', 'private, no-store')
          .send(await sheetOf(await rowsOf(workshop, actor, catalogue.tree()), 'Products'))
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="products.csv"')
        .header('cache-control', 'private, no-store')
        .send(Readable.from(lines(workshop, actor, catalogue.tree()), { objectMode: false }))
    },
  )
}

async function take(
  workshop: Workshop,
  tx: Tx<'marketplace'>,
  line: ProductLine,
  actor: Actor,
): Promise<'created' | 'updated' | 'unchanged'> {
  const { host, catalogue } = workshop
  const tree = await catalogue.tree()
  const id = await findOwn(tx, ownerFor(actor).id, line)
  if (id === undefined) {
    if (!line.name) throw fault('name', 'is required of a new product')
    const body = { ...said(line, tree, undefined), variants: [variantOf(line, undefined, host.settings.SHOP_CURRENCY)] }
    await createProduct(workshop, tx, actor, { ...body, name: line.name, ...(line.kind && { kind: line.kind }) })
    return 'created'
  }
  const before = editableBy(actor, await lockProduct(tx, id))
  if (before.kind === 'battery') throw fault('sku', 'is of a battery, which is listed with its passport')
  const known = before.variants.some(({ sku }) => sku === line.sku)
  const variants = before.variants.map(one =>
    one.sku === line.sku ? variantOf(line, one, host.settings.SHOP_CURRENCY) : bodyOf(one),
  )
  if (!known) variants.push(variantOf(line, undefined, host.settings.SHOP_CURRENCY))
  const after = await changeProduct(workshop, tx, actor, before, { ...said(line, tree, before), variants })
  return after === before ? 'unchanged' : 'updated'
}

/** What a line says of the product as a whole; what it leaves empty stays. */
function said(line: ProductLine, tree: Tree, before: Product | undefined): ProductChange {
  const { name, description, language, category, tags, reference, taxClass, taxIncluded, status } = line
  const categoryId = category === undefined ? (before?.categoryId ?? null) : (tree.bySlug.get(category)?.id ?? null)
  const attributes = line.attributes && {
    ...before?.attributes,
    ...attributesIn(line.attributes, attributesOf(tree, categoryId)),
  }
  const images = line.images && imagesIn(line.images as string[])
  const [translations, safety] = [translationsIn(line, before), safetyIn(line, before)]
  const plain = { name, description, language, category, tags, reference, taxClass, taxIncluded, status }
  const given = { ...plain, attributes, images, translations, safety }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

const attributesIn = (texts: readonly string[], defined: readonly Attribute[]): Record<string, AttributeValue> =>
  Object.fromEntries(
    texts.map(one => {
      const [key = '', value = ''] = one.split(/=(.*)/s).map(part => part.trim())
      const type = defined.find(attribute => attribute.key === key)?.type
      if (type === 'number') {
        const number = Number(value.replace(',', '.'))
        if (!Number.isFinite(number)) throw fault('attributes', `takes a number for ${key}`)
        return [key, number]
      }
      return [key, type === 'flag' ? /^(yes|true|1)$/i.test(value) : value]
    }),
  )

/** A variant as bodies say it, with nothing changed. */
const bodyOf = ({
  sku,
  options,
  prices,
  weightG,
  stockPolicy,
  availableAt,
  maxPerOrder,
  delivery,
}: ProductVariant): VariantBody => ({
  sku,
  options,
  prices: [...prices],
  weightG,
  stockPolicy,
  availableAt,
  maxPerOrder,
  delivery,
})

function variantOf(line: ProductLine, former: ProductVariant | undefined, standard: string): VariantBody {
  const { sku, price, originalPrice, saleFrom, saleUntil, stock, stockPolicy, weightG } = line
  const currency = line.currency ?? former?.prices[0]?.currency ?? standard
  if (!isCurrency(currency)) throw fault('currency', 'is no currency')
  const prices = [...(former?.prices ?? [])]
  if (price !== undefined) {
    const asked = priceOf('price', currency, { now: price, was: originalPrice, from: saleFrom, until: saleUntil })
    const at = prices.findIndex(one => one.currency === currency)
    // A sale that ends by itself stays as long as a file that knows no sales says the price there is without it.
    const stays = at >= 0 && prices[at]!.sale?.until && !asked.sale && prices[at]!.priceMinor === asked.priceMinor
    if (!stays) prices.splice(at < 0 ? prices.length : at, 1, asked)
  } else if (saleFrom ?? saleUntil) throw fault(saleFrom ? 'saleFrom' : 'saleUntil', 'needs a price beside it')
  if (line.prices) {
    const others = otherPrices(line.prices as string[])
    const twice = others.find((one, index) =>
      [currency, ...others.slice(0, index).map(other => other.currency)].includes(one.currency),
    )
    if (twice) throw fault('prices', `has a price in ${twice.currency}, of which there is one already`)
    prices.splice(0, prices.length, ...prices.filter(one => one.currency === currency), ...others)
  }
  const options = (line.options as readonly string[] | undefined)?.map(one => {
    const [name = '', value = ''] = one.split(/=(.*)/s).map(part => part.trim())
    return { name, value }
  })
  const { availableAt, maxPerOrder } = line
  const delivery = line.delivery === undefined ? undefined : deliveryIn(line.delivery)
  const given = { options, stock, stockPolicy, weightG, availableAt, maxPerOrder, delivery }
  const filled = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { ...(former ? bodyOf(former) : { sku }), prices, ...filled } as VariantBody
}

const some = 200

/** What one sells, a variant at a time, read some at a time. */
async function* variantsOf({ host }: Workshop, actor: Actor, tree: Tree): AsyncGenerator<Cells> {
  const owners = partiesOf(actor)
  let cursor: [string, string] | undefined
  for (;;) {
    const products = await listOwn(host.db, { owners, vendor: undefined, status: undefined }, some, cursor)
    for (const product of products.map(productOf))
      for (const variant of product.kind === 'battery' ? [] : product.variants) yield cellsOf(product, variant, tree)
    const last = products.at(-1)
    if (!last || products.length < some) return
    cursor = [last.createdAt.toISOString(), last.id]
  }
}

const names = Object.keys(columns) as (keyof Cells)[]

/** Products as lines of a file; what begins like a formula is kept from being one. */
async function* lines(workshop: Workshop, actor: Actor, reading: Promise<Tree>): AsyncGenerator<string> {
  yield `${names.join(',')}\r\n`
  for await (const cells of variantsOf(workshop, actor, await reading))
    yield `${names.map(name => cellOf(cells[name])).join(',')}\r\n`
}

/** The same as rows of a sheet, where a text is no formula, whatever it begins with. */
async function rowsOf(workshop: Workshop, actor: Actor, reading: Promise<Tree>): Promise<(string | number | null)[][]> {
  const rows: (string | number | null)[][] = [names]
  for await (const cells of variantsOf(workshop, actor, await reading))
    rows.push(
      names.map(name => {
        const value = cells[name]
        if (typeof value === 'number') return value
        return typeof value === 'string' ? value : Array.isArray(value) ? value.join('|') : cellOf(value)
      }),
    )
  return rows
}

function cellsOf(product: Product, variant: ProductVariant, tree: Tree): Cells {
  const { name, description, language, kind, tags, taxClass, taxIncluded, status, reference } = product
  const [price] = variant.prices
  const shown = (minor: number | undefined) =>
    price && minor !== undefined ? decimalOf({ minor: BigInt(minor), currency: price.currency }) : null
  const sale = price?.sale
  return {
    sku: variant.sku,
    reference,
    name,
    description,
    language,
    kind,
    category: wayTo(tree, product.categoryId).at(-1)?.slug ?? null,
    tags,
    attributes: Object.entries(product.attributes).map(([key, value]) => `${key}=${value}`),
    options: variant.options.map(option => `${option.name}=${option.value}`),
    price: shown(sale ? sale.priceMinor : price?.priceMinor),
    originalPrice: sale ? shown(price?.priceMinor) : null,
    currency: price?.currency ?? null,
    // What is left orders know; a file that comes back states nothing of it.
    stock: null,
    stockPolicy: variant.stockPolicy,
    weightG: variant.weightG,
    taxClass,
    taxIncluded,
    status: status === 'draft' || status === 'pending' ? status : null,
    ...moreCells(product, variant),
  }
}
