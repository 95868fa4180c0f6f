import { framesOf } from '#shop/frame'
import type { Workshop } from '../products/changing.ts'
import type { Shop } from '../search/routes.ts'
import { comparePage } from './compare.ts'
import { listPages } from './list.ts'
import { logoPage } from './logo.ts'
import { productPages } from './product.ts'
import { reviewPages } from './review.ts'
import { sitemaps } from './sitemap.ts'
import { suggestingScript, withSuggestions } from './suggesting.ts'

/** The shop as pages that need no script. */
export function shopPages(workshop: Workshop, shop: Shop): void {
  const plain = framesOf(workshop.host)
  const frames = { en: withSuggestions(plain('en')), de: withSuggestions(plain('de')) }
  listPages(workshop, shop, language => frames[language])
  productPages(workshop, language => frames[language])
  comparePage(workshop, shop, language => frames[language])
  reviewPages(workshop, plain)
  suggestingScript(workshop.host)
  sitemaps(workshop)
  logoPage(workshop.host)
}
