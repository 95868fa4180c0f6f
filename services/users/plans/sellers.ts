import type { Db, Tx } from '#kernel'

/** Who sells plans, as tax and invoices know them. */
export interface Seller {
  readonly ownerId: string
  readonly name: string
  readonly address: {
    readonly street: string
    readonly postalCode: string
    readonly city: string
    readonly country: string
  }
  readonly taxId: string | null
  readonly smallBusiness: boolean
  readonly version: number
}

export async function findSeller(db: Db, ownerId: string): Promise<Seller | undefined> {
  const [row] = await db<Seller[]>`
    select owner_id as "ownerId", name, address, tax_id as "taxId", small_business as "smallBusiness", version
    from plan_sellers where owner_id = ${ownerId}`
  return row
}

/** The next version of who sells. */
export async function putSeller(tx: Tx, seller: Omit<Seller, 'version'>): Promise<number> {
  const { ownerId, name, address, taxId, smallBusiness } = seller
  const [row] = await tx<{ version: number }[]>`
    insert into plan_sellers (owner_id, name, address, tax_id, small_business, version)
    values (${ownerId}, ${name}, ${tx.json(address)}, ${taxId}, ${smallBusiness}, 1)
    on conflict (owner_id) do update set name = excluded.name, address = excluded.address, tax_id = excluded.tax_id,
      small_business = excluded.small_business, version = plan_sellers.version + 1
    returning version`
  return row!.version
}
