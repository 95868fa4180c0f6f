import Value from 'typebox/value'
import type { Price, Variant } from '#contracts/marketplace'
import { Email, Instant, Line } from '#contracts/shared'
import { Column, Problem, type Language, type Line as LineOf } from '#kernel'
import { decimalOf, digitsOf, exact, isCurrency, rounded } from '#money/amount'
import type { Picture, Product } from '../products/product.ts'
import type { Safety } from '../products/safety.ts'

const amount = '\\d{1,12}(?:[.,]\\d{1,3})?'
const sold = new RegExp(`^([A-Z]{3})=(${amount})(?:<(${amount})(?:@([^|]*?)\\.\\.([^|]*))?)?$`)
const shaped = (pattern: string, expects: string) =>
  Column.text({ type: 'string', pattern, maxLength: 261 } as never, expects)
const line = (most: number) => Column.text(Line(most), `one line of at most ${most} characters`)
const words = Column.text({ type: 'string', maxLength: 20_000 } as never, 'a text of at most 20000 characters')
const moment = Column.text(Instant, 'a time like 2027-11-26T00:00:00.000Z')
const uuid = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'

export const price = Column.text(
  { type: 'string', pattern: `^${amount}$`, maxLength: 16 } as never,
  'a price like 499.00',
)

/** Columns of what has several parts, or is there in several languages. */
export const more = {
  saleFrom: moment,
  saleUntil: moment,
  prices: Column.list(
    shaped(sold.source, 'a price in another currency like USD=549.00, or of a sale USD=499.00<549.00@<from>..<until>'),
  ),
  availableAt: moment,
  maxPerOrder: Column.whole(1, 1_000_000),
  delivery: shaped(
    `^(?:licence|download ${uuid}(?: [1-9]\\d{0,3})?)$`,
    'licence, or download, the id of its document and how often',
  ),
  images: Column.list(shaped(`^${uuid}(?: .{1,200})?$`, 'the id of a document and what it shows')),
  nameEn: line(200),
  descriptionEn: words,
  nameDe: line(200),
  descriptionDe: words,
  manufacturerName: line(200),
  manufacturerAddress: line(300),
  manufacturerEmail: Column.text(Email, 'an address of mail'),
  responsibleName: line(200),
  responsibleAddress: line(300),
  responsibleEmail: Column.text(Email, 'an address of mail'),
  warnings: Column.text({ type: 'string', maxLength: 2_000 } as never, 'a text of at most 2000 characters'),
} as const
type More = LineOf<typeof more>

export const fault = (column: string, detail: string): Problem =>
  new Problem('unprocessable', 'import_invalid', { errors: [{ pointer: `/${column}`, detail }] })

/** In minor units, exactly; a cent that the currency does not have is refused. */
function minorIn(column: string, written: string, currency: string): number {
  const major = written.replace(',', '.')
  if ((major.split('.')[1] ?? '').replace(/0+$/, '').length > digitsOf(currency))
    throw fault(column, `has more decimals than ${currency}`)
  return Number(rounded(exact(major), currency))
}

/** What is asked now; with what was asked before it is a sale, which may begin and end. */
export interface Asked {
  readonly now: string
  readonly was?: string | undefined
  readonly from?: string | undefined
  readonly until?: string | undefined
}

export function priceOf(column: string, currency: string, { now, was, from, until }: Asked): Price {
  const priceMinor = minorIn(column, now, currency)
  if (was === undefined) {
    if (from || until) throw fault(from ? 'saleFrom' : 'saleUntil', 'needs the price before the sale beside it')
    return { currency, priceMinor, sale: null }
  }
  const sale = { priceMinor, from: from || null, until: until || null }
  return { currency, priceMinor: minorIn(column === 'price' ? 'originalPrice' : column, was, currency), sale }
}

/** The prices in other currencies, as they are written in one cell. */
export const otherPrices = (texts: readonly string[]): Price[] =>
  texts.map(one => {
    const [, currency = '', now = '', was, from, until] = sold.exec(one)!
    const wrong = [from, until].find(at => at && !Value.Check(Instant, at))
    if (!isCurrency(currency)) throw fault('prices', `has ${currency}, which is no currency`)
    if (wrong) throw fault('prices', `has ${wrong}, which is no time`)
    // Of one that is sold for less there is what it costs else behind the sign.
    return priceOf('prices', currency, { now, was, from, until })
  })

export function priceCell({ currency, priceMinor, sale }: Price): string {
  const shown = (minor: number) => decimalOf({ minor: BigInt(minor), currency })
  if (!sale) return `${currency}=${shown(priceMinor)}`
  const dates = sale.from || sale.until ? `@${sale.from ?? ''}..${sale.until ?? ''}` : ''
  return `${currency}=${shown(sale.priceMinor)}<${shown(priceMinor)}${dates}`
}

export function deliveryIn(text: string): Variant['delivery'] {
  const [kind, documentId = null, most] = text.split(' ')
  return kind === 'licence'
    ? { kind, documentId: null, maxDownloads: null }
    : {
        kind: 'download',
        documentId: documentId!.toLowerCase(),
        maxDownloads: most === undefined ? null : Number(most),
      }
}

const deliveryCell = (delivery: Variant['delivery']): string | null =>
  delivery && [delivery.kind, delivery.documentId, delivery.maxDownloads].filter(part => part !== null).join(' ')

export const imagesIn = (texts: readonly string[]) =>
  texts.map(one => ({ documentId: one.slice(0, 36).toLowerCase(), alt: one.slice(37).trim() }))

const imageCell = ({ documentId, alt }: Picture): string => `${documentId} ${alt.replaceAll('|', '/')}`.trim()

/** Words in other languages, as far as a line says any. */
export function translationsIn(said: More, before: Product | undefined): Product['translations'] | undefined {
  const written: [Language, string | undefined, string | undefined][] = [
    ['en', said.nameEn, said.descriptionEn as string | undefined],
    ['de', said.nameDe, said.descriptionDe as string | undefined],
  ]
  const told = written.filter(([, name, description]) => name !== undefined || description !== undefined)
  if (told.length === 0) return undefined
  const all = told.map(([language, ...parts]) => {
    const [
      name = before?.translations[language]?.name,
      description = before?.translations[language]?.description ?? '',
    ] = parts
    if (!name) throw fault(`name${language === 'en' ? 'En' : 'De'}`, 'is required beside a description')
    return [language, { name, description }] as const
  })
  return { ...before?.translations, ...Object.fromEntries(all) }
}

const parties = ['manufacturer', 'responsible'] as const

/** Who is behind a product, as far as a line says anything of it. */
export function safetyIn(said: More, before: Product | undefined): Safety | undefined {
  const former = before?.safety
  const [manufacturer, responsible] = parties.map(who => {
    const [name, address, email] = [said[`${who}Name`], said[`${who}Address`], said[`${who}Email`]]
    if (name === undefined && address === undefined && email === undefined) return former?.[who] ?? undefined
    const party = { ...former?.[who], ...(name && { name }), ...(address && { address }), ...(email && { email }) }
    const missing = (['Name', 'Address', 'Email'] as const).find(
      part => !party[part.toLowerCase() as keyof typeof party],
    )
    if (missing)
      throw fault(who + missing, `is required to say who the ${who === 'manufacturer' ? 'maker' : 'responsible'} is`)
    return party as Safety['manufacturer']
  })
  const warnings = said.warnings as string | undefined
  const isSaid =
    warnings !== undefined || parties.some(who => said[`${who}Name`] ?? said[`${who}Address`] ?? said[`${who}Email`])
  if (!isSaid) return undefined
  if (!manufacturer) throw fault('manufacturerName', 'is required beside what else is said of its safety')
  return { ...former, manufacturer, ...(responsible && { responsible }), ...(warnings !== undefined && { warnings }) }
}

/** What the columns above say of a variant of a product. */
export function moreCells(
  { translations, safety, pictures }: Product,
  { prices, availableAt, maxPerOrder, delivery }: Product['variants'][number],
): Record<keyof typeof more, string | number | readonly string[] | null> {
  const [main, ...others] = prices
  return {
    saleFrom: main?.sale?.from ?? null,
    saleUntil: main?.sale?.until ?? null,
    prices: others.map(priceCell),
    availableAt,
    maxPerOrder,
    delivery: deliveryCell(delivery),
    images: pictures.map(imageCell),
    nameEn: translations.en?.name ?? null,
    descriptionEn: translations.en?.description ?? null,
    nameDe: translations.de?.name ?? null,
    descriptionDe: translations.de?.description ?? null,
    manufacturerName: safety?.manufacturer.name ?? null,
    manufacturerAddress: safety?.manufacturer.address ?? null,
    manufacturerEmail: safety?.manufacturer.email ?? null,
    responsibleName: safety?.responsible?.name ?? null,
    responsibleAddress: safety?.responsible?.address ?? null,
    responsibleEmail: safety?.responsible?.email ?? null,
    warnings: safety?.warnings ?? null,
  }
}
