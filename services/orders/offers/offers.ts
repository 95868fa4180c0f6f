import {
  ProductCreated,
  ProductDeleted,
  ProductUpdated,
  StockSet,
  TaxClassChanged,
  type Listing,
  type TaxPercents,
  type Variant,
} from '#contracts/marketplace'
import type { Static } from 'typebox'
import type { Db, Tx } from '#kernel'
import type { OrdersHost } from '../host.ts'
import { state } from '../stock/stock.ts'

/** What can be bought, as orders know it. */
export interface Offer {
  readonly listing: Listing
  readonly variant: Variant
  readonly gone: boolean
}

export type Percents = Static<typeof TaxPercents>

/** Products, their tax classes and what vendors say of their stock, as the marketplace tells of them. */
export function followOffers({ on }: OrdersHost): void {
  const about = (id: string, purpose: string) => ({ id, purpose, from: 'beginning', afterFailure: 'pass' }) as const
  on(ProductCreated, about('offer', 'know what can be bought'), (event, tx) => keep(tx, event, false))
  on(ProductUpdated, about('offer', 'know what can be bought'), (event, tx) => keep(tx, event, false))
  on(ProductDeleted, about('offer', 'know what cannot be bought any more'), (event, tx) => keep(tx, event, true))
  on(TaxClassChanged, about('tax-class', 'know how things are taxed'), async ({ code, percents, version }, tx) => {
    await tx`
      insert into tax_classes (code, percents, version) values (${code}, ${tx.json(percents)}, ${version})
      on conflict (code) do update set percents = excluded.percents, version = excluded.version
      where tax_classes.version < excluded.version`
  })
  on(StockSet, about('stock', 'count what a vendor says there is'), (event, tx) => state(tx, event))
}

async function keep(tx: Tx, event: Listing, gone: boolean): Promise<void> {
  const { eventId: _id, timestamp: _at, actor: _actor, ...listing } = event as Listing & Record<string, unknown>
  await tx`
    insert into offers (product_id, vendor_id, listing, variants, gone, version)
    values (${listing.productId}, ${listing.vendorId}, ${tx.json(listing as never)},
      ${listing.variants.map(({ variantId }) => variantId)}::uuid[], ${gone}, ${listing.version})
    on conflict (product_id) do update
    set vendor_id = excluded.vendor_id, listing = excluded.listing, variants = excluded.variants, gone = excluded.gone,
      version = excluded.version
    where offers.version < excluded.version`
}

export interface Looked {
  readonly offers: Map<string, Offer>
  /** How many of those that somebody counts can be bought now. */
  readonly available: Map<string, number>
  /** Of all else that prices depend on. */
  readonly version: bigint
}

/** Of these variants those that are known, and how many there are, read at once. */
export async function lookAtOffers(
  db: Db,
  wanted: readonly { productId: string; variantId: string }[],
): Promise<Looked> {
  const [products, variants] = [wanted.map(({ productId }) => productId), wanted.map(({ variantId }) => variantId)]
  // Arrays from a select, so that the plan stands.
  const rows = await db<
    { version: bigint; available: Record<string, number>; listing: Listing | null; gone: boolean }[]
  >`
    select p.version, o.listing, o.gone, (
      select coalesce(json_object_agg(variant_id, on_hand - held), '{}') from stock
      where variant_id = any((select ${variants}::uuid[])::uuid[])) as available
    from pricing p left join offers o on o.product_id = any((select ${products}::uuid[])::uuid[])`
  const ids = new Set(variants)
  const { available, version } = rows[0]!
  return {
    version,
    available: new Map(Object.entries(available)),
    offers: new Map(
      rows.flatMap(({ listing, gone }) =>
        (listing?.variants ?? [])
          .filter(({ variantId }) => ids.has(variantId))
          .map(variant => [variant.variantId, { listing: listing!, variant, gone }] as const),
      ),
    ),
  }
}

export async function findVariant(db: Db, variantId: string): Promise<Offer | undefined> {
  const [row] = await db<{ listing: Listing; gone: boolean }[]>`
    select listing, gone from offers where variants @> array[${variantId}]::uuid[]`
  const variant = row?.listing.variants.find(one => one.variantId === variantId)
  return row && variant && { ...row, variant }
}

export async function percentsOf(db: Db, codes: readonly string[]): Promise<Map<string, Percents>> {
  const rows = await db<{ code: string; percents: Percents }[]>`
    select code, percents from tax_classes where code = any(${codes as string[]})`
  return new Map(rows.map(({ code, percents }) => [code, percents]))
}
