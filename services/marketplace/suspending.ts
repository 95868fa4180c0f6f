import { ProductUpdated } from '#contracts/marketplace'
import { VendorUpdated } from '#contracts/vendors'
import type { Db, Job } from '#kernel'
import type { Workshop } from './products/changing.ts'
import { told } from './products/product.ts'
import { findProducts, updateProduct } from './products/store.ts'
import { fileProduct } from './search/filing.ts'

const some = 50

/** Nothing of a vendor that is suspended is for sale: at once to see, and shortly after to find and to buy elsewhere. */
export function followVendors({ host, catalogue }: Workshop): void {
  const retell: Job<{ ownerId: string; after: string | null }> = host.job(
    'tell whether the products of a vendor are for sale',
    async ({ ownerId, after }: { ownerId: string; after: string | null }) => {
      await host.db.transaction(async tx => {
        const rows = await tx<{ id: string }[]>`
          select id from products where owner_id = ${ownerId} and deleted_at is null
            ${after === null ? tx`` : tx`and id > ${after}`}
          order by id limit ${some} for update`
        const filing = { tree: await catalogue.tree(), popularFrom: host.settings.SHOP_POPULAR_FROM }
        for (const before of await findProducts(
          tx,
          rows.map(({ id }) => id),
        )) {
          const product = { ...before, version: before.version + 1, updatedAt: host.now() }
          await updateProduct(tx, product)
          await fileProduct(tx, product, filing)
          await tx.publish(ProductUpdated, told(product))
        }
        const last = rows.at(-1)
        // A key of its own: under the first one's it would take the place of one that begins anew.
        if (rows.length === some && last)
          await tx.enqueue(retell, { ownerId, after: last.id }, { key: `retell ${ownerId} ${last.id}` })
      })
    },
  )

  host.on(
    VendorUpdated,
    {
      id: 'vendors',
      purpose: 'say on products whose they are, and sell nothing of who is suspended',
      from: 'beginning',
      afterFailure: 'pass',
    },
    async ({ vendorId, name, slug, status, version }, tx) => {
      await tx`
        insert into vendor_names as v (vendor_id, name, slug, shown, version)
        values (${vendorId}, ${name}, ${slug}, ${status === 'active'}, ${version})
        on conflict (vendor_id) do update set name = excluded.name, slug = excluded.slug, shown = excluded.shown,
          version = excluded.version
        where v.version < excluded.version`
      const suspended = status === 'suspended'
      const [former] = await tx<{ suspended: boolean; version: number }[]>`
        select suspended, version from vendor_states where vendor_id = ${vendorId} for update`
      if (former && former.version >= version) return
      await tx`
        insert into vendor_states (vendor_id, suspended, version) values (${vendorId}, ${suspended}, ${version})
        on conflict (vendor_id) do update set suspended = excluded.suspended, version = excluded.version`
      if (suspended === (former?.suspended ?? false)) return
      if (suspended) await tx`insert into suspended_vendors (vendor_id) values (${vendorId}) on conflict do nothing`
      else await tx`delete from suspended_vendors where vendor_id = ${vendorId}`
      await tx.enqueue(retell, { ownerId: vendorId, after: null }, { key: `retell ${vendorId}` })
    },
  )
}

/** What somebody who sells is called, and where their page is; undefined of who has none. */
export async function vendorOf(db: Db, ownerId: string): Promise<{ name: string; slug: string } | undefined> {
  const [row] = await db<{ name: string; slug: string }[]>`
    select name, slug from vendor_names where vendor_id = ${ownerId} and shown`
  return row
}

/** The same names of several, in their order; those who have no page are left out. */
export const vendorNames = (db: Db, ownerIds: readonly string[]) => db<{ id: string; name: string }[]>`
  select vendor_id as id, name from vendor_names where vendor_id = any(${ownerIds as string[]}) and shown
  order by array_position(${ownerIds as string[]}::uuid[], vendor_id)`
