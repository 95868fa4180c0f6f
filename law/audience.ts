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

/** The point of Annex XIII that an attribute falls under by the policy in force. */
export const pointOf = (attribute: string): Point | undefined => points[attribute]

/** Whether a reader sees documents of a kind, their title and name included; those of an unknown kind are the owner's. */
export function seesDocument(reach: Reach, kind: string): boolean {
  if ((reach & own) !== 0) return true
  const point = (table.documents as Record<string, number>)[kind] as Point | undefined
  return point !== undefined && (reach & bitOf(point)) !== 0
}

/** The policy in force: what it says and with which Article. */
export const policy = {
  id: table.id,
  title: table.title,
  source: table.source,
  appliesFrom: table.appliesFrom,
  audiences,
  decided: table.decided,
  documents: table.documents,
} as const

/** How many attributes of the table an audience may see, before anything is withheld. */
export const countFor = (reach: Reach): number =>
  (reach & own) !== 0 ? attributes.length : attributes.filter(({ point }) => (reach & bitOf(point)) !== 0).length
