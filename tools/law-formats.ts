import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Tables of formats with what the schemas of others ask of a document: which members it must have, in which lists and objects. */

interface Declared {
  id: string
  rows: Row[]
  marks: string[]
  /** Schemas by the member that each stands for in the whole. */
  schemas?: Record<string, string>
  folder?: string
  categories?: string[]
  skeletons?: Record<string, Skeleton>
}
interface Row {
  id: string
  at: string
  as: string
  within?: string[]
  must?: boolean | string[]
  unitAt?: string
  units?: Record<string, string>
  words?: Record<string, string>
  form?: string
  whole?: boolean
  each?: Record<string, string>
}
type Schema = {
  $ref?: string
  allOf?: Schema[]
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  minItems?: number
  uniqueItems?: boolean
  enum?: unknown[]
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  maxLength?: number
}
/** What a text or a number has to be. */
interface Fits {
  pattern?: string
  words?: unknown[]
  form?: string
  least?: number
  most?: number
  longest?: number
}
export type Skeleton =
  | { leaf?: unknown; fits?: Fits }
  | { list: Skeleton; least: number; unique?: boolean }
  | { must?: Record<string, Skeleton>; may?: Record<string, Skeleton> }

/** A table as it is shipped, with its sources; schemas are read from below `folder`. */
export function formatOf({ schemas, folder: below = '', categories, ...table }: Declared, folder: string): object {
  if (!schemas) return { ...table, skeletons: table.skeletons ?? ofCategories(table.rows, categories ?? []) }
  const read = Object.entries(schemas).map(([part, name]) => {
    const file = join(below, name)
    const text = readFileSync(join(folder, file), 'utf8')
    return { part, file, sha256: createHash('sha256').update(text).digest('hex'), schema: JSON.parse(text) as Schema }
  })
  const skeletons = read.map(({ part, schema }) => [part, skeletonOf(schema, schema)] as const)
  const [[first, only]] = skeletons as [readonly [string, Skeleton]]
  const isWhole = first === ''
  return {
    ...table,
    sources: read.map(({ file, sha256 }) => ({ file, licence: 'CC-BY-4.0', sha256 })),
    ...(!isWhole && {
      parts: Object.fromEntries(read.map(({ part, schema }) => [part, Object.keys(schema.properties ?? {})])),
    }),
    skeletons: { '*': isWhole ? only : { must: Object.fromEntries(skeletons) } },
  }
}

function resolved(schema: Schema, root: Schema, seen: readonly string[] = []): Schema {
  const { $ref, allOf, ...own } = schema
  const others = [...($ref ? [{ $ref }] : []), ...(allOf ?? [])].map(({ $ref, ...inner }) => {
    if (!$ref) return resolved(inner, root, seen)
    if (seen.includes($ref)) throw new Error(`${$ref} holds itself`)
    let at: unknown = root
    for (const step of $ref.slice(2).split('/')) at = (at as Record<string, unknown>)[step]
    return resolved(at as Schema, root, [...seen, $ref])
  })
  const all = [...others, own]
  const properties = Object.assign({}, ...all.map(one => one.properties)) as Record<string, Schema>
  const required = all.flatMap(one => one.required ?? [])
  return {
    ...(Object.assign({}, ...all) as Schema),
    ...(Object.keys(properties).length > 0 && { properties, required }),
  }
}

function skeletonOf(given: Schema, root: Schema): Skeleton {
  const schema = resolved(given, root)
  if (schema.properties) {
    const isRequired = (name: string): boolean => schema.required?.includes(name) ?? false
    const all = Object.entries(schema.properties).flatMap(([name, given]): [string, Skeleton][] => {
      const inner = resolved(given, root)
      if (isRequired(name) || inner.properties || inner.items) return [[name, skeletonOf(given, root)]]
      const fits = fitsOf(inner)
      return fits ? [[name, { fits }]] : []
    })
    const must = all.filter(([name]) => isRequired(name))
    const may = all.filter(([name]) => !isRequired(name))
    return {
      ...(must.length > 0 && { must: Object.fromEntries(must) }),
      ...(may.length > 0 && { may: Object.fromEntries(may) }),
    }
  }
  if (schema.items)
    return {
      list: skeletonOf(schema.items, root),
      least: schema.minItems ?? 0,
      ...(schema.uniqueItems && { unique: true }),
    }
  const fits = fitsOf(schema)
  return { leaf: placeholderFor(schema), ...(fits && { fits }) }
}

/** Upstream lost the backslashes of this one: no address of mail is as it asks. */
const broken = '^[w.-]+@[w.-]+.[A-Za-z]{2,}$'

function fitsOf({ type, pattern, enum: words, format, minimum, maximum, maxLength }: Schema): Fits | undefined {
  const isNumber = type === 'number' || type === 'integer'
  const fits: Fits = {
    ...(pattern && pattern !== broken && { pattern }),
    ...(words && { words }),
    ...(format && { form: format }),
    ...(isNumber && minimum !== undefined && { least: minimum }),
    ...(isNumber && maximum !== undefined && { most: maximum }),
    ...(maxLength !== undefined && { longest: maxLength }),
  }
  return Object.keys(fits).length > 0 ? fits : undefined
}

const texts = [
  'n/a',
  'https://placeholder.invalid',
  '1970-01-01',
  '1970-01-01T00:00:00Z',
  '--01',
  'P0D',
  '00-00-0',
  'BPNL000000000000',
  'BPNA000000000000',
  'urn:uuid:00000000-0000-0000-0000-000000000000',
  'urn:n:a',
  'nobody@placeholder.invalid',
  'batchId',
]
const formats: Record<string, string> = { uri: texts[1]!, date: texts[2]!, 'date-time': texts[3]! }

/** A value that a schema takes and nobody would take for one of a battery. */
function placeholderFor({ type, enum: words, format, pattern, minimum = 0 }: Schema): unknown {
  if (words) return words[0]
  if (type === 'number' || type === 'integer') return Math.max(0, minimum)
  if (type === 'boolean') return false
  if (type === 'object') return {}
  if (format) return formats[format] ?? texts[0]
  const found = texts.find(text => !pattern || new RegExp(pattern).test(text))
  if (found === undefined) throw new Error(`no placeholder has the form ${pattern}`)
  return found
}

/** What categories of one schema each ask, as the rows say it. */
function ofCategories(rows: readonly Row[], categories: readonly string[]): Record<string, Skeleton> {
  const of = (category: string | undefined): Skeleton => {
    const root: Skeleton = {}
    for (const row of rows) {
      const asks = Array.isArray(row.must) ? category !== undefined && row.must.includes(category) : row.must === true
      const has = !row.within || (category !== undefined && row.within.includes(category))
      if (has) plant(root, row, asks)
    }
    return root
  }
  return Object.fromEntries([['*', of(undefined)], ...categories.map(category => [category, of(category)] as const)])
}

function plant(root: Skeleton, row: Row, asks: boolean): void {
  const members = (node: Skeleton): { must?: Record<string, Skeleton>; may?: Record<string, Skeleton> } => node as never
  const put = (way: string, leaf: unknown): void => {
    let at = members(root)
    const steps = way.split('/').slice(1)
    steps.forEach((step, index) => {
      const isLast = index === steps.length - 1
      // The sections are always there; an object that may be missing asks of itself for its parts.
      const isAsked = asks || index < 2 || (isLast && index > 2)
      const before = at.must?.[step] ?? at.may?.[step]
      const next = before ?? (isLast ? { leaf } : {})
      const group = at.must?.[step] || isAsked ? 'must' : 'may'
      if (group === 'must') delete at.may?.[step]
      ;(at[group] ??= {})[step] = next
      at = members(next)
    })
  }
  const leafOf = (): unknown => {
    if (row.as === 'number' || row.as === 'latest') return 0
    if (row.as === 'period' || row.form === 'date') return formats.date
    if (row.form === 'date-time') return formats['date-time']
    if (row.words && row.as === 'text') return Object.values(row.words)[0]
    return row.form === 'uri' || row.form === 'link' || row.form === 'single' ? formats.uri : texts[0]
  }
  if (row.as === 'item') {
    for (const way of Object.values(row.each!))
      if (!/^[~]|web|mail/i.test(way)) put(`${row.at}/${way.replace(/^[+#@%]/, '')}`, texts[0])
  } else if (row.as === 'choice') put(`${row.at}/${row.each!.other}`, texts[0])
  else put(row.at, leafOf())
  if (row.unitAt) put(row.unitAt, Object.keys(row.units!)[0])
}
