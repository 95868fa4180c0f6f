import type { Locale, Secret, Words } from './kinds/kind.ts'

/** What stands around the words of every mail. */
const frame: Record<
  Locale,
  { greeting: (name: string | null) => string; more: (count: number) => string; signature: string; leave: string }
> = {
  en: {
    greeting: name => (name ? `Hello ${name},` : 'Hello,'),
    more: count => `and ${count} more`,
    signature: 'Ohmnibus',
    leave: 'No more mails like this',
  },
  de: {
    greeting: name => (name ? `Guten Tag ${name},` : 'Guten Tag,'),
    more: count => `und ${count} weitere`,
    signature: 'Ohmnibus',
    leave: 'Keine solchen Mails mehr',
  },
}

/** A message ready to be laid out: its words and what was added to them. */
export interface Letter extends Words, Secret {
  locale: Locale
  /** Null where nobody is sure who reads it. */
  name: string | null
  /** Messages that it tells of at once, and how many more there are. */
  items?: { title: string; link: string | undefined }[]
  more?: number
  /** Where its reader ends mails like it. */
  leave?: string
}

/** As text: a code alone on a line, a link alone on a line. */
export function textOf({ locale, name, text, items = [], more = 0, code, link, action, note, leave }: Letter): string {
  const { greeting, more: andMore, signature, leave: ends } = frame[locale]
  const address = link && (action ? `${action}:\n${link}` : link)
  const listed = items.map(({ title, link }) => (link ? `${title}\n${link}` : title))
  const paragraphs = [
    greeting(name),
    ...text,
    ...listed,
    more > 0 && andMore(more),
    code,
    address,
    note,
    signature,
    leave && `${ends}: ${leave}`,
  ]
  return `${paragraphs.filter(Boolean).join('\n\n')}\n`
}

/** As HTML that needs nothing from anywhere else. Names and identifiers are other people's words: all is escaped. */
export function htmlOf(letter: Letter): string {
  const { locale, name, title, text, items = [], more = 0, code, link, action, note, leave } = letter
  const { greeting, more: andMore, signature, leave: ends } = frame[locale]
  const paragraph = (content: string, style = '') => `<p${style && ` style="${style}"`}>${content}</p>`
  return `<!doctype html>
<html lang="${locale}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title></head>
<body style="margin:0 auto;padding:24px;max-width:36em;font:16px/1.5 system-ui,sans-serif">
${[
  paragraph(escape(greeting(name))),
  ...text.map(line => paragraph(escape(line))),
  items.length > 0 &&
    `<ul>\n${items
      .map(({ title, link }) => (link ? `<a href="${escape(link)}">${escape(title)}</a>` : escape(title)))
      .map(item => `<li>${item}</li>`)
      .join('\n')}\n</ul>`,
  more > 0 && paragraph(andMore(more)),
  code && paragraph(escape(code), 'font:700 28px/1.5 ui-monospace,monospace;letter-spacing:4px'),
  link && paragraph(`<a href="${escape(link)}">${escape(action ?? link)}</a>`),
  note && paragraph(escape(note), 'font-size:14px;opacity:.75'),
  paragraph(escape(signature)),
  leave && paragraph(`<a href="${escape(leave)}">${escape(ends)}</a>`, 'font-size:14px;opacity:.75'),
]
  .filter(Boolean)
  .join('\n')}
</body>
</html>
`
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (text: string): string => text.replace(/[&<>"']/g, character => escapes[character]!)
