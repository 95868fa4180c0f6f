import type { Picture } from '../products/product.ts'

/** Widths in which pictures are shown, and nothing in between: an address names one of them. */
export const widths = [160, 320, 640, 1280] as const
export const formats = ['avif', 'webp'] as const

/** A path of a picture; never wider than the picture is. */
export const pathOf = (id: string, width: (typeof widths)[number], format: (typeof formats)[number] = 'webp'): string =>
  `/shop/pictures/${id}/${width}.${format}`

/** The picture that stands for a product: the first that is ready. */
export function thumbnailOf(pictures: readonly Picture[]): string | null {
  const first = pictures.find(({ state }) => state === 'ready')
  return first ? pathOf(first.id, 320) : null
}
