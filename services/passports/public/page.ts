import Type, { type Static } from 'typebox'
import { listDocumentsOf } from '#contracts/documents'
import { anyone, html, placeOf, type Html } from '#kernel'
import {
  attributeOf,
  attributes,
  categoryOf,
  frameText,
  groupWord,
  labelOf,
  passportWord,
  scopeOf,
  type FrameText,
  type Language,
} from '#law'
import { dayOf } from '../audiences/views.ts'
import { valueIn } from '../columns.ts'
import { baseOf, passportIdOf, publicIdOf } from '../codes/codes.ts'
import { openMisses } from '../codes/misses.ts'
import { didOf } from '../dpp/identifiers.ts'
import { compressedOf } from '../dpp/shape.ts'
import type { PassportsHost } from '../host.ts'
import type { Passport } from '../passports.ts'
import { findPublished } from '../store.ts'
import { effectiveFor, type EffectiveView } from '../units/effective.ts'
import { findLine } from '../units/store.ts'
import { checking, hidden, symbols } from './explained.ts'
import { formAccepted, forms, jsonLdOf } from './forms.ts'
import { languageFor, send, sendMade, sendTagged } from './frame.ts'
import { sheetOf } from './sheet.ts'
import { days, inLanguage, valueOf } from './values.ts'

/** A document that is open to everybody. */
type Paper = Static<(typeof listDocumentsOf)['output']>['documents'][number]

/**
 * What a code on a battery leads to: what Annex XIII (1) says is everybody's, for people in their language, without script
 * or cookie, and for machines.
 */
export function publicPage(host: PassportsHost): void {
  const { site, db, now, platform } = host
  const missed = openMisses(host.cache)
  const sheets = host.cache.limit('passports as PDF by place', { points: 60, seconds: 60 })
  site.get(
    '/passport/:id',
    {
      config: { access: anyone },
      schema: {
        summary: 'The public page of a passport, in the 24 languages of the Union',
        description:
          'The same for everybody, whoever they are; by `Accept` as JSON of EN 18223, as JSON-LD and as PDF too.',
        params: Type.Object({
          id: Type.String({
            maxLength: 36,
            examples: ['01k8z5h3q4x6r7s8t9v0w1y2z3'],
            description: 'Public id or UUID',
          }),
        }),
        querystring: Type.Object(
          { lang: Type.Optional(Type.String({ maxLength: 35, description: 'Before what the browser prefers' })) },
          { additionalProperties: true },
        ),
        produces: [...forms],
        refuses: ['too_many_requests'],
        hide: true,
      },
    },
    async (request, reply) => {
      const language = languageFor(request.query.lang, request)
      const form = formAccepted(request.headers.accept)
      if (!form)
        return reply
          .code(406)
          .type('text/plain; charset=utf-8')
          .serializer((payload: unknown) => payload as string)
          .send(`There is ${forms.join(', ')}.\n`)
      const id = passportIdOf(request.params.id)
      const passport = id && (await findPublished(db, id))
      if (!passport) {
        await missed(request.ip)
        return send(request, reply, 404, language, passportWord(language), say(language, 'unknown'))
      }
      const line = await findLine(db, passport.id, false)
      const on = dayOf(now())
      const items = effectiveFor({ view: 'public' }, passport, line, on)
      const base = baseOf(passport, platform.publicUrl)
      const linkset = `${base}/id/${publicIdOf(passport.id)}?linkType=linkset`
      reply.header('link', `<${linkset}>; rel="linkset"; type="application/linkset+json"`)
      reply.header('access-control-allow-origin', '*')
      if (form === 'application/json' || form === 'application/ld+json') {
        const shown =
          form === 'application/json'
            ? compressedOf(items, didOf(platform.publicUrl, passport.owner.id))
            : jsonLdOf(platform.publicUrl, base, passport, items)
        return sendTagged(request, reply, 200, form, JSON.stringify(shown))
      }
      const papers = await papersOf(host, passport)
      const hasPassport = isCovered(passport, items, on)
      const name = hasPassport ? passportWord(language) : frameText('information', language)
      const title = `${name} ${valueIn('identifier', passport.data) ?? passport.id}`
      const body = bodyOf(language, passport, items, papers, hasPassport ? on : undefined)
      if (form === 'text/html') return send(request, reply, 200, language, title, body)
      const address = `${base}/passport/${publicIdOf(passport.id)}`
      const changed = new Date(lastOf(items))
      reply.header('content-language', language)
      return await sendMade(request, reply, form, `${language} ${title} ${body}`, async () => {
        await sheets.take(placeOf(request.ip))
        return await sheetOf({ language, name, title, body, address, changed })
      })
    },
  )
}

/** Those that are open to everybody; none while they cannot be listed. */
const papersOf = async ({ ask, log }: PassportsHost, { id, category }: Passport): Promise<Paper[]> =>
  (
    await ask(listDocumentsOf, { passportId: id, open: { audiences: ['public'], category } }).catch(
      (error: unknown) => {
        log.warn({ err: error }, 'the documents of a passport cannot be listed')
        return { documents: [] }
      },
    )
  ).documents

/** Whether the law calls it a passport: of other batteries it is what Art. 13(6) asks for. */
function isCovered({ category }: Passport, items: readonly EffectiveView[], on: string): boolean {
  const number = (id: string): string | undefined => {
    const value = items.find(item => item.id === id)?.value
    return typeof value === 'string' ? value : undefined
  }
  const scope = scopeOf(
    categoryOf(category ?? '') ?? null,
    {
      ratedCapacity: number('ratedCapacity'),
      nominalVoltage: number('nominalVoltage'),
      certifiedUsableBatteryEnergy: number('certifiedUsableBatteryEnergy'),
    } as never,
    on,
  )
  return scope !== 'not_covered' && scope !== 'below_threshold'
}

const say = (language: Language, what: FrameText): Html => html`<p>${frameText(what, language)}</p>`

function bodyOf(
  language: Language,
  passport: Passport,
  items: readonly EffectiveView[],
  papers: readonly Paper[],
  /** The day, where the law calls it a passport. */
  on: string | undefined,
): Html {
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
  const last = lastOf(items)
  return html`${on && passport.status === 'archived' ? say(language, 'archived') : ''}${parts}
    ${papers.length > 0 && paperList(language, papers)} ${symbols(language, items)}
    <p>
      ${frameText('last', language)}:
      <time datetime="${last}">${days(language).format(new Date(last))}</time>
    </p>
    ${on && hidden(language, passport.category, on)} ${on && checking(language, passport.id)}
    <p><a href="${`/api/passports/${passport.id}`}" type="application/json">${frameText('data', language)}</a></p>`
}

/** When what everybody sees changed last. */
const lastOf = (items: readonly EffectiveView[]): string =>
  items.find(({ id }) => id === 'dppLastUpdate')!.value as string

const paperList = (language: Language, papers: readonly Paper[]): Html =>
  html`<section>
    <h2>${frameText('documents', language)}</h2>
    <ul>
      ${papers.map(({ docId, title, language: its }) => {
        const href = `/api/documents/${docId}?download=1`
        return its
          ? html`<li>
              <a href="${href}" hreflang="${its}"><bdi lang="${its}">${title}</bdi></a>
            </li>`
          : html`<li>
              <a href="${href}"><bdi>${title}</bdi></a>
            </li>`
      })}
    </ul>
  </section>`
