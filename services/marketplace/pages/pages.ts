import { lookOf } from '#kernel'
import type { Workshop } from '../products/changing.ts'
import type { Shop } from '../search/routes.ts'
import { listPages } from './list.ts'
import { sheetOf } from './look.ts'
import { productPages } from './product.ts'
import { sitemaps } from './sitemap.ts'

/** The shop as pages that need no script. */
export function shopPages(workshop: Workshop, shop: Shop): void {
  const { SHOP_COLOUR: light, SHOP_COLOUR_DARK: dark } = workshop.host.settings
  const look = lookOf(sheetOf(light, dark))
  listPages(workshop, shop, look)
  productPages(workshop, look)
  sitemaps(workshop)
}
