import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { json } from 'node:stream/consumers'
import sharp from 'sharp'
import { codeOf, type Code } from '../../services/passports/labels/codes.ts'
import { sheetOf, svgOf, zplOf } from '../../services/passports/labels/drawing.ts'
import { npmOf, pythonOf } from '../../tools/outside/peers.ts'
import type { Run } from '../../tools/engines/python.ts'
import { line } from './line.ts'

interface Picture {
  readonly width: number
  readonly height: number
  /** A byte a dot. */
  readonly grey: Buffer
}

const count = Number(process.env.OUTSIDE_CODES ?? 1_000)
const textOf = (at: number): string =>
  [
    `https://id.example.com/01/09506000134352/21/LM3-${String(at).padStart(6, '0')}`,
    `https://passports.example.com/id/01k8z5h3q4x6r7s8t9v0w${String(at).padStart(5, '0')}`,
    `https://id.example.com/01/09506000134352/10/L%2F${at}/21/S%3C${at}%3E%26%22a_b`,
    `https://a.example/8004/0950600013${at}`,
  ][at % 4]!

const greyOf = async (image: Uint8Array): Promise<Picture> => {
  const { data, info } = await sharp(image)
    .flatten({ background: '#fff' })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, grey: data }
}
const colours = ({ grey, width, height }: Picture) => {
  const data = new Uint8ClampedArray(grey.length * 4).fill(255)
  for (const [at, value] of grey.entries()) data.fill(value, at * 4, at * 4 + 3)
  return { data, width, height }
}

/** What a process of zxing-cpp reads in pictures that come one by one. */
function byZxing([command, ...args]: Run) {
  const child = spawn(command, [...args, `${import.meta.dirname}/codes.py`], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answer = json(child.stdout) as Promise<string[][]>
  return {
    async show({ width, height, grey }: Picture): Promise<void> {
      if (!child.stdin.write(`${JSON.stringify({ width, height, grey: grey.toString('base64') })}\n`))
        await new Promise(done => child.stdin.once('drain', done))
    },
    async read(): Promise<string[][]> {
      child.stdin.end()
      return await answer
    },
  }
}

const draw = async (at: number): Promise<[Code, string]> => {
  const code = await codeOf(textOf(at), 'qr')
  return [code, textOf(at)]
}

line(`QR: ${count.toLocaleString('en')} codes as SVG, by jsQR, ZBar and zxing-cpp`, async () => {
  const [{ Resvg }, jsQR, zbar] = [
    await npmOf('@resvg/resvg-js'),
    await npmOf('jsqr'),
    await npmOf('@undecaf/zbar-wasm'),
  ]
  const zxing = byZxing(await pythonOf('python'))
  const read = { jsQR: 0, zbar: 0, zxing: 0 }
  const unread: string[] = []
  for (let at = 0; at < count; at++) {
    const [code, text] = await draw(at)
    const svg = svgOf(code, { sizeMm: 30, dpi: 300 }, '')
    const { pixels, width, height } = new Resvg(svg, { fitTo: { mode: 'width', value: 300 } }).render()
    // Red, green and blue are alike.
    await zxing.show({ width, height, grey: Buffer.from(pixels.filter((_: number, at: number) => at % 4 === 0)) })
    const data = new Uint8ClampedArray(pixels)
    const [byJs, byZbar] = [
      jsQR(data, width, height)?.data,
      (await zbar.scanImageData({ data, width, height })).map((one: any) => one.decode()),
    ]
    if (byJs === text) read.jsQR++
    if (byZbar.length === 1 && byZbar[0] === text) read.zbar++
    if (byJs !== text && byZbar[0] !== text) unread.push(text)
  }
  for (const [at, texts] of (await zxing.read()).entries())
    if (texts.length === 1 && texts[0] === textOf(at)) read.zxing++
  assert.deepEqual([unread, read], [[], { jsQR: count, zbar: count, zxing: count }])
  return `read by jsQR ${read.jsQR}, by ZBar ${read.zbar}, by zxing-cpp ${read.zxing} of ${count}`
})

line(
  'QR and Data Matrix: sheets as PDF by MuPDF, and ZPL by zpl-renderer-js, by jsQR, ZBar and zxing-cpp',
  async () => {
    const [mupdf, zbar] = [await npmOf('mupdf'), await npmOf('@undecaf/zbar-wasm')]
    const python = await pythonOf('python')
    const told: string[] = []
    for (const symbology of ['qr', 'datamatrix'] as const) {
      const texts = Array.from({ length: 60 }, (_, at) => textOf(at))
      const size = { sizeMm: 30, dpi: 300 }
      const labels = texts.map((text, at) => ({
        line: `S-${at}`,
        marks: undefined,
        code: () => codeOf(text, symbology),
      }))
      const pictures = async (paper: 'A4' | 'single'): Promise<Picture[]> => {
        const sheet = mupdf.Document.openDocument(await sheetOf(labels, size, paper), 'application/pdf')
        const pages: Picture[] = []
        for (let page = 0; page < sheet.countPages(); page++) {
          const scale = mupdf.Matrix.scale(300 / 72, 300 / 72)
          const drawn = sheet.loadPage(page).toPixmap(scale, mupdf.ColorSpace.DeviceGray, false)
          pages.push(await greyOf(drawn.asPNG()))
        }
        return pages
      }
      const zxing = byZxing(python)
      for (const picture of await pictures('A4')) await zxing.show(picture)
      const found = new Set((await zxing.read()).flat())
      assert.deepEqual(
        texts.filter(text => !found.has(text)),
        [],
        `${symbology} on sheets by zxing-cpp`,
      )
      // ZBar looks for one code in a picture, and overlooks some of many.
      if (symbology === 'qr')
        for (const [at, picture] of (await pictures('single')).slice(0, 20).entries()) {
          const read = (await zbar.scanImageData(colours(picture))).map((one: any) => one.decode())
          assert.deepEqual([...new Set(read)], [texts[at]], 'one a page by ZBar')
        }
      told.push(`${texts.length} ${symbology} on sheets`)
    }
    const { ready } = await npmOf('zpl-renderer-js')
    const { api } = await ready
    for (const [symbology, dpi] of [
      ['qr', 203],
      ['qr', 300],
      ['qr', 600],
      ['datamatrix', 203],
      ['datamatrix', 300],
    ] as const) {
      const zxing = byZxing(python)
      for (let at = 0; at < 5; at++) {
        const zpl = await zplOf(await codeOf(textOf(at), symbology), { sizeMm: 40, dpi }, `S-${at}^XZ`)
        const image = Buffer.from(await api.zplToBase64Async(zpl, 60, 60, Math.round(dpi / 25.4)), 'base64')
        await zxing.show(await greyOf(image))
      }
      const read = await zxing.read()
      for (const [at, texts] of read.entries()) assert.deepEqual(texts, [textOf(at)], `${symbology} at ${dpi} dpi`)
      told.push(`5 ${symbology} as ZPL at ${dpi} dpi`)
    }
    return told.join(', ')
  },
)
