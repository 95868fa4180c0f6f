import Type, { type Static } from 'typebox'
import { event } from './define.ts'
import { Id, Instant, Line, Locale, Owner } from './shared.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/** What is written for readers. */
export const ArticleKind = Type.Enum(['post', 'help', 'tutorial', 'job'], { examples: ['post'] })
export type ArticleKind = Static<typeof ArticleKind>

/** `withdrawn` was published, and is not any more; of a job: it is filled or over. */
export const ArticleState = Type.Enum(['draft', 'scheduled', 'published', 'withdrawn'], { examples: ['published'] })
export type ArticleState = Static<typeof ArticleState>

/** What every event says of an article; of two the greater `version` holds. */
const Article = {
  articleId: Id,
  kind: ArticleKind,
  language: Locale,
  slug: Type.String({ examples: ['first-charger'] }),
  title: Line(200, { examples: ['Connect your first charger'] }),
  version: Type.Integer({ minimum: 1, examples: [1] }),
}

/** Everybody can read an article from now on. */
export const ArticlePublished = event('content', 'article.published', 'articleId', Type.Object(Article))

/** A published article says something else. */
export const ArticleChanged = event('content', 'article.changed', 'articleId', Type.Object(Article))

/** Nobody reads it any more, unless it is published again. */
export const ArticleWithdrawn = event('content', 'article.withdrawn', 'articleId', Type.Object(Article))

const Application = {
  applicationId: Id,
  jobId: Id,
  /** Who offers the job. */
  owner: Owner,
}

/** Somebody applies for a job; the file that came with it lies in `content` until `documents` took it in. */
export const ApplicationReceived = event(
  'content',
  'application.received',
  'applicationId',
  Type.Object({
    ...Application,
    title: Line(200, { examples: ['Field technician'] }),
    receivedAt: Instant,
    file: nullable(
      Type.Object({
        fileKey: Type.String(),
        fileName: Type.String({ examples: ['cv.pdf'] }),
        sizeBytes: Type.Integer({ minimum: 1 }),
        sha256: Type.String({ pattern: '^[0-9a-f]{64}$', examples: ['0'.repeat(64)] }),
      }),
    ),
  }),
)

/** An application is kept no longer; what came with it goes too. */
export const ApplicationRemoved = event('content', 'application.removed', 'applicationId', Type.Object(Application))
