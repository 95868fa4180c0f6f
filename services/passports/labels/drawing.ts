import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Problem } from '#kernel'
import { pixelsOf, type Code } from './codes.ts'
import { heightOf, pixelsOfMarks, strokesOf, svgOfMarks, type Marks } from './symbols.ts'

/** How a label is to be: its code in millimetres with its quiet zone, for a printer of so many dots an inch. */
export interface Size {
  readonly sizeMm: number
  readonly dpi: number
}

const mmAnInch = 25.4
/** Squares below that are blurred by print or camera (ISO/IEC 15415 at usual distances). */
const leastSquareMm = 0.25

const squaresOf = ({ width, quiet }: Code): number => width + 2 * quiet

/** Whole dots of the printer that a square of the code has. Fails with `label_too_small`. */
export function dotsOf(code: Code, { sizeMm, dpi }: Size): number {
  const dots = Math.floor(((sizeMm / mmAnInch) * dpi) / squaresOf(code))
  const least = Math.ceil((leastSquareMm / mmAnInch) * dpi)
  if (dots >= least) return dots
  const needed = Math.ceil(((squaresOf(code) * least) / dpi) * mmAnInch)
  throw new Problem('unprocessable', 'label_too_small', {
    detail: `At ${dpi} dots an inch this code needs ${needed} mm at least; it was to have ${sizeMm}.`,
    neededMm: needed,
  })
}

/** The code in runs of dark squares: fewer, larger shapes than squares one by one. */
function* runsOf(code: Code): Generator<{ row: number; column: number; length: number }> {
  for (let row = 0; row < code.height; row++)
    for (let column = 0; column < code.width; column++) {
      if (!code.isDark(row, column)) continue
      const from = column
      while (column < code.width && code.isDark(row, column)) column++
      yield { row, column: from, length: column - from }
    }
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, sign => `&#${sign.codePointAt(0)};`)

/** Between a line and the symbols below it, in millimetres. */
const marksGapMm = 2

/** An SVG in millimetres: the code, below it what it is for who types, and below that the symbols. */
export function svgOf(code: Code, size: Size, line: string, marks?: Marks): string {
  const dots = dotsOf(code, size)
  const square = (dots / size.dpi) * mmAnInch
  const side = squaresOf(code) * square
  const text = line ? 3 : 0
  const path = [...runsOf(code)].map(
    ({ row, column, length }) => `M${column + code.quiet} ${row + code.quiet}h${length}v1h-${length}z`,
  )
  const round = (mm: number): string => mm.toFixed(3)
  const fitted =
    line && ` textLength="${round(Math.min(side * 0.9, line.length * 1.1))}" lengthAdjust="spacingAndGlyphs"`
  const width = Math.max(side, marks?.side ?? 0)
  const left = (width - side) / 2
  const height = side + text + (marks ? marksGapMm + heightOf(marks) : 0)
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}mm" height="${round(height)}mm" ` +
    `viewBox="0 0 ${round(width)} ${round(height)}" role="img" aria-label="${escaped(code.text)}">` +
    `<rect width="100%" height="100%" fill="#fff"/>` +
    `<path transform="translate(${round(left)} 0) scale(${square.toFixed(6)})" fill="#000" shape-rendering="crispEdges" d="${path.join('')}"/>` +
    (line &&
      `<text x="${round(width / 2)}" y="${round(side + 1.6)}" font-family="sans-serif" font-size="2" text-anchor="middle"${fitted}>${escaped(line)}</text>`) +
    (marks ? svgOfMarks(marks, (width - marks.side) / 2, side + text + marksGapMm) : '') +
    '</svg>'
  )
}

/** A PNG of whole dots of the printer, which says its density. */
export async function pngOf(code: Code, size: Size, marks?: Marks): Promise<Buffer> {
  const { data, width, height } = await pictureOf(code, size, marks)
  const { default: sharp } = await import('sharp')
  return await sharp(data, { raw: { width, height, channels: 1 } })
    .withMetadata({ density: size.dpi })
    .png({ compressionLevel: 9 })
    .toBuffer()
}

interface Picture {
  readonly data: Buffer
  readonly width: number
  readonly height: number
}

/** The code in whole dots of the printer, and the symbols below it. */
async function pictureOf(code: Code, size: Size, marks: Marks | undefined, textDots = 0): Promise<Picture> {
  const top = pixelsOf(code, dotsOf(code, size))
  if (!marks) return top
  const below = await pixelsOfMarks(marks, size.dpi)
  const width = Math.max(top.width, below.width)
  const from = top.height + textDots + Math.round((marksGapMm / mmAnInch) * size.dpi)
  const data = Buffer.alloc(width * (from + below.height), 255)
  const put = (one: Picture, line: number): void => {
    const left = (width - one.width) >> 1
    for (let row = 0; row < one.height; row++)
      one.data.copy(data, (line + row) * width + left, row * one.width, (row + 1) * one.width)
  }
  put(top, 0)
  put(below, from)
  return { data, width, height: from + below.height }
}

/** What stands for itself in a field of ZPL; all else is written as the bytes that it is. */
const fieldOf = (line: string): string =>
  line.replace(/[^A-Za-z0-9 .:/-]/gu, sign =>
    [...Buffer.from(sign)].map(byte => `_${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )

/**
 * For printers that speak ZPL II: the squares that were read again, and the symbols, as a picture of whole dots, and the
 * line below the code. Nothing of the line can end its field or the label.
 */
export async function zplOf(code: Code, size: Size, line: string, marks?: Marks): Promise<string> {
  const text = Math.round((2.5 / mmAnInch) * size.dpi)
  const { data, width, height } = await pictureOf(code, size, marks, line ? 2 * text : 0)
  const below = squaresOf(code) * dotsOf(code, size)
  const bytes = Math.ceil(width / 8)
  const picture = Buffer.alloc(bytes * height)
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      if (data[row * width + column] === 0) picture[row * bytes + (column >> 3)]! |= 0x80 >> (column & 7)
  const whole = marks ? height : height + (line ? 2 * text : 0)
  return [
    `^XA^CI28^PW${width}^LL${whole}^LH0,0`,
    `^FO0,0^GFA,${picture.length},${picture.length},${bytes},${picture.toString('hex').toUpperCase()}^FS`,
    ...(line ? [`^FO0,${below}^A0N,${text},${text}^FB${width},1,0,C,0^FH_^FD${fieldOf(line)}^FS`] : []),
    '^XZ',
    '',
  ].join('\n')
}

/** Papers in millimetres. */
export const papers = { A4: [210, 297], letter: [215.9, 279.4], single: undefined } as const
export type Paper = keyof typeof papers

const points = (mm: number): number => (mm / mmAnInch) * 72
const marginMm = 10
const gapMm = 4
const textMm = 5

/** A label of a sheet; its code is asked for when its turn comes. */
export interface Placed {
  readonly line: string
  readonly marks?: Marks | undefined
  code(): Promise<Code>
}

/** How many labels stand on a page, and where, in millimetres; one where the paper is `single`. */
function gridOf(labels: readonly Pick<Placed, 'marks'>[], size: Size, paper: Paper) {
  const marked = labels.flatMap(({ marks }) => marks ?? [])
  // As wide and as high as the largest of them.
  const cellMm = Math.max(size.sizeMm, ...marked.map(({ side }) => side))
  const rowMm = size.sizeMm + textMm + Math.max(0, ...marked.map(marks => marksGapMm + heightOf(marks)))
  const [widthMm, heightMm] = papers[paper] ?? [cellMm + 4, rowMm + 4]
  const around = paper === 'single' ? 2 : marginMm
  const columns = Math.max(1, Math.floor((widthMm - 2 * around + gapMm) / (cellMm + gapMm)))
  const rows = Math.max(1, Math.floor((heightMm - 2 * around + gapMm) / (rowMm + gapMm)))
  const placeOf = (index: number): readonly [x: number, y: number] => {
    const place = index % (columns * rows)
    return [around + (place % columns) * (cellMm + gapMm), around + Math.floor(place / columns) * (rowMm + gapMm)]
  }
  return { widthMm, heightMm, cellMm, perPage: columns * rows, placeOf }
}

/** The first labels, as many as one page takes, as an SVG in millimetres. */
export async function svgSheetOf(
  labels: readonly Placed[],
  size: Size,
  paper: Paper,
): Promise<{ svg: string; count: number }> {
  const { widthMm, heightMm, cellMm, perPage, placeOf } = gridOf(labels, size, paper)
  const inside: string[] = []
  for (const [index, { line, marks, code }] of labels.slice(0, perPage).entries()) {
    const [x, y] = placeOf(index)
    const drawn = svgOf(await code(), size, line, marks)
    const width = Number(/width="([\d.]+)mm"/.exec(drawn)![1])
    inside.push(drawn.replace('<svg ', `<svg x="${(x + (cellMm - width) / 2).toFixed(3)}mm" y="${y.toFixed(3)}mm" `))
  }
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthMm}mm" height="${heightMm}mm">` +
    `<rect width="100%" height="100%" fill="#fff"/>${inside.join('')}</svg>`
  return { svg, count: inside.length }
}

/** Codes on pages, each with its line; a page each where the paper is `single`. */
export async function sheetOf(labels: readonly Placed[], size: Size, paper: Paper): Promise<Buffer> {
  const { default: PDFDocument } = await import('pdfkit')
  const { widthMm, heightMm, cellMm, perPage, placeOf } = gridOf(labels, size, paper)
  const document = new PDFDocument({
    size: [points(widthMm), points(heightMm)],
    margin: 0,
    autoFirstPage: false,
    info: { Title: 'Labels of battery passports', Creator: 'Ohmnibus' },
    font: null as never,
  })
  const parts: Buffer[] = []
  document.on('data', part => parts.push(part))
  const whole = new Promise<Buffer>((resolve, reject) => {
    document.on('end', () => resolve(Buffer.concat(parts)))
    document.on('error', reject)
  })
  const font = fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf'))
  document.registerFont('regular', await readFile(font))
  for (const [index, label] of labels.entries()) {
    if (index % perPage === 0) document.addPage()
    const code = await label.code()
    const square = (dotsOf(code, size) / size.dpi) * 72
    const [cell, y] = placeOf(index).map(points) as [number, number]
    const x = cell + points((cellMm - size.sizeMm) / 2)
    for (const { row, column, length } of runsOf(code))
      document.rect(x + (column + code.quiet) * square, y + (row + code.quiet) * square, length * square, square)
    document.fill('black')
    const width = points(size.sizeMm)
    document
      .font('regular')
      .fontSize(5)
      .text(label.line, x, y + squaresOf(code) * square + 1, {
        width,
        height: points(textMm),
        align: 'center',
        ellipsis: true,
      })
    const { marks } = label
    if (marks) {
      const left = cell + points((cellMm - marks.side) / 2)
      draw(document, marks, left, y + points(size.sizeMm + textMm + marksGapMm))
    }
    // Others have their turn too.
    await new Promise(resolve => setImmediate(resolve))
  }
  document.end()
  return await whole
}

/** The symbols on a page, from a corner on. */
function draw(document: PDFKit.PDFDocument, marks: Marks, left: number, top: number): void {
  for (const { d, width, ends, x, y, scale } of strokesOf(marks))
    document
      .save()
      .translate(left + points(x), top + points(y))
      .scale(points(scale))
      .path(d)
      .lineWidth(width)
      .lineCap(ends)
      .lineJoin('round')
      .stroke('black')
      .restore()
}
