import { createRequire } from 'node:module'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { OcppVersion } from '#contracts/ocpp'
import { faultsIn, type Fault as FieldFault } from '#kernel'
import { CallError, type Fault } from '../rpc/frames.ts'

// The schemas of the Open Charge Alliance, as they are.
const files: Record<OcppVersion, string> = {
  'ocpp1.6': 'ocpp-rpc/lib/schemas/ocpp1_6.json',
  'ocpp2.0.1': 'ocpp-rpc/lib/schemas/ocpp2_0_1.json',
  'ocpp2.1': 'ocpp-rpc/lib/schemas/ocpp2_1.json',
}
const load = createRequire(import.meta.url)

type Part = 'request' | 'answer'

/** Chargers leave out the zone, or write seconds as they like: what can be read as an instant is one. */
const instant = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|z|[+-]\d\d:?\d\d)?$/

const loaded = new Map<OcppVersion, ReturnType<typeof openVersion>>()

/** Compiled at their first use: a start needs none. */
function openVersion(version: OcppVersion) {
  const schemas = load(files[version]) as { $id: string }[]
  // Only where chargers are sent to fetch or bring something: they refuse what is none.
  const { uri } = (load('ajv-formats/dist/formats.js') as typeof import('ajv-formats/dist/formats.js')).fullFormats
  const options = { strict: false, multipleOfPrecision: 6, formats: { 'date-time': instant, uri: uri! } } as const
  const ajv = new Ajv(options)
  // Names all that is wrong, and is asked only where something is.
  const thorough = new Ajv({ ...options, allErrors: true })
  const suffixes =
    version === 'ocpp2.1' ? { request: 'Request', answer: 'Response' } : { request: '.req', answer: '.conf' }
  const bySpelling = new Map(schemas.map(schema => [schema.$id, schema]))
  const compiled = new Map<string, ValidateFunction>()
  const compile = (by: Ajv, id: string): ValidateFunction => {
    // The ids are no URNs that every library reads, and nothing refers to them.
    const { $id: _, ...schema } = bySpelling.get(id)!
    return by.compile(schema)
  }
  const idOf = (action: string, part: Part): string => {
    const id = `urn:${action}${suffixes[part]}`
    // What is never answered has a schema of its bare name.
    return part === 'request' && !bySpelling.has(id) ? `urn:${action}` : id
  }
  return {
    knows: (action: string, part: Part): boolean => bySpelling.has(idOf(action, part)),
    validator: (action: string, part: Part): ValidateFunction =>
      compiled.getOrInsertComputed(idOf(action, part), id => compile(ajv, id)),
    thorough: (action: string, part: Part): ValidateFunction =>
      compiled.getOrInsertComputed(`all of ${idOf(action, part)}`, () => compile(thorough, idOf(action, part))),
    schema: (action: string, part: Part): object | undefined => bySpelling.get(idOf(action, part)),
  }
}
const of = (version: OcppVersion) => loaded.getOrInsertComputed(version, openVersion)

/** Every action of a version, whoever sends it. */
export const actionsOf = (version: OcppVersion): ReadonlySet<string> =>
  new Set(
    (load(files[version]) as { $id: string }[]).map(({ $id }) =>
      $id.replace(/^urn:|(\.(req|conf)|Request|Response)$/g, ''),
    ),
  )

/** Every action of every version: read from their files once somebody wants to know. */
export function actions(): ReadonlySet<string> {
  everyAction ??= new Set((Object.keys(files) as OcppVersion[]).flatMap(version => [...actionsOf(version)]))
  return everyAction
}
let everyAction: ReadonlySet<string> | undefined

/** Whether a version has the action at all, whoever sends it. */
export const isAction = (version: OcppVersion, action: string): boolean => of(version).knows(action, 'request')
export const schemaOf = (version: OcppVersion, action: string, part: Part): object | undefined =>
  of(version).schema(action, part)

/** What is wrong with a payload; undefined where it is as the schema has it, or nobody could mean anything else. */
export function faultOf(version: OcppVersion, action: string, part: Part, payload: unknown): ErrorObject | undefined {
  const validate = of(version).validator(action, part)
  if (validate(payload)) return undefined
  const [first] = validate.errors!
  // 1.6 once wrote it one way and once the other (errata of April 2025).
  if (first!.keyword === 'enum' && first!.instancePath.endsWith('/unit') && respell(payload))
    return faultOf(version, action, part, payload)
  return first
}

/** All that is wrong with a payload, by the fields it is wrong with. */
export function faultsOf(version: OcppVersion, action: string, part: Part, payload: unknown): FieldFault[] {
  if (!faultOf(version, action, part, payload)) return []
  const validate = of(version).thorough(action, part)
  validate(payload)
  return faultsIn(validate.errors ?? [], 'message')
}

/** Spells the unit of temperatures as 1.6 does; true where there was one to spell. */
function respell(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  let found = false
  for (const [key, inner] of Object.entries(value))
    if (key === 'unit' && inner === 'Celsius') {
      Object.assign(value, { unit: 'Celcius' })
      found = true
    } else if (respell(inner)) found = true
  return found
}

const faults: Record<string, Fault> = {
  required: 'OccurrenceConstraintViolation',
  minItems: 'OccurrenceConstraintViolation',
  maxItems: 'OccurrenceConstraintViolation',
  type: 'TypeConstraintViolation',
  additionalProperties: 'FormatViolation',
}

/** Fails with the `CallError` of what is wrong first. */
export function requireValid(version: OcppVersion, action: string, part: Part, payload: unknown): void {
  const fault = faultOf(version, action, part, payload)
  if (!fault) return
  const where = fault.instancePath || '/'
  const extra = fault.keyword === 'additionalProperties' ? `: ${fault.params.additionalProperty}` : ''
  throw new CallError(faults[fault.keyword] ?? 'PropertyConstraintViolation', `${where} ${fault.message}${extra}`)
}
