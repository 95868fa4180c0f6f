import { decimalOf, digitsOf, type Exact } from '../amount.ts'
import { stateCodes } from '../tax/india.ts'
import { decimalText, schemeOf } from './content.ts'
import type { InvoiceContent, Party } from './invoice.ts'
import { wordsOf, type Words } from './words.ts'

/** How numbers and days are written in the language of an invoice. */
export interface Formats {
  money(minor: bigint): string
  /** Of one, in major units, with as many digits as it has. */
  price(major: Exact): string
  decimal(value: Exact): string
  percent(percent: string): string
  day(day: string): string
  period(from: string, to: string): string
}

type Number = Intl.StringNumericLiteral

const made = new Map<string, Formats>()

/** Kept, as each format takes longer to make than all that is written with it. */
export function formatsOf({ language, currency }: Pick<InvoiceContent, 'language' | 'currency'>): Formats {
  const key = `${language} ${currency}`
  const there = made.get(key)
  if (there) return there
  // Days of English invoices are written as most of the world does: 15 Jun 2026.
  const locale = language === 'en' ? 'en-GB' : language
  const money = new Intl.NumberFormat(locale, { style: 'currency', currency })
  const price = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    maximumFractionDigits: Math.max(6, digitsOf(currency)),
    minimumFractionDigits: digitsOf(currency),
  })
  const decimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 6 })
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 4 })
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
  const formats: Formats = {
    money: minor => money.format(decimalOf({ minor, currency }) as Number),
    price: major => price.format(decimalText(major) as Number),
    decimal: value => decimal.format(decimalText(value) as Number),
    percent: text => percent.format(Number(text) / 100),
    day: text => day.format(new Date(text)),
    period: (from, to) => (from === to ? formats.day(from) : `${formats.day(from)} – ${formats.day(to)}`),
  }
  made.set(key, formats)
  return formats
}

const names = new Map<string, Intl.DisplayNames>()

function countryIn(language: string, country: string): string {
  let known = names.get(language)
  if (!known) {
    known = new Intl.DisplayNames(language, { type: 'region' })
    names.set(language, known)
  }
  return known.of(country) ?? country
}

/** As it is written on a letter. */
export const addressOf = ({ street, postalCode, city, region, country }: Party, language: string): string[] =>
  [street, [postalCode, city].filter(Boolean).join(' '), region, countryIn(language, country)].filter(
    text => text !== undefined && text !== '',
  ) as string[]

/** The state with its code, which GST invoices say (CGST Rules, 46 (n)). */
function placeOfSupply(invoice: InvoiceContent): string | undefined {
  const region = schemeOf(invoice) === 'GST' ? invoice.lines[0]!.treatment.place.region : undefined
  return region && stateCodes[region] && `${region}, ${stateCodes[region]}`
}

/** What stands above the lines: a label and what it says. */
export function headOf(invoice: InvoiceContent, formats: Formats): [label: string, value: string][] {
  const words = wordsOf(invoice.language)
  const { credits, buyer } = invoice
  const rows: [string, string | undefined][] = [
    [words.issuedOn, formats.day(invoice.issuedOn)],
    [words.supplied, formats.period(invoice.suppliedFrom, invoice.suppliedTo)],
    [words.placeOfSupply, placeOfSupply(invoice)],
    [words.corrects, credits && words.of(credits.number, formats.day(credits.issuedOn))],
    [words.reason, invoice.reason],
    [words.dueOn, invoice.dueOn && formats.day(invoice.dueOn)],
    [words.buyerReference, invoice.buyerReference],
    [words.orderReference, invoice.orderReference],
    [words.buyerTaxId[schemeOf(invoice)], buyer.taxId],
    [words.buyerRegistration, buyer.registration],
  ]
  return rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '')
}

export interface Total {
  readonly label: string
  readonly value: string
  readonly isSum?: boolean
}

/** Net, the tax of each rate with what it is of, and what is to be paid. */
export function totalsOf(invoice: InvoiceContent, formats: Formats): Total[] {
  const words = wordsOf(invoice.language)
  const isCredit = invoice.kind === 'credit-note'
  const taxes = invoice.taxes.flatMap(({ netMinor, percent, category, parts }): Total[] =>
    parts.length > 0
      ? parts.map(part => ({
          label: `${part.name === 'VAT' ? words.tax : part.name} ${words.on(formats.percent(part.percent), formats.money(netMinor))}`,
          value: formats.money(part.taxMinor),
        }))
      : category === 'O'
        ? []
        : [
            {
              label: `${words.tax} ${words.on(formats.percent(percent), formats.money(netMinor))}`,
              value: formats.money(0n),
            },
          ],
  )
  return [
    { label: words.totalNet, value: formats.money(invoice.netMinor) },
    ...taxes,
    { label: isCredit ? words.credited : words.totalGross, value: formats.money(invoice.grossMinor), isSum: true },
    ...(invoice.prepaidMinor > 0n
      ? [
          { label: words.prepaid, value: formats.money(-invoice.prepaidMinor) },
          { label: words.payable, value: formats.money(invoice.grossMinor - invoice.prepaidMinor), isSum: true },
        ]
      : []),
  ]
}

/** Who sells, as the law wants it on letters. */
export const legalLineOf = ({ seller, language }: InvoiceContent, words: Words): string =>
  [
    [seller.name, ...addressOf(seller, language)].join(', '),
    seller.taxId && `${words.taxId[schemeOf({ seller })]} ${seller.taxId}`,
    seller.taxNumber && `${words.taxNumber} ${seller.taxNumber}`,
    seller.registration,
    seller.legalNote,
  ]
    .filter(Boolean)
    .join(' · ')
