import Type from 'typebox'
import { Id, Instant } from '#contracts/shared'
import { cursorOf, fail, isCount, listQuery, Page, page } from '#kernel'
import type { ContentHost } from '../host.ts'
import { kinds, Slug, type Section } from './articles.ts'
import { editors, found, One } from './access.ts'
import { findVersion, listVersions, type Version } from './store.ts'

const said = {
  version: Type.Integer({ minimum: 1, examples: [2] }),
  at: Instant,
  userId: Type.Union([Id, Type.Null()], { description: 'Who saved it' }),
  slug: Slug,
  title: Type.String({ examples: ['Connect your first charger'] }),
  summary: Type.String(),
  tags: Type.Array(Type.String()),
}
const VersionSummary = Type.Object(said, { title: 'ArticleVersionSummary' })
const VersionView = Type.Object(
  {
    ...said,
    body: Type.String(),
    details: Type.Unknown({ description: 'What only articles of its kind say' }),
    difference: Type.String({
      description: 'To the version before, as a unified diff of the Markdown; empty for the first',
      examples: ['@@ -1 +1 @@\n-Two steps.\n+Three steps.\n'],
    }),
  },
  { title: 'ArticleVersion' },
)

const summarise = ({ at, version, userId, slug, title, summary, tags }: Version) => ({
  version,
  at: at.toISOString(),
  userId,
  slug,
  title,
  summary,
  tags: [...tags],
})

/** What an article said before, and what changed. */
export function versionRoutes(host: ContentHost, section: Section): void {
  const { db, http } = host
  const kind = kinds[section]

  http.get(
    `/${section}/:slug/versions`,
    {
      config: editors,
      schema: {
        summary: `The versions of one of ${section}, the latest first`,
        refuses: ['article_unknown'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(VersionSummary) },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      const { id } = await found(db, kind, params.slug, actor)
      const [below] = (cursorOf(after, isCount) ?? []) as number[]
      return page(
        await listVersions(db, id, below ?? 2 ** 31 - 1, limit + 1),
        limit,
        ({ version }) => [version],
        summarise,
      )
    },
  )

  http.get(
    `/${section}/:slug/versions/:version`,
    {
      config: editors,
      schema: {
        summary: `A version of one of ${section}, with what changed`,
        refuses: ['article_unknown', 'article_version_unknown'],
        params: Type.Object({
          ...One.properties,
          version: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, examples: [1] }),
        }),
        response: { 200: VersionView },
      },
    },
    async ({ actor, params }) => {
      const { id } = await found(db, kind, params.slug, actor)
      const version = (await findVersion(db, id, params.version)) ?? fail('not_found', 'article_version_unknown')
      const [before] = await listVersions(db, id, version.version, 1)
      return {
        ...summarise(version),
        body: version.body,
        details: version.details,
        difference: before ? await difference(before.body, version.body) : '',
      }
    },
  )
}

/** Bounded in time: texts that share nothing are told as one that goes and one that comes. */
async function difference(before: string, after: string): Promise<string> {
  if (before === after) return ''
  const { structuredPatch, formatPatch } = await import('diff')
  const patch = structuredPatch('', '', before, after, '', '', { context: 3, timeout: 40 })
  const whole = [...before.split('\n').map(line => `-${line}`), ...after.split('\n').map(line => `+${line}`)]
  return patch ? formatPatch(patch).split('\n').slice(4).join('\n') : whole.join('\n')
}
