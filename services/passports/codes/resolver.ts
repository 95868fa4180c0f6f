import Type, { type Static } from 'typebox'
import { listDocumentsOf } from '#contracts/documents'
import { anyone, html, Problem, type Reply, type Request } from '#kernel'
import { frameText, languages, passportWord, readLink, type Named } from '#law'
import type { PassportsHost } from '../host.ts'
import type { Passport } from '../passports.ts'
import { languageFor, send } from '../public/frame.ts'
import { findPublished } from '../store.ts'
import { baseOf, passportIdOf, publicIdOf } from './codes.ts'
import { linksetOf, linkTypeAsked, linkTypeOf, linkTypes, type Link } from './linkset.ts'
import { openMisses } from './misses.ts'
import { findByKey } from './store.ts'

const Query = Type.Object(
  {
    linkType: Type.Optional(
      Type.String({
        maxLength: 200,
        examples: ['gs1:dpp'],
        description: 'A link type of GS1, or `linkset` for all links',
      }),
    ),
    lang: Type.Optional(Type.String({ maxLength: 35 })),
  },
  { additionalProperties: true },
)

/**
 * What codes on batteries open: GS1 Digital Link and our own short links lead to the public page, or to what else is asked
 * for (GS1 Conformant Resolver 1.2.1, RFC 9264).
 */
export function resolver(host: PassportsHost): void {
  const { site, db } = host
  const { publicUrl } = host.platform
  const missed = openMisses(host.cache)
  const schema = (summary: string) => ({
    summary,
    description: 'Leads to the public page of the passport (307), or answers what `linkType` asks for.',
    refuses: ['digital_link_invalid', 'link_type_unknown', 'too_many_requests'],
    querystring: Query,
    produces: ['text/html', 'application/linkset+json'],
    hide: true,
  })

  for (const key of ['01', '8004'])
    site.get(
      `/${key}/*`,
      { config: { access: anyone }, schema: schema('A battery by its GS1 Digital Link') },
      async (request, reply) => {
        const [path, query = ''] = splitUrl(request.url)
        const named = readLink(path)
        if (!named)
          throw new Problem('invalid', 'digital_link_invalid', {
            detail:
              'This is no GS1 Digital Link of a battery: /01/{GTIN}, with /22/, /10/ and /21/ if need be, or /8004/{GIAI}; ' +
              'check the digits.',
          })
        if (named.canonical !== path) return reply.redirect(named.canonical + query, 308)
        const id = await findByKey(db, named.canonical)
        const passport = id && (await findPublished(db, id))
        if (passport) return await lead(host, request, reply, passport, named.canonical)
        await missed(request.ip)
        return await nowhere(host, request, reply, named)
      },
    )

  site.get(
    '/id/:code',
    {
      config: { access: anyone },
      schema: {
        ...schema('A battery by the code of its passport'),
        params: Type.Object({ code: Type.String({ maxLength: 36, examples: ['01k8z5h3q4x6r7s8t9v0w1y2z3'] }) }),
      },
    },
    async (request, reply) => {
      const id = passportIdOf(request.params.code)
      const passport = id && (await findPublished(db, id))
      if (passport) return await lead(host, request, reply, passport, `/id/${publicIdOf(passport.id)}`)
      await missed(request.ip)
      return await nowhere(host, request, reply)
    },
  )

  site.get(
    '/.well-known/gs1resolver',
    {
      config: { access: anyone },
      schema: { summary: 'What this resolver of GS1 Digital Links knows', produces: ['application/json'], hide: true },
    },
    async (_, reply) =>
      reply.header('access-control-allow-origin', '*').send({
        name: 'Ohmnibus',
        resolverRoot: publicUrl,
        supportedPrimaryKeys: ['01', '8004'],
        linkTypeDefaultCanBeLinkset: false,
        supportedLinkType: [
          {
            namespace: 'https://ref.gs1.org/voc/',
            prefix: 'gs1:',
            linkTypes: linkTypes.map(type => `gs1:${type}`),
          },
        ],
      }),
  )
}

/** Whoever opened a code. */
type Asked = Pick<Request, 'url' | 'headers'> & { query: Static<typeof Query> }

const splitUrl = (url: string): [path: string, query?: string] => {
  const at = url.indexOf('?')
  return at < 0 ? [url] : [url.slice(0, at), url.slice(at)]
}

/** What is asked for behind a code. */
async function lead(
  host: PassportsHost,
  request: Asked,
  reply: Reply,
  passport: Passport,
  path: string,
): Promise<Reply> {
  const base = baseOf(passport, host.platform.publicUrl)
  const page = `/passport/${publicIdOf(passport.id)}`
  const anchor = base + path
  reply.headers({
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'link, location',
    vary: 'accept',
    link: `<${anchor}?linkType=linkset>; rel="linkset"; type="application/linkset+json", <${base}${page}>; rel="dpp"`,
  })
  const wantsLinkset = /\bapplication\/linkset\+json\b/.test(request.headers.accept ?? '')
  const asked = request.query.linkType === undefined ? undefined : linkTypeAsked(request.query.linkType)
  if (asked === undefined && !wantsLinkset) return onward(request, reply, page)
  const links = await linksOf(host, passport, base, page)
  if (asked === 'linkset' || asked === undefined)
    return reply
      .type('application/linkset+json')
      .serializer((payload: unknown) => JSON.stringify(payload))
      .send(linksetOf(anchor, links))
  const link = links.find(({ type }) => type === asked)
  if (!link) throw new Problem('not_found', 'link_type_unknown', { detail: 'This battery has no such link.' })
  return onward(request, reply, link.href)
}

/** On to the page with all of the query but what was asked of us. */
function onward({ url }: Asked, reply: Reply, to: string): Reply {
  const query = new URLSearchParams(splitUrl(url)[1] ?? '')
  query.delete('linkType')
  const rest = query.toString()
  return reply.redirect(rest ? `${to}${to.includes('?') ? '&' : '?'}${rest}` : to, 307)
}

/** The page, and the documents that are open to everybody; without them while they cannot be listed. */
async function linksOf({ ask, log }: PassportsHost, passport: Passport, base: string, page: string): Promise<Link[]> {
  const { documents } = await ask(listDocumentsOf, {
    passportId: passport.id,
    open: { audiences: ['public'], category: passport.category },
  }).catch((error: unknown) => {
    log.warn({ err: error }, 'the documents of a passport cannot be listed')
    return { documents: [] }
  })
  const inAll = Object.keys(languages)
  const about = { href: base + page, title: passportWord('en'), mediaType: 'text/html', hreflang: inAll }
  const papers = documents.flatMap(({ docId, title, kind, contentType, language }): Link[] => {
    const type = kind && linkTypeOf(kind)
    if (!type) return []
    return [
      {
        type,
        title,
        href: `${base}/api/documents/${docId}?download=1`,
        mediaType: contentType ?? 'application/octet-stream',
        ...(language && { hreflang: [language] }),
      },
    ]
  })
  return [{ type: 'dpp', ...about }, { type: 'pip', ...about }, ...papers]
}

/** There is no such battery; where its model has a passport, the way to that, and never the model as if it were it. */
async function nowhere({ db }: PassportsHost, request: Asked, reply: Reply, named?: Named): Promise<Reply> {
  const language = languageFor(request.query.lang, request)
  const above = named?.scheme === 'gtin' ? [`/01/${named.gtin}`] : []
  const model = above[0] && above[0] !== named?.canonical ? await findByKey(db, above[0]) : undefined
  const body = html`<p>${frameText(named ? 'noBattery' : 'unknown', language)}</p>
    ${model && html`<p><a href="${`/passport/${publicIdOf(model)}?lang=${language}`}">${frameText('model', language)}</a></p>`}`
  return send(request, reply, 404, language, passportWord(language), body)
}
