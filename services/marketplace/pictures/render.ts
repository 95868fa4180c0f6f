import type { formats } from './sizes.ts'

/** A picture of a vendor that cannot be shown, and why. */
export class Unfit extends Error {}

export interface Master {
  readonly data: Buffer
  readonly width: number
  readonly height: number
}

/** Of so many pixels the largest: more than any camera takes, and bounded memory. */
const mostPixels = 50_000_000
const widest = 1_600
// What is drawn by a program of somebody else's, as SVG or PDF is, is not read at all.
const readable = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/avif', 'image/gif'])

/** Loaded with the first picture: it takes time and memory. */
let loading: Promise<typeof import('sharp').default> | undefined
const library = () =>
  (loading ??= import('sharp').then(({ default: sharp }) => {
    sharp.cache(false)
    sharp.concurrency(1)
    return sharp
  }))

/**
 * A picture as we keep it: its pixels alone, upright, no wider than any screen shows it. Fails with `Unfit` for what is
 * none, what is broken, and what has more pixels than anybody can see.
 */
export async function masterOf(content: Buffer): Promise<Master> {
  const { fileTypeFromBuffer } = await import('file-type')
  const type = await fileTypeFromBuffer(content)
  if (!type || !readable.has(type.mime)) throw new Unfit('It is no JPEG, PNG, WebP, AVIF or GIF.')
  const sharp = await library()
  try {
    const { width = 0, height = 0 } = await sharp(content, {
      limitInputPixels: mostPixels,
      failOn: 'error',
      pages: 1,
    }).metadata()
    if (width * height > mostPixels) throw new Unfit('It has more than 50 million pixels.')
    const { data, info } = await sharp(content, { limitInputPixels: mostPixels, failOn: 'error', pages: 1 })
      .rotate()
      .resize({ width: widest, height: widest, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 90, effort: 2 })
      .timeout({ seconds: 20 })
      .toBuffer({ resolveWithObject: true })
    return { data, width: info.width, height: info.height }
  } catch (error) {
    if (error instanceof Unfit) throw error
    const isLarge = /pixel limit/i.test((error as Error).message)
    throw new Unfit(isLarge ? 'It has more than 50 million pixels.' : 'It is broken, or too complicated.')
  }
}

/** A picture in a width, but never wider than it is. */
export async function rendered(master: Buffer, width: number, format: (typeof formats)[number]): Promise<Buffer> {
  const sharp = await library()
  const resized = sharp(master, { limitInputPixels: mostPixels }).resize({ width, withoutEnlargement: true })
  return await (
    format === 'avif' ? resized.avif({ quality: 55, effort: 2 }) : resized.webp({ quality: 78, effort: 3 })
  ).toBuffer()
}
