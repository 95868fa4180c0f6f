import { Badge, Code, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useLanguage, useTexts, wordFor, type Language } from '../texts/texts.tsx'

/** How a value is shown; quantities carry their unit in what they are called at the API. */
export type Kind =
  | 'text'
  | 'word'
  | 'id'
  | 'state'
  | 'instant'
  | 'moment'
  | 'date'
  | 'number'
  | 'bytes'
  | 'kg'
  | 'Wh'
  | 'W'
  | 'ms'
  | 'percent'
  | 'money'
  | 'boolean'
  | 'list'
  | 'words'
  | 'json'

/** As exact as the wire. */
const moment = {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
} as const

/** In words, for people: also what an export does not take. */
export function shown(kind: Kind, value: unknown, language: Language, currency?: string): string {
  if (value === null || value === undefined || value === '') return '–'
  if (Array.isArray(value)) return value.map(each => shown('text', each, language)).join(', ') || '–'
  const number = (options?: Intl.NumberFormatOptions, scaled = Number(value)) =>
    new Intl.NumberFormat(language, options).format(scaled)
  switch (kind) {
    case 'instant':
      return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(`${value}`))
    case 'moment':
      return new Intl.DateTimeFormat(language, moment).format(new Date(`${value}`))
    case 'date':
      return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${value}`))
    case 'number':
      return number()
    case 'bytes':
      return sizeOf(Number(value), language)
    case 'kg':
      return number({ style: 'unit', unit: 'kilogram' })
    case 'Wh':
      return `${number({ minimumFractionDigits: 2, maximumFractionDigits: 2 }, Number(value) / 1_000)} kWh`
    case 'W':
      return `${number({ maximumFractionDigits: 1 }, Number(value) / 1_000)} kW`
    case 'ms':
      return number({ style: 'unit', unit: 'millisecond' })
    case 'percent':
      return `${number({ maximumFractionDigits: 1 })} %`
    case 'money':
      return moneyOf(value as number, currency ?? 'EUR', language)
    default:
      return typeof value === 'object' ? JSON.stringify(value) : String(value as string)
  }
}

function sizeOf(bytes: number, language: Language): string {
  const [value, unit] =
    bytes < 1_000 ? [bytes, 'byte'] : bytes < 1_000_000 ? [bytes / 1_000, 'kilobyte'] : [bytes / 1_000_000, 'megabyte']
  return new Intl.NumberFormat(language, { style: 'unit', unit: String(unit), maximumFractionDigits: 1 }).format(
    value as number,
  )
}

/** Minor units exactly: what is written is put together from whole numbers. */
function moneyOf(minor: number | string, currency: string, language: Language): string {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  const sign = BigInt(minor) < 0n ? '-' : ''
  const text = String(BigInt(minor))
    .replace('-', '')
    .padStart(digits + 1, '0')
  const decimal = digits > 0 ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text
  return format.format(`${sign}${decimal}` as unknown as number)
}

/** Words of states, by what they mean for who reads them. */
const moods = {
  good: 'in_force published active accepted available sent clean completed paid ok ready done signed-in present answered given',
  busy: 'charging processing sending retrying pending waiting open not_ready asked asked_back running',
  bad:
    'dead password-wrong factor-wrong disabled missing invalid error timeout failed faulted infected rejected ' +
    'suspended critical',
} as const
const moodOf = new Map(
  Object.entries(moods).flatMap(([mood, words]) => words.split(' ').map(word => [word, mood as keyof typeof moods])),
)
/** Never by colour alone: each has a sign of its own. */
const signs = { good: '✓', bad: '!', busy: '…' } as const

export function State({ value }: { value: string }) {
  const texts = useTexts()
  const mood = moodOf.get(value)
  return (
    <Badge variant="default" data-mood={mood} className="state">
      {mood && <span aria-hidden="true">{signs[mood]} </span>}
      {wordFor(texts, value)}
    </Badge>
  )
}

export function Value(props: { kind?: Kind; value: unknown; currency?: string }): ReactNode {
  const { kind = 'text', value, currency } = props
  const language = useLanguage()
  const texts = useTexts()
  if (value === null || value === undefined || value === '') return <Text c="dimmed" span>–</Text> // prettier-ignore
  if (kind === 'state') return <State value={String(value as string)} />
  if (kind === 'boolean') return value ? texts.list.yes : texts.list.no
  if (kind === 'word') return wordFor(texts, String(value as string))
  if (kind === 'words' && Array.isArray(value)) return value.map(each => wordFor(texts, String(each))).join(', ') || '–'
  if (kind === 'id') return <Code>{String(value as string)}</Code>
  if (kind === 'json') return <Code block>{JSON.stringify(value, null, 2)}</Code>
  if (kind === 'instant' || kind === 'moment')
    return (
      <time dateTime={String(value as string)} title={new Date(String(value as string)).toISOString()}>
        {shown(kind, value, language)}
      </time>
    )
  const text = shown(kind, value, language, currency)
  // A figure stays with its unit, a date is one, and so is a number with hyphens.
  const isText = kind === 'text' || kind === 'list' || kind === 'words'
  return isText && !/^\S{1,24}$/.test(text) ? text : <span className="unbroken">{text}</span>
}
