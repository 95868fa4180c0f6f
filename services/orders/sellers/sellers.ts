import { getSeller, listSellers } from '#contracts/orders'
import type { Owner } from '#contracts/shared'
import type { Db, Tx } from '#kernel'
import type { OrdersHost } from '../host.ts'

/** A vendor, as tax and invoices know them. */
export interface Seller {
  readonly owner: Owner
  readonly name: string
  readonly address: {
    readonly street: string
    readonly postalCode: string
    readonly city: string
    readonly region?: string | undefined
    readonly country: string
  }
  readonly taxId: string | null
  readonly smallBusiness: boolean
  readonly version: number
}

export async function findSellers(db: Db, ids: readonly string[]): Promise<Map<string, Seller>> {
  const rows = await db<Seller[]>`
    select json_build_object('kind', owner_kind, 'id', owner_id) as owner, name, address, tax_id as "taxId",
      small_business as "smallBusiness", version
    from sellers where owner_id = any(${ids as string[]}::uuid[])`
  return new Map(rows.map(row => [row.owner.id, row]))
}

/** Undefined where somebody else wrote it since `before`. */
export async function writeSeller(tx: Tx, seller: Omit<Seller, 'version'>): Promise<Seller> {
  const { owner, name, address, taxId, smallBusiness } = seller
  const [row] = await tx<{ version: number }[]>`
    insert into sellers (owner_id, owner_kind, name, address, tax_id, small_business, version)
    values (${owner.id}, ${owner.kind}, ${name}, ${tx.json(address)}, ${taxId}, ${smallBusiness}, 1)
    on conflict (owner_id) do update set name = excluded.name, address = excluded.address, tax_id = excluded.tax_id,
      small_business = excluded.small_business, version = sellers.version + 1
    returning version`
  return { ...seller, version: row!.version }
}

/** As whom vendors sell, for who asks. */
export function answerSellers({ answer, db }: OrdersHost): void {
  answer(getSeller, async ({ ownerId }) => ({ known: (await findSellers(db, [ownerId])).has(ownerId) }))
  answer(listSellers, async ({ ownerIds }) => ({
    items: [...(await findSellers(db, ownerIds)).values()].map(({ owner, name, address, taxId }) => ({
      owner,
      name,
      address: { ...address, region: address.region ?? null },
      taxId,
    })),
  }))
}
