import type { Tx } from '#kernel'
import { marks } from '../search/filing.ts'

/** Notes beside a product whether anything of it can be bought now; its version is for what its vendor says. */
export const fileStock = (tx: Tx, productId: string) => tx`
  update products p set in_stock = s.can, facets = case when s.can then array_append(array_remove(p.facets, ${marks.inStock}), ${marks.inStock})
    else array_remove(p.facets, ${marks.inStock}) end
  from (select coalesce(bool_or(stock_policy <> 'deny' or coalesce(available, counted + added) > 0), false) as can
    from variants where product_id = ${productId} and deleted_at is null) s
  where p.id = ${productId} and p.in_stock <> s.can`

/** One at a time about a person: who leaves while an order arrives is forgotten all the same. */
export const alone = (tx: Tx, userId: string) => tx`select pg_advisory_xact_lock(hashtextextended(${userId}, 0))`
