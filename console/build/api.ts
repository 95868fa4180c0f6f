import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

/** A schema as the API's document has it. */
type Schema = { $ref?: string; [key: string]: unknown }

interface Operation {
  readonly parameters?: { name: string; in: string; schema: Schema }[]
  readonly requestBody?: { content: Record<string, { schema: Schema }> }
  readonly 'x-access'?: 'public' | 'signed in' | string[]
}

const file = new URL('../../docs/api/openapi.json', import.meta.url)

/**
 * What the console knows of the API comes from its document: `api:lists`, what each list can be asked, and
 * `schema:<method> <path>`, what an operation takes.
 */
export function api(): Plugin {
  const { paths, components } = JSON.parse(readFileSync(file, 'utf8')) as {
    paths: Record<string, Record<string, Operation>>
    components: { schemas: Record<string, Schema> }
  }

  const bodyOf = (name: string): Schema => {
    const [method, path] = name.split(' ') as [string, string]
    const schema = Object.values(paths[path]?.[method]?.requestBody?.content ?? {})[0]?.schema
    if (!schema) throw new Error(`${name} takes nothing, says the API's document`)
    return whole(schema, components.schemas)
  }

  return {
    name: 'api',
    resolveId: id => (/^(api:lists$|schema:)/.test(id) ? `\0${id}` : undefined),
    load(id) {
      if (id === '\0api:lists') return `export default ${JSON.stringify(listsOf(paths))}`
      if (id.startsWith('\0schema:')) return `export default ${JSON.stringify(bodyOf(id.slice('\0schema:'.length)))}`
      return undefined
    },
  }
}

/** By path: who may ask, what it can be asked, and whether its hits can be counted. */
const listsOf = (paths: Record<string, Record<string, Operation>>) =>
  Object.fromEntries(
    Object.entries(paths).flatMap(([path, { get }]) => {
      const query = get?.parameters?.filter(({ in: where }) => where === 'query') ?? []
      if (!get || !query.some(({ name }) => name === 'after')) return []
      const words = query.filter(({ name }) => !['limit', 'after'].includes(name))
      return [
        [
          path,
          {
            access: get['x-access'],
            counted: `${path}/count` in paths,
            words: Object.fromEntries(words.map(({ name, schema }) => [name, wordOf(schema)])),
          },
        ],
      ]
    }),
  )

const wordOf = ({ type, format, enum: values }: Schema) => (values ? { values } : { type: format ?? type })

/** With what it refers to put in its place, and without what only readers of the document want. */
function whole(schema: Schema, known: Record<string, Schema>): Schema {
  const put = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(put)
    if (part === null || typeof part !== 'object') return part
    const { $ref } = part as Schema
    if ($ref) return put(known[$ref.split('/').at(-1)!])
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, put(value)]))
  }
  return put(schema) as Schema
}
