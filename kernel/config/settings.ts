import Type, { type Static, type TObject, type TSchema } from 'typebox'
import { StartError } from '../problem.ts'

/** The environment, as scripts and operators set it. */
export type Settings = Record<string, string | undefined>

/** Kinds of settings. Each is one environment variable with a type, a default and a sentence for the operator. */
export const Setting = {
  /** `form` is the pattern in words. */
  text: (
    description: string,
    options: { default?: string } & ({ pattern: string; form: string } | { pattern?: never }) = {},
  ) => Type.String({ description, ...options }),
  /** Never shown, not even in a fault. */
  secret: (description: string) => Type.String({ description, format: 'secret' }),
  integer: (description: string, options: { default?: number; minimum?: number; maximum?: number }) =>
    Type.Integer({ description, ...options }),
  number: (description: string, options: { default: number; minimum?: number; maximum?: number }) =>
    Type.Number({ description, ...options }),
  flag: (description: string, options: { default: boolean }) => Type.Boolean({ description, ...options }),
  /** Milliseconds, written `500ms`, `30s`, `10m`, `12h`, `7d`. */
  duration: (description: string, options: { default?: string } = {}) =>
    Type.Unsafe<number>({ type: 'string', format: 'duration-ms', description, ...options }),
  /** Bytes, written `100 MB`, `64KB` or as a number. */
  bytes: (description: string, options: { default: string }) =>
    Type.Unsafe<number>({ type: 'string', format: 'bytes', description, ...options }),
  list: (description: string, options: { default?: string } = {}) =>
    Type.Unsafe<string[]>({ type: 'string', format: 'list', description, default: '', ...options }),
}

const units: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
}

/** What the schema of a setting says, as `Setting` made it. */
type Words = Record<string, any>

/**
 * Reads what `schema` names. All faults are reported at once: name, what was given (secrets hidden), what is expected.
 */
export function readSettings<S extends TObject>(schema: S, environment: Settings, faults: string[] = []): Static<S> {
  const values: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(schema.properties as Record<string, TSchema & Words>)) {
    const given = environment[name]?.trim()
    const text = given === undefined || given === '' ? property.default : given
    if (text === undefined) {
      if (schema.required?.includes(name)) faults.push(`${name}: is missing. ${property.description}`)
      continue
    }
    try {
      values[name] = typeof text === 'string' ? read(text, property) : text
    } catch (error) {
      const shown = property.format === 'secret' ? 'what was given' : `"${given}"`
      faults.push(`${name}: ${shown} is not ${(error as Error).message}. ${property.description}`)
    }
  }
  return values as Static<S>
}

function read(text: string, property: Words): unknown {
  const expect = (condition: boolean, expected: string): void => {
    if (!condition) throw new Error(expected)
  }
  if (property.format === 'list')
    return text
      .split(',')
      .map(item => item.trim())
      .filter(Boolean)
  if (property.format === 'duration-ms') {
    const [, number, unit] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/.exec(text) ?? []
    expect(number !== undefined, 'a duration like 10m, 12h or 7d')
    return Number(number) * units[unit!]!
  }
  if (property.format === 'bytes') {
    const [, number, unit = 'B'] = /^(\d+(?:\.\d+)?) ?(B|KB|MB|GB)?$/i.exec(text) ?? []
    expect(number !== undefined, 'a size like 100 MB')
    return Math.floor(Number(number) * units[unit.toUpperCase()]!)
  }
  if (property.type === 'integer' || property.type === 'number') {
    const number = Number(text)
    const { minimum = -Infinity, maximum = Infinity } = property
    const range = `${minimum === -Infinity ? '' : ` from ${minimum}`}${maximum === Infinity ? '' : ` to ${maximum}`}`
    expect(
      Number.isFinite(number) &&
        (property.type === 'number' || Number.isInteger(number)) &&
        number >= minimum &&
        number <= maximum,
      `a${property.type === 'integer' ? ' whole' : ''} number${range}`,
    )
    return number
  }
  if (property.type === 'boolean') {
    expect(/^(true|false|1|0|yes|no|on|off)$/i.test(text), 'true or false')
    return /^(true|1|yes|on)$/i.test(text)
  }
  if (property.enum) expect(property.enum.includes(text), `one of ${property.enum.join(', ')}`)
  if (property.pattern) expect(new RegExp(property.pattern).test(text), property.form)
  return text
}

/** A setting as this process runs with it. */
export interface SettingShown {
  readonly name: string
  /** `platform`, or the services that read it. */
  readonly of: string[]
  readonly description: string
  readonly secret: boolean
  /** `file` is `.env`; `nowhere` where nothing says it and nothing holds without it. */
  readonly from: 'environment' | 'file' | 'default' | 'nowhere'
  /** As it is written; null of secrets, and where there is none. */
  readonly value: string | null
}

/** Names every fault in one message and stops the start. */
export function refuseFaults(faults: readonly string[]): void {
  if (faults.length > 0)
    throw new StartError(`Some settings are not valid:\n${faults.map(fault => `  ${fault}`).join('\n')}`)
}
