import Type from 'typebox'
import { anyone, html, sendSitemap, type Html } from '#kernel'
import type { Workshop } from '../products/changing.ts'
import { Id } from '#contracts/shared'

const perMap = 5_000
const languages = ['en', 'de'] as const
/** Where they begin: of the shop, of what is written, of where one can charge, and of who runs the platform. */
const maps = ['/shop/sitemap.xml', '/sitemaps/content.xml', '/sitemaps/stations.xml', '/sitemaps/platform.xml']

/** What search engines may list: every product for sale, some thousand a file, and every category. */
export function sitemaps({ host, catalogue }: Workshop): void {
  const { site, db, platform, cache } = host
  const about = { produces: ['application/xml'], hide: true }
  const config = { access: anyone }
  /** An address, and where it is in each language. */
  const placeOf = (path: string): Html => {
    const address = platform.publicUrl + path
    return html`<loc>${address}</loc>${languages.map(
        language => html`<xhtml:link rel="alternate" hreflang="${language}" href="${`${address}?lang=${language}`}" />`,
      )}<xhtml:link rel="alternate" hreflang="x-default" href="${address}" />`
  }
  site.get(
    '/robots.txt',
    { config, schema: { summary: 'What search engines may read', produces: ['text/plain'], hide: true } },
    (_, reply) =>
      reply
        .type('text/plain; charset=utf-8')
        .header('cache-control', 'public, max-age=3600')
        .send(
          `User-agent: *\nDisallow: /api/\nDisallow: /console\nDisallow: /account\nDisallow: /cart\nDisallow: /checkout\nDisallow: /charge/visits/\n\n${maps.map(path => `Sitemap: ${platform.publicUrl}${path}\n`).join('')}`,
        ),
  )

  site.get(
    '/shop/sitemap.xml',
    { config, schema: { ...about, summary: 'The parts of the list of products, for search engines' } },
    async (_, reply) => {
      // Each part begins where the one before ends; to find that all products are walked, now and then.
      const kept = await cache.get<string[]>('sitemap')
      const starts =
        kept ??
        (
          await db<{ id: string }[]>`
        select id from (select id, row_number() over (order by id) as n from products where for_sale) p
        where (n - 1) % ${perMap} = 0 order by id`
        ).map(({ id }) => id)
      if (!kept) await cache.set('sitemap', starts, 600_000)
      return sendSitemap(reply, 'sitemapindex', [
        html`<sitemap><loc>${`${platform.publicUrl}/shop/sitemaps/categories.xml`}</loc></sitemap> `,
        ...starts.map(
          id => html`<sitemap><loc>${`${platform.publicUrl}/shop/sitemaps/products/${id}`}</loc></sitemap> `,
        ),
      ])
    },
  )

  site.get(
    '/shop/sitemaps/categories.xml',
    { config, schema: { ...about, summary: 'Categories, for search engines' } },
    async (_, reply) =>
      sendSitemap(
        reply,
        'urlset',
        ['', ...(await catalogue.tree()).bySlug.keys().map(slug => `/${slug}`)].map(
          path => html`<url>${placeOf(`/shop${path}`)}</url> `,
        ),
      ),
  )

  site.get(
    '/shop/sitemaps/products/:from',
    { config, schema: { ...about, summary: 'Some products, for search engines', params: Type.Object({ from: Id }) } },
    async ({ params }, reply) => {
      const rows = await db<{ slug: string; updatedAt: Date }[]>`
        select slug, updated_at as "updatedAt" from products where for_sale and id >= ${params.from} order by id limit ${perMap}`
      return sendSitemap(
        reply,
        'urlset',
        rows.map(
          ({ slug, updatedAt }) =>
            html`<url>${placeOf(`/shop/p/${slug}`)}<lastmod>${updatedAt.toISOString()}</lastmod></url> `,
        ),
      )
    },
  )
}
