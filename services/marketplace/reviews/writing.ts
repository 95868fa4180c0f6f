import { ReviewAdded, ReviewRemoved } from '#contracts/marketplace'
import { newId, Problem, violates, type Actor, type Language, type Once, type Tx } from '#kernel'
import type { Workshop } from '../products/changing.ts'
import type { Product } from '../products/product.ts'
import { hasReceived, insertReview, isBurst, ratingTold, removeReview, rerate, type Review } from './store.ts'
import { view, type ReviewView } from './view.ts'

/** What a buyer says of a product, and in which language. */
export interface Said {
  readonly rating: number
  readonly title?: string | undefined
  readonly body?: string | undefined
  readonly author?: string | undefined
  readonly language: Language
}

/** What is likely to be no review: an address somebody is led to. */
const isSuspicious = (texts: readonly (string | undefined)[]): boolean =>
  texts.some(
    text =>
      text !== undefined &&
      /https?:|www\.|<\s*[a-z!/]|\b[\w-]+\.(com|net|org|io|ru|cn|top|xyz|shop|info)\b/i.test(text),
  )

/** Keeps a review; fails with `review_not_received`, `review_exists`, `too_many_requests`. */
export function openWriting({ host }: Workshop) {
  const { db, now, cache } = host
  const writing = cache.limit('reviews', { points: 20, seconds: 86_400 })
  return async (request: Once, { userId }: Actor, product: Product, said: Said): Promise<ReviewView> => {
    const { rating, title, body, author, language } = said
    await writing.take(userId)
    const at = now()
    return await db.once(request, async tx => {
      if (!(await hasReceived(tx, userId, product.id))) throw new Problem('forbidden', 'review_not_received')
      // Of two at once the second sees what the first did to the rating.
      await tx`select from products where id = ${product.id} for update`
      const held = isSuspicious([title, body, author]) || (await isBurst(tx, product.id, at))
      const review: Review = {
        id: newId(at.getTime()),
        productId: product.id,
        vendorId: product.owner.id,
        userId,
        author: author ?? null,
        rating,
        title: title ?? null,
        body: body ?? null,
        language,
        state: held ? 'held' : 'visible',
        reason: null,
        version: 1,
        createdAt: at,
      }
      await insertReview(tx, review).catch((error: unknown) => {
        throw violates(error, 'reviews_once') ? new Problem('conflict', 'review_exists') : error
      })
      if (!held) {
        await rerate(tx, product.id)
        await tx.publish(ReviewAdded, ratingTold(review))
      }
      return view(review)
    })
  }
}

/** Takes a review back that `lockReview` gave. */
export async function takeBack(tx: Tx, review: Review): Promise<void> {
  await removeReview(tx, review.id)
  await rerate(tx, review.productId)
  if (review.state === 'visible')
    await tx.publish(ReviewRemoved, ratingTold({ ...review, version: review.version + 1 }))
}
