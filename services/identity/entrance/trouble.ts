import { html, type Html, type Language } from '#kernel'
import { texts } from './texts.ts'

/** Why a form comes back, and what had been filled in. */
export interface Trouble {
  status: number
  code: string
  /** Names of the fields at fault. */
  fields: readonly string[]
  /** Seconds after which it may be tried again, where that is known. */
  retryAfter?: number | undefined
}

/** As one says it, rounded up. */
function spanIn(language: Language, seconds: number): string {
  const [count, unit] =
    seconds <= 90
      ? [seconds, 'second']
      : seconds <= 5400
        ? [Math.ceil(seconds / 60), 'minute']
        : [Math.ceil(seconds / 3600), 'hour']
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.ceil(count))
}

/** What went wrong and how long to wait, in the words of the page (`own`) or of the entrance. */
export function troubledIn(
  language: Language,
  { code, fields, retryAfter }: Trouble,
  own: Readonly<Record<string, string>> = {},
): Html {
  const t = texts[language]
  const wait = retryAfter === undefined ? undefined : t.waits[code]
  const known = wait ? wait(spanIn(language, retryAfter!)) : (own[code] ?? t.problems[code])
  const names: Record<string, string> = { ...t.fields, otp: t.fields.code } as never
  const named = fields.map(field => names[field]).filter(text => typeof text === 'string')
  const ofFields = known === undefined || code === 'request_invalid'
  return html`<p role="alert">${known ?? t.problems.request_invalid} ${ofFields && named.join(', ')}</p>`
}
