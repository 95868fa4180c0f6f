import Type from 'typebox'
import { anyone, html, sendSitemap } from '#kernel'
import type { StationsHost } from '../host.ts'

const perMap = 5_000

/** What search engines may list of charging: the way in, and every public station, some thousand a file. */
export function sitemaps({ site, db, platform }: StationsHost): void {
  const config = { access: anyone }
  const about = { produces: ['application/xml'], hide: true }

  site.get(
    '/sitemaps/stations.xml',
    { config, schema: { ...about, summary: 'The parts of the list of stations, for search engines' } },
    async (_, reply) => {
      const [row] = await db<{ count: number }[]>`
        select count(*)::integer as count from stations where public and deleted_at is null`
      const parts = Math.max(1, Math.ceil(row!.count / perMap))
      return sendSitemap(
        reply,
        'sitemapindex',
        Array.from(
          { length: parts },
          (__, part) =>
            html`<sitemap><loc>${`${platform.publicUrl}/sitemaps/stations-${part + 1}.xml`}</loc></sitemap> `,
        ),
      )
    },
  )
  site.get(
    '/sitemaps/stations-:page.xml',
    {
      config,
      schema: {
        ...about,
        summary: 'Some stations, for search engines',
        params: Type.Object({ page: Type.Integer({ minimum: 1, maximum: 1_000, examples: [1] }) }),
      },
    },
    async ({ params: { page } }, reply) => {
      const stations = await db<{ id: string; changed: Date }[]>`
        select id, updated_at as changed from stations where public and deleted_at is null
        order by created_at, id limit ${perMap} offset ${(page - 1) * perMap}`
      return sendSitemap(reply, 'urlset', [
        ...(page === 1 ? [html`<url><loc>${`${platform.publicUrl}/charge`}</loc></url> `] : []),
        ...stations.map(
          ({ id, changed }) =>
            html`<url
              ><loc>${`${platform.publicUrl}/stations/${id}`}</loc><lastmod>${changed.toISOString()}</lastmod></url
            > `,
        ),
      ])
    },
  )
}
