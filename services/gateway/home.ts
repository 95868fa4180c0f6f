import { anyone, html, languageOf, sendPage, sendSitemap, type Texts } from '#kernel'
import type { GatewayHost } from './host.ts'

const en = {
  title: 'Ohmnibus',
  text: 'The open back end of electric mobility: passports for batteries, charging, and a market for what belongs to both.',
  reference: 'The API, with everything to try',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    title: 'Ohmnibus',
    text: 'Die offene Plattform der Elektromobilität: Pässe für Batterien, Laden, und ein Markt für alles, was dazugehört.',
    reference: 'Die API, zum Ausprobieren',
  },
}

/** The first page: where people come in. Programs are led to the reference, as before. */
export function home({ site, platform: { publicUrl } }: GatewayHost): void {
  site.get('/', { config: { access: anyone }, schema: { summary: 'The first page', hide: true } }, (request, reply) => {
    reply.header('vary', 'accept')
    if (!/\btext\/html\b/.test(request.headers.accept ?? '')) return reply.redirect('/docs')
    const language = languageOf(request)
    const { title, text, reference } = texts[language]
    return sendPage(reply.header('cache-control', 'no-cache'), 200, {
      language,
      title,
      body: html`<p>${text}</p>
        <dl>
          ${reply.server.doors
            .filter(({ isBelow }) => !isBelow)
            .map(
              ({ to, name, about }) =>
                html`<dt><a href="${to}">${name[language]}</a></dt>
                  <dd>${about[language]}</dd>`,
            )}
        </dl>`,
      onward: [{ to: '/docs', text: reference }],
      found: {
        address: `${publicUrl}/`,
        description: text,
        data: ['Organization', 'WebSite'].map(type => ({
          '@context': 'https://schema.org',
          '@type': type,
          name: title,
          url: `${publicUrl}/`,
          ...(type === 'WebSite' && { description: text, inLanguage: language }),
        })),
      },
    })
  })
  // What stands below every page changes with the version or with what admins write; who wrote when is not told here.
  site.get(
    '/sitemaps/platform.xml',
    {
      config: { access: anyone },
      schema: {
        summary: 'The first page and what stands below every page, for search engines',
        produces: ['application/xml'],
        hide: true,
      },
    },
    (_, reply) => {
      const below = reply.server.doors.filter(({ isBelow }) => isBelow).map(({ to }) => to)
      return sendSitemap(
        reply,
        'urlset',
        ['/', ...below].map(path => html`<url><loc>${publicUrl + path}</loc></url> `),
      )
    },
  )
}
