import Type, { type Static } from 'typebox'
import { Id, Instant, OrganisationIdentifier, OrganisationKind } from '#contracts/shared'

/** What an organisation says that it is, with the documents that show it. */
export interface Kind {
  id: string
  organisationId: string
  kind: OrganisationKind
  state: 'asked' | 'verified' | 'refused'
  evidence: string[]
  askedBy: string | null
  askedAt: Date
  decidedAt: Date | null
  note: string | null
}

export const State = Type.Enum(['asked', 'verified', 'refused'], { examples: ['asked'] })

export const KindView = Type.Object(
  {
    id: { ...Id, description: 'Another one whenever what is looked at changes' },
    organisationId: Id,
    kind: OrganisationKind,
    state: State,
    evidence: Type.Array(Id, { description: 'Documents of the organisation' }),
    askedAt: Instant,
    decidedAt: Type.Union([Instant, Type.Null()]),
    note: Type.Union([Type.String({ examples: ['The extract of the register is of last year.'] }), Type.Null()]),
  },
  { title: 'OrganisationKind' },
)

export const StandingView = Type.Object(
  { identifiers: Type.Array(OrganisationIdentifier), kinds: Type.Array(KindView) },
  { title: 'OrganisationStanding' },
)

export const kindView = ({ askedBy: _, askedAt, decidedAt, ...kind }: Kind): Static<typeof KindView> => ({
  ...kind,
  askedAt: askedAt.toISOString(),
  decidedAt: decidedAt?.toISOString() ?? null,
})

/** Authorities are no economic operators, and need no number of one. */
export const needsIdentifier = (kind: OrganisationKind): boolean => kind !== 'authority'
