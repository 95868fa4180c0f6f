import { html, type Html } from '#kernel'
import { attributeOf, frameText, textFor, valueWord, type Language, type Word } from '#law'
import type { EffectiveView } from '../units/effective.ts'

/** A word, marked where it is not in the language of the page. */
export const inLanguage = ({ text, language: its }: Word, language: Language): Html =>
  its === language ? html`${text}` : html`<span lang="${its}">${text}</span>`

/** What a passport says of an attribute, for people of a language: as it was given, its digits kept. */
export const valueOf = (item: EffectiveView, language: Language): Html =>
  item.plant === undefined ? plainOf(item, language) : html`${plainOf(item, language)}, <bdi>${item.plant}</bdi>`

function plainOf({ id, value, unit, givenValue, givenUnit, notApplicable }: EffectiveView, language: Language): Html {
  if (notApplicable) return html`<bdi>${notApplicable}</bdi>`
  const { type } = attributeOf(id)!
  // 12 mΩ rather than 0.012 Ω.
  if (unit && typeof givenValue === 'string')
    return html`<bdi>${numberIn(language, givenValue, givenUnit ?? unit)}</bdi>`
  if (type === 'byPart' || type === 'bySoc') return shown(givenValue, language)
  if (typeof value === 'string') {
    const known = valueWord(id, value, language)
    if (known) return html`<bdi>${inLanguage(known, language)}</bdi>`
    const time =
      type === 'duration' ? spanIn(language, value) : ['month', 'date'].includes(type) && dayIn(language, value)
    if (time) return html`<bdi>${time}</bdi>`
  }
  if (type === 'localized' && Array.isArray(value)) {
    const text = textFor(value as { language: string; value: string }[], language)
    return text ? html`<bdi lang="${text.language}">${text.value}</bdi>` : html``
  }
  return shown(value, language)
}

/** How numbers and days are written: made once for each language, as that takes longer than to write with it. */
const formats = new Map<string, { format(value: never): string }>()
function formatOf<F extends { format(value: never): string }>(language: Language, style: object, make: () => F): F {
  const key = language + JSON.stringify(style)
  const known = (formats.get(key) as F | undefined) ?? make()
  formats.set(key, known)
  return known
}
const numbers = (language: Language, style: Intl.NumberFormatOptions) =>
  formatOf(language, style, () => new Intl.NumberFormat(language, style))
/** Of a day or a month in UTC. */
export const days = (language: Language, style: Intl.DateTimeFormatOptions = { dateStyle: 'long' }) =>
  formatOf(language, style, () => new Intl.DateTimeFormat(language, { ...style, timeZone: 'UTC' }))

function numberIn(language: Language, digits: string, unit: string | null): string {
  const decimals = /^-?\d+(?:\.(\d+))?$/.exec(digits)?.[1]?.length ?? 0
  if (decimals > 20 || /e/i.test(digits)) return unit ? `${digits} ${unit}` : digits
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals }
  const number = numbers(language, options).format(digits as unknown as number)
  return unit ? `${number} ${unit}` : number
}

/** A month or a day, as it was said: nothing finer. Undefined for what is longer. */
function dayIn(language: Language, text: string): string | undefined {
  const [, month, day] = /^(\d{4}-\d{2})(-\d{2})?$/.exec(text) ?? []
  if (!month) return undefined
  const at = new Date(`${month}${day ?? '-01'}T00:00:00Z`)
  const precision = day ? ({ dateStyle: 'long' } as const) : ({ year: 'numeric', month: 'long' } as const)
  return days(language, precision).format(at)
}

/** A duration of ISO 8601 in years to days, or the day until which it lasts. */
function spanIn(language: Language, text: string): string | undefined {
  const [, ...parts] = /^P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,6})D)?$/.exec(text) ?? []
  if (parts.length === 0) return dayIn(language, text)
  const [years, months, weeks, days] = parts.map(part => (part === undefined ? undefined : Number(part)))
  const span = Object.fromEntries(
    Object.entries({ years, months, weeks, days }).filter(([, part]) => part !== undefined),
  )
  const style = { style: 'long' } as const
  return formatOf(language, style, () => new Intl.DurationFormat(language, style)).format(span)
}

const isLink = (text: string): boolean => /^https?:\/\/[^\s<>"]+$/i.test(text)
const parts = ['pack', 'module', 'cell'] as const

/** Whatever its shape: texts, lists of them, and objects by what they hold. */
function shown(value: unknown, language: Language): Html {
  if (typeof value === 'string')
    return isLink(value)
      ? html`<a href="${value}" rel="noreferrer nofollow"><bdi>${value}</bdi></a>`
      : html`<bdi>${value}</bdi>`
  if (typeof value === 'boolean') return html`${value ? '✓' : '✗'}`
  if (Array.isArray(value))
    return html`<ul>
      ${value.map(one => html`<li>${shown(one, language)}</li>`)}
    </ul>`
  if (typeof value !== 'object' || value === null) return html``
  const all = value as Record<string, unknown>
  if (typeof all.url === 'string' && isLink(all.url)) return linkTo(all, all.url)
  const { value: said, share, mass, concentration, unit, title, soc, part, ...others } = all
  const amount = said ?? share ?? mass ?? concentration
  const told: Html[] = Object.values(others).map(inner => shown(inner, language))
  if (typeof title === 'string') told.push(html`<bdi>${title}</bdi>`)
  const known = parts.find(one => one === part)
  if (known) told.push(html`${frameText(known, language)}`)
  if (typeof amount === 'string')
    told.push(html`<bdi>${typeof unit === 'string' ? numberIn(language, amount, unit) : amount}</bdi>`)
  if (typeof soc === 'string') told.push(html`<bdi>${numberIn(language, soc, '%')} SoC</bdi>`)
  return html`${told.map((one, at) => (at === 0 ? one : html`, ${one}`))}`
}

/** A document: its language is told to who reads aloud, not to who reads. */
function linkTo({ title, language }: Record<string, unknown>, url: string): Html {
  const text = typeof title === 'string' ? title : url
  return typeof language === 'string'
    ? html`<a href="${url}" hreflang="${language}" rel="noreferrer nofollow"><bdi lang="${language}">${text}</bdi></a>`
    : html`<a href="${url}" rel="noreferrer nofollow"><bdi>${text}</bdi></a>`
}
