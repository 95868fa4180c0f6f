import { Ajv, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import type { FastifySchemaValidationError } from 'fastify'
import type { TSchema } from 'typebox'
import type { Fault } from '../problem.ts'

/** Ids as PostgreSQL takes them; the library's format allows `urn:uuid:` before them. */
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const addFormats = (ajv: Ajv): Ajv => formats.default(ajv).addFormat('uuid', uuid)
const settings = {
  allErrors: true,
  strict: false,
  removeAdditional: false,
  useDefaults: true,
  validateFormats: true,
} as const

// A body says what it means; a query string has only texts.
const exact = addFormats(new Ajv({ ...settings, coerceTypes: false }))
const lenient = addFormats(new Ajv({ ...settings, coerceTypes: true }))

/** Fastify's validator for one part of a request. */
export function compileFor({ schema, httpPart }: { schema: unknown; httpPart?: string }) {
  if (httpPart === 'body') return exact.compile(schema as object)
  const check = lenient.compile(schema as object)
  return (data: object | null) => {
    if (!check(data)) return { error: check.errors as FastifySchemaValidationError[] }
    // Ajv makes a number of the text 1e999 like of any other.
    const endless = Object.entries(data ?? {}).find(([, value]) => value === Infinity || value === -Infinity)
    return endless ? { error: [{ ...notFinite, instancePath: `/${endless[0]}` }] } : true
  }
}

const notFinite = { schemaPath: '', keyword: 'finite', params: {}, message: 'must be a finite number' }

/** At most ten faults, each with the pointer of the field and what is expected there. */
export function faultsOf(
  errors: readonly { instancePath: string; keyword: string; params: Record<string, unknown>; message?: string }[],
  part: string,
): Fault[] {
  const faults = new Map<string, Fault>()
  for (const { instancePath, keyword, params, message } of errors as ErrorObject[]) {
    const child = (params.missingProperty ?? params.additionalProperty) as string | undefined
    const pointer =
      child === undefined ? instancePath : `${instancePath}/${child.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (faults.has(pointer)) continue
    faults.set(pointer, { pointer, detail: detailOf(keyword, params, message, part) })
    if (faults.size === 10) break
  }
  return [...faults.values()]
}

const formatsInWords: Record<string, string> = {
  uuid: 'a UUID',
  email: 'an e-mail address',
  'date-time': 'a time like 2027-02-18T08:30:00Z',
  date: 'a date like 2027-02-18',
}

function detailOf(keyword: string, params: Record<string, unknown>, message: string | undefined, part: string): string {
  if (keyword === 'required') return 'is required'
  if (keyword === 'additionalProperties') return `is not a field of this ${part === 'querystring' ? 'query' : part}`
  if (keyword === 'enum') return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
  if (keyword === 'format') return `must be ${formatsInWords[String(params.format)] ?? `a ${params.format}`}`
  return message ?? 'is not valid'
}

/** Objects of a body take no field they do not name, unless they say `additionalProperties` themselves. */
export function closed<S extends TSchema>(schema: S): S {
  // A schema is JSON of any depth.
  const each = (at: object, change: (value: any, key: string) => any) =>
    Object.fromEntries(Object.entries(at).map(([key, value]) => [key, change(value, key)]))
  const walk = (at: any): any => {
    if (Array.isArray(at)) return at.map(walk)
    if (at === null || typeof at !== 'object') return at
    const copy = each(at, (value, key) => {
      // Names of fields are no words of the schema.
      if (key === 'properties') return each(value, walk)
      return key === 'examples' || key === 'default' ? value : walk(value)
    })
    return copy.type === 'object' && copy.properties && !('additionalProperties' in copy)
      ? { ...copy, additionalProperties: false }
      : copy
  }
  return walk(schema)
}
