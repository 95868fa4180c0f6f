import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { deflateSync } from 'node:zlib'
import { create, type Font, type Glyph, type GlyphRun, type Subset } from 'fontkit'

/** A weight of DejaVu Sans Condensed. */
export interface Face {
  /** For a document: to register, and then to let it have what is known of it from others. */
  readonly font: Font
  give(document: PDFKit.PDFDocument, weight: string): void
  /** In points. */
  width(text: string, size: number): number
  /** In lines of at most `width` points; a word that is longer is broken. */
  wrapped(text: string, size: number, width: number): string[]
  /** With a replacement for what the font has no glyph for. */
  printable(text: string): string
}

let opened: Promise<{ regular: Face; bold: Face }> | undefined

/** Read and parsed once for all invoices of a process. */
export const openFonts = (): Promise<{ regular: Face; bold: Face }> => (opened ??= open())

async function open() {
  const [regular, bold] = await Promise.all(
    ['DejaVuSansCondensed', 'DejaVuSansCondensed-Bold'].map(async name => {
      const path = fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`))
      return faceOf(shared(create(await readFile(path)) as Font))
    }),
  )
  return { regular: regular!, bold: bold! }
}

/** What nearly all invoices do with: within every document, so that its font is made once. */
const usual = [
  ...Array.from({ length: 0x17f - 0x20 }, (_, at) => 0x20 + at),
  ...[...'–—‘’‚“”„•…€₹→·'].map(of => of.codePointAt(0)!),
]
  .filter(code => code < 0x7f || (code > 0xa0 && code !== 0xad))
  .map(code => String.fromCodePoint(code))

/** A font as a document of pdfkit has it, as far as documents may share it. */
interface Embedded {
  /** By the glyph's place in the document's part of the font. */
  widths: number[]
  unicode: number[][]
  /** Words that were shaped, in thousandths of the size. */
  layoutCache: Record<string, GlyphRun>
  encode(text: string): void
}

/**
 * A font for many documents: what takes longer than all else of an invoice, the shaping of words and the part of the font
 * with the usual letters, is done once.
 */
function shared(font: Font): Pick<Face, 'font' | 'give'> {
  const plain = font.layout.bind(font)
  const make = font.createSubset.bind(font)
  /**
   * Without ligatures each letter is a glyph and can be told by it: a glyph of the library is of the letter that it was
   * first made for, be it in another document.
   */
  const layout = (text: string): GlyphRun => {
    const run = plain(text, { liga: false } as never)
    const letters = [...text].map(letter => letter.codePointAt(0)!)
    const isPlain = run.glyphs.length === letters.length && run.direction === 'ltr'
    const glyphs = run.glyphs.map(({ id, advanceWidth, codePoints }, at) => ({
      id,
      advanceWidth,
      codePoints: isPlain ? [letters[at]!] : codePoints,
    }))
    return {
      glyphs: glyphs as unknown as Glyph[],
      positions: run.positions,
      advanceWidth: run.advanceWidth,
    } as GlyphRun
  }
  const ids = [...new Set([0, ...usual.flatMap(text => layout(text).glyphs.map(glyph => glyph.id))])]
  const places = new Map(ids.map((id, place) => [id, place]))
  const encode = (glyphs: readonly number[]): Uint8Array => {
    const subset = make()
    for (const glyph of glyphs) subset.includeGlyph(glyph as never)
    return subset.encode()
  }
  const usualFont = encode(ids)
  const usualPacked = deflateSync(usualFont)
  const createSubset = () => {
    const more = new Map<number, number>()
    return {
      includeGlyph(glyph: number | Glyph): number {
        const id = typeof glyph === 'number' ? glyph : glyph.id
        const place = places.get(id) ?? more.get(id) ?? ids.length + more.size
        if (place >= ids.length) more.set(id, place)
        return place
      },
      encode: () => (more.size > 0 ? encode([...ids, ...more.keys()]) : usualFont),
    }
  }
  let known: Pick<Embedded, 'widths' | 'unicode' | 'layoutCache'> | undefined
  let documents = 0
  return {
    font: Object.assign(font, { layout, createSubset: createSubset as unknown as () => Subset }),
    give(document, weight) {
      const { _font: embedded } = document.font(weight) as unknown as { _font: Embedded }
      if (!known || documents++ > mostKept.documents) {
        for (const letter of usual) embedded.encode(letter)
        const { widths, unicode, layoutCache } = embedded
        known = { widths: [...widths], unicode: [...unicode], layoutCache }
        documents = 0
      }
      embedded.widths = [...known.widths]
      embedded.unicode = [...known.unicode]
      embedded.layoutCache = known.layoutCache
      packed(document, usualFont, usualPacked)
    },
  }
}

/** Lets a document take bytes as they were compressed before. */
function packed(document: PDFKit.PDFDocument, bytes: Uint8Array, compressed: Uint8Array): void {
  const { ref } = document
  document.ref = data => {
    const made = ref.call(document, data)
    const { end } = made
    made.end = part => {
      if (part !== bytes) return end.call(made, part)
      Object.assign(made.data, { Filter: 'FlateDecode', Length1: bytes.length })
      made.compress = false
      end.call(made, compressed as never)
    }
    return made
  }
}

/** As many words are kept in mind, or what so many documents bring. */
const mostKept = { words: 20_000, documents: 2_000 }

function faceOf({ font, give }: Pick<Face, 'font' | 'give'>): Face {
  const widths = new Map<string, number>()
  const scale = 1 / font.unitsPerEm
  const widthOf = (word: string): number => {
    let width = widths.get(word)
    if (width === undefined) {
      if (widths.size >= mostKept.words) widths.clear()
      width = font.layout(word).advanceWidth * scale
      widths.set(word, width)
    }
    return width
  }
  const face: Face = {
    font,
    give,
    width: (text, size) => text.split(/(?<= )/).reduce((sum, word) => sum + widthOf(word), 0) * size,
    wrapped(text, size, width) {
      const lines: string[] = []
      let line = ''
      for (const word of face.printable(text).split(/(?<=[ -])/)) {
        if (line !== '' && face.width((line + word).trimEnd(), size) > width) {
          lines.push(line.trimEnd())
          line = ''
        }
        line += word
        while (face.width(line.trimEnd(), size) > width) {
          const fits = longest(line, part => face.width(part, size) <= width)
          lines.push(fits)
          line = line.slice(fits.length)
        }
      }
      return line.trimEnd() === '' && lines.length > 0 ? lines : [...lines, line.trimEnd()]
    },
    printable: text =>
      text
        .replaceAll(/\s+/g, ' ')
        .replaceAll(/[^\u0020-\u007e\u00a1-\u017f]/gu, character =>
          font.hasGlyphForCodePoint(character.codePointAt(0)!) ? character : '\ufffd',
        ),
  }
  return face
}

/** The longest beginning of a text for which something holds, at least a character. */
function longest(text: string, holds: (part: string) => boolean): string {
  const characters = [...text]
  let count = 1
  while (count < characters.length && holds(characters.slice(0, count + 1).join(''))) count++
  return characters.slice(0, count).join('')
}
