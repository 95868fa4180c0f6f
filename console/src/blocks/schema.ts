/** JSON Schema, as far as the API's document and OCPP use it. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  /** What words of a list are called that are names only here, as ids of things that have one. */
  readonly called?: Readonly<Record<string, string>>
  readonly const?: unknown
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly additionalProperties?: boolean | Schema
  readonly $ref?: string
  readonly definitions?: Readonly<Record<string, Schema>>
}

/** What a field takes: a schema, and whether it may be nothing. */
export interface Taken {
  readonly schema: Schema
  readonly nullable: boolean
}

/** `X or nothing` in its two spellings is X; references are followed within `root`. */
export function takenBy(schema: Schema, root: Schema = schema): Taken {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1)!
    return takenBy(root.definitions?.[name] ?? {}, root)
  }
  const { anyOf, type } = schema
  if (anyOf) {
    const others = anyOf.filter(each => each.type !== 'null')
    const nullable = others.length < anyOf.length
    if (others.length === 1) return { schema: { ...others[0]!, description: schema.description }, nullable }
    // Words that are each a schema of their own are a list of words.
    if (others.every(each => each.const !== undefined || each.enum))
      return {
        schema: { ...schema, anyOf: undefined, enum: others.flatMap(each => each.enum ?? [each.const]) },
        nullable,
      }
    return { schema: { ...schema, anyOf: others }, nullable }
  }
  if (Array.isArray(type)) {
    const others = (type as string[]).filter(each => each !== 'null')
    return {
      schema: { ...schema, type: others.length === 1 ? others[0] : others },
      nullable: others.length < type.length,
    }
  }
  const words = schema.enum?.filter(each => each !== null)
  return words && words.length < schema.enum!.length
    ? { schema: { ...schema, enum: words }, nullable: true }
    : { schema, nullable: false }
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined }
/** From the root: keys of objects and places of lists. */
export type Path = readonly (string | number)[]

export const pointerOf = (path: Path): string =>
  path.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

export const pathOf = (pointer: string): Path =>
  pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, part) => (at as Record<string | number, unknown> | undefined)?.[part], value)
}

/** The same with another value at a place; `undefined` takes the place away. */
export function withValue(value: unknown, path: Path, put: unknown): unknown {
  const [part, ...rest] = path
  if (part === undefined) return put
  if (Array.isArray(value) || (value === undefined && typeof part === 'number')) {
    const list = [...((value as unknown[] | undefined) ?? [])]
    const next = withValue(list[Number(part)], rest, put)
    if (next === undefined) list.splice(Number(part), 1)
    else list[Number(part)] = next
    return list
  }
  const { [part]: former, ...others } = (value as Record<string, unknown> | undefined) ?? {}
  const next = withValue(former, rest, put)
  if (next === undefined) return others
  return former === undefined ? { ...others, [part]: next } : { ...(value as object), [part]: next }
}

/** Places of required fields that are not there. */
export function missingIn(value: unknown, schema: Schema, root = schema, path: Path = []): Path[] {
  const taken = takenBy(schema, root).schema
  if (Array.isArray(value) && taken.items)
    return value.flatMap((each, index) => missingIn(each, taken.items!, root, [...path, index]))
  if (!taken.properties) return []
  return Object.entries(taken.properties).flatMap(([name, each]) => {
    const inner = (value as Record<string, unknown> | undefined)?.[name]
    const here: Path = [...path, name]
    if (inner === undefined || inner === null) {
      if (!taken.required?.includes(name) || takenBy(each, root).nullable) return []
      // What lacks within it is where one enters something.
      const within = missingIn({}, each, root, here)
      return within.length > 0 ? within : [here]
    }
    return missingIn(inner, each, root, here)
  })
}

/** The same without these fields: what the platform asks for otherwise, or what the screen knows. */
export const without = (schema: Schema, ...names: readonly string[]): Schema => ({
  ...schema,
  properties: Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => !names.includes(name))),
})

/** Like data that JSON cannot tell apart. */
export const same = (a: unknown, b: unknown): boolean => JSON.stringify(ordered(a)) === JSON.stringify(ordered(b))

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, ordered(each)]),
  )
}
