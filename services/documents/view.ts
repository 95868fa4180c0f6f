import Type, { type Static } from 'typebox'
import { Id, Instant, Line } from '#contracts/shared'

/** A document as every answer shows it. */
export const DocumentView = Type.Object(
  {
    docId: Id,
    fileName: Type.String({ examples: ['declaration-of-conformity.pdf'] }),
    title: Type.String({ examples: ['EU declaration of conformity'] }),
    kind: Type.String({ examples: ['declaration-of-conformity'] }),
    language: Type.Union([Type.String(), Type.Null()], { examples: ['en'] }),
    contentType: Type.String({ examples: ['application/pdf'], description: 'By content, not by name' }),
    sizeBytes: Type.Integer({ examples: [182_044] }),
    sha256: Type.String({ examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] }),
    scan: Type.Enum(['off', 'waiting', 'clean', 'infected'], {
      examples: ['clean'],
      description:
        'What the virus scanner says of the file; while it waits, and for good where it is infected, nobody gets it',
    }),
    passportId: Type.Union([Id, Type.Null()]),
    createdAt: Instant,
    attribute: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        examples: ['euDeclarationOfConformity'],
        description: 'What of its passport it proves, as its kind tells unless its owner said; null where nobody knows',
      }),
    ),
    annexPoint: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 4 }), Type.Null()], {
        examples: [1],
        description:
          'The point of Annex XIII it stands at, which decides who sees it once its passport is published; null for its ' +
          'owner alone',
      }),
    ),
  },
  { title: 'Document' },
)

export type DocumentView = Static<typeof DocumentView>

/** What its owner says about it. */
export const fields = {
  title: Line(200, { examples: ['EU declaration of conformity'] }),
  kind: Type.String({
    maxLength: 64,
    pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
    examples: ['declaration-of-conformity'],
    description:
      'As declaration-of-conformity, test-report, manual, safety-sheet, due-diligence, other; ' +
      'small letters, digits and hyphens',
  }),
  language: Type.String({
    maxLength: 100,
    pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
    examples: ['en'],
    description: 'BCP 47',
  }),
  passportId: Id,
  attribute: Type.String({
    maxLength: 64,
    pattern: '^[a-z][A-Za-z0-9]{0,63}$',
    examples: ['euDeclarationOfConformity'],
    description: 'What of the law it proves, where its kind does not tell; of a known kind one of the same point',
  }),
}

export const params = Type.Object({ docId: Id })
