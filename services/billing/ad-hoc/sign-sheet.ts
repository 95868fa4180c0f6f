import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import PDFDocument from 'pdfkit'
import { create } from 'qrcode'
import { addressOfPlug, type Plug } from './offers.ts'

// A6 in points, as stickers are.
const page = { width: 297.64, height: 419.53 }
const margin = 28

const words = {
  en: {
    title: 'Charge and pay by card',
    how: 'Scan with your camera. No app, no account.',
    plug: (point: number, connector: number) => `Charging point ${point}, connector ${connector}`,
  },
  de: {
    title: 'Laden und mit Karte bezahlen',
    how: 'Mit der Kamera scannen. Ohne App, ohne Konto.',
    plug: (point: number, connector: number) => `Ladepunkt ${point}, Anschluss ${connector}`,
  },
}

/** A page of A6 for each plug: its QR code, what it is, and its address for who types. */
export async function signsOf(
  station: string,
  plugs: readonly Plug[],
  { publicUrl, language }: { publicUrl: string; language: 'en' | 'de' },
): Promise<Buffer> {
  const { title, how, plug: named } = words[language]
  const document = new PDFDocument({
    size: [page.width, page.height],
    margin,
    autoFirstPage: false,
    lang: language,
    displayTitle: true,
    tagged: true,
    info: { Title: title, Creator: 'Ohmnibus' },
    font: null as never,
  })
  const parts: Buffer[] = []
  document.on('data', part => parts.push(part))
  const whole = new Promise<Buffer>((resolve, reject) => {
    document.on('end', () => resolve(Buffer.concat(parts)))
    document.on('error', reject)
  })
  for (const [weight, name] of [
    ['regular', 'DejaVuSansCondensed'],
    ['bold', 'DejaVuSansCondensed-Bold'],
  ] as const)
    document.registerFont(
      weight,
      await readFile(fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`))),
    )
  const centred = { width: page.width - 2 * margin, align: 'center' } as const
  for (const plug of plugs) {
    const address = publicUrl + addressOfPlug(plug)
    document.addPage()
    document.font('bold').fontSize(17).text(title, margin, margin, centred)
    document
      .font('regular')
      .fontSize(10)
      .text(how, { ...centred, paragraphGap: 6 })
    const side = 200
    drawCode(document, address, { x: (page.width - side) / 2, y: document.y, side })
    document.y += side + 8
    document.font('bold').fontSize(12).text(named(plug.evse, plug.connector), margin, document.y, centred)
    document.font('regular').fontSize(10).text(station.slice(0, 120), centred)
    document
      .fontSize(6)
      .fillColor('#333333')
      .text(address, { ...centred, link: address })
      .fillColor('black')
  }
  document.end()
  return await whole
}

/** Squares, with the quiet margin of four that scanners want. */
function drawCode(
  document: InstanceType<typeof PDFDocument>,
  address: string,
  { x, y, side }: { x: number; y: number; side: number },
): void {
  const { modules } = create(address, { errorCorrectionLevel: 'Q' })
  const step = side / (modules.size + 8)
  for (let row = 0; row < modules.size; row++)
    for (let column = 0; column < modules.size; column++)
      if (modules.get(row, column)) document.rect(x + (column + 4) * step, y + (row + 4) * step, step, step)
  document.fill('black')
}
