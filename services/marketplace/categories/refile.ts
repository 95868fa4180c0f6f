import type { Job, Tx } from '#kernel'
import type { Workshop } from '../products/changing.ts'
import { findProducts } from '../products/store.ts'
import { fileProduct } from '../search/filing.ts'
import { readCategories } from './catalogue.ts'
import { treeOf } from './tree.ts'

const some = 200

/** What products are found by follows when their category, or one above it, has changed: some at a time. */
export function refiling({
  host,
}: Pick<Workshop, 'host'>): (tx: Tx<'marketplace'>, categoryId: string) => Promise<void> {
  const job: Job<{ id: string; after: string | null }> = host.job(
    'refile products',
    async ({ id, after }: { id: string; after: string | null }) => {
      await host.db.transaction(async tx => {
        const rows = await tx<{ id: string }[]>`
          select p.id from products p join categories c on c.id = p.category_id
          where ${id}::uuid = any(c.path) and p.deleted_at is null ${after === null ? tx`` : tx`and p.id > ${after}`}
          order by p.id limit ${some} for update of p`
        const tree = treeOf(await readCategories(tx))
        const products = await findProducts(
          tx,
          rows.map(row => row.id),
        )
        for (const product of products)
          await fileProduct(tx, product, { tree, popularFrom: host.settings.SHOP_POPULAR_FROM })
        const last = rows.at(-1)
        // A key of its own: under the first one's it would take the place of one that begins anew.
        if (rows.length === some && last)
          await tx.enqueue(job, { id, after: last.id }, { key: `refile ${id} ${last.id}` })
      })
    },
    { urgency: 'bulk' },
  )
  return async (tx, id) => await tx.enqueue(job, { id, after: null }, { key: `refile ${id}` })
}
