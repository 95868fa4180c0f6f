import Type from 'typebox'
import { anyone, html, markdown, sendSitemap, type Language } from '#kernel'
import { sectionOf, sections, type Article } from '../articles/articles.ts'
import { countPublished, listArticles, listPublished } from '../articles/store.ts'
import type { ContentHost } from '../host.ts'
import { isListed, pathOf } from './data.ts'
import { texts } from './words.ts'

const formats = {
  'feed.xml': ['application/atom+xml; charset=utf-8', 'atom1'],
  'rss.xml': ['application/rss+xml; charset=utf-8', 'rss2'],
  'feed.json': ['application/feed+json; charset=utf-8', 'json1'],
} as const
const perMap = 5_000
const mostMaps = 1_000

/** The blog as feeds with whole texts, and what search engines may list. */
export function feeds(host: ContentHost): void {
  const { site, db, platform, now } = host
  const address = (article: Article) =>
    platform.publicUrl + pathOf(sectionOf(article.kind), article.language, article.slug)

  for (const language of ['en', 'de'] as const)
    for (const [name, [type, format]] of Object.entries(formats))
      site.get(
        `${pathOf('blog', language)}/${name}`,
        {
          config: { access: anyone },
          schema: { summary: `The blog as ${format}`, produces: [type.split(';')[0]!], hide: true },
        },
        async (_, reply) =>
          reply
            .type(type)
            .header('cache-control', 'public, max-age=300')
            .send((await feedOf(language, format === 'json1'))[format]()),
      )

  /** In XML titles and summaries are HTML for who reads them. */
  async function feedOf(language: Language, asText: boolean) {
    const written = (text: string) => (asText ? text : String(html`${text}`))
    const { Feed } = await import('feed')
    const posts = await listArticles(db, { kind: 'post', language }, 30, undefined)
    const home = platform.publicUrl + pathOf('blog', language)
    const words = texts[language]
    const feed = new Feed({
      id: home,
      link: home,
      title: words.sections.blog,
      description: words.about.blog,
      language,
      copyright: '',
      updated: posts[0]?.changedAt ?? new Date(0),
      feedLinks: { atom: `${home}/feed.xml`, rss: `${home}/rss.xml`, json: `${home}/feed.json` },
    })
    for (const post of posts)
      feed.addItem({
        id: address(post),
        link: address(post),
        title: written(post.title),
        description: written(post.summary),
        content: String(await markdown(post.body)),
        date: post.changedAt,
        published: post.publishedAt!,
        ...(post.details.author && { author: [{ name: written(post.details.author) }] }),
        category: post.tags.map(tag => ({ name: tag })),
      })
    return feed
  }

  site.get(
    '/sitemaps/content.xml',
    {
      config: { access: anyone },
      schema: {
        summary: 'The parts of what is written, for search engines',
        produces: ['application/xml'],
        hide: true,
      },
    },
    async (_, reply) => {
      const pages = Math.max(1, Math.ceil((await countPublished(db)) / perMap))
      return sendSitemap(
        reply,
        'sitemapindex',
        Array.from(
          { length: Math.min(pages, mostMaps) },
          (_, index) =>
            html`<sitemap><loc>${`${platform.publicUrl}/sitemaps/content-${index + 1}.xml`}</loc></sitemap> `,
        ),
      )
    },
  )

  site.get(
    '/sitemaps/content-:page.xml',
    {
      config: { access: anyone },
      schema: {
        summary: 'What is written, for search engines',
        params: Type.Object({ page: Type.Integer({ minimum: 1, maximum: mostMaps, examples: [1] }) }),
        produces: ['application/xml'],
        hide: true,
      },
    },
    async ({ params }, reply) => {
      const articles = await listPublished(db, perMap, (params.page - 1) * perMap)
      const lists =
        params.page > 1
          ? []
          : (['en', 'de'] as const).flatMap(language =>
              sections.map(section => html`<url><loc>${platform.publicUrl + pathOf(section, language)}</loc></url> `),
            )
      const urls = articles
        .filter(article => isListed(article, now()))
        .map(
          article =>
            html`<url><loc>${address(article)}</loc><lastmod>${article.changedAt.toISOString()}</lastmod></url> `,
        )
      return sendSitemap(reply, 'urlset', [...lists, ...urls])
    },
  )
}
