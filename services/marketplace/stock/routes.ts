import Type from 'typebox'
import { StockSet } from '#contracts/marketplace'
import { Id } from '#contracts/shared'
import { Problem } from '#kernel'
import { editableBy, vendors } from '../access.ts'
import type { Workshop } from '../products/changing.ts'
import { piecesOf, stockTold } from '../products/product.ts'
import { lockProduct } from '../products/store.ts'
import { fileStock } from './store.ts'

const most = 1_000_000_000

const StockView = Type.Object(
  {
    variantId: Id,
    stock: Type.Union([Type.Integer({ minimum: 0, examples: [25] }), Type.Null()], {
      description: 'Pieces that can be bought, as was known when this was answered; orders count on',
    }),
    version: Type.Integer({ minimum: 1, examples: [2], description: 'Counts what the vendor said of it' }),
  },
  { title: 'Stock' },
)

/** What a vendor says of how many pieces there are. */
export function stockRoutes({ host }: Workshop): void {
  const { http, db } = host
  http.post(
    '/products/:id/variants/:variantId/stock',
    {
      config: { access: vendors },
      schema: {
        summary: 'Say how many pieces of a variant there are, or how many came or went',
        description:
          '`stock` after counting them, those that are held for orders included; `change` of a delivery or a loss, which stands beside ' +
          'whatever is sold meanwhile.',
        honours: ['Idempotency-Key'],
        refuses: ['product_unknown', 'editor_required', 'variant_unknown', 'stock_uncounted'],
        params: Type.Object({ id: Id, variantId: Id }),
        body: Type.Union([
          Type.Object({ stock: Type.Integer({ minimum: 0, maximum: most, examples: [25] }) }),
          Type.Object({ change: Type.Integer({ minimum: -most, maximum: most, examples: [-2] }) }),
        ]),
        response: { 200: StockView },
      },
    },
    async request => {
      const { actor, params, body } = request
      return await db.once(request, async tx => {
        const product = editableBy(actor, await lockProduct(tx, params.id))
        const variant = product.variants.find(({ id }) => id === params.variantId)
        if (!variant) throw new Problem('not_found', 'variant_unknown')
        if (variant.stockPolicy === 'unlimited' || product.kind === 'battery')
          throw new Problem('conflict', 'stock_uncounted')
        const stated =
          'stock' in body
            ? { counted: body.stock, countVersion: variant.countVersion + 1, added: 0 }
            : {
                counted: variant.counted,
                countVersion: Math.max(1, variant.countVersion),
                added: variant.added + body.change,
              }
        if (Math.abs(stated.added) > most) throw new Problem('conflict', 'stock_uncounted')
        const after = { ...variant, ...stated, stockVersion: variant.stockVersion + 1 }
        await tx`
          update variants set counted = ${after.counted}, count_version = ${after.countVersion}, added = ${after.added},
            stock_version = ${after.stockVersion} where id = ${after.id}`
        await fileStock(tx, product.id)
        await tx.publish(StockSet, stockTold(product, after))
        return { variantId: after.id, stock: piecesOf(after), version: after.stockVersion }
      })
    },
  )
}
