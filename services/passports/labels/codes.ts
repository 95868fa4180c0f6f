import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Problem } from '#kernel'

export const symbologies = ['qr', 'datamatrix'] as const
export type Symbology = (typeof symbologies)[number]

/** A code as squares, dark or light, without its quiet zone. */
export interface Code {
  readonly text: string
  readonly symbology: Symbology
  readonly width: number
  readonly height: number
  /** Light squares around it, that scanners need (ISO/IEC 18004, 6.3.8; ISO/IEC 16022, 5.2). */
  readonly quiet: number
  isDark(row: number, column: number): boolean
}

const quiet: Record<Symbology, number> = { qr: 4, datamatrix: 2 }

/** The code that says a text, letter by letter: QR of level M, or Data Matrix ECC 200. */
export async function codeOf(text: string, symbology: Symbology): Promise<Code> {
  const about = { text, symbology, quiet: quiet[symbology] }
  if (symbology === 'qr') {
    const { create } = await import('qrcode')
    const { modules } = create(text, { errorCorrectionLevel: 'M' })
    const isDark = (row: number, column: number): boolean => Boolean(modules.get(row, column))
    return { ...about, width: modules.size, height: modules.size, isDark }
  }
  const { writeBarcode } = await written()
  const { symbol, error } = await writeBarcode(text, { format: 'DataMatrix', addQuietZones: false })
  if (error) throw tooLong()
  const { data, width, height } = symbol
  return { ...about, width, height, isDark: (row, column) => data[row * width + column] === 0 }
}

const tooLong = (): Problem =>
  new Problem('unprocessable', 'label_too_small', { detail: 'The identifier is too long for this kind of code.' })

// The library would fetch these from elsewhere.
const wasmOf = async (name: string): Promise<ArrayBuffer> => {
  const file = await readFile(fileURLToPath(import.meta.resolve(`zxing-wasm/${name}/zxing_${name}.wasm`)))
  return new Uint8Array(file).buffer
}

let writer: Promise<typeof import('zxing-wasm/writer')> | undefined
const written = () =>
  (writer ??= (async () => {
    const library = await import('zxing-wasm/writer')
    library.prepareZXingModule({ overrides: { wasmBinary: await wasmOf('writer') } })
    return library
  })())

let reader: Promise<typeof import('zxing-wasm/reader')> | undefined
const readers = () =>
  (reader ??= (async () => {
    const library = await import('zxing-wasm/reader')
    library.prepareZXingModule({ overrides: { wasmBinary: await wasmOf('reader') } })
    return library
  })())

/** A picture as red, green, blue and opacity of each of its dots. */
interface Pixels {
  readonly data: Uint8ClampedArray
  readonly width: number
  readonly height: number
}

/** What codes a picture shows, as a scanner reads them: a PNG, or its pixels. */
export async function textsIn(image: Uint8Array | Pixels): Promise<string[]> {
  const { readBarcodes } = await readers()
  const found = await readBarcodes(image as never, { formats: ['QRCode', 'DataMatrix'], tryHarder: true })
  return found.map(({ text }) => text)
}

/** The code as grey pixels, so many a square, with its quiet zone. */
export function pixelsOf(code: Code, dots: number): { data: Buffer; width: number; height: number } {
  const [width, height] = [(code.width + 2 * code.quiet) * dots, (code.height + 2 * code.quiet) * dots]
  const data = Buffer.alloc(width * height, 255)
  for (let row = 0; row < code.height; row++)
    for (let column = 0; column < code.width; column++) {
      if (!code.isDark(row, column)) continue
      for (let line = 0; line < dots; line++) {
        const from = ((row + code.quiet) * dots + line) * width + (column + code.quiet) * dots
        data.fill(0, from, from + dots)
      }
    }
  return { data, width, height }
}

/** Reads a code as a scanner would before it leaves; one that says anything else never does. */
export async function requireReadable(code: Code): Promise<void> {
  const { data: grey, width, height } = pixelsOf(code, 4)
  const data = new Uint8ClampedArray(grey.length * 4).fill(255)
  for (const [at, value] of grey.entries()) data.fill(value, at * 4, at * 4 + 3)
  const texts = await textsIn({ data, width, height })
  if (texts.length !== 1 || texts[0] !== code.text) throw new Error(`A code for ${code.text} reads as ${texts.join()}.`)
}
