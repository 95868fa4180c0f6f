import Type from 'typebox'
import { shown } from '#money/amount'
import { html, type Html, type Language, type Link } from '#kernel'
import type { Frame } from '#shop/frame'
import type { Attribute, Category } from '../categories/tree.ts'
import type { AttributeValue } from '../products/product.ts'
import type { ProductView } from '../products/view.ts'
import { formats, pathOf, widths } from '../pictures/sizes.ts'
import { texts } from './words.ts'

export const spoken = { lang: Type.Optional(Type.Enum(['en', 'de'])) }

/** What the form of a page sends; what it cannot be read as is left out. */
export type Asked = Record<string, unknown>

export const languageIn = ({ lang }: Asked): { language?: Language } =>
  lang === 'de' || lang === 'en' ? { language: lang } : {}

/** Who asked for a language has the next page in it too. */
export const languageField = (asked: Asked): Html | undefined => {
  const { language } = languageIn(asked)
  return language && html`<input type="hidden" name="lang" value="${language}" />`
}

export const onwardOf = (language: Language, ...more: Link[]): readonly [Link, ...Link[]] => [
  { to: '/shop', text: texts[language].toShop },
  ...more,
  { to: '/', text: texts[language].home },
]

/** From the shop to where one is. */
export const crumbsOf = ({ language }: Frame, way: readonly Category[], here?: string): Html =>
  html`<nav class="crumbs" aria-label="${texts[language].categories}">
    <ol>
      <li><a href="/shop">${texts[language].shop}</a></li>
      ${way.map(({ slug, names }) => html`<li><a href="${`/shop/${slug}`}">${names[language]}</a></li>`)}
      ${here && html`<li aria-current="page">${here}</li>`}
    </ol>
  </nav>`

/** The same as schema.org has it. */
export const crumbData = (
  { language, origin }: Frame,
  way: readonly Category[],
  here?: { name: string; path: string },
): object => {
  const steps = [
    { name: texts[language].shop, path: '/shop' },
    ...way.map(({ slug, names }) => ({ name: names[language], path: `/shop/${slug}` })),
    ...(here ? [here] : []),
  ]
  return {
    '@context': 'https://schema.org',
    '@type': 'BreadcrumbList',
    itemListElement: steps.map(({ name, path }, index) => ({
      '@type': 'ListItem',
      position: index + 1,
      name,
      item: origin + path,
    })),
  }
}

/** A picture in the size that the reader's screen needs; the browser chooses, and reserves its place. */
export function pictureOf(
  { base }: Frame,
  { id, alt, width, height }: { id: string; alt: string; width?: number | null; height?: number | null },
  sizes: string,
  lazily: boolean,
): Html {
  const fitting = widths.filter((one, index) => index === 0 || !width || widths[index - 1]! < width)
  const set = (format: (typeof formats)[number]) =>
    fitting.map(one => `${base}${pathOf(id, one, format)} ${one}w`).join(', ')
  return html`<picture>
    <source type="image/avif" srcset="${set('avif')}" sizes="${sizes}" />
    <img
      src="${base + pathOf(id, 320)}"
      srcset="${set('webp')}"
      sizes="${sizes}"
      alt="${alt}"
      width="${width ?? 640}"
      height="${height ?? 480}"
      ${lazily && html`loading="lazy"`}
    />
  </picture>`
}

export const money = (minor: number, currency: string, language: Language): string =>
  shown({ minor: BigInt(minor), currency }, language)

/** Made once: to make one takes longer than all that it is used for. */
const figures = { en: new Intl.NumberFormat('en'), de: new Intl.NumberFormat('de') }
const roughly = {
  en: new Intl.NumberFormat('en', { maximumFractionDigits: 1 }),
  de: new Intl.NumberFormat('de', { maximumFractionDigits: 1 }),
}
/** The value of an attribute as people read it. */
export function valueIn(language: Language, { type, unit }: Attribute, value: AttributeValue): string {
  if (typeof value === 'boolean') return value ? texts[language].yes : texts[language].no
  const text = typeof value === 'number' ? figures[language].format(value) : value
  return type === 'number' && unit ? `${text} ${unit}` : text
}

export const weightIn = (language: Language, grams: number): string => `${figures[language].format(grams / 1_000)} kg`

export const stockOf = (language: Language, { kind, inStock, stock, variants }: ProductView): string => {
  const words = texts[language]
  if (!inStock) return words.soldOut
  if (kind === 'digital') return words.download
  if (stock === 0)
    return variants.some(({ stockPolicy }) => stockPolicy === 'preorder') ? words.preorder : words.backorder
  return stock !== null && stock <= 5 ? words.few(stock) : words.available
}

const inDays = { dateStyle: 'medium', timeZone: 'UTC' } as const
export const days = { en: new Intl.DateTimeFormat('en', inDays), de: new Intl.DateTimeFormat('de', inDays) }

/** Stars in words, for who hears the page too. */
export function starsOf(language: Language, rating: number, count: number): Html {
  const full = Math.round(rating)
  const said = texts[language].outOf(roughly[language].format(rating), count)
  return html`<span role="img" aria-label="${said}">${'★'.repeat(full) + '☆'.repeat(5 - full)}</span>
    <span class="small">(${count})</span>`
}
