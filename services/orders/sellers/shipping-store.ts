import type { Db, Tx } from '#kernel'
import type { ShippingOption } from '../pricing/shipping.ts'

const columns = (db: Db) => db`
  id, vendor_id as "vendorId", name, countries, currency, price_minor as "priceMinor", per_kg_minor as "perKgMinor",
  free_from_minor as "freeFromMinor", max_weight_g as "maxWeightG", min_days as "minDays", max_days as "maxDays",
  version, created_at as "createdAt"`

export async function optionsOf(db: Db, vendorIds: readonly string[]): Promise<Map<string, ShippingOption[]>> {
  const rows = await db<ShippingOption[]>`
    select ${columns(db)} from shipping_options where vendor_id = any(${vendorIds as string[]}::uuid[])
    order by created_at, id`
  return Map.groupBy(rows, ({ vendorId }) => vendorId)
}

export async function findOption(db: Db, id: string): Promise<ShippingOption | undefined> {
  const [row] = await db<ShippingOption[]>`select ${columns(db)} from shipping_options where id = ${id}`
  return row
}

export const listOptions = (
  db: Db,
  vendorIds: readonly string[] | undefined,
  limit: number,
  after?: readonly [string, string],
) =>
  db<ShippingOption[]>`
    select ${columns(db)} from shipping_options
    where ${vendorIds === undefined ? db`true` : db`vendor_id = any(${vendorIds as string[]}::uuid[])`}
      and ${after ? db`(created_at, id) > (${after[0]}, ${after[1]}::uuid)` : db`true`}
    order by created_at, id limit ${limit}`

export async function insertOption(tx: Tx, one: ShippingOption): Promise<void> {
  await tx`
    insert into shipping_options (id, vendor_id, name, countries, currency, price_minor, per_kg_minor, free_from_minor,
      max_weight_g, min_days, max_days, version, created_at)
    values (${one.id}, ${one.vendorId}, ${one.name}, ${one.countries as string[]}, ${one.currency}, ${one.priceMinor},
      ${one.perKgMinor}, ${one.freeFromMinor}, ${one.maxWeightG}, ${one.minDays}, ${one.maxDays}, ${one.version},
      ${one.createdAt})`
}

export const deleteOption = (tx: Tx, id: string) => tx`delete from shipping_options where id = ${id}`
