import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import { _, Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { FastifySchemaValidationError, FastifySerializerCompiler } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { linePattern } from '../../contracts/shared.ts'
import { addressOf } from '../mail/addresses.ts'
import { Problem, type Fault } from '../problem.ts'

/** Patterns of our schemas are for names and words: no text is looked at that is longer than any of those may be. */
class Bounded extends RegExp {
  override test(text: string): boolean {
    return text.length <= 2048 && super.test(text)
  }
}
const bounded = Object.assign((pattern: string, flags: string) => new Bounded(pattern, flags), { code: '' })

/** Ids as PostgreSQL takes them; the library's format allows `urn:uuid:` before them. */
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What a text of a format is from here on; undefined for what is none. Ids have one spelling, whatever was typed. */
const readers: Record<string, (text: string) => string | undefined> = {
  uuid: text => (uuid.test(text) ? text.toLowerCase() : undefined),
  'date-time': text => (instantOf(text) ? text : undefined),
  date: text => (!text.startsWith('0000') && instantOf(`${text}T00:00:00Z`) ? text : undefined),
  email: addressOf,
}

function openValidator(coerceTypes: boolean): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    strict: false,
    useDefaults: true,
    coerceTypes,
    // Schemas are made by TypeBox, and a schema of schemas has formats of its own.
    meta: false,
    validateSchema: false,
    code: { regExp: bounded },
  })
  // After the items are read: one id in two spellings is there twice.
  ajv.removeKeyword('uniqueItems').addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    error: { message: 'must hold nothing twice' },
    validate: (_: true, items: unknown[]) => new Set(items.map(item => JSON.stringify(item))).size === items.length,
  })
  return ajv.removeKeyword('format').addKeyword({
    keyword: 'format',
    type: 'string',
    schemaType: 'string',
    modifying: true,
    error: { message: 'is not valid', params: ({ schemaCode }) => _`{format: ${schemaCode}}` },
    compile(format: string) {
      const read = readers[format]
      if (!read) throw new Error(`nobody reads the format ${format}`)
      return (text: string, at) => {
        // No address of mail, no id and no time is longer.
        const value = text.length <= 320 ? read(text) : undefined
        if (value !== undefined) at!.parentData[at!.parentDataProperty] = value
        return value !== undefined
      }
    },
  })
}

// A body says what it means; a query string has only texts.
const exact = openValidator(false)
const lenient = openValidator(true)

const instant =
  /^(\d{4}-\d\d-\d\d)[t\s]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,20})?(?:z|[+-](?:[01]\d|2[0-3]):?[0-5]\d))$/i

/**
 * A time of RFC 3339 that there is a value for: in a day of the calendar, not after the year 9999 of UTC, and in no leap
 * second. PostgreSQL has none in the year 0; `timeOf` gives what can be kept.
 */
export function instantOf(text: string): Date | undefined {
  const [, day, time] = instant.exec(text) ?? []
  if (!day || !time) return undefined
  const [midnight, at] = [new Date(`${day}T00:00:00Z`), new Date(`${day}T${time.toUpperCase()}`)]
  // What is no day in the calendar is none here either, or moves to another one.
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return undefined
  return at.getUTCFullYear() <= 9999 ? at : undefined
}

/** Fastify's validator for one part of a request, compiled when the first comes: most routes of a start are not asked. */
export function compileFor({ schema, httpPart }: { schema: unknown; httpPart?: string }) {
  const ajv = httpPart === 'body' ? exact : lenient
  let check: ValidateFunction | undefined
  return (data: object | null) => {
    check ??= ajv.compile(schema as object)
    if (!check(data)) return { error: check.errors as FastifySchemaValidationError[] }
    // Ajv makes a number of the text 1e999 like of any other.
    const endless =
      ajv === lenient && Object.entries(data ?? {}).find(([, value]) => value === Infinity || value === -Infinity)
    return endless ? { error: [{ ...notFinite, instancePath: `/${endless[0]}` }] } : true
  }
}

const serializers = SerializerSelector()({}, {})

/** Fastify's writer of one answer, compiled when the first is given. */
export const serializeFor: FastifySerializerCompiler<unknown> = ({ httpStatus = '', ...route }) => {
  let write: ReturnType<typeof serializers> | undefined
  return data => (write ??= serializers({ ...route, httpStatus }))(data)
}

const notFinite = { schemaPath: '', keyword: 'finite', params: {}, message: 'must be a finite number' }

/** What is refused with these faults. */
export const invalid = (faults: Fault[]): Problem =>
  new Problem('invalid', 'request_invalid', {
    detail: faults.map(({ pointer, detail }) => `${pointer || 'The body'} ${detail}`).join('; '),
    errors: faults,
  })

/** Holds the fields of a form to what they would be in a body. Fails with `request_invalid`. */
export function formOf<S extends TSchema>(schema: S): (fields: unknown) => Static<S> {
  const check = exact.compile(closed(schema))
  return fields => {
    if (!check(fields)) throw invalid(faultsOf(check.errors!, 'form'))
    return fields as Static<S>
  }
}

/** At most ten faults, each with the pointer of the field and what is expected there. */
export function faultsOf(
  errors: readonly { instancePath: string; keyword: string; params: Record<string, unknown>; message?: string }[],
  part: string,
): Fault[] {
  const faults = new Map<string, Fault>()
  // Of fields of which any would do the first is told, with the others.
  const either = (errors as ErrorObject[]).filter(({ schemaPath }) => /^#\/anyOf\/\d+\/required$/.test(schemaPath))
  for (const error of errors as ErrorObject[]) {
    const { instancePath, keyword, params, message } = error
    if (either.length > 0 && (either.indexOf(error) > 0 || error.schemaPath === '#/anyOf')) continue
    const child = (params.missingProperty ?? params.additionalProperty) as string | undefined
    const pointer =
      child === undefined ? instancePath : `${instancePath}/${child.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (faults.has(pointer)) continue
    const others =
      error === either[0] ? either.slice(1).map(({ params: { missingProperty } }) => ` or ${missingProperty}`) : []
    faults.set(pointer, { pointer, detail: detailOf(keyword, params, message, part) + others.join('') })
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
  if (params.pattern === linePattern) return 'must be one line with something to see in it'
  if (keyword === 'format') return `must be ${formatsInWords[String(params.format)] ?? `a ${params.format}`}`
  return message ?? 'is not valid'
}

/** Objects of a request take no field they do not name, unless they say `additionalProperties` themselves. */
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
