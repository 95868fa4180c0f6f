import { Problem } from '#kernel'

/** A link to something about a battery, of a type that GS1 or IANA has. */
export interface Link {
  readonly type: LinkType
  readonly href: string
  readonly title: string
  readonly mediaType: string
  readonly hreflang?: readonly string[]
}

/** Names of the GS1 Web Vocabulary, 1.17, and of IANA's registry of link relations. */
export const linkTypes = [
  'dpp',
  'pip',
  'certificationInfo',
  'sustainabilityInfo',
  'safetyInfo',
  'instructions',
] as const
export type LinkType = (typeof linkTypes)[number]

const vocabulary = 'https://ref.gs1.org/voc/'

/** By what a document proves or is, where its readers would look for it. */
const typeOfKind: Readonly<Record<string, LinkType>> = {
  'declaration-of-conformity': 'certificationInfo',
  'third-party-assurance': 'certificationInfo',
  'due-diligence': 'sustainabilityInfo',
  'carbon-footprint-study': 'sustainabilityInfo',
  'waste-information': 'sustainabilityInfo',
  'safety-sheet': 'safetyInfo',
  instructions: 'instructions',
  manual: 'instructions',
}

export const linkTypeOf = (kind: string): LinkType | undefined => typeOfKind[kind]

/**
 * The link type that somebody asks for by CURIE (`gs1:dpp`), by word or by its whole URI; `linkset` for all of them. Fails
 * with `link_type_unknown`.
 */
export function linkTypeAsked(text: string): LinkType | 'linkset' {
  const word = text.replace(/^(gs1:|https:\/\/(ref\.gs1\.org|gs1\.org|www\.gs1\.org)\/voc\/)/, '')
  if (word === 'all' || word === 'linkset') return 'linkset'
  if (word === 'defaultLink') return 'dpp'
  const known = linkTypes.find(type => type === word)
  if (!known)
    throw new Problem('not_found', 'link_type_unknown', {
      detail: `There is no such link here. There are ${linkTypes.map(type => `gs1:${type}`).join(', ')} and linkset.`,
    })
  return known
}

/** All links of a battery, as RFC 9264 writes them in JSON. */
export function linksetOf(anchor: string, links: readonly Link[]) {
  const target = ({ href, title, mediaType, hreflang }: Link) => ({
    href,
    title,
    type: mediaType,
    ...(hreflang && { hreflang }),
  })
  const byType = Map.groupBy(links, ({ type }) => type)
  const relations = [...byType].flatMap(([type, all]) => [
    [`${vocabulary}${type}`, all.map(target)],
    ...(type === 'dpp' ? [['dpp', all.map(target)]] : []),
  ])
  return {
    linkset: [
      { anchor, [`${vocabulary}defaultLink`]: links.slice(0, 1).map(target), ...Object.fromEntries(relations) },
    ],
  }
}
