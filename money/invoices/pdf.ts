import PDFDocument from 'pdfkit'
import { exact } from '../amount.ts'
import { isOfNorm } from './content.ts'
import { openFonts, type Face } from './fonts.ts'
import { addressOf, formatsOf, headOf, legalLineOf, totalsOf, type Formats } from './layout.ts'
import type { InvoiceContent, InvoiceLine } from './invoice.ts'
import { ublOf } from './ubl.ts'
import { paymentOf, wordsOf, type Words } from './words.ts'

type Document = InstanceType<typeof PDFDocument>
type Structure = PDFKit.PDFStructureElement

// A4 in points.
const page = { width: 595.28, height: 841.89, left: 56, right: 539, top: 56, bottom: 762 }
const grey = '#555555'
const rule = '#bbbbbb'

/** Says that it is PDF/UA, in words that PDF/A asks for where it knows none of its own (ISO 19005-3, 6.6.2.3). */
const accessible = `
  <rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part></rdf:Description>
  <rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
    xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
    <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
      <pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
      <pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
      <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
      <pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
        <pdfaProperty:name>part</pdfaProperty:name>
        <pdfaProperty:valueType>Integer</pdfaProperty:valueType>
        <pdfaProperty:category>internal</pdfaProperty:category>
        <pdfaProperty:description>Part of ISO 14289</pdfaProperty:description>
      </rdf:li></rdf:Seq></pdfaSchema:property>
    </rdf:li></rdf:Bag></pdfaExtension:schemas>
  </rdf:Description>`

/** A column of the table of lines: where it begins or, to the right, ends. */
interface Column {
  readonly title: string
  readonly x: number
  readonly width: number
  readonly align: 'left' | 'right'
}

/** Where the next line goes, and what all parts draw with. */
interface Sheet {
  readonly doc: Document
  readonly root: Structure
  readonly words: Words
  readonly formats: Formats
  readonly faces: Record<Weight, Face>
  y: number
  /** Repeats what a new page begins with. */
  onPage: () => void
}

type Weight = 'regular' | 'bold'

interface Style {
  readonly size?: number
  readonly weight?: Weight
  readonly colour?: string
  readonly align?: 'left' | 'right'
}

/**
 * An invoice for people: PDF/A-3 and PDF/UA, with its fonts within and the UBL attached. The same bytes each
 * time: it holds no moment but the invoice's own. Letters that DejaVu Sans does not have show as a replacement character.
 */
export async function pdfOf(invoice: InvoiceContent): Promise<Buffer> {
  const words = wordsOf(invoice.language)
  const title = `${invoice.kind === 'invoice' ? words.invoice : words.creditNote} ${invoice.number}`
  const faces = await openFonts()
  const doc = new PDFDocument({
    size: 'A4',
    margin: 0,
    bufferPages: true,
    pdfVersion: '1.7',
    subset: 'PDF/A-3a',
    tagged: true,
    lang: invoice.language,
    displayTitle: true,
    font: null as never,
    // What stands here is written into XML as it is, so that no name of a seller does.
    info: {
      Title: title,
      Creator: 'Ohmnibus',
      Producer: 'Ohmnibus',
      CreationDate: invoice.issuedAt,
      ModDate: invoice.issuedAt,
    },
  })
  ;(doc as unknown as { appendXML(xml: string): void }).appendXML(accessible)
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
  const sheet: Sheet = { doc, root, words, formats: formatsOf(invoice), faces, y: page.top, onPage: () => {} }
  drawHead(sheet, invoice, title)
  await drawLines(sheet, invoice)
  drawTotals(sheet, invoice)
  drawNotes(sheet, invoice)
  root.end()
  drawFooters(sheet, invoice)
  attach(doc, invoice)
  doc.end()
  return await whole
}

function attach(doc: Document, invoice: InvoiceContent): void {
  const ubl = Buffer.from(ublOf(invoice))
  doc.file(
    ubl as never,
    {
      name: `${invoice.number.replaceAll('/', '-')}.xml`,
      type: 'application/xml',
      description: 'UBL 2.1',
      creationDate: invoice.issuedAt,
      modifiedDate: invoice.issuedAt,
      // The same document in another form (PDF/A-3, annex E).
      relationship: 'Alternative',
    } as never,
  )
}

/** Draws a text of one line, as long as it is. */
function put(sheet: Sheet, text: string, x: number, y: number, style: Style = {}): void {
  const { size = 9, weight = 'regular', colour = 'black', align = 'left' } = style
  const face = sheet.faces[weight]
  const shown = face.printable(text)
  if (shown === '') return
  const left = align === 'right' ? x - face.width(shown, size) : x
  sheet.doc.font(weight).fontSize(size).fillColor(colour).text(shown, left, y, { lineBreak: false })
}

/** The same as content of a structure: of a paragraph, a heading, a cell. */
function mark(sheet: Sheet, of: Structure, tag: string, draw: () => void): void {
  const content = sheet.doc.markStructureContent(tag)
  draw()
  sheet.doc.endMarkedContent()
  of.add(content as never)
}

const within = (sheet: Sheet, parent: Structure, tag: string, options: object = {}): Structure => {
  const made = sheet.doc.struct(tag, options)
  parent.add(made)
  return made
}

/** A paragraph, wrapped, at the sheet's place or where it is said. */
function paragraph(sheet: Sheet, tag: string, text: string, style: Style & { x?: number; width?: number } = {}): void {
  const { x = page.left, width = page.right - page.left, size = 9, weight = 'regular' } = style
  const structure = within(sheet, sheet.root, tag)
  for (const line of sheet.faces[weight].wrapped(text, size, width)) {
    makeRoom(sheet, size * 1.4)
    mark(sheet, structure, tag, () => put(sheet, line, x, sheet.y, style))
    sheet.y += size * 1.4
  }
  structure.end()
}

/** A new page where the next `height` would not fit any more. */
function makeRoom(sheet: Sheet, height: number): void {
  if (sheet.y + height <= page.bottom) return
  sheet.doc.addPage()
  sheet.y = page.top
  sheet.onPage()
}

const artifact = (sheet: Sheet, type: 'Layout' | 'Pagination', draw: () => void): void => {
  sheet.doc.markContent('Artifact', { type })
  draw()
  sheet.doc.endMarkedContent()
}

const line = (sheet: Sheet, y: number, from = page.left, colour = rule): void =>
  artifact(sheet, 'Layout', () => {
    sheet.doc.moveTo(from, y).lineTo(page.right, y).lineWidth(0.5).stroke(colour)
  })

function drawHead(sheet: Sheet, invoice: InvoiceContent, title: string): void {
  const { seller, buyer } = invoice
  paragraph(sheet, 'P', seller.name, { size: 14, weight: 'bold' })
  paragraph(
    sheet,
    'P',
    [...addressOf(seller, invoice.language), seller.phone, seller.email].filter(Boolean).join(' · '),
    {
      size: 8,
      colour: grey,
    },
  )
  // Where the window of an envelope is (DIN 5008).
  sheet.y = 142
  for (const [index, text] of [buyer.name, ...addressOf(buyer, invoice.language)].entries())
    paragraph(sheet, 'P', text, { size: 10, weight: index === 0 ? 'bold' : 'regular', width: 260 })
  sheet.y = Math.max(sheet.y + 24, 236)
  paragraph(sheet, 'H1', title, { size: 17, weight: 'bold' })
  sheet.y += 6
  const table = within(sheet, sheet.root, 'Table')
  for (const [label, value] of headOf(invoice, sheet.formats)) {
    const lines = sheet.faces.regular.wrapped(value, 9, 340)
    makeRoom(sheet, lines.length * 12.6)
    const row = within(sheet, table, 'TR')
    const head = within(sheet, row, 'TH', { scope: 'Row' })
    mark(sheet, head, 'TH', () => put(sheet, label, page.left, sheet.y, { colour: grey }))
    const cell = within(sheet, row, 'TD')
    for (const text of lines) {
      mark(sheet, cell, 'TD', () => put(sheet, text, page.left + 130, sheet.y))
      sheet.y += 12.6
    }
  }
  table.end()
  sheet.y += 14
}

function columnsOf(invoice: InvoiceContent, words: Words): Column[] {
  const isGross = invoice.prices === 'gross'
  return [
    { title: words.position, x: page.left, width: 24, align: 'left' },
    { title: words.description, x: page.left + 28, width: 214, align: 'left' },
    { title: words.quantity, x: 366, width: 66, align: 'right' },
    { title: isGross ? words.priceGross : words.priceNet, x: 434, width: 66, align: 'right' },
    { title: words.tax, x: 474, width: 38, align: 'right' },
    { title: isGross ? words.gross : words.net, x: page.right, width: 64, align: 'right' },
  ]
}

async function drawLines(sheet: Sheet, invoice: InvoiceContent): Promise<void> {
  const columns = columnsOf(invoice, sheet.words)
  const table = within(sheet, sheet.root, 'Table', { title: sheet.words.lines })
  const titles = columns.map(({ title, width }) => sheet.faces.bold.wrapped(title, 8, width))
  const height = Math.max(...titles.map(lines => lines.length)) * 11
  const drawTitle = (index: number): void => {
    const { x, align } = columns[index]!
    for (const [at, text] of titles[index]!.entries())
      put(sheet, text, x, sheet.y + at * 11, { size: 8, weight: 'bold', align })
  }
  makeRoom(sheet, height + 40)
  const head = within(sheet, within(sheet, table, 'THead'), 'TR')
  for (const index of columns.keys())
    mark(sheet, within(sheet, head, 'TH', { scope: 'Column' }), 'TH', () => drawTitle(index))
  const underline = (): void => {
    sheet.y += height + 3
    line(sheet, sheet.y, page.left, 'black')
    sheet.y += 5
  }
  underline()
  // Said once to who listens, shown on every page to who looks.
  sheet.onPage = () => {
    artifact(sheet, 'Pagination', () => {
      put(sheet, `${invoice.number}, ${sheet.words.continued}`, page.left, sheet.y, { size: 8, colour: grey })
      sheet.y += 18
      for (const index of columns.keys()) drawTitle(index)
    })
    underline()
  }
  const body = within(sheet, table, 'TBody')
  for (const [index, item] of invoice.lines.entries()) {
    drawRow(sheet, body, columns, item)
    // A month of a fleet has thousands, and the process other things to do.
    if (index % 20 === 19) await new Promise(resolve => setImmediate(resolve))
  }
  table.end()
  sheet.onPage = () => {}
}

function drawRow(sheet: Sheet, body: Structure, columns: readonly Column[], item: InvoiceLine): void {
  const { formats, words, faces } = sheet
  const row = within(sheet, body, 'TR')
  const texts = faces.regular.wrapped(item.name, 9, columns[1]!.width).map(text => ({ text, size: 9 }))
  const more = [
    item.description,
    item.from && formats.period(item.from, item.to ?? item.from),
    item.commodityCode && `${words.commodityCode} ${item.commodityCode}`,
    item.costCentre && `${words.costCentre}: ${item.costCentre}`,
  ]
  const small = more
    .filter(text => text !== undefined && text !== '')
    .flatMap(text => faces.regular.wrapped(text!, 7.5, columns[1]!.width).map(text => ({ text, size: 7.5 })))
  const lines = [...texts, ...small]
  const height = lines.reduce((sum, { size }) => sum + size * 1.38, 0)
  // Rows stay whole but for those that fill half a page.
  const isWhole = height <= 300
  makeRoom(sheet, isWhole ? height + 6 : 60)
  const amount = item.treatment.category === 'S' || item.treatment.category === 'Z'
  const values = [
    String(item.position),
    undefined,
    [formats.decimal(exact(item.quantity)), words.units[item.unit] ?? item.unit].filter(Boolean).join(' '),
    formats.price(exact(item.price)),
    amount ? formats.percent(item.treatment.percent) : '–',
    formats.money(columns[3]!.title === words.priceGross ? item.grossMinor : item.netMinor),
  ]
  const top = sheet.y
  const cells = columns.map((_, index) =>
    index === 1 ? within(sheet, row, 'TH', { scope: 'Row' }) : within(sheet, row, 'TD'),
  )
  const describe = (): void => {
    for (const [index, { text, size }] of lines.entries()) {
      if (index > 0) makeRoom(sheet, size * 1.38)
      const colour = size < 9 ? grey : 'black'
      mark(sheet, cells[1]!, 'TH', () => put(sheet, text, columns[1]!.x, sheet.y, { size, colour }))
      sheet.y += size * 1.38
    }
  }
  for (const [index, { x, align }] of columns.entries()) {
    const value = values[index]
    if (value !== undefined) mark(sheet, cells[index]!, 'TD', () => put(sheet, value, x, top, { align }))
    else if (isWhole) describe()
  }
  // Last, as it goes on over the page; it is read where its cell stands.
  if (!isWhole) describe()
  sheet.y += 5
}

function drawTotals(sheet: Sheet, invoice: InvoiceContent): void {
  const rows = totalsOf(invoice, sheet.formats)
  makeRoom(sheet, rows.length * 15 + 24)
  line(sheet, sheet.y, page.left, 'black')
  sheet.y += 8
  const table = within(sheet, sheet.root, 'Table', { title: sheet.words.totals })
  for (const { label, value, isSum } of rows) {
    if (isSum) {
      line(sheet, sheet.y - 2, 310)
      sheet.y += 3
    }
    const style: Style = { size: isSum ? 10.5 : 9, weight: isSum ? 'bold' : 'regular' }
    const row = within(sheet, table, 'TR')
    mark(sheet, within(sheet, row, 'TH', { scope: 'Row' }), 'TH', () => put(sheet, label, 310, sheet.y, style))
    mark(sheet, within(sheet, row, 'TD'), 'TD', () =>
      put(sheet, value, page.right, sheet.y, { ...style, align: 'right' }),
    )
    sheet.y += isSum ? 17 : 14
  }
  table.end()
  sheet.y += 16
}

function drawNotes(sheet: Sheet, invoice: InvoiceContent): void {
  const { words } = sheet
  const reasons = [...new Set(invoice.taxes.flatMap(tax => tax.reasons))]
  const notes = [
    ...reasons.map(reason => words.reasons[reason]),
    ...paymentOf(invoice),
    ...(invoice.note?.split('\n') ?? []),
  ]
  for (const note of notes) {
    paragraph(sheet, 'P', note)
    sheet.y += 4
  }
  sheet.y += 6
  paragraph(sheet, 'P', words.attached(isOfNorm(invoice) ? 'UBL 2.1, EN 16931' : 'UBL 2.1'), {
    size: 7.5,
    colour: grey,
  })
}

/** Below each page: who sells by law, and which page it is. */
function drawFooters(sheet: Sheet, invoice: InvoiceContent): void {
  const { start, count } = sheet.doc.bufferedPageRange()
  const legal = sheet.faces.regular.wrapped(legalLineOf(invoice, sheet.words), 7, 390).slice(0, 3)
  for (let number = 0; number < count; number++) {
    sheet.doc.switchToPage(start + number)
    artifact(sheet, 'Pagination', () => {
      for (const [index, text] of legal.entries())
        put(sheet, text, page.left, 786 + index * 9.6, { size: 7, colour: grey })
      put(sheet, sheet.words.page(number + 1, count), page.right, 786, { size: 7, colour: grey, align: 'right' })
    })
  }
}
