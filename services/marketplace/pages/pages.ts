import { framesOf } from '#shop/frame'
import type { Workshop } from '../products/changing.ts'
import type { Shop } from '../search/routes.ts'
import { listPages } from './list.ts'
import { logoPage } from './logo.ts'
import { productPages } from './product.ts'
import { sitemaps } from './sitemap.ts'

/** The shop as pages that need no script. */
export function shopPages(workshop: Workshop, shop: Shop): void {
  const frameOf = framesOf(workshop.host)
  listPages(workshop, shop, frameOf)
  productPages(workshop, frameOf)
  sitemaps(workshop)
  logoPage(workshop.host)
}
