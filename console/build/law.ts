import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

interface Attribute {
  readonly id: string
  readonly group: string
  readonly type: string
  readonly unit: string | null
  readonly references: readonly string[]
  readonly label: { readonly en: string; readonly de: string }
  readonly otherwise?: string
}
interface Unit {
  readonly code: string
  readonly quantity: string
}

const table = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../law/data/${name}.json`, import.meta.url), 'utf8')) as T

/**
 * `law:attributes`: by id what people call an attribute of a passport, its group, its shape, its unit with those it can be
 * told in, and where the law asks for it, as the law's tables say.
 */
export function law(): Plugin {
  const id = 'law:attributes'
  return {
    name: 'law',
    resolveId: asked => (asked === id ? `\0${id}` : undefined),
    load(asked) {
      if (asked !== `\0${id}`) return undefined
      const { attributes } = table<{ attributes: Attribute[] }>('attributes')
      const { units } = table<{ units: Unit[] }>('units')
      const alike = (unit: string): string[] => {
        const quantity = units.find(({ code }) => code === unit)?.quantity
        return units.filter(each => each.quantity === quantity).map(({ code }) => code)
      }
      const known = attributes.map(({ id: name, group, type, unit, label, references, otherwise }) => [
        name,
        {
          group,
          type,
          unit,
          units: unit ? alike(unit) : undefined,
          article: references[0],
          ...label,
          computed: otherwise === 'computed' || undefined,
        },
      ])
      return `export default ${JSON.stringify(Object.fromEntries(known))}`
    },
  }
}
