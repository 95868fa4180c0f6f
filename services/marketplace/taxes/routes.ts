import Type from 'typebox'
import { TaxClassChanged, TaxClassCode, TaxPercents } from '#contracts/marketplace'
import { Line } from '#contracts/shared'
import { anyone, Problem, requireMatch } from '#kernel'
import { freshAdmins } from '../access.ts'
import type { MarketplaceHost } from '../host.ts'

const TaxClassView = Type.Object(
  {
    code: TaxClassCode,
    name: Type.String({ examples: ['Standard'] }),
    percents: TaxPercents,
    version: Type.Integer({ minimum: 1, examples: [1] }),
  },
  { title: 'TaxClass' },
)
type TaxClass = Type.Static<typeof TaxClassView>

/** How products are taxed where the tables of taxes know no better. */
export function taxRoutes({ http, db, now }: MarketplaceHost): void {
  http.get(
    '/tax-classes',
    {
      config: { access: anyone },
      schema: {
        summary: 'List the tax classes that products may have',
        response: { 200: Type.Object({ items: Type.Array(TaxClassView) }, { title: 'TaxClasses' }) },
      },
    },
    async () => ({
      items: await db<TaxClass[]>`select code, name, percents, version from tax_classes order by code limit 1000`,
    }),
  )

  http.put(
    '/tax-classes/:code',
    {
      config: { access: freshAdmins },
      schema: {
        summary: 'Say which rates a tax class has, by country; it is made where there is none',
        description: 'A country that is not named is taxed as the tables of taxes have it. `standard` names none.',
        honours: ['If-Match'],
        refuses: ['tax_class_unknown'],
        params: Type.Object({ code: { ...TaxClassCode, examples: ['solar-storage'] } }),
        body: Type.Object({
          name: Line(120, { examples: ['Solar storage'] }),
          percents: { ...TaxPercents, examples: [[{ country: 'DE', percent: '0' }]] },
        }),
        response: { 200: TaxClassView },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      if (params.code === 'standard' && body.percents.length > 0)
        throw new Problem('unprocessable', 'tax_class_unknown', {
          errors: [{ pointer: '/percents', detail: 'are none of `standard`' }],
        })
      const countries = body.percents.map(({ country }) => country)
      const twice = countries.findIndex((country, index) => countries.indexOf(country) < index)
      if (twice >= 0)
        throw new Problem('unprocessable', 'tax_class_unknown', {
          errors: [{ pointer: `/percents/${twice}/country`, detail: 'is there twice' }],
        })
      const changed = await db.transaction(async tx => {
        const [before] = await tx<
          { version: number }[]
        >`select version from tax_classes where code = ${params.code} for update`
        requireMatch(request, before?.version ?? 0)
        const [row] = await tx<TaxClass[]>`
          insert into tax_classes as t (code, name, percents, version, updated_at)
          values (${params.code}, ${body.name}, ${tx.json(body.percents)}, 1, ${now()})
          on conflict (code) do update set name = excluded.name, percents = excluded.percents, version = t.version + 1,
            updated_at = excluded.updated_at
          returning code, name, percents, version`
        const { code, percents, version } = row!
        await tx.publish(TaxClassChanged, { code, percents, version })
        return row!
      })
      return reply.header('etag', `"${changed.version}"`).send(changed)
    },
  )
}
