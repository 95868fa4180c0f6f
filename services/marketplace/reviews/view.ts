import Type, { type Static } from 'typebox'
import { Id, Instant } from '#contracts/shared'
import type { Review } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

export const ReviewView = Type.Object(
  {
    id: Id,
    productId: Id,
    author: nullable(Type.String({ examples: ['Ada'] })),
    rating: Type.Integer({ minimum: 1, maximum: 5, examples: [5] }),
    title: nullable(Type.String({ examples: ['Does what it should'] })),
    body: nullable(Type.String()),
    language: Type.String({ examples: ['en'] }),
    state: Type.Enum(['visible', 'held', 'hidden'], {
      examples: ['visible'],
      description: 'Everybody sees what is visible; what is held waits for a moderator',
    }),
    reason: nullable(Type.String({ description: 'Of the moderator' })),
    createdAt: Instant,
  },
  { title: 'Review' },
)

export type ReviewView = Static<typeof ReviewView>

export const view = ({ userId: _, vendorId: __, version: ___, createdAt, ...review }: Review): ReviewView => ({
  ...review,
  createdAt: createdAt.toISOString(),
})
