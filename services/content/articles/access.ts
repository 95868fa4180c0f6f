import Type from 'typebox'
import type { ArticleKind } from '#contracts/content'
import { Id, Locale } from '#contracts/shared'
import { fail, fresh, isId, withRole, type Actor, type Db, type Language, type Tx } from '#kernel'
import { Slug, type Article } from './articles.ts'
import { findArticle, lockArticle } from './store.ts'

/** By its name in the address, or its id. */
export const One = Type.Object({ slug: Type.Union([Id, Slug], { examples: ['first-charger'] }) })
export const inLanguage = { language: Type.Optional({ ...Locale, description: 'English unless given' }) }
export const OneQuery = Type.Object(inLanguage, { additionalProperties: false })

export const editors = { access: withRole('admin') }
/** For what cannot be undone. */
export const freshEditors = { access: fresh(editors.access, '5 minutes') }

/** What is found under this name by who asks. Fails with `article_unknown`. */
export async function found(
  db: Db,
  kind: ArticleKind,
  name: string,
  actor: Actor | undefined,
  language: Language = 'en',
): Promise<Article> {
  const article = await findArticle(db, kind, isId(name) ? { id: name } : { language, slug: name })
  return article && (article.state === 'published' || actor?.role === 'admin')
    ? article
    : fail('not_found', 'article_unknown')
}

/** The article as it stands, which nobody else changes meanwhile. */
export async function locked(
  tx: Tx,
  kind: ArticleKind,
  name: string,
  actor: Actor,
  language?: Language,
): Promise<Article> {
  const { id } = await found(tx, kind, name, actor, language)
  return (await lockArticle(tx, id)) ?? fail('not_found', 'article_unknown')
}
