import Type, { type Static } from 'typebox'
import { Id, Line } from '#contracts/shared'
import { anyone, newId, Page, Problem } from '#kernel'
import { admins } from '../access.ts'
import type { Workshop } from '../products/changing.ts'
import { showing } from '../products/routes.ts'
import { shownQuery } from '../products/shown.ts'
import { ProductSummary } from '../products/view.ts'
import { countFacets, Facets } from './facets.ts'
import { openKept } from './kept.ts'
import { narrow, searchQuery, type SearchQuery } from './query.ts'
import { mostRanked, searchProducts } from './search.ts'
import { suggest, Suggestions } from './suggest.ts'
import { foldedGroup, understand, type Synonyms } from './understand.ts'

const Found = Type.Object(
  {
    ...Page(ProductSummary).properties,
    searchedFor: Type.Union([Type.String(), Type.Null()], {
      description: 'What was searched for instead of words that nobody uses',
      examples: [null],
    }),
    facets: Type.Optional(Facets),
  },
  { title: 'FoundProducts' },
)

/** What is for sale, as routes and pages look for it. */
export interface Shop {
  find(query: SearchQuery, shown: Awaited<ReturnType<typeof showing>>): Promise<Static<typeof Found>>
}

export function openShop(workshop: Workshop): Shop {
  const { host } = workshop
  const { db } = host
  const synonyms = openSynonyms(workshop)
  const kept = openKept(host)

  return {
    async find(query, { tree, currency, language, popularFrom }) {
      const narrowed = narrow(query, tree, currency, language)
      const { groups, edition } = query.search === undefined ? nothingKnown : await synonyms()
      const key = JSON.stringify([query, currency, language, edition])
      return await kept.recall(tree, key, async at => {
        const meant = query.search === undefined ? undefined : await understand(db, query.search, groups)
        const facets = query.facets ? await countFacets(db, narrowed, meant, at, tree) : undefined
        const many = facets && (!facets.exact || facets.total > mostRanked)
        const searching = { narrowed, meant, at, many, tree, popularFrom }
        const found = await searchProducts(db, query, searching)
        return { ...found, searchedFor: meant?.corrected ?? null, ...(facets && { facets }) }
      })
    },
  }
}

const nothingKnown = { groups: [] as Synonyms, edition: 0 }

/** Groups of synonyms, in memory for some seconds, and how often they were read. */
function openSynonyms({ host: { db } }: Workshop): () => Promise<typeof nothingKnown> {
  let kept: Promise<typeof nothingKnown> | undefined
  let keptAt = 0
  let edition = 0
  return () => {
    if (kept && Date.now() - keptAt < 10_000) return kept
    keptAt = Date.now()
    const reading = db<{ words: string[] }[]>`select words from synonyms order by id limit 1000`.then(rows => ({
      groups: rows.map(({ words }) => foldedGroup(words)),
      edition: ++edition,
    }))
    kept = reading
    reading.catch(() => void (kept = undefined))
    return reading
  }
}

export function searchRoutes(workshop: Workshop, shop: Shop): void {
  const { host } = workshop
  const { http, db } = host
  http.get(
    '/products',
    {
      config: { access: anyone },
      schema: {
        summary: 'Find products that are for sale',
        description:
          'Words in the language of who searches, with what is spelt a little otherwise; filters, counts by what it can be narrowed down, ' +
          'prices in one currency.',
        refuses: ['category_unknown', 'attribute_invalid'],
        querystring: searchQuery,
        response: { 200: Found },
      },
    },
    async request => await shop.find(request.query, await showing(workshop, request, request.query)),
  )

  http.get(
    '/suggestions',
    {
      config: { access: anyone },
      schema: {
        summary: 'What somebody who types may be looking for',
        querystring: Type.Object({
          search: Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000]*$', examples: ['wall'] }),
          language: shownQuery.language,
        }),
        response: { 200: Suggestions },
      },
    },
    async request => {
      const { language, tree } = await showing(workshop, request, request.query)
      return await suggest(db, request.query.search, language, tree)
    },
  )
  synonymRoutes(workshop)
}

const SynonymsView = Type.Object(
  { id: Id, words: Type.Array(Type.String(), { examples: [['wallbox', 'wall box']] }) },
  { title: 'Synonyms' },
)

function synonymRoutes({ host: { acted, http, db, now } }: Workshop): void {
  http.get(
    '/synonyms',
    {
      config: { access: admins },
      schema: {
        summary: 'List the words that mean the same in searches',
        response: { 200: Type.Object({ items: Type.Array(SynonymsView) }, { title: 'SynonymsList' }) },
      },
    },
    async () => ({
      items: await db<{ id: string; words: string[] }[]>`select id, words from synonyms order by id limit 1000`,
    }),
  )

  http.post(
    '/synonyms',
    {
      config: { access: admins },
      schema: {
        summary: 'Have words mean the same in searches, some seconds later',
        honours: ['Idempotency-Key'],
        body: Type.Object({
          words: Type.Array(Line(60, { examples: ['wallbox'] }), {
            minItems: 2,
            maxItems: 20,
            uniqueItems: true,
            examples: [['wallbox', 'wall box']],
          }),
        }),
        response: { 201: SynonymsView },
      },
    },
    async (request, reply) => {
      const made = await db.once(request, async tx => {
        const [id, { words }] = [newId(), request.body]
        await tx`insert into synonyms (id, words, created_at) values (${id}, ${words}, ${now()})`
        await acted(tx, request.actor, 'synonyms.made', id, { words })
        return { id, words }
      })
      return reply.code(201).send(made)
    },
  )

  http.delete(
    '/synonyms/:id',
    {
      config: { access: admins },
      schema: {
        summary: 'Have words mean different things again',
        refuses: ['synonyms_unknown'],
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await db.transaction(async tx => {
        const gone = await tx<{ words: string[] }[]>`delete from synonyms where id = ${params.id} returning words`
        if (gone.length === 0) throw new Problem('not_found', 'synonyms_unknown')
        await acted(tx, actor, 'synonyms.deleted', params.id, { words: gone[0]!.words })
      })
      return reply.code(204).send()
    },
  )
}
