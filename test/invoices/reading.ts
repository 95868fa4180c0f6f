import { inflateSync } from 'node:zlib'

/** A PDF as far as these tests look into it: its objects as text, streams unpacked. */
export interface ReadPdf {
  readonly objects: ReadonlyMap<number, { readonly head: string; readonly stream: Buffer | undefined }>
  /** What each page shows, a line for each piece of text that was drawn; artifacts (headers and footers) apart. */
  readonly pages: readonly { readonly text: string[]; readonly artifacts: string[] }[]
  readonly attachments: readonly Buffer[]
}

export function readPdf(pdf: Buffer): ReadPdf {
  const raw = pdf.toString('latin1')
  const objects = new Map<number, { head: string; stream: Buffer | undefined }>()
  for (const [, id, body] of raw.matchAll(/(?:^|\n)(\d+) 0 obj\n([^]*?)\nendobj/g)) {
    const [head, rest] = body!.split(/\nstream\n/, 2) as [string, string | undefined]
    const bytes = rest === undefined ? undefined : Buffer.from(rest.replace(/\nendstream$/, ''), 'latin1')
    const stream = bytes && /\/Filter \/FlateDecode/.test(head) ? inflateSync(bytes) : bytes
    objects.set(Number(id), { head, stream })
  }
  const heads = [...objects.values()]
  const reference = (head: string, name: string): number | undefined => {
    const [, id] = new RegExp(`/${name} (\\d+) 0 R`).exec(head) ?? []
    return id === undefined ? undefined : Number(id)
  }
  /** Letters of a font by the code of a glyph. */
  const lettersOf = (font: number): string[] => {
    const cmap = objects.get(reference(objects.get(font)!.head, 'ToUnicode')!)!.stream!.toString('latin1')
    return [...cmap.matchAll(/\[(.*?)\]/gs)].flatMap(([, list]) =>
      [...list!.matchAll(/<(.*?)>/g)].map(([, hex]) =>
        String.fromCharCode(...hex!.split(' ').map(code => Number.parseInt(code, 16))),
      ),
    )
  }
  const pages = heads
    .filter(({ head }) => /\/Type \/Page\n/.test(head))
    .map(({ head }) => {
      const resources = objects.get(reference(head, 'Resources')!)?.head ?? head
      const fonts = new Map(
        [...resources.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name, id]) => [name!, lettersOf(Number(id))]),
      )
      return drawnOn(objects.get(reference(head, 'Contents')!)!.stream!.toString('latin1'), fonts)
    })
  const attachments = heads.filter(({ head }) => head.includes('/Type /EmbeddedFile')).map(({ stream }) => stream!)
  return { objects, pages, attachments }
}

function drawnOn(content: string, fonts: ReadonlyMap<string, string[]>): ReadPdf['pages'][number] {
  const page = { text: [] as string[], artifacts: [] as string[] }
  const open: string[] = []
  let letters: string[] = []
  for (const line of content.split('\n')) {
    const [, tag] = /^\/(\w+) <</.exec(line) ?? []
    if (tag) open.push(tag)
    if (line === 'EMC' && open.pop() === undefined) throw new Error('something ends that was not begun')
    const [, name] = /^\/(F\d+) /.exec(line) ?? []
    if (name) letters = fonts.get(name)!
    if (!line.endsWith(' TJ')) continue
    const text = [...line.matchAll(/<([0-9a-f]+)>/g)]
      .flatMap(([, hex]) => hex!.match(/.{4}/g)!.map(code => letters[Number.parseInt(code, 16)]))
      .join('')
    if (open.length === 0) throw new Error(`"${text}" is content of nothing`)
    ;(open.includes('Artifact') ? page.artifacts : page.text).push(text)
  }
  if (open.length > 0) throw new Error(`${open.join(', ')} ends nowhere`)
  return page
}
