import { attributes, type Point } from './attributes.ts'
import table from './data/policy.json' with { type: 'json' }
import { withheld } from './rules.ts'

/** Who reads, as the law sees them: the owner of a passport reads all of it. */
export type Audience = 'public' | 'authority' | 'interest' | 'owner'

/**
 * What somebody may see: points of Annex XIII as bits, and `own` for what is the owner's alone. Nothing ranks them; who is
 * two things sees what either sees.
 */
export type Reach = number

const bitOf = (point: Point): Reach => 1 << point

/** Drafts, notes on evidence, actors' names, and whatever nobody can map to the law. */
export const own: Reach = 1 << 5

const audiences = table.audiences as Record<
  Exclude<Audience, 'owner'>,
  { points: Point[]; article: string; actions: string[] }
>
const everything = [1, 2, 3, 4].reduce((reach, point) => reach | bitOf(point as Point), own)

/** What these audiences together see. */
export const reachOf = (...who: readonly Audience[]): Reach =>
  who.reduce(
    (reach, one) =>
      reach | (one === 'owner' ? everything : audiences[one].points.reduce((bits, point) => bits | bitOf(point), 0)),
    0,
  )

/** The audiences whose views of a passport are told apart, the owner's aside. */
export const others = ['public', 'authority', 'interest'] as const
export type Other = (typeof others)[number]

const points = table.attributes as Record<string, Point>

/**
 * Whether a reader sees an attribute: the one place where that is decided. What is not to be filled yet for the battery's
 * category is its owner's alone (see `withheld`), whoever asks; so is what the policy does not know.
 */
export function sees(reach: Reach, attribute: string, category: string | null, on: string): boolean {
  if ((reach & own) !== 0) return true
  const point = points[attribute]
  return point !== undefined && (reach & bitOf(point)) !== 0 && !withheld(attribute, category, on)
}

/**
 * By group, how many attributes an audience sees of a battery beyond what everybody does: by the law alone, whatever a
 * passport says.
 */
export function keptFor(audience: Other, category: string | null, on: string): ReadonlyMap<string, number> {
  const [theirs, everybody] = [reachOf(audience), reachOf('public')]
  const kept = attributes.filter(({ id }) => sees(theirs, id, category, on) && !sees(everybody, id, category, on))
  return new Map([...Map.groupBy(kept, ({ group }) => group)].map(([group, all]) => [group, all.length]))
}

/** The point of Annex XIII that an attribute falls under by the policy in force. */
export const pointOf = (attribute: string): Point | undefined => points[attribute]

/** What of a document decides who sees it: its kind, and the attribute that its owner says it proves. */
export interface Evidence {
  readonly kind: string
  readonly attribute: string | null
}

const kinds = table.documents as Record<string, Point>
const proves = table.proves as Record<string, string>

/** The attribute that a document proves: as its owner says, else as its kind is known to; null where nobody knows. */
export const provedBy = ({ kind, attribute }: Evidence): string | null => attribute ?? proves[kind] ?? null

/** The point of Annex XIII of a document; null for one that is its owner's alone. */
export const pointOfDocument = ({ kind, attribute }: Evidence): Point | null =>
  kinds[kind] ?? (attribute === null ? undefined : points[attribute]) ?? null

/**
 * Whether a document may be said to prove an attribute: of an unknown kind any, of a known one those of the same point, so
 * that nobody opens what the law keeps, nor keeps what it opens.
 */
export const mayProve = (kind: string, attribute: string): boolean =>
  points[attribute] !== undefined && (kinds[kind] === undefined || kinds[kind] === points[attribute])

/** The documents that a reader sees, for a query: see `seesDocument`, which decides by the same. */
export interface OpenDocuments {
  /** Of these kinds, known to the law. */
  readonly kinds: readonly string[]
  /** All kinds known to the law: one of another needs an attribute. */
  readonly known: readonly string[]
  /** Proving one of these, or nothing that their owner named. */
  readonly attributes: readonly string[]
}

/** What of the documents of a battery's passport a reader sees on a day; everything with `own`, which no query asks for. */
export const openDocuments = (reach: Reach, category: string | null, on: string): OpenDocuments => ({
  kinds: Object.keys(kinds).filter(kind => {
    const proven = proves[kind]
    return (reach & bitOf(kinds[kind]!)) !== 0 && (proven === undefined || sees(reach, proven, category, on))
  }),
  known: Object.keys(kinds),
  attributes: Object.keys(points).filter(attribute => sees(reach, attribute, category, on)),
})

/**
 * Whether a reader sees a document, its title and name included: what its kind and what it proves both allow. Those of an
 * unknown kind that prove nothing are the owner's.
 */
export function seesDocument(
  reach: Reach,
  { kind, attribute }: Evidence,
  category: string | null,
  on: string,
): boolean {
  if ((reach & own) !== 0) return true
  const open = openDocuments(reach, category, on)
  const byKind = open.kinds.includes(kind) || (attribute !== null && !open.known.includes(kind))
  return byKind && (attribute === null || open.attributes.includes(attribute))
}

/** What somebody may do with what they see. */
export const actions = ['view', 'download', 'share', 'reuse'] as const
export type Action = (typeof actions)[number]

/** Whether the policy lets one of these do so; an owner does as they like. */
export const may = (who: readonly Audience[], action: Action): boolean =>
  who.some(one => one === 'owner' || audiences[one].actions.includes(action))

/** The policy in force: what it says and with which Article. */
export const policy = {
  id: table.id,
  title: table.title,
  source: table.source,
  appliesFrom: table.appliesFrom,
  audiences,
  /** Whose passports may be published: the kinds of economic operators that answer for one. */
  publishers: table.publishers,
  decided: table.decided,
  documents: table.documents,
} as const

/** Whether an organisation that was verified to be this answers for passports, so that it may publish them. */
export const mayPublish = (kinds: readonly string[]): boolean =>
  kinds.some(kind => table.publishers.kinds.includes(kind))

/** How many attributes of the table an audience may see, before anything is withheld. */
export const countFor = (reach: Reach): number =>
  (reach & own) !== 0 ? attributes.length : attributes.filter(({ point }) => (reach & bitOf(point)) !== 0).length
