import { createHash } from 'node:crypto'
import Type from 'typebox'
import { anyone, html, lookOf, type Html, type Reply, type Request } from '#kernel'
import {
  attributeOf,
  attributes,
  groupWord,
  isLanguage,
  labelOf,
  languageAccepted,
  languages,
  passportWord,
  textFor,
  valueWord,
  type Language,
  type Word,
} from '#law'
import { dayOf } from '../audiences/views.ts'
import { valueIn } from '../columns.ts'
import type { PassportsHost } from '../host.ts'
import type { Passport } from '../passports.ts'
import { findPublished } from '../store.ts'
import { effectiveFor, type EffectiveView } from '../units/effective.ts'
import { findLine } from '../units/store.ts'
import { One } from '../view.ts'

const look = lookOf(`
dl { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0.25rem 1rem }
dt, dd, dd ul { margin: 0 }
dd { overflow-wrap: anywhere }
dd ul { padding-inline-start: 1rem }
nav ul { display: flex; flex-wrap: wrap; gap: 0.5rem; list-style: none; padding: 0 }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr } dd { margin-bottom: 0.5rem } }
@media print { nav { display: none } }
`)

const texts = {
  en: {
    last: 'Last public change',
    archived: 'This passport is archived: it stays as it is.',
    more: 'Authorities and persons with a legitimate interest may see more (Regulation (EU) 2023/1542, Art. 77(2)).',
    unknown: 'There is no such passport, or it is not published.',
  },
  de: {
    last: 'Letzte öffentliche Änderung',
    archived: 'Dieser Pass ist archiviert: Er bleibt, wie er ist.',
    more: 'Behörden und Personen mit berechtigtem Interesse können mehr sehen (Verordnung (EU) 2023/1542, Art. 77 Abs. 2).',
    unknown: 'Diesen Pass gibt es nicht, oder er ist nicht veröffentlicht.',
  },
} as const

/** What a code on a battery opens: what Annex XIII (1) says is everybody's, in their language, without script or cookie. */
export function publicPage(host: PassportsHost): void {
  const { site, db, now } = host
  site.get(
    '/passport/:id',
    {
      config: { access: anyone },
      schema: {
        summary: 'The public page of a passport, in the 24 languages of the Union',
        description: 'The same for everybody, whoever they are.',
        params: One,
        querystring: Type.Object(
          { lang: Type.Optional(Type.String({ maxLength: 35, description: 'Before what the browser prefers' })) },
          { additionalProperties: true },
        ),
        produces: ['text/html'],
        hide: true,
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const language = languageFor(request.query.lang, request)
      const passport = await findPublished(db, id)
      if (!passport) return send(request, reply, 404, language, passportWord(language), say(language, 'unknown'))
      const line = await findLine(db, id, false)
      const items = effectiveFor({ view: 'public' }, passport, line, dayOf(now()))
      const title = `${passportWord(language)} ${valueIn('identifier', passport.data) ?? id}`
      return send(request, reply, 200, language, title, bodyOf(language, passport, items))
    },
  )
}

const languageFor = (wanted: string | undefined, { headers }: Request): Language => {
  const base = (wanted ?? '').toLowerCase().split('-')[0]!
  return isLanguage(base) ? base : (languageAccepted(headers['accept-language']) ?? 'en')
}

/** What is said in two languages alone is marked where the page is in another one. */
function say(language: Language, what: keyof (typeof texts)['en']): Html {
  const known = language === 'de' ? 'de' : 'en'
  return known === language ? html`<p>${texts[known][what]}</p>` : html`<p lang="${known}">${texts[known][what]}</p>`
}

const inLanguage = ({ text, language: its }: Word, language: Language): Html =>
  its === language ? html`${text}` : html`<span lang="${its}">${text}</span>`

function bodyOf(language: Language, passport: Passport, items: readonly EffectiveView[]): Html {
  // What the record says of itself stands at the end; each part has the name of its group.
  const groups = [...new Set(attributes.map(({ group }) => group))].filter(group => group !== 'record')
  const parts = groups.flatMap(group => {
    const inside = items.filter(({ id }) => attributeOf(id)!.group === group && id !== 'batteryPassportIdentifier')
    const heading = groupWord(group, language)
    if (inside.length === 0 || !heading) return []
    return html`<section>
      <h2>${inLanguage(heading, language)}</h2>
      <dl>
        ${inside.map(
          item =>
            html`<dt>${inLanguage(labelOf(item.id, language), language)}</dt>
              <dd>${valueOf(item, language)}</dd>`,
        )}
      </dl>
    </section>`
  })
  const last = items.find(({ id }) => id === 'dppLastUpdate')?.value as string
  return html`${passport.status === 'archived' ? say(language, 'archived') : ''}${parts}
    <p>
      <span lang="${language === 'de' ? 'de' : 'en'}">${texts[language === 'de' ? 'de' : 'en'].last}</span>:
      <time datetime="${last}"
        >${new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(last))}</time
      >
    </p>
    ${say(language, 'more')}`
}

/** As people of a language write it, all its digits kept. */
function numberIn(language: Language, digits: string, unit: string | null): string {
  const decimals = /^-?\d+(?:\.(\d+))?$/.exec(digits)?.[1]?.length ?? 0
  if (decimals > 20 || /e/i.test(digits)) return unit ? `${digits} ${unit}` : digits
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals }
  const number = new Intl.NumberFormat(language, options).format(digits as unknown as number)
  return unit ? `${number} ${unit}` : number
}

function valueOf({ id, value, unit, givenValue, givenUnit, notApplicable }: EffectiveView, language: Language): Html {
  if (notApplicable) return html`<bdi>${notApplicable}</bdi>`
  // As it was given: 12 mΩ rather than 0.012 Ω.
  if (unit && typeof givenValue === 'string')
    return html`<bdi>${numberIn(language, givenValue, givenUnit ?? unit)}</bdi>`
  const known = typeof value === 'string' ? valueWord(id, value, language) : undefined
  if (known) return html`<bdi>${inLanguage(known, language)}</bdi>`
  if (attributeOf(id)!.type === 'localized' && Array.isArray(value)) {
    const text = textFor(value as { language: string; value: string }[], language)
    return text ? html`<bdi lang="${text.language}">${text.value}</bdi>` : html``
  }
  return shown(value, language)
}

const isLink = (text: string): boolean => /^https?:\/\/[^\s<>"]+$/i.test(text)

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
  const { value: said, share, mass, concentration, unit, url, title, ...others } = value as Record<string, unknown>
  const { soc, ...rest } = others
  const amount = said ?? share ?? mass ?? concentration
  const parts: Html[] = []
  if (typeof url === 'string' && isLink(url))
    parts.push(
      html`<a href="${url}" rel="noreferrer nofollow"><bdi>${typeof title === 'string' ? title : url}</bdi></a>`,
    )
  else if (typeof title === 'string') parts.push(html`<bdi>${title}</bdi>`)
  if (typeof amount === 'string')
    parts.push(html`<bdi>${typeof unit === 'string' ? numberIn(language, amount, unit) : amount}</bdi>`)
  if (typeof soc === 'string') parts.push(html`<bdi>${numberIn(language, soc, '%')} SoC</bdi>`)
  for (const inner of Object.values(rest)) parts.unshift(shown(inner, language))
  return html`${parts.map((part, at) => (at === 0 ? part : html`, ${part}`))}`
}

function send(request: Request, reply: Reply, status: number, language: Language, title: string, body: Html): Reply {
  const page = html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${look.element}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
        <nav>
          <ul>
            ${Object.entries(languages).map(
              ([tag, name]) => html`<li><a href="${`?lang=${tag}`}" hreflang="${tag}" lang="${tag}">${name}</a></li>`,
            )}
          </ul>
        </nav>
      </body>
    </html>`.toString()
  const tag = `"${createHash('sha256').update(page).digest('base64url').slice(0, 22)}"`
  reply.headers({
    etag: tag,
    vary: 'accept-language',
    'cache-control': status === 200 ? 'public, max-age=60' : 'no-cache',
    'content-language': language,
    'content-security-policy': look.policy,
    'referrer-policy': 'no-referrer',
  })
  if (status === 200 && request.headers['if-none-match'] === tag) return reply.code(304).send()
  return reply.code(status).type('text/html; charset=utf-8').send(page)
}
