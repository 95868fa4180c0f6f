import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

interface Attribute {
  readonly id: string
  readonly type: string
  readonly unit: string | null
  readonly label: { readonly en: string; readonly de: string }
  readonly otherwise?: string
}

/** `law:attributes`: by id what people call an attribute of a passport, its shape and its unit, as the law's tables say. */
export function law(): Plugin {
  const id = 'law:attributes'
  return {
    name: 'law',
    resolveId: asked => (asked === id ? `\0${id}` : undefined),
    load(asked) {
      if (asked !== `\0${id}`) return undefined
      const file = new URL('../../law/data/attributes.json', import.meta.url)
      const { attributes } = JSON.parse(readFileSync(file, 'utf8')) as { attributes: Attribute[] }
      const known = attributes.map(({ id: name, type, unit, label, otherwise }) => [
        name,
        { type, unit, ...label, computed: otherwise === 'computed' || undefined },
      ])
      return `export default ${JSON.stringify(Object.fromEntries(known))}`
    },
  }
}
