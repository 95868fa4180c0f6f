/** HTML that may stand as it is. */
class Html {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  toString(): string {
    return this.#text
  }
}
export type { Html }

/** What the kit itself wrote and vouches for; nobody beyond it can. */
export const trusted = (text: string): Html => new Html(text)

/** What a template takes: text, which is escaped, HTML and lists of both; nothing is written for what is missing. */
export type Part = string | number | bigint | Html | null | undefined | false | readonly Part[]

/**
 * HTML with what came in escaped for where it stands: in text, in an attribute in double quotes, or as the address of
 * one (`href`, `src`, `action`), where what is neither a path nor an address of the web or of mail becomes `#`. Between
 * the attributes of a tag stands HTML alone. Throws where nothing can be escaped: in scripts, styles and comments.
 */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const places = known.get(template) ?? placesOf(template)
  known.set(template, places)
  let text = template[0]!
  for (const [index, part] of parts.entries()) text += write(part, places[index]!) + template[index + 1]!
  return trusted(text)
}

type Place = 'text' | 'attribute' | 'address' | 'tag'

const known = new WeakMap<TemplateStringsArray, Place[]>()

const placesOf = (template: TemplateStringsArray): Place[] =>
  template.slice(0, -1).map((_, index) => placeBehind(template.slice(0, index + 1).join('x')))

function placeBehind(written: string): Place {
  if (/<!--(?![^]*-->)|<(script|style)\b(?![^]*<\/\1)/i.test(written))
    throw new Error(`Nothing can be put into a script, a style or a comment: ${written}`)
  const tag = /<[a-z](?:"[^"]*"|[^">])*("[^"]*)?$/i.exec(written)
  if (!tag) return 'text'
  if (tag[1] !== undefined) return /\s(?:href|src|(?:form)?action)="$/i.test(tag[0]) ? 'address' : 'attribute'
  if (/=\s*'?$/.test(tag[0])) throw new Error(`Attributes with values stand in double quotes: ${written}`)
  return 'tag'
}

function write(part: Part, place: Place): string {
  if (part === null || part === undefined || part === false) return ''
  if (Array.isArray(part)) return part.map(one => write(one, place)).join('')
  if (part instanceof Html) {
    if (place === 'text' || place === 'tag') return part.toString()
    throw new Error(`HTML cannot stand in an attribute: ${part}`)
  }
  if (place === 'tag') throw new Error(`Only HTML can stand within a tag: ${part}`)
  const text = String(part)
  return escape(place === 'address' && !/^(?:$|[/?#]|https?:|mailto:|tel:)/i.test(text) ? '#' : text)
}

const escape = (text: string): string => text.replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`)
