import { ArticleChanged, ArticlePublished, ArticleWithdrawn } from '#contracts/content'
import { Problem, type Tx } from '#kernel'
import type { ContentHost } from '../host.ts'
import { told, type Article } from './articles.ts'
import { lockDue, setState } from './store.ts'

/** Everybody reads it from now on. */
export async function publish(tx: Tx<'content'>, article: Article, at: Date): Promise<Article> {
  if (article.state === 'published') return article
  // One that comes back is as old as it is.
  const publishedAt = article.publishedAt ?? at
  const next: Article = { ...article, state: 'published', publishAt: null, publishedAt, version: article.version + 1 }
  await setState(tx, next)
  await tx.publish(ArticlePublished, told(next))
  return next
}

/** Everybody reads it from then on. Fails with `publish_in_past`. */
export async function schedule(tx: Tx<'content'>, article: Article, when: Date, now: Date): Promise<Article> {
  if (when <= now) throw new Problem('invalid', 'publish_in_past')
  if (article.state === 'published') return article
  const next: Article = { ...article, state: 'scheduled', publishAt: when, version: article.version + 1 }
  await setState(tx, next)
  return next
}

/** Nobody reads it any more; a draft that was to be published is a draft again. */
export async function withdraw(tx: Tx<'content'>, article: Article): Promise<Article> {
  if (article.state === 'draft' || article.state === 'withdrawn') return article
  const state = article.publishedAt ? 'withdrawn' : 'draft'
  const next: Article = { ...article, state, publishAt: null, version: article.version + 1 }
  await setState(tx, next)
  if (article.state === 'published') await tx.publish(ArticleWithdrawn, told(next))
  return next
}

/** Readers are told that it says something else. */
export async function tellChanged(tx: Tx<'content'>, article: Article): Promise<void> {
  if (article.state === 'published') await tx.publish(ArticleChanged, told(article))
}

/** Publishes what is due. */
export async function publishDue({ db, now }: ContentHost): Promise<void> {
  for (let more = true; more;)
    more = await db.transaction(async tx => {
      const due = await lockDue(tx, now())
      for (const article of due) await publish(tx, article, article.publishAt!)
      return due.length === 100
    })
}
