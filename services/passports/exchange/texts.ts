import { Problem } from '#kernel'

/** As deep as a body may be; what reads a text further on calls itself. */
const deepest = 64

/** Refuses a JSON text that is nested deeper than any document. */
export function requireShallow(text: string): void {
  let depth = 0
  let isInside = false
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at)
    if (isInside) {
      if (sign === 0x5c) at++
      else if (sign === 0x22) isInside = false
    } else if (sign === 0x22) isInside = true
    else if (sign === 0x7b || sign === 0x5b) {
      if (++depth > deepest)
        throw new Problem('invalid', 'document_invalid', {
          detail: `The document is nested deeper than ${deepest} levels.`,
        })
    } else if (sign === 0x7d || sign === 0x5d) depth--
  }
}
