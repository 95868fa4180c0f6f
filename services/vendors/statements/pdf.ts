import PDFDocument from 'pdfkit'
import { shown } from '#money/amount'
import { openFonts, type Face } from '#money/invoices/fonts'
import { columns, spanOf, type Figures } from './statement.ts'

const page = { left: 48, right: 547, top: 56, bottom: 780 }
const step = 82
const titles: Record<string, string> = {
  sale: 'Sold',
  refund: 'Went back to buyers',
  'refund-failed': 'Did not go back after all',
  'dispute-opened': 'Taken back by banks',
  'dispute-won': 'Given back by banks',
  settle: 'Settled',
  payout: 'Payouts asked for',
  'payout-cancelled': 'Payouts taken back',
  'payout-paid': 'Paid out',
  'payout-failed': 'Payouts that failed',
  'payout-reversed': 'Payouts taken back from the account',
}

/** A month for people, on as many pages as it has currencies. The same bytes each time. */
export async function drawStatement(
  name: string,
  { month, issued, currencies }: { month: string; issued: { revision: number } | null; currencies: readonly Figures[] },
): Promise<Buffer> {
  const { from, to } = spanOf(month)
  const faces = await openFonts()
  const title = `Statement ${month}${issued ? `, revision ${issued.revision}` : ', not issued yet'}`
  const info = { Title: title, Creator: 'Ohmnibus', Producer: 'Ohmnibus', CreationDate: to, ModDate: to }
  const doc = new PDFDocument({ size: 'A4', margin: 0, lang: 'en', displayTitle: true, font: null as never, info })
  const parts: Buffer[] = []
  doc.on('data', part => parts.push(part))
  const whole = new Promise<Buffer>(resolve => void doc.on('end', () => resolve(Buffer.concat(parts))))
  for (const [weight, face] of Object.entries(faces)) {
    doc.registerFont(weight, face.font as never)
    face.give(doc, weight)
  }
  const put = (text: string, x: number, y: number, weight: 'regular' | 'bold' = 'regular', size = 9, right = false) => {
    const face: Face = faces[weight]
    const printable = face.printable(text)
    if (printable === '') return
    const left = right ? x - face.width(printable, size) : x
    doc.font(weight).fontSize(size).text(printable, left, y, { lineBreak: false })
  }
  const lastDay = new Date(to.getTime() - 1).toISOString().slice(0, 10)
  const head = (currency: string): number => {
    put(name.slice(0, 70), page.left, page.top, 'bold', 14)
    put(title, page.left, page.top + 24, 'bold', 11)
    put(`${from.toISOString().slice(0, 10)} – ${lastDay} (UTC), ${currency}`, page.left, page.top + 42)
    const y = page.top + 72
    for (const [index, column] of columns.entries())
      put(column, page.right - (columns.length - 1 - index) * step, y, 'bold', 8, true)
    return y + 16
  }
  const row = (words: string, amounts: Figures['opening'], currency: string, y: number, weight: 'regular' | 'bold') => {
    put(words, page.left, y, weight, 8)
    for (const [index, column] of columns.entries()) {
      const text = shown({ minor: BigInt(amounts[column]), currency }, 'en')
      put(text, page.right - (columns.length - 1 - index) * step, y, weight, 8, true)
    }
  }
  if (currencies.length === 0) put('Nothing moved.', page.left, head('–'))
  for (const [index, { currency, opening, movements, closing }] of currencies.entries()) {
    if (index > 0) doc.addPage()
    let y = head(currency)
    row('At the beginning', opening, currency, y, 'bold')
    for (const { kind, count, amounts } of movements)
      row(`${titles[kind] ?? kind} (${count})`, amounts, currency, (y += 16), 'regular')
    row('At the end', closing, currency, (y += 20), 'bold')
  }
  doc.end()
  return await whole
}
