import type { EventContract } from '../../contracts/define.ts'

/** JSON Schema of any depth. */
type Json = Record<string, any>

/** What is published of an event: where it goes and what it carries. */
export interface Frozen {
  topic: string
  owner: string
  key: string
  data: Json
}

/** An event as it is frozen: without what only explains. */
export const freeze = ({ topic, owner, key, data }: EventContract): Frozen => ({ topic, owner, key, data: bare(data) })

/**
 * How an event breaks what was published of it. It may gain optional fields and enum values; everything else stays as
 * it is.
 */
export const broken = (published: Frozen, present: Frozen): string[] => [
  ...(['topic', 'owner', 'key'] as const)
    .filter(part => published[part] !== present[part])
    .map(part => `its ${part} was ${published[part]}`),
  ...brokenAt('', published.data, present.data),
]

function brokenAt(path: string, published: Json, present: Json): string[] {
  const at = path || 'the data'
  if (published.enum && present.enum) {
    const gone = published.enum.filter((value: unknown) => !present.enum.includes(value))
    return gone.map((value: unknown) => `${at} may no longer be ${JSON.stringify(value)}`)
  }
  const own = differences(published, present).map(keyword => `${at} has another ${keyword}`)
  const required = (schema: Json, name: string): boolean => schema.required?.includes(name) ?? false
  const fields = Object.entries<Json>(published.properties ?? {}).flatMap(([name, field]) => {
    const there = present.properties?.[name]
    if (!there) return [`${path}/${name} is gone`]
    if (required(published, name) !== required(present, name))
      return [`${path}/${name} was ${required(published, name) ? 'always there' : 'optional'}`]
    return brokenAt(`${path}/${name}`, field, there)
  })
  // An event from before, read again from the log, would lack it.
  const added = Object.keys(present.properties ?? {})
    .filter(name => !published.properties?.[name] && required(present, name))
    .map(name => `${path}/${name} is new and must be optional`)
  const items = published.items && present.items ? brokenAt(`${path}/*`, published.items, present.items) : []
  const choices: string[] =
    published.anyOf?.length === present.anyOf?.length
      ? (published.anyOf ?? []).flatMap((choice: Json, index: number) => brokenAt(path, choice, present.anyOf[index]))
      : []
  return [...own, ...fields, ...added, ...items, ...choices]
}

/** Keywords that say something else now; those that hold schemas are compared by what is in them. */
function differences(published: Json, present: Json): string[] {
  const keywords = [...new Set([...Object.keys(published), ...Object.keys(present)])]
  return keywords.filter(keyword => {
    const [before, now] = [published[keyword], present[keyword]]
    if (keyword === 'properties' || keyword === 'required') return false
    if (keyword === 'items') return !before || !now
    if (keyword === 'anyOf') return before?.length !== now?.length
    return JSON.stringify(before) !== JSON.stringify(now)
  })
}

const explains = new Set(['description', 'examples', 'title', 'default', '$comment'])

/** A schema without annotations. Names of fields are no keywords. */
function bare(schema: Json): Json {
  const walk = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(walk) : value !== null && typeof value === 'object' ? bare(value as Json) : value
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => !explains.has(keyword))
      .map(([keyword, value]) => [
        keyword,
        keyword === 'properties' || keyword === 'patternProperties'
          ? Object.fromEntries(Object.entries<Json>(value).map(([name, field]) => [name, bare(field)]))
          : walk(value),
      ]),
  )
}
