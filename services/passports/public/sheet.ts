import type { Html } from '#kernel'
import type { Language } from '#law'

/** What the page says, as people keep it: in the words of the page, since it is made of them. */
export interface Sheet {
  readonly language: Language
  /** What it is called by who lists files: no word of its maker. */
  readonly name: string
  readonly title: string
  readonly body: Html
  /** Of the page, so that who has the paper finds it. */
  readonly address: string
  /** When it said something else last: the same page makes the same bytes. */
  readonly changed: Date
}

type Document = PDFKit.PDFDocument
type Structure = PDFKit.PDFStructureElement

// A4 in points.
const page = { left: 56, right: 539, top: 56, bottom: 780 }
const grey = '#555555'
const cellFrom = 250

/** An element of the page; what stands in it are others, and text. */
interface Element {
  readonly tag: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: (Element | string)[]
}

const tokens = /<(\/?)([a-z0-9]+)((?:"[^"]*"|[^">])*)>|([^<]+)/gi
const attribute = /([a-z-]+)="([^"]*)"/gi
const plain = (text: string): string => text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))

/** HTML of ours, which is well-formed and escapes what is not ours. */
function elementsOf(body: Html): Element {
  const root: Element = { tag: 'body', attributes: {}, children: [] }
  const open = [root]
  for (const [, end, tag, rest = '', text] of body.toString().matchAll(tokens)) {
    if (text !== undefined) open.at(-1)!.children.push(plain(text))
    else if (end) open.pop()
    else {
      const attributes = Object.fromEntries(
        [...rest.matchAll(attribute)].map(([, name, value]) => [name, plain(value!)]),
      )
      const element: Element = { tag: tag!.toLowerCase(), attributes, children: [] }
      open.at(-1)!.children.push(element)
      if (!rest.trimEnd().endsWith('/')) open.push(element)
    }
  }
  return root
}

interface Line {
  readonly text: string
  /** Where it is not the language of the page. */
  readonly language?: string | undefined
}

/** What turns the order of letters, which a maker's text may hold: on paper nothing would end it. */
const turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** What stands in an element, a line for each entry of its lists; where a link leads is said behind it. */
function linesOf(element: Element, base: string): Line[] {
  const lines: { text: string; language?: string | undefined }[] = [{ text: '' }]
  const walk = ({ children }: Element, language: string | undefined): void => {
    for (const child of children) {
      const line = lines.at(-1)!
      if (typeof child === 'string') {
        line.text += child
        if (child.trim() !== '') line.language ??= language
        continue
      }
      if (child.tag === 'svg') continue
      if (child.tag === 'li') lines.push({ text: '' })
      walk(child, child.attributes.lang ?? language)
      const { href } = child.attributes
      const address = href?.startsWith('/') ? base + href : href
      if (address && !lines.at(-1)!.text.endsWith(address)) lines.at(-1)!.text += ` (${address})`
      if (child.tag === 'li') lines.push({ text: '' })
    }
  }
  walk(element, element.attributes.lang)
  return lines
    .map(({ text, language }) => ({ text: text.replace(turning, '').replace(/\s+/g, ' ').trim(), language }))
    .filter(({ text }) => text !== '')
}

/** A tagged PDF (PDF/UA) with its fonts within. */
export async function sheetOf({ language, name, title, body, address, changed }: Sheet): Promise<Buffer> {
  const [{ default: PDFDocument }, { openFonts }] = await Promise.all([
    import('pdfkit'),
    import('#money/invoices/fonts'),
  ])
  const faces = await openFonts()
  const info = { Title: name, Creator: 'Ohmnibus', Producer: 'Ohmnibus', CreationDate: changed, ModDate: changed }
  const doc: Document = new PDFDocument({
    size: 'A4',
    margin: 0,
    bufferPages: true,
    pdfVersion: '1.7',
    subset: 'PDF/UA' as never,
    tagged: true,
    lang: language,
    displayTitle: true,
    font: null as never,
    info,
  })
  const parts: Buffer[] = []
  doc.on('data', part => parts.push(part))
  const whole = new Promise<Buffer>((resolve, reject) => {
    doc.on('end', () => resolve(Buffer.concat(parts)))
    doc.on('error', reject)
  })
  for (const [weight, face] of Object.entries(faces)) {
    doc.registerFont(weight, face.font as never)
    face.give(doc, weight)
  }
  const root = doc.struct('Document')
  doc.addStructure(root)
  const pen = penOf(doc, faces)
  pen.write(pen.within(root, 'H1'), { text: title }, { size: 17, weight: 'bold' })
  draw(pen, root, elementsOf(body), new URL(address).origin)
  root.end()
  const { start, count } = doc.bufferedPageRange()
  for (let number = 0; number < count; number++) {
    doc.switchToPage(start + number)
    pen.foot(`${address} · ${number + 1}/${count}`)
  }
  doc.end()
  return await whole
}

interface Style {
  readonly size?: number
  readonly weight?: 'regular' | 'bold'
  readonly x?: number
  readonly width?: number
}

type Pen = ReturnType<typeof penOf>

/** What all parts draw with, and where the next line goes. */
function penOf(doc: Document, faces: Awaited<ReturnType<typeof import('#money/invoices/fonts').openFonts>>) {
  const put = (text: string, x: number, y: number, size: number, weight: 'regular' | 'bold', colour = 'black'): void =>
    void doc.font(weight).fontSize(size).fillColor(colour).text(text, x, y, { lineBreak: false })
  const pen = {
    doc,
    y: page.top,
    within(parent: Structure, tag: string, options: object = {}): Structure {
      const made = doc.struct(tag, options)
      parent.add(made)
      return made
    },
    makeRoom(height: number): void {
      if (pen.y + height <= page.bottom) return
      doc.addPage()
      pen.y = page.top
    },
    wrapped: (
      { text }: Line,
      { size = 9, weight = 'regular', x = page.left, width = page.right - x }: Style,
    ): string[] => faces[weight].wrapped(text, size, width),
    /** A line of the page as content of a structure, wrapped, from the pen's place on. */
    write(of: Structure, line: Line, style: Style = {}): void {
      const { size = 9, weight = 'regular', x = page.left } = style
      const inner = line.language ? pen.within(of, 'Span', { lang: line.language }) : of
      for (const text of pen.wrapped(line, style)) {
        pen.makeRoom(size * 1.4)
        const content = doc.markStructureContent(line.language ? 'Span' : 'P')
        put(text, x, pen.y, size, weight)
        doc.endMarkedContent()
        inner.add(content as never)
        pen.y += size * 1.4
      }
    },
    /** What is there for the eye alone. */
    artifact(type: 'Layout' | 'Pagination', paint: () => void): void {
      doc.markContent('Artifact', { type })
      paint()
      doc.endMarkedContent()
    },
    foot: (text: string): void => pen.artifact('Pagination', () => put(text, page.left, 796, 7, 'regular', grey)),
  }
  return pen
}

/** Headings, paragraphs, lists, and what is said of each attribute beside its name. */
function draw(pen: Pen, parent: Structure, element: Element, base: string): void {
  let table: Structure | undefined
  let list: Structure | undefined
  let head: Line[] = []
  for (const child of element.children) {
    if (typeof child === 'string') continue
    const lines = linesOf(child, base)
    if (child.tag === 'h2') {
      pen.y += 10
      pen.makeRoom(60)
      for (const line of lines) pen.write(pen.within(parent, 'H2'), line, { size: 12, weight: 'bold' })
      pen.y += 4
    } else if (child.tag === 'p') {
      const picture = child.children.find(inner => typeof inner !== 'string' && inner.tag === 'svg') as
        | Element
        | undefined
      if (picture) drawPicture(pen, picture)
      for (const line of lines) pen.write(pen.within(parent, 'P'), line, { x: picture ? page.left + 30 : page.left })
      pen.y += picture ? 16 : 5
    } else if (child.tag === 'li') {
      list ??= pen.within(parent, 'L')
      const body = pen.within(pen.within(list, 'LI'), 'LBody')
      for (const line of lines) pen.write(body, line, { x: page.left + 10 })
      pen.y += 3
    } else if (child.tag === 'dt') head = lines
    else if (child.tag === 'dd') {
      table ??= pen.within(parent, 'Table')
      drawRow(pen, pen.within(table, 'TR'), head, lines)
    } else draw(pen, parent, child, base)
  }
}

/** A name to the left of what is said; who listens hears one after the other. */
function drawRow(pen: Pen, row: Structure, head: readonly Line[], lines: readonly Line[]): void {
  const style = { width: cellFrom - page.left - 12 }
  pen.makeRoom(head.reduce((sum, line) => sum + pen.wrapped(line, style).length * 12.6, 0))
  const [top, pageOf] = [pen.y, pen.doc.page]
  const name = pen.within(row, 'TH', { scope: 'Row' })
  for (const line of head) pen.write(name, line, style)
  const below = pen.y
  pen.y = top
  const cell = pen.within(row, 'TD')
  for (const line of lines) pen.write(cell, line, { x: cellFrom })
  // What went on over the page ends below its name anyhow.
  if (pen.doc.page === pageOf) pen.y = Math.max(pen.y, below)
  pen.y += 3
}

/** The symbol beside its words, which say what it is. */
function drawPicture(pen: Pen, picture: Element): void {
  pen.makeRoom(30)
  const stroke = ({ children, attributes }: Element, width: number): void => {
    const wide = Number(attributes['stroke-width'] ?? width)
    const { d, cx, cy, r } = attributes
    if (d) pen.doc.path(d).lineWidth(wide).stroke('black')
    if (r) pen.doc.circle(Number(cx), Number(cy), Number(r)).lineWidth(wide).stroke('black')
    for (const child of children) if (typeof child !== 'string') stroke(child, wide)
  }
  pen.artifact('Layout', () => {
    pen.doc.save().translate(page.left, pen.y).scale(0.9)
    stroke(picture, 1)
    pen.doc.restore()
  })
}
