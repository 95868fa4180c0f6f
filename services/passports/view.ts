import Type from 'typebox'
import { PassportData, PassportStatus } from '#contracts/passports'
import { Id, Instant, Owner } from '#contracts/shared'
import { ReadinessView } from './units/readiness.ts'

export const Version = Type.Integer({ minimum: 1, examples: [1] })
export const One = Type.Object({ id: Id })

/** A passport as answers show it. */
export const PassportView = Type.Object(
  {
    id: Id,
    data: PassportData,
    status: PassportStatus,
    version: Version,
    owner: Owner,
    identifier: Type.Unsafe<string | null>({ type: ['string', 'null'], examples: ['BP-2024-011'] }),
    createdAt: Instant,
    updatedAt: Instant,
    granularity: Type.Optional(
      Type.Enum(['model', 'batch', 'item'], { description: 'What it is of; not said of an item that stands alone' }),
    ),
    parentId: Type.Optional(Type.Union([Id, Type.Null()], { description: 'What it begins with' })),
    audience: Type.Optional(
      Type.Enum(['public', 'authority', 'interest', 'both'], {
        description: 'As whom somebody reads it who is not of its owner',
      }),
    ),
    ruleSet: Type.Optional(
      Type.String({
        description: 'That it was checked against when it changed last; not of a draft',
        examples: ['ec-2.0'],
      }),
    ),
    publicUrl: Type.Optional(
      Type.String({
        description: 'Its page for everybody; a draft has none',
        examples: ['https://passports.example.com/passport/01k8z5h3q4x6r7s8t9v0w1y2z3'],
      }),
    ),
    ended: Type.Optional(
      Type.Union(
        [
          Type.Object(
            { kind: Type.Enum(['archived'], { examples: ['archived'] }), at: Instant, successors: Type.Array(Id) },
            { title: 'PassportEnd' },
          ),
          Type.Null(),
        ],
        { description: 'Since when it stays as it is; null while it does not. Not of a draft' },
      ),
    ),
  },
  { title: 'Passport' },
)

/** The same with what it lacks by the law, as it is published. */
export const PublishedView = Type.Object(
  { ...PassportView.properties, readiness: ReadinessView },
  { title: 'PassportJustPublished' },
)
