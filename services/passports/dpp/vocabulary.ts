import Type from 'typebox'
import { anyone, html, Problem, sendPage, type Reply, type Request } from '#kernel'
import { attributeOf, attributes, labelOf, languages, type Attribute, type Language } from '#law'
import type { PassportsHost } from '../host.ts'
import { didOf } from './identifiers.ts'

const jsonLd = 'application/ld+json'

/** What a term of the vocabulary means, in all languages there are. */
function termOf({ id, definition, unit, type, references, point }: Attribute, vocabulary: string) {
  const labels = (Object.keys(languages) as Language[])
    .map(language => labelOf(id, language))
    .filter(({ language }, at, all) => all.findIndex(other => other.language === language) === at)
  return {
    '@id': `${vocabulary}/${id}`,
    '@type': 'rdf:Property',
    'rdfs:label': labels.map(({ text, language }) => ({ '@value': text, '@language': language })),
    'rdfs:comment': { '@value': definition, '@language': 'en' },
    'dcterms:source': references.map(one => `Regulation (EU) 2023/1542: ${one}`),
    type,
    ...(unit !== null && { unit }),
    annexPoint: point,
  }
}

const contextOf = (vocabulary: string) => ({
  '@vocab': `${vocabulary}#`,
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  rdfs: 'http://www.w3.org/2000/01/rdf-schema#',
  dcterms: 'http://purl.org/dc/terms/',
})

/** Whether a client rather has the page than the data. */
const wantsPage = ({ headers }: Request): boolean =>
  /text\/html/i.test(headers.accept ?? '') && !/ld\+json/i.test(headers.accept ?? '')

const send = (reply: Reply, value: object): Reply =>
  reply
    .type(jsonLd)
    .headers({ 'access-control-allow-origin': '*', vary: 'accept' })
    .serializer(() => JSON.stringify(value))
    .send(value)

/** What `dictionaryReference` leads to: one address an attribute, for ever, for programs and for people. */
export function vocabulary({ site, platform, db }: PassportsHost): void {
  const base = `${platform.publicUrl}/vocabulary`
  const schema = { hide: true, produces: ['text/html', jsonLd], refuses: 'any' as const }

  site.get(
    '/vocabulary',
    { config: { access: anyone }, schema: { ...schema, summary: 'The words of battery passports' } },
    (request, reply) => {
      if (!wantsPage(request))
        return send(reply, { '@context': contextOf(base), '@graph': attributes.map(one => termOf(one, base)) })
      const body = html`<ul>
        ${attributes.map(({ id, label }) => html`<li><a href="/vocabulary/${id}">${label.en}</a></li>`)}
      </ul>`
      const onward = [{ to: '/docs', text: 'Reference' }] as const
      return sendPage(reply, 200, { language: 'en', title: 'The words of battery passports', body, onward })
    },
  )

  site.get(
    '/vocabulary/:term',
    {
      config: { access: anyone },
      schema: {
        ...schema,
        summary: 'What an attribute of a battery passport means',
        params: Type.Object({ term: Type.String({ maxLength: 100 }) }),
      },
    },
    (request, reply) => {
      const attribute = attributeOf(request.params.term)
      if (!attribute) throw new Problem('not_found', 'term_unknown', { detail: 'There is no such word.' })
      if (!wantsPage(request)) return send(reply, { '@context': contextOf(base), ...termOf(attribute, base) })
      const { definition, unit, references, label, point } = attribute
      const body = html`<p>${definition}</p>
        <dl>
          <dt>Unit</dt>
          <dd>${unit ?? 'none'}</dd>
          <dt>Point of Annex XIII</dt>
          <dd>${String(point)}</dd>
          <dt>Source</dt>
          <dd>${references.join(', ')}</dd>
        </dl>`
      const onward = [{ to: '/vocabulary', text: 'All words' }] as const
      return sendPage(reply, 200, { language: 'en', title: label.en, body, onward })
    },
  )

  // The identifier of an operator leads here; keys come with signed passports.
  site.get(
    '/operators/:id/did.json',
    {
      config: { access: anyone },
      schema: {
        hide: true,
        refuses: 'any',
        produces: ['application/did+json', 'text/html'],
        summary: 'The public identifier of an operator',
        params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const rows = await db<object[]>`
        select from passports where owner_id = ${id} and status <> 'draft' limit 1`
      if (rows.length === 0)
        throw new Problem('not_found', 'operator_unknown', { detail: 'There is no such operator.' })
      const document = { '@context': ['https://www.w3.org/ns/did/v1'], id: didOf(platform.publicUrl, id) }
      return reply
        .type('application/did+json')
        .serializer(() => JSON.stringify(document))
        .send(document)
    },
  )
}
