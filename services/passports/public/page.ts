import Type, { type Static } from 'typebox'
import { listDocumentsOf } from '#contracts/documents'
import { anyone, html, type Html } from '#kernel'
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
import { passportIdOf, publicIdOf } from '../codes/codes.ts'
import { openMisses } from '../codes/misses.ts'
import type { PassportsHost } from '../host.ts'
import type { Passport } from '../passports.ts'
import { findPublished } from '../store.ts'
import { effectiveFor, type EffectiveView } from '../units/effective.ts'
import { findLine } from '../units/store.ts'
import { checking, symbols } from './explained.ts'
import { formAccepted, forms, jsonLdOf, jsonOf } from './forms.ts'
import { languageFor, send, sendTagged } from './frame.ts'
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
  site.get(
    '/passport/:id',
    {
      config: { access: anyone },
      schema: {
        summary: 'The public page of a passport, in the 24 languages of the Union',
        description: 'The same for everybody, whoever they are; by `Accept` as JSON and as JSON-LD too.',
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
      const items = effectiveFor({ view: 'public' }, passport, line, dayOf(now()))
      const linkset = `${platform.publicUrl}/id/${publicIdOf(passport.id)}?linkType=linkset`
      reply.header('link', `<${linkset}>; rel="linkset"; type="application/linkset+json"`)
      reply.header('access-control-allow-origin', '*')
      if (form !== 'text/html') {
        const shown = (form === 'application/json' ? jsonOf : jsonLdOf)(platform.publicUrl, passport, items)
        return sendTagged(request, reply, 200, form, JSON.stringify(shown))
      }
      const papers = await papersOf(host, passport)
      const hasPassport = isCovered(passport, items, dayOf(now()))
      const name = hasPassport ? passportWord(language) : frameText('information', language)
      const title = `${name} ${valueIn('identifier', passport.data) ?? passport.id}`
      return send(request, reply, 200, language, title, bodyOf(language, passport, items, papers, hasPassport))
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
  hasPassport: boolean,
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
  const last = items.find(({ id }) => id === 'dppLastUpdate')?.value as string
  return html`${hasPassport && passport.status === 'archived' ? say(language, 'archived') : ''}${parts}
    ${papers.length > 0 && paperList(language, papers)} ${symbols(language, items)}
    <p>
      ${frameText('last', language)}:
      <time datetime="${last}">${days(language).format(new Date(last))}</time>
    </p>
    ${hasPassport && say(language, 'more')} ${hasPassport && checking(language, passport.id)}
    <p><a href="${`/api/passports/${passport.id}`}" type="application/json">${frameText('data', language)}</a></p>`
}

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
