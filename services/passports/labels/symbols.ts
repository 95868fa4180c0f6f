import type { Metal } from '#law'

/** What stands on a battery beside its code: the symbol of separate collection, and below it the signs of metals. */
export interface Marks {
  /** Of the symbol, in millimetres. */
  readonly side: number
  readonly metals: readonly Metal[]
}

/** A stroke of a drawing: its way as SVG writes it, and how wide it is. */
interface Stroke {
  readonly d: string
  readonly width: number
  readonly ends: 'butt' | 'round'
}

const circle = (x: number, y: number, r: number): string =>
  `M${x - r} ${y}a${r} ${r} 0 1 1 ${2 * r} 0a${r} ${r} 0 1 1 ${-2 * r} 0z`

/** The crossed-out wheeled bin (Annex VI, Part B) in a square of 100, which its cross fills from corner to corner. */
const bin: readonly Stroke[] = [
  { d: 'M21 30L29 82H71L79 30', width: 4, ends: 'round' },
  { d: 'M14 28H86M23 26C26 11 74 11 77 26M42 12V6H58V12', width: 4, ends: 'round' },
  { d: circle(36, 89, 6) + circle(64, 89, 6), width: 4, ends: 'round' },
  { d: 'M2.5 2.5L97.5 97.5M97.5 2.5L2.5 97.5', width: 5, ends: 'round' },
]

/** Letters that fill 68 by 38: more than a quarter of the square above (Art. 13(5)). */
const letters: Readonly<Record<Metal, readonly Stroke[]>> = {
  Cd: [
    {
      d: 'M29 8C26 5 22 3.5 18 3.5C8.5 3.5 3.5 10 3.5 19C3.5 28 8.5 34.5 18 34.5C22 34.5 26 33 29 30',
      width: 7,
      ends: 'butt',
    },
    { d: `M64.5 0V38${circle(50.5, 24, 10.5)}`, width: 7, ends: 'butt' },
  ],
  Pb: [
    { d: 'M3.5 38V0M3.5 3.5H17A8.5 8.5 0 0 1 17 20.5H3.5', width: 7, ends: 'butt' },
    { d: `M40 0V38${circle(54, 24, 10.5)}`, width: 7, ends: 'butt' },
  ],
}
const letterWidth = 68
const letterHeight = 38
const gap = 6

/** How high all of it is, in millimetres. */
export const heightOf = ({ side, metals }: Marks): number => (side / 100) * (100 + metals.length * (gap + letterHeight))

/** The strokes in their order, each drawing from a corner in millimetres, so many of which are one of it. */
export function strokesOf({ side, metals }: Marks): (Stroke & { x: number; y: number; scale: number })[] {
  const scale = side / 100
  return [
    ...bin.map(stroke => ({ ...stroke, x: 0, y: 0, scale })),
    ...metals.flatMap((metal, index) =>
      letters[metal].map(stroke => ({
        ...stroke,
        x: ((100 - letterWidth) / 2) * scale,
        y: (100 + gap + index * (letterHeight + gap)) * scale,
        scale,
      })),
    ),
  ]
}

/** As a part of an SVG in millimetres, from a corner on. */
export const svgOfMarks = (marks: Marks, left: number, top: number): string =>
  strokesOf(marks)
    .map(
      ({ d, width, ends, x, y, scale }) =>
        `<path transform="translate(${(left + x).toFixed(3)} ${(top + y).toFixed(3)}) scale(${scale.toFixed(6)})" ` +
        `fill="none" stroke="#000" stroke-width="${width}" stroke-linecap="${ends}" stroke-linejoin="round" d="${d}"/>`,
    )
    .join('')

/** As grey dots of a printer. */
export async function pixelsOfMarks(
  marks: Marks,
  dpi: number,
): Promise<{ data: Buffer; width: number; height: number }> {
  const dots = (mm: number): number => Math.ceil((mm / 25.4) * dpi)
  const [width, height] = [dots(marks.side), dots(heightOf(marks))]
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${marks.side} ${heightOf(marks)}" preserveAspectRatio="none">` +
    `<rect width="100%" height="100%" fill="#fff"/>${svgOfMarks(marks, 0, 0)}</svg>`
  const { default: sharp } = await import('sharp')
  const data = await sharp(Buffer.from(svg)).greyscale().threshold(128).raw().toBuffer()
  return { data, width, height }
}
