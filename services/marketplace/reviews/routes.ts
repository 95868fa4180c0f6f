import Type from 'typebox'
import { ReviewAdded, ReviewRemoved } from '#contracts/marketplace'
import { Id, Line } from '#contracts/shared'
import { anyone, isId, isInstant, languageOf, Problem, signedIn, listRoutes, createdIn } from '#kernel'
import { admins, isSeenBy } from '../access.ts'
import type { Workshop } from '../products/changing.ts'
import { findNamed, Named } from '../products/routes.ts'
import { findReview, listReviews, lockReview, ratingTold, rerate, type Review } from './store.ts'
import { ReviewView, view } from './view.ts'
import { openWriting, takeBack } from './writing.ts'

const Body = Type.String({ maxLength: 5_000, examples: ['Works since a year.'] })

export function reviewRoutes(workshop: Workshop): void {
  const { host } = workshop
  const { http, db } = host
  const write = openWriting(workshop)

  listRoutes(http, db, '/products/:id/reviews', {
    config: { access: anyone },
    schema: {
      summary: 'What buyers say of a product, the latest first',
      of: 'reviews',
      refuses: ['product_unknown'],
      params: Named,
      filters: { rating: Type.Optional({ ...ReviewView.properties.rating, description: 'With just so many stars' }) },
      item: ReviewView,
    },
    wanted: async request => {
      const { params, query } = request
      const product = await findNamed(host, params.id)
      if (!product || !isSeenBy(request, product)) throw new Problem('not_found', 'product_unknown')
      return { productId: product.id, state: 'visible', rating: query.rating, created: createdIn(query) }
    },
    rows: (wanted, limit, after) => listReviews(db, wanted, limit, after),
    order: [isInstant, isId],
    keysOf,
    view,
  })

  http.post(
    '/products/:id/reviews',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say what one thinks of a product that one has received, once',
        description: 'A moderator looks first at what names addresses, and where very many come at once.',
        honours: ['Idempotency-Key'],
        gives: ['Location'],
        refuses: ['product_unknown', 'review_not_received', 'review_exists', 'too_many_requests'],
        params: Named,
        body: Type.Object({
          rating: ReviewView.properties.rating,
          title: Type.Optional(Line(120, { examples: ['Does what it should'] })),
          body: Type.Optional(Body),
          author: Type.Optional(Line(60, { examples: ['Ada'], description: 'A name to stand beside it' })),
        }),
        response: { 201: ReviewView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const product = await findNamed(host, params.id)
      if (!product || !isSeenBy(request, product)) throw new Problem('not_found', 'product_unknown')
      const made = await write(request, actor, product, { ...body, language: languageOf(request) })
      return reply.code(201).header('location', `/api/marketplace/reviews/${made.id}`).send(made)
    },
  )
  moderationRoutes(workshop)
}

const keysOf = ({ createdAt, id }: Review) => [createdAt.toISOString(), id]

function moderationRoutes({ host }: Workshop): void {
  const { acted, http, db } = host
  const One = Type.Object({ id: Id })

  listRoutes(http, db, '/reviews', {
    config: { access: admins },
    schema: {
      summary: 'List reviews of all products, as those that a moderator has to look at',
      of: 'reviews',
      filters: { state: { ...ReviewView.properties.state, default: 'held' } },
      item: ReviewView,
    },
    wanted: ({ query }) => ({ state: query.state, created: createdIn(query) }),
    rows: (wanted, limit, after) => listReviews(db, wanted, limit, after),
    order: [isInstant, isId],
    keysOf,
    view,
  })

  http.get(
    '/reviews/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Read a review that one has written',
        refuses: ['review_unknown'],
        params: One,
        response: { 200: ReviewView },
      },
    },
    async ({ actor, params }) => {
      const review = await findReview(db, params.id)
      if (!review || (review.userId !== actor.userId && actor.role !== 'admin'))
        throw new Problem('not_found', 'review_unknown')
      return view(review)
    },
  )

  http.put(
    '/reviews/:id/state',
    {
      config: { access: admins },
      schema: {
        summary: 'Show a review to everybody, or to nobody',
        refuses: ['review_unknown'],
        params: One,
        body: Type.Object({
          state: Type.Enum(['visible', 'hidden'], { examples: ['visible'] }),
          reason: Type.Optional(Line(500, { examples: ['It is about the delivery.'] })),
        }),
        response: { 200: ReviewView },
      },
    },
    async ({ actor, params, body }) =>
      await db.transaction(async tx => {
        const before = await lockReview(tx, params.id)
        if (!before) throw new Problem('not_found', 'review_unknown')
        const after = { ...before, state: body.state, reason: body.reason ?? null, version: before.version + 1 }
        await tx`update reviews set state = ${after.state}, reason = ${after.reason}, version = ${after.version} where id = ${after.id}`
        await rerate(tx, after.productId)
        if (after.state === 'visible' && before.state !== 'visible') await tx.publish(ReviewAdded, ratingTold(after))
        if (after.state === 'hidden' && before.state === 'visible') await tx.publish(ReviewRemoved, ratingTold(after))
        await acted(tx, actor, 'review.decided', after.id, { state: after.state, reason: after.reason })
        return view(after)
      }),
  )

  http.delete(
    '/reviews/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Take a review back',
        refuses: ['review_unknown'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await db.transaction(async tx => {
        const review = await lockReview(tx, params.id)
        if (!review || (review.userId !== actor.userId && actor.role !== 'admin'))
          throw new Problem('not_found', 'review_unknown')
        await takeBack(tx, review)
      })
      return reply.code(204).send()
    },
  )
}
