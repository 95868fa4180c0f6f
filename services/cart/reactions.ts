import { UserDeleted } from '#contracts/identity'
import { ProductCreated, ProductDeleted, ProductUpdated, type Listing } from '#contracts/marketplace'
import { OrderCreated } from '#contracts/orders'
import { newId, type Tx } from '#kernel'
import type { CartHost } from './host.ts'

/** What can be put into a cart, and what happens to carts elsewhere. */
export function reactions({ on }: CartHost): void {
  const about = (id: string, purpose: string) => ({ id, purpose, from: 'beginning', afterFailure: 'pass' }) as const
  on(ProductCreated, about('offer', 'know what can be put into a cart'), (event, tx) => keep(tx, event))
  on(ProductUpdated, about('offer', 'know what can be put into a cart'), (event, tx) => keep(tx, event))
  on(ProductDeleted, about('offer', 'know what is not for sale any more'), (event, tx) =>
    keep(tx, { ...event, forSale: false }),
  )
  on(OrderCreated, about('ordered', 'take out of a cart what was ordered of it'), async ({ cartId, items }, tx) => {
    // With another key nobody takes the cart for one of which there is an order; told again, nothing is left to do.
    const [cart] = await tx<{ id: string }[]>`
      update carts set order_key = ${newId()}, coupons = '{}', gift_cards = '{}', version = version + 1
      where order_key = ${cartId} returning id`
    if (!cart) return
    const [ids, quantities] = [items.map(({ variantId }) => variantId), items.map(({ quantity }) => quantity)]
    // Arrays from a select, so that the plan stands.
    await tx`
      with ordered as materialized (
        select * from unnest((select ${ids}::uuid[]), (select ${quantities}::int[])) as o (variant_id, quantity)),
      gone as (
        delete from cart_lines l using ordered o
        where l.cart_id = ${cart.id} and l.variant_id = o.variant_id and l.quantity <= o.quantity)
      update cart_lines l set quantity = l.quantity - o.quantity from ordered o
      where l.cart_id = ${cart.id} and l.variant_id = o.variant_id and l.quantity > o.quantity`
  })
  on(
    UserDeleted,
    { id: 'forget', purpose: 'drop the cart of somebody who left', from: 'beginning' },
    async ({ userId }, tx) => {
      await tx`delete from carts where user_id = ${userId}`
    },
  )
}

async function keep(tx: Tx, { productId, forSale, version, variants }: Listing): Promise<void> {
  const [newer] = await tx`
    insert into offers (product_id, for_sale, version) values (${productId}, ${forSale}, ${version})
    on conflict (product_id) do update set for_sale = excluded.for_sale, version = excluded.version
    where offers.version < excluded.version returning product_id`
  if (!newer) return
  const rows = variants.map(({ variantId, prices, maxPerOrder }) => ({
    variant_id: variantId,
    prices,
    most: maxPerOrder,
  }))
  await tx`
    delete from variants
    where product_id = ${productId} and variant_id <> all(${variants.map(({ variantId }) => variantId)}::uuid[])`
  await tx`
    insert into variants (variant_id, product_id, prices, most, version)
    select variant_id, ${productId}, prices, most, ${version}
    from json_populate_recordset(null::variants, ${tx.json(rows as never)})
    on conflict (variant_id) do update
    set product_id = excluded.product_id, prices = excluded.prices, most = excluded.most, version = excluded.version`
}
