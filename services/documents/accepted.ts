import { Problem } from '#kernel'

/** Does a media type, as `image/png`, meet a pattern, as `image/*`? Parameters, as a character set, do not count. */
const meets = (type: string, pattern: string): boolean =>
  pattern === '*/*' || pattern === type || (pattern.endsWith('/*') && type.startsWith(pattern.slice(0, -1)))

/** A media type without parameters. */
export const essence = (type: string): string => type.split(';')[0]!.trim().toLowerCase()

/** What an operator lets in, in small letters. Fails where a pattern is none, so that a typing error lets nothing in. */
export function acceptedTypes(patterns: readonly string[]): string[] {
  for (const pattern of patterns)
    if (!/^(\*\/\*|[a-z0-9][\w.+-]*\/([a-z0-9][\w.+-]*|\*))$/i.test(pattern))
      throw new Error(`DOCUMENT_TYPES: "${pattern}" is no media type; write image/png, image/* or */*`)
  return patterns.map(pattern => pattern.toLowerCase())
}

/** Fails with `document_type_refused` for content of a type that the operator does not let in, naming what is taken. */
export function requireAccepted(contentType: string, accepted: readonly string[]): void {
  if (accepted.some(pattern => meets(essence(contentType), pattern))) return
  const detail = `must be of ${accepted.join(', ')}, and is ${essence(contentType)} by its content`
  throw new Problem('unsupported', 'document_type_refused', {
    detail: `The file ${detail}.`,
    errors: [{ pointer: '/file', detail }],
    accepted: [...accepted],
  })
}
