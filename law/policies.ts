import type { Action, Audience } from './audience.ts'
import type { Point } from './attributes.ts'
import table from './data/policy.json' with { type: 'json' }

/** Who sees what, and what they may do with it: a table that the next act replaces. */
export interface Policy {
  readonly id: string
  readonly title: string
  readonly source: string
  /** None of one that decides nothing yet. */
  readonly appliesFrom?: string
  readonly audiences: Readonly<
    Record<Exclude<Audience, 'owner'>, { points: readonly Point[]; article: string; actions: readonly Action[] }>
  >
  /** Kinds of authorities. */
  readonly authorities: readonly { kind: string; article: string }[]
  /** What a legitimate interest is in, which points that opens, and whether somebody has to grant it. */
  readonly purposes: readonly { id: string; points: readonly Point[]; grant: boolean; article: string; who: string }[]
  readonly publishers: { readonly kinds: readonly string[]; readonly article: string }
  /** The point of each kind of document, and of each attribute. */
  readonly documents: Readonly<Record<string, Point>>
  readonly attributes: Readonly<Record<string, Point>>
}

/** What it waits for: an act that is due, and what it will say. */
export interface Awaited {
  readonly article: string
  readonly due: string
  readonly what: string
}

export const policyInForce = table as unknown as Policy & { readonly awaits: readonly Awaited[] }

/** What is to come, shown before it decides. */
export const draftPolicies = table.drafts as unknown as readonly Policy[]

/** What one of the policies says otherwise; null where it says nothing. */
export interface PolicyChange {
  /** `audience`, `authority`, `purpose`, `publishers`, `document` or `attribute`. */
  readonly of: string
  readonly id: string
  readonly was: unknown
  readonly is: unknown
}

/** Each entry that two policies tell otherwise, in the order of the later one. */
export function policyDifference(before: Policy, after: Policy): PolicyChange[] {
  const [had, has] = [entriesOf(before), entriesOf(after)]
  const keys = new Set([...has.keys(), ...had.keys()])
  return [...keys].flatMap(key => {
    const [was = null, is = null] = [had.get(key), has.get(key)]
    const [of, id] = key.split(' ') as [string, string]
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ of, id, was, is }]
  })
}

function entriesOf({
  audiences,
  authorities,
  purposes,
  publishers,
  documents,
  attributes,
}: Policy): Map<string, unknown> {
  const all: [string, unknown][] = [
    ...Object.entries(audiences).map(([id, { points, actions }]): [string, unknown] => [
      `audience ${id}`,
      { points, actions },
    ]),
    ...authorities.map(({ kind, article }): [string, unknown] => [`authority ${kind}`, { article }]),
    ...purposes.map(({ id, points, grant, who }): [string, unknown] => [`purpose ${id}`, { points, grant, who }]),
    ['publishers all', publishers.kinds],
    ...Object.entries(documents).map(([id, point]): [string, unknown] => [`document ${id}`, point]),
    ...Object.entries(attributes).map(([id, point]): [string, unknown] => [`attribute ${id}`, point]),
  ]
  return new Map(all)
}
