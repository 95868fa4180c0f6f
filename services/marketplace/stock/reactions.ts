import { OrderCompleted, StockChanged } from '#contracts/orders'
import type { Workshop } from '../products/changing.ts'
import { findProducts } from '../products/store.ts'
import { fileProduct } from '../search/filing.ts'
import { alone, fileStock } from './store.ts'

/** What orders say: how many pieces are left, and who has received what. */
export function stockReactions({ host, catalogue }: Workshop): void {
  host.on(
    StockChanged,
    { id: 'stock', purpose: 'show how many pieces are left', from: 'beginning' },
    async ({ variantId, available, version }, tx) => {
      // Also of variants that are not here yet: they find it when they come.
      const [kept] = await tx`
        insert into stock_levels (variant_id, available, version) values (${variantId}, ${available}, ${version})
        on conflict (variant_id) do update set available = excluded.available, version = excluded.version
          where stock_levels.version < excluded.version
        returning variant_id`
      if (!kept) return
      const [variant] = await tx<{ productId: string }[]>`
        update variants set available = ${available}, available_version = ${version}
        where id = ${variantId} and available_version < ${version} returning product_id as "productId"`
      if (variant) await fileStock(tx, variant.productId)
    },
  )

  host.on(
    OrderCompleted,
    { id: 'received', purpose: 'let buyers review what they have received, and count what is sold', from: 'beginning' },
    async ({ orderId, userId, items, completedAt }, tx) => {
      await alone(tx, userId)
      const pieces = Map.groupBy(items, ({ productId }) => productId)
      for (const [productId, some] of [...pieces].sort(([a], [b]) => (a < b ? -1 : 1))) {
        await tx`
          insert into purchases (user_id, product_id, order_id, received_at)
          select ${userId}, ${productId}, ${orderId}, ${completedAt}
          where not exists (select from leavers where user_id = ${userId})
          on conflict (user_id, product_id) do update set order_id = excluded.order_id, received_at = excluded.received_at
            where excluded.received_at < purchases.received_at`
        const quantity = some.reduce((sum, one) => sum + one.quantity, 0)
        const counted = await tx`
          insert into deliveries (order_id, product_id, pieces) values (${orderId}, ${productId}, ${quantity})
          on conflict do nothing returning order_id`
        if (counted.length === 0) continue
        await tx`
          update products set sold = sold + ${quantity}, download_count = download_count +
            case when kind = 'digital' then ${quantity}::integer else 0 end where id = ${productId}`
        const { SHOP_POPULAR_FROM: popularFrom } = host.settings
        const [product] = await findProducts(tx, [productId])
        // It has become popular just now.
        if (product && product.sold >= popularFrom && product.sold - quantity < popularFrom)
          await fileProduct(tx, product, { tree: await catalogue.tree(), popularFrom })
      }
    },
  )
}
