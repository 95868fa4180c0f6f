import { createHash } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { Instant } from '#contracts/shared'
import { attributeOf, attributes, pointOf, ruleSetOn, sees, withholding, type Cell, type Granularity } from '#law'
import { countOf, type Reading } from '../audiences/reading.ts'
import { fold, type Effective } from '../audiences/said.ts'
import { reachOfView } from '../audiences/views.ts'
import type { Passport } from '../passports.ts'
import type { LineMember } from './store.ts'
import { attributesIn } from './units.ts'

/** One attribute of a passport, as its reader may see it. */
export const EffectiveView = Type.Object(
  {
    id: Type.String({ examples: ['ratedCapacity'] }),
    value: Type.Unknown({ description: 'In the unit of the law; numbers as decimal texts', examples: ['94'] }),
    unit: Type.Union([Type.String(), Type.Null()], { examples: ['Ah'] }),
    givenValue: Type.Unknown({ examples: ['94'] }),
    givenUnit: Type.Union([Type.String(), Type.Null()], { examples: ['Ah'] }),
    from: Type.Enum(['item', 'batch', 'model'], { examples: ['model'] }),
    annexPoint: Type.Integer({ minimum: 1, maximum: 4, examples: [1], description: 'Of Annex XIII' }),
    dynamic: Type.Boolean({ description: 'It changes while the battery is in use', examples: [false] }),
    at: Instant,
    temperature: Type.Optional(Type.Unknown({ description: 'The range it holds in, as given' })),
    plant: Type.Optional(Type.String({ description: 'That it holds of, where its model is made in several' })),
    notApplicable: Type.Optional(Type.String({ description: 'Why there is none' })),
    withheld: Type.Optional(
      Type.Object(
        {
          ruleSet: Type.String({ examples: ['ec-2.0'] }),
          dataPoint: Type.Integer({ examples: [20] }),
          kind: Type.Enum(['pending', 'must_be_empty', 'duty_later'], { examples: ['pending'] }),
          until: Type.Optional(Type.String({ format: 'date', examples: ['2027-08-18'] })),
          trigger: Type.Optional(Type.String({ description: 'What has to happen first, where no date is known' })),
        },
        {
          title: 'AttributeWithheld',
          description:
            'Its cell is to be empty, so it is kept and its owner alone sees it, until the cell says otherwise',
        },
      ),
    ),
    evidence: Type.Optional(Type.Unknown({ description: 'What it was given with; for its owner alone' })),
  },
  { title: 'PassportAttribute' },
)
export type EffectiveView = Static<typeof EffectiveView>

/** What a passport says of each attribute, in the order of the law, as its reader may see it on a day. */
export function effectiveFor(
  reading: Reading,
  passport: Passport,
  line: readonly LineMember[],
  on: string,
): EffectiveView[] {
  const { view } = reading
  const isSeen = (id: string): boolean => view === 'owner' || sees(reachOfView(view), id, passport.category, on)
  const folded = fold(line)
  // When another view of it changed is nobody's business.
  const at = (from: Granularity, updatedAt: Date): string => {
    const member = line.find(({ granularity }) => granularity === from)
    return view === 'owner' ? updatedAt.toISOString() : (member?.seen?.[view].at ?? countOf(passport, view).at)
  }
  const known = computedOf(reading, passport, on)
  return attributes.flatMap(({ id, changes }): EffectiveView[] => {
    const found: Effective | undefined = known.get(id) ?? folded.get(id)
    if (!found || !isSeen(id)) return []
    const { value, from } = found
    const evidence = view === 'owner' ? evidenceOf(id, from, line) : undefined
    const cell = view === 'owner' ? withholding(id, passport.category, on) : undefined
    return [
      {
        id,
        ...value,
        from,
        annexPoint: pointOf(id)!,
        dynamic: changes === 'dynamic',
        at: at(from, found.at),
        ...(cell && { withheld: toldOf(cell, on) }),
        ...(evidence !== undefined && { evidence }),
      },
    ]
  })
}

const toldOf = ({ dataPoint, kind, until, trigger }: Cell, on: string) => ({
  ruleSet: ruleSetOn(on).id,
  dataPoint,
  // What is said elsewhere too is withheld nowhere.
  kind: kind as Exclude<Cell['kind'], 'repetition' | undefined>,
  ...(until && { until }),
  ...(trigger && { trigger }),
})

function evidenceOf(id: string, from: Granularity, line: readonly LineMember[]): unknown {
  const given = attributesIn(line.find(({ granularity }) => granularity === from)?.data ?? {})[id]
  return typeof given === 'object' && given !== null ? (given as Record<string, unknown>).evidence : undefined
}

const statuses: Record<string, string> = { draft: 'inactive', published: 'active', archived: 'archived' }

/** What the platform knows by itself. */
function computedOf(reading: Reading, passport: Passport, on: string): Map<string, Effective> {
  const last = reading.view === 'owner' ? passport.updatedAt.toISOString() : countOf(passport, reading.view).at
  const values: Record<string, unknown> = {
    batteryPassportIdentifier: `urn:uuid:${passport.id}`,
    dppSchemaVersion: 'EN18223:v1.0',
    dppStatus: statuses[passport.status],
    dppGranularity: passport.granularity[0]!.toUpperCase() + passport.granularity.slice(1),
    dppLastUpdate: last,
    contentSpecificationIds: [ruleSetOn(on).id],
  }
  return new Map(
    Object.entries(values)
      .filter(([id]) => attributeOf(id)?.otherwise === 'computed')
      .map(([id, value]) => [
        id,
        {
          value: { value, unit: null, givenValue: value, givenUnit: null },
          from: passport.granularity,
          at: new Date(last),
        },
      ]),
  )
}

/** A tag of what somebody is about to get. */
export const digestOf = (items: readonly EffectiveView[]): string =>
  createHash('sha256').update(JSON.stringify(items)).digest('base64url').slice(0, 22)
