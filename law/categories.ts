/** The categories of Art. 3(1), industrial ones as the data models part them. SLI and portable ones have no passport. */
export const allCategories = [
  'EV',
  'LMT',
  'industrial',
  'industrialStationary',
  'industrialWithoutBms',
  'SLI',
  'portable',
] as const
export type Category = (typeof allCategories)[number]

const otherWords: Record<string, Category> = {
  electricvehicle: 'EV',
  lightmeansoftransport: 'LMT',
  industrialnonstationary: 'industrial',
  industrialother: 'industrial',
  stationary: 'industrialStationary',
  startinglightingignition: 'SLI',
  starter: 'SLI',
}
const byWord = new Map<string, Category>([
  ...allCategories.map(category => [category.toLowerCase(), category] as const),
  ...Object.entries(otherWords),
])

/**
 * As the law, the data models and people write it: `ev`, `electric vehicle battery`, `industrial/stationary battery`.
 * Undefined for what is none.
 */
export const categoryOf = (text: string): Category | undefined =>
  byWord.get(text.toLowerCase().replace(/[^a-z]|batter(y|ies)/g, ''))
