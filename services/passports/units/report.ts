import { cellOf, type Db } from '#kernel'
import { dataPoints } from '#law'
import type { PassportsHost } from '../host.ts'
import { linesOf, standingOf, type Counted, type Kind } from './counting.ts'

const some = 1000

/** What one lacks as people read it, with its article. */
const named = (point: number): string => {
  const { name, article } = dataPoints.find(({ nr }) => nr === point)!
  return `${point}. ${name} (${article})`
}

/** A line a passport, with what is mandatory and lacking; no cell is a formula where it is opened. */
export async function* csvOf(db: Db, of: Counted): AsyncGenerator<string> {
  const more = of.compare ? [`ready on ${of.compare}`] : []
  const head = [
    'id',
    'identifier',
    'granularity',
    'model',
    'category',
    `ready on ${of.on}`,
    ...more,
    'missing',
    'which',
  ]
  yield `${head.map(cellOf).join(',')}\r\n`
  for (let after: string | undefined, full = true; full;) {
    const lines = await linesOf(db, of, after, some)
    yield lines
      .map(({ id, identifier, granularity, model, category, ready, readyThen, missing }) =>
        [
          id,
          identifier,
          granularity,
          model,
          category,
          ready,
          ...(of.compare ? [readyThen] : []),
          missing?.length,
          missing?.map(named),
        ]
          .map(cellOf)
          .join(','),
      )
      .map(line => `${line}\r\n`)
      .join('')
    after = lines.at(-1)?.id
    full = lines.length === some
  }
}

const page = { left: 48, right: 547, top: 56, bottom: 780 }

/** The groups and what most lack, as people print it. */
export async function pdfOf(db: PassportsHost['db'], of: Counted, kind: Kind): Promise<Buffer> {
  const [{ default: PDFDocument }, { openFonts }] = await Promise.all([
    import('pdfkit'),
    import('#money/invoices/fonts'),
  ])
  const { groups, gaps } = await standingOf(db, of, kind)
  const faces = await openFonts()
  const title = `Readiness of battery passports on ${of.on}`
  const info = { Title: title, Creator: 'Ohmnibus', Producer: 'Ohmnibus' }
  const doc = new PDFDocument({ size: 'A4', margin: 0, lang: 'en', displayTitle: true, font: null as never, info })
  const parts: Buffer[] = []
  doc.on('data', part => parts.push(part))
  const whole = new Promise<Buffer>(resolve => void doc.on('end', () => resolve(Buffer.concat(parts))))
  for (const [weight, face] of Object.entries(faces)) {
    doc.registerFont(weight, face.font as never)
    face.give(doc, weight)
  }
  let y = page.top
  const row = (cells: readonly string[], weight: 'regular' | 'bold' = 'regular', size = 9): void => {
    if (y > page.bottom) {
      doc.addPage()
      y = page.top
    }
    const [first = '', ...numbers] = cells
    const face = faces[weight]
    doc.font(weight).fontSize(size)
    const put = (text: string, x: number): void => void doc.text(face.printable(text), x, y, { lineBreak: false })
    put(first.slice(0, 80), page.left)
    for (const [index, text] of numbers.entries())
      put(text, page.right - (numbers.length - 1 - index) * 70 - face.width(face.printable(text), size))
    y += size * 1.6
  }
  row([title], 'bold', 14)
  y += 10
  const then = of.compare ? [`on ${of.compare}`] : []
  row([kind, 'passports', 'ready', ...then], 'bold')
  for (const { key, passports, ready, readyThen } of groups)
    row([key ?? '–', `${passports}`, `${ready}`, ...(of.compare ? [`${readyThen}`] : [])])
  y += 10
  row(['What is mandatory and lacking', 'passports'], 'bold')
  for (const { dataPoint, passports } of gaps) row([named(dataPoint), `${passports}`])
  doc.end()
  return await whole
}
