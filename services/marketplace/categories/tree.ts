import Type, { type Static } from 'typebox'
import { Line, Slug } from '#contracts/shared'
import { Problem, type Language } from '#kernel'
import { folded } from '../words.ts'
import type { AttributeValue } from '../products/product.ts'

const Names = Type.Object({ en: Line(120, { examples: ['Power'] }), de: Line(120, { examples: ['Leistung'] }) })

/** What products of a category say of themselves. */
export const Attribute = Type.Object({
  key: Type.String({ minLength: 1, maxLength: 40, pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$', examples: ['power'] }),
  names: Names,
  type: Type.Enum(['text', 'number', 'flag', 'choice'], { examples: ['number'] }),
  unit: Type.Optional(Line(20, { examples: ['kW'] })),
  facet: Type.Boolean({ default: false, description: 'Whether lists can be narrowed down by it' }),
  choices: Type.Optional(
    Type.Array(Line(80, { examples: ['Type 2'] }), { minItems: 1, maxItems: 100, uniqueItems: true }),
  ),
})
export type Attribute = Static<typeof Attribute>

export interface Category {
  readonly id: string
  readonly parentId: string | null
  readonly path: readonly string[]
  readonly slug: Static<typeof Slug>
  readonly names: Readonly<Record<Language, string>>
  readonly attributes: readonly Attribute[]
  readonly position: number
  readonly version: number
}

/** All categories, by id and by slug. */
export interface Tree {
  readonly byId: ReadonlyMap<string, Category>
  readonly bySlug: ReadonlyMap<string, Category>
}

export const treeOf = (all: readonly Category[]): Tree => ({
  byId: new Map(all.map(category => [category.id, category])),
  bySlug: new Map(all.map(category => [category.slug, category])),
})

/** From the root to a category. */
export const wayTo = ({ byId }: Tree, id: string | null): Category[] =>
  id === null ? [] : (byId.get(id)?.path ?? []).flatMap(step => byId.get(step) ?? [])

/** What products of a category say: what it defines, and what those above it do. */
export const attributesOf = (tree: Tree, id: string | null): Attribute[] => [
  ...new Map(wayTo(tree, id).flatMap(({ attributes }) => attributes.map(one => [one.key, one] as const))).values(),
]

/** Fails with `attribute_invalid`. */
export function requireAttributes(
  defined: readonly Attribute[],
  given: Readonly<Record<string, AttributeValue>>,
  pointer = '/attributes',
): void {
  const refuse = (key: string, detail: string) => {
    throw new Problem('unprocessable', 'attribute_invalid', {
      errors: [{ pointer: `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, detail }],
    })
  }
  const byKey = new Map(defined.map(one => [one.key, one]))
  for (const [key, value] of Object.entries(given)) {
    const attribute = byKey.get(key)
    if (!attribute) return refuse(key, 'is no attribute of the category')
    const { type, choices } = attribute
    const expected = type === 'number' ? 'number' : type === 'flag' ? 'boolean' : 'string'
    if (typeof value !== expected) refuse(key, `must be a ${expected === 'string' ? 'text' : expected}`)
    if (type === 'choice' && !choices?.includes(value as string))
      refuse(key, `must be one of ${choices?.slice(0, 20).join(', ')}`)
  }
}

/** A value as it stands in addresses and is compared: `Type 2` is `type-2`. */
export const valueSlug = (value: AttributeValue): string =>
  (folded(String(value)).match(/[\p{L}\p{N}]+/gu) ?? []).join('-').slice(0, 80)
