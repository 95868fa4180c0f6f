import type { EventData } from '#contracts/define'
import type { ReviewAdded } from '#contracts/marketplace'
import { madeIn, type Cursor, type Db, type Tx, type Span } from '#kernel'

export interface Review {
  readonly id: string
  readonly productId: string
  readonly vendorId: string
  /** Null once they have left. */
  readonly userId: string | null
  readonly author: string | null
  readonly rating: number
  readonly title: string | null
  readonly body: string | null
  readonly language: string
  readonly state: 'visible' | 'held' | 'hidden'
  readonly reason: string | null
  readonly version: number
  readonly createdAt: Date
}

const columns = (db: Db) => db`
  r.id, r.product_id as "productId", p.owner_id as "vendorId", r.user_id as "userId", r.author, r.rating, r.title, r.body,
  r.language, r.state, r.reason, r.version, r.created_at as "createdAt"`

export async function insertReview(tx: Tx, review: Review): Promise<void> {
  const { id, productId, userId, author, rating, title, body, language, state, reason, version, createdAt } = review
  await tx`
    insert into reviews (id, product_id, user_id, author, rating, title, body, language, state, reason, version, created_at)
    values (${id}, ${productId}, ${userId}, ${author}, ${rating}, ${title}, ${body}, ${language}, ${state}, ${reason},
      ${version}, ${createdAt})`
}

export async function findReview(db: Db, id: string): Promise<Review | undefined> {
  const [row] = await db<Review[]>`
    select ${columns(db)} from reviews r join products p on p.id = r.product_id where r.id = ${id}`
  return row
}

/** Whether somebody has received a product, and what they said of it, if anything. */
export async function saidBy(
  db: Db,
  userId: string,
  productId: string,
): Promise<{ received: boolean; review: Review | undefined }> {
  const [received, [review]] = await Promise.all([
    hasReceived(db, userId, productId),
    db<Review[]>`
      select ${columns(db)} from reviews r join products p on p.id = r.product_id
      where r.user_id = ${userId} and r.product_id = ${productId}`,
  ])
  return { received, review }
}

export async function hasReceived(db: Db, userId: string, productId: string): Promise<boolean> {
  const rows = await db`select from purchases where user_id = ${userId} and product_id = ${productId}`
  return rows.length > 0
}

/** A review whose product nobody rates anew until the transaction ends. */
export async function lockReview(tx: Tx, id: string): Promise<Review | undefined> {
  await tx`select from products where id = (select product_id from reviews where id = ${id}) for update`
  return await findReview(tx, id)
}

export const removeReview = (tx: Tx, id: string) => tx`delete from reviews where id = ${id}`

export const listReviews = (
  db: Db,
  wanted: { productId?: string; state: string; rating?: number | undefined; created?: Span },
  limit: number,
  cursor: Cursor | undefined,
) => {
  const { productId, state, rating, created = {} } = wanted
  return db<Review[]>`
    select ${columns(db)} from reviews r join products p on p.id = r.product_id
    where r.state = ${state} ${productId ? db`and r.product_id = ${productId}` : db``}
      ${rating ? db`and r.rating = ${rating}` : db``} ${madeIn(db, 'r.created_at', created)}
      ${cursor ? db`and (r.created_at, r.id) < (${String(cursor[0])}::timestamptz, ${String(cursor[1])})` : db``}
    order by r.created_at desc, r.id desc limit ${limit}`
}

/** Whether so many reviews of a product came within an hour that people look first. */
export async function isBurst(tx: Tx, productId: string, at: Date): Promise<boolean> {
  const since = new Date(at.getTime() - 3_600_000)
  const rows = await tx`select from reviews where product_id = ${productId} and created_at > ${since} limit 20`
  return rows.length === 20
}

/** Counts the visible reviews of a product anew; its marks follow. */
export const rerate = (tx: Tx, productId: string) => tx`
  update products p set rating_sum = s.sum, review_count = s.count,
    facets = array(select mark from unnest(p.facets) mark where mark not like 'r:%')
      || case when s.count > 0 then array['r:' || (s.sum / s.count)] else '{}' end
  from (select coalesce(sum(rating), 0)::integer as sum, count(*)::integer as count
    from reviews where product_id = ${productId} and state = 'visible') s
  where p.id = ${productId}`

export const ratingTold = ({
  id,
  productId,
  vendorId,
  userId,
  rating,
  version,
}: Review): EventData<typeof ReviewAdded> => ({
  reviewId: id,
  productId,
  vendorId,
  userId,
  rating,
  version,
})
