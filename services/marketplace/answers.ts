import { getProducts, type TaxPercents } from '#contracts/marketplace'
import type { Static } from 'typebox'
import { answerHoldings } from './holdings.ts'
import type { MarketplaceHost } from './host.ts'
import { told } from './products/product.ts'
import { findProducts } from './products/store.ts'

/** What other services ask about products. */
export function answers(host: MarketplaceHost): void {
  answerHoldings(host)
  host.answer(getProducts, async ({ productIds }) => {
    const products = await findProducts(host.db, productIds)
    const codes = [...new Set(products.map(({ taxClass }) => taxClass))]
    const classes = await host.db<{ code: string; percents: Static<typeof TaxPercents> }[]>`
      select code, percents from tax_classes where code = any(${codes})`
    const percents = new Map(classes.map(one => [one.code, one.percents]))
    return {
      products: products.map(product => ({ ...told(product), taxPercents: percents.get(product.taxClass) ?? [] })),
    }
  })
}
