/** An element; children that are undefined or false are left out, and so is an element without any. */
export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly (Element | string)[]
}

type Child = Element | string | undefined | false | readonly Child[]

export function element(name: string, ...children: Child[]): Element | undefined {
  const kept = flat(children)
  return kept.length > 0 ? { name, attributes: {}, children: kept } : undefined
}

export const withAttributes = (of: Element | undefined, attributes: Record<string, string>): Element | undefined =>
  of && { ...of, attributes: { ...of.attributes, ...attributes } }

const flat = (children: readonly Child[]): (Element | string)[] =>
  children.flatMap(child =>
    child === undefined || child === false || child === ''
      ? []
      : typeof child === 'string' || 'name' in child
        ? [child]
        : flat(child),
  )

/** The document, indented, in UTF-8. */
export const documentOf = (root: Element): string => `<?xml version="1.0" encoding="UTF-8"?>\n${written(root, '')}`

function written({ name, attributes, children }: Element, indent: string): string {
  const open = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escaped(value)}"`)].join(' ')
  const inner = children.some(child => typeof child !== 'string')
    ? `\n${children.map(child => (typeof child === 'string' ? escaped(child) : written(child, `${indent}  `))).join('')}${indent}`
    : children.map(child => escaped(child as string)).join('')
  return `${indent}<${open}>${inner}</${name}>\n`
}

// What XML 1.0 has no way to write: most control characters, and code points that are no characters.
const unwritable = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' }

const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(unwritable, '\ufffd')
    .replace(/[&<>"\r]/g, character => escapes[character]!)
