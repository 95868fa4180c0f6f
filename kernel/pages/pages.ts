import { createHash } from 'node:crypto'
import type { FastifyRequest as Request } from 'fastify'
import type { Worded } from '../../contracts/admin.ts'
import type { Http, Reply } from '../http/http.ts'
import { html, trusted, type Html } from './html.ts'
import { style } from './style.ts'

const languages = ['en', 'de'] as const
export type Language = (typeof languages)[number]

/** Texts in every language: one that lacks in one does not compile. */
export type Texts<T> = Readonly<Record<Language, T>>

/** The language the reader's browser likes best of those we have; English where it likes none of them. */
export function languageOf({ headers }: { headers: { 'accept-language'?: string } }): Language {
  const liked = (headers['accept-language'] ?? '').split(',').map(range => {
    const [tag = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
    const weight = parameters.find(parameter => parameter.startsWith('q='))?.slice(2)
    return { language: tag.split('-')[0], weight: weight === undefined ? 1 : Number(weight) }
  })
  const best = liked
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ language }) => languages.find(ours => ours === language))
  return best.find(language => language !== undefined) ?? 'en'
}

export interface Link {
  readonly to: string
  readonly text: string
}

/** A way into the platform for people. */
export interface Door {
  /** Whose page it leads to. */
  readonly service: string
  readonly to: string
  readonly name: Texts<string>
  /** What one finds there, in a sentence. */
  readonly about: Texts<string>
  /** It stands below every page, wherever its service runs: what whoever runs the platform has to tell. */
  readonly isBelow?: boolean
}

/** What admins say in a language, above every page unless it is about something else; empty where they say nothing. */
export type Notice = (language: string, about?: Worded) => string

declare module 'fastify' {
  interface FastifyInstance {
    /** Those of services that run here or are known to run elsewhere. */
    readonly doors: readonly Door[]
    readonly notice: Notice
  }
}

export interface PageContent {
  readonly language: Language
  readonly title: string
  readonly body: Html
  /** Where one can go from here: no page is a dead end. */
  readonly onward: readonly [Link, ...Link[]]
  /** A secret stands in its address, or it is about one: nobody keeps or lists it, and nothing but its `top` leads away. */
  readonly secret?: boolean
  /** What search engines and those who share its address are told. */
  readonly found?: Found
  /** Stands above it instead of the doors of the platform. */
  readonly top?: Html
  readonly look?: Look
}

/** How pages of a service look that are more than a few words: a sheet behind that of all. */
export interface Look {
  readonly element: Html
  readonly policy: string
}

/** Of a sheet that a service vouches for; made once. */
export const lookOf = (own: string): Look => {
  const whole = style + own
  const hash = createHash('sha256').update(whole).digest('base64')
  return { element: trusted(`<style>${whole}</style>`), policy: policyOf(hash) }
}

/** How a page is found; addresses are whole, as people see them. */
export interface Found {
  readonly address: string
  /** In a sentence or two. */
  readonly description: string
  /** Of Open Graph; `website` unless given. */
  readonly type?: 'article' | 'product' | 'profile'
  readonly picture?: { readonly address: string; readonly text: string }
  /** The same in other languages. */
  readonly languages?: Partial<Record<Language, string>>
  /** Of Atom. */
  readonly feed?: string
  /** As schema.org describes what stands on the page. */
  readonly data?: readonly object[]
  /** Followed, but not listed: one of many views of the same. */
  readonly unlisted?: boolean
}

// Nothing comes from elsewhere, nothing runs, and forms post only to us.
const policyOf = (sheet: string): string =>
  [
    `default-src 'none'`,
    `style-src 'sha256-${sheet}'`,
    `img-src 'self' data:`,
    `form-action 'self'`,
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ')

/** A whole page that needs no script. */
export function sendPage(reply: Reply, status: number, content: PageContent): Reply {
  const vary = [reply.getHeader('vary') ?? [], 'accept-language'].flat().join(', ')
  reply
    .code(status)
    .type('text/html; charset=utf-8')
    .headers({
      vary,
      'content-language': content.language,
      'content-security-policy': (content.look ?? plainLook).policy,
      // Without a referrer at all browsers say `Origin: null` when a form is sent, and its cookie counts as forged.
      'referrer-policy': 'same-origin',
    })
  if (content.secret) reply.headers({ 'cache-control': 'no-store', 'x-robots-tag': 'noindex' })
  const { base, doors } = reply.server
  const notice = reply.server.notice(content.language)
  const kept = written.get(content)
  const page = kept?.notice === notice ? kept.page : Buffer.from(whole(content, base, doors, notice))
  written.set(content, { notice, page })
  return reply.send(page)
}

/** A content that is kept, and sent again, is written once for each notice. */
const written = new WeakMap<PageContent, { notice: string; page: Buffer }>()

/** The tag of a page by what it is made of; what admins say above every page is part of that. */
export function pageTag({ server }: Reply, language: Language, made: string): string {
  const notice = server.notice(language)
  const more = notice && `-${createHash('sha256').update(notice).digest('base64url').slice(0, 8)}`
  return `"${made}${more}"`
}

/** With paths of ours as people see them; in what came in no quotation mark is left as it was. */
const whole = (content: PageContent, base: string, doors: readonly Door[], notice: string): string =>
  pageOf(content, doors, notice).replace(/ (href|action)="\/(?!\/)/g, ` $1="${base.replaceAll('$', '$$$$')}/`)

const plainLook = lookOf('')

const lost: Texts<readonly [title: string, text: string, home: string]> = {
  en: ['There is nothing at this address', 'It may have been mistyped, or what stood here is gone.', 'The first page'],
  de: ['Unter dieser Adresse ist nichts', 'Sie ist vertippt, oder was hier stand, ist weg.', 'Die erste Seite'],
}

/** A person who followed a link that leads nowhere gets a way on; programs and what asks the API hear of it as of any fault. */
export const isLost = ({ method, url, headers }: Pick<Request, 'method' | 'url' | 'headers'>): boolean =>
  method === 'GET' && /\btext\/html\b/.test(headers.accept ?? '') && !/^\/(api|files|internal)\//.test(url)

export function sendLost(request: Request, reply: Reply): Reply {
  const language = languageOf(request)
  const [title, text, home] = lost[language]
  const page = { language, title, body: html`<p>${text}</p>`, onward: [{ to: '/', text: home }] } as const
  return sendPage(reply.header('vary', 'accept'), 404, page)
}

/** What search engines may list, or the parts of a longer list. https://www.sitemaps.org/protocol.html */
export function sendSitemap(reply: Reply, kind: 'sitemapindex' | 'urlset', entries: readonly Html[]): Reply {
  const of = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
  reply.type('application/xml; charset=utf-8').header('cache-control', 'public, max-age=3600')
  return reply.send(`<?xml version="1.0" encoding="UTF-8"?>\n<${kind} ${of}>\n${entries.join('')}</${kind}>\n`)
}

/** Data that no browser runs; nothing in it ends its element. */
const dataElement = (data: object): Html =>
  trusted(`<script type="application/ld+json">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>`)

const graph = (property: string, content: string): Html => html`<meta property="og:${property}" content="${content}" />`

function foundBy(language: Language, title: string, found: Found): Html {
  const { address, description, type = 'website', picture, languages: others = {}, feed, data = [] } = found
  const spoken = Object.entries(others)
  return html`<meta name="description" content="${description}" />
    ${found.unlisted && html`<meta name="robots" content="noindex,follow" />`}
    <link rel="canonical" href="${address}" />
    ${spoken.map(([other, to]) => html`<link rel="alternate" hreflang="${other}" href="${to}" />`)}
    ${others.en && html`<link rel="alternate" hreflang="x-default" href="${others.en}" />`}
    ${feed && html`<link rel="alternate" type="application/atom+xml" href="${feed}" />`} ${graph('title', title)}
    ${graph('type', type)} ${graph('url', address)} ${graph('description', description)}
    ${graph('locale', { en: 'en_GB', de: 'de_DE' }[language])}
    <meta name="twitter:card" content="${picture ? 'summary_large_image' : 'summary'}" />
    ${picture && [graph('image', picture.address), graph('image:alt', picture.text)]} ${data.map(dataElement)}`
}

/** By keyboard one goes past what stands above every page. */
const skips: Texts<string> = { en: 'Go to the content', de: 'Zum Inhalt' }

const mastheadOf = (language: Language, doors: readonly Door[]): Html =>
  html`<header class="top">
    <div>
      <a href="/">Ohmnibus</a>
      ${doors.map(door => !door.isBelow && linkOf(door, language))}
    </div>
  </header>`

const linkOf = ({ to, name }: Door, language: Language): Html => html`<a href="${to}">${name[language]}</a>`

/** What stands below every page. */
export const footOf = (language: Language, doors: readonly Door[]): Html =>
  html`<footer>${doors.map(door => door.isBelow && linkOf(door, language))}</footer>`

const pageOf = (
  { language, title, body, onward, secret, found, top, look = plainLook }: PageContent,
  doors: readonly Door[],
  notice: string,
): string =>
  `<!doctype html>
${html`<html lang="${language}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <meta name="theme-color" content="#ffffff" media="(prefers-color-scheme: light)" />
    <meta name="theme-color" content="#16181b" media="(prefers-color-scheme: dark)" />
    <link rel="icon" href="data:," />
    ${found && foundBy(language, title, found)} ${look.element}
  </head>
  <body>
    ${secret ? top : [html`<a class="skip" href="#content">${skips[language]}</a>`, top ?? mastheadOf(language, doors)]}
    <main id="content">
      ${notice && html`<p role="status">${notice}</p>`}
      <h1>${title}</h1>
      ${body}
      <nav>
        <ul>
          ${onward.map(({ to, text }) => html`<li><a href="${to}">${text}</a></li>`)}
        </ul>
      </nav>
    </main>
    ${!secret && footOf(language, doors)}
  </body>
</html>`}
`

/** A button that sends what one fills in, to the address of its page or to another of ours; what happens is what it says. */
export const form = (button: string, fields?: Html, action?: string): Html =>
  action === undefined
    ? html`<form method="post">${fields}<button>${button}</button></form>`
    : html`<form method="post" action="${action}">${fields}<button>${button}</button></form>`

/** Routes below also take what forms send: fields by name as text, a list for a name that comes more than once. */
export function forForms(http: Http, setup: (http: Http) => void): void {
  http.scope((app, scoped) => {
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 65_536 },
      async (_: unknown, body: string) => {
        // In one pass: asked by name, each field is looked for among all.
        const fields = Map.groupBy(new URLSearchParams(body), ([name]) => name)
        const valueOf = (all: [string, string][]) => {
          // Nobody types NUL, and no table holds it; before it is decoded, one may be put together of what is left of another.
          const texts = all.map(([, value]) => value.replaceAll('\0', ''))
          return texts.length > 1 ? texts : texts[0]!
        }
        return Object.fromEntries(fields.entries().map(([name, all]) => [name, valueOf(all)]))
      },
    )
    setup(scoped)
  })
}
