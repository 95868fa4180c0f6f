import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { anyone, StartError } from '#kernel'
import { logoAt } from '#shop/frame'
import type { MarketplaceHost } from '../host.ts'

const types: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.jpg': 'image/jpeg',
}

/** Stands on every page of the shop. */
const mostBytes = 200_000

/** The picture before the name of the shop, where the operator gives it as a file. */
export function logoPage({ site, settings }: MarketplaceHost): void {
  const { SHOP_LOGO_FILE: file } = settings
  if (file === undefined) return
  const picture = read(file)
  const type = types[extname(file)]!
  site.get(
    logoAt(file),
    { config: { access: anyone }, schema: { summary: 'The logo of the shop', produces: [type], hide: true } },
    (_, reply) =>
      reply
        .type(type)
        .headers({
          'cache-control': 'public, max-age=3600',
          // Opened by itself, nothing in it runs.
          'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        })
        .send(picture),
  )
}

function read(file: string): Buffer {
  let picture: Buffer
  try {
    picture = readFileSync(file)
  } catch (error) {
    throw new StartError(`SHOP_LOGO_FILE: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  if (picture.length > mostBytes)
    throw new StartError(`SHOP_LOGO_FILE: ${file} has ${picture.length} bytes; a logo has at most ${mostBytes}.`)
  return picture
}
