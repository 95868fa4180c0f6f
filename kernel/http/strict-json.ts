import { Problem } from '../problem.ts'

/** Deeper nesting than any document needs; parsers and databases further on recurse. */
const maxDepth = 64
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/**
 * The value of a JSON text, held to I-JSON (RFC 7493), so that what is stored is what was sent: no duplicate keys, no
 * NUL or half surrogate pairs, no number that a double would change, at most 64 levels. Any key is kept: `__proto__`
 * too becomes a member like others, which copies by assignment would lose. Faults carry the JSON pointer.
 */
export function parseJson(body: Buffer): unknown {
  let text: string
  try {
    text = utf8.decode(body)
  } catch {
    throw invalid('The body is not UTF-8.')
  }
  if (text.trim() === '') throw invalid('The body is empty; send JSON.')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalid(`The body is not JSON: ${(error as Error).message.replace(/,? ?"[\s\S]*$/, '').slice(0, 120)}.`)
  }
  inspect(text, value)
  return value
}

/** The texts that values were read from. */
const texts = new WeakMap<object, string>()

/** The value of a text that `stringify` writes again as it stands: keys in their places, also those that are numbers. */
export function verbatim<T>(text: string): T {
  const value: T = JSON.parse(text)
  if (typeof value === 'object' && value !== null) texts.set(value, text)
  return value
}

/**
 * JSON as `JSON.stringify` writes it, but for objects and lists that were read by `verbatim`, or stand as fields of a
 * body: those as they stood. Nobody may have changed them since.
 */
export function stringify(value: unknown): string {
  // With a function that looks at each part the engine's own takes several times as long.
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null'
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const text = texts.get(value)
  if (text !== undefined) return text
  let members = ''
  if (Array.isArray(value)) {
    for (const item of value) members += `${members && ','}${stringify(item) ?? 'null'}`
    return `[${members}]`
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return JSON.stringify(value)
  for (const key of Object.keys(value)) {
    const member = stringify((value as Record<string, unknown>)[key])
    if (member !== undefined) members += `${members && ','}${quoted(key)}:${member}`
  }
  return `{${members}}`
}

/** Names of fields as JSON has them: most are the same few, and to quote them anew is half of the work. */
const names = new Map<string, string>()

function quoted(name: string): string {
  const known = names.get(name)
  if (known !== undefined) return known
  const text = JSON.stringify(name)
  if (name.length <= 64 && names.size < 5_000) names.set(name, text)
  return text
}

const invalid = (detail: string) => new Problem('invalid', 'json_invalid', { detail })

interface Level {
  /** Keys seen, in an object. */
  keys?: Set<string>
  /** The member being read: a key or an index. */
  at: string | number
}

/** Walks a text that is known to be JSON once, without recursion, and notes how the fields of its value stand there. */
function inspect(text: string, value: unknown): void {
  const levels: Level[] = []
  let expectKey = false
  let began = 0

  const pointer = () =>
    levels
      .map(({ at }) => `/${String(at).replaceAll('~', '~0').replaceAll('/', '~1')}`)
      .join('')
      .slice(0, 500)
  const refuse = (detail: string): never => {
    throw new Problem('invalid', 'json_invalid', {
      detail: `${pointer() || 'The body'} ${detail}`,
      errors: [{ pointer: pointer(), detail }],
    })
  }

  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x7b: // {
        if (levels.length === 1) began = i
        levels.push({ keys: new Set(), at: '' })
        expectKey = true
        if (levels.length > maxDepth) throw invalid(`The body is nested deeper than ${maxDepth} levels.`)
        break
      case 0x5b: // [
        if (levels.length === 1) began = i
        levels.push({ at: 0 })
        expectKey = false
        if (levels.length > maxDepth) throw invalid(`The body is nested deeper than ${maxDepth} levels.`)
        break
      case 0x7d: // }
      case 0x5d: // ]
        levels.pop()
        if (levels.length === 1)
          texts.set((value as Record<string | number, object>)[levels[0]!.at]!, text.slice(began, i + 1))
        expectKey = false
        break
      case 0x2c: {
        // ,
        const level = levels.at(-1)!
        if (level.keys) expectKey = true
        else (level.at as number)++
        break
      }
      case 0x22: {
        // "
        const start = i
        let escaped = false
        for (i++; text.charCodeAt(i) !== 0x22; i++) {
          if (text.charCodeAt(i) !== 0x5c) continue
          escaped = true
          i++
        }
        const string: string = escaped ? JSON.parse(text.slice(start, i + 1)) : text.slice(start + 1, i)
        if (expectKey) {
          const level = levels.at(-1)!
          level.at = string
          if (level.keys!.has(string)) refuse('stands twice in its object')
          level.keys!.add(string)
          expectKey = false
        }
        if (escaped && string.includes('\0')) refuse('holds a NUL character, which cannot be stored')
        if (escaped && !string.isWellFormed()) refuse('holds half a surrogate pair')
        break
      }
      default: {
        const code = text.charCodeAt(i)
        if (code !== 0x2d && (code < 0x30 || code > 0x39)) break
        const start = i
        while (i + 1 < text.length && /[0-9.eE+-]/.test(text[i + 1]!)) i++
        const digits = text.slice(start, i + 1)
        if ((digits.length > 15 || /[eE]/.test(digits)) && !survives(digits))
          refuse('is a number that would lose digits; send it as text')
      }
    }
  }
}

/** Whether a double holds the number: its shortest form has the digits that were sent. */
function survives(digits: string): boolean {
  const number = Number(digits)
  return Number.isFinite(number) && significant(number.toExponential()) === significant(digits)
}

/** The digits that count, between the zeros around them. */
function significant(number: string): string {
  const exponent = number.search(/e/i)
  const digits = (exponent < 0 ? number : number.slice(0, exponent)).replace(/[-+.]/g, '')
  let [from, to] = [0, digits.length]
  while (digits[from] === '0') from++
  // No pattern: one that looks for zeros at the end begins anew at each zero.
  while (to > from && digits[to - 1] === '0') to--
  return digits.slice(from, to)
}
