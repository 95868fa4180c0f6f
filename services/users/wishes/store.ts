import type { Db, Tx } from '#kernel'
import type { Offered, Watched } from './products.ts'

export interface Product {
  readonly productId: string
  readonly name: string
  readonly slug: string
  readonly thumbnail: string | null
  readonly forSale: boolean
  readonly deleted: boolean
  readonly variants: readonly Offered[]
  readonly version: number
}

export interface Wish extends Watched {
  readonly id: string
  readonly userId: string
  readonly productId: string
  readonly currency: string
  readonly createdAt: Date
}

const productFields =
  'product_id as "productId", name, slug, thumbnail, for_sale as "forSale", deleted, variants, version'

const wishFields = `id, user_id as "userId", product_id as "productId", currency, price_minor as "priceMinor",
  alarm_minor as "alarmMinor", told_minor as "toldMinor", sold_out as "soldOut", gone, created_at as "createdAt"`

export async function findProducts(db: Db, ids: readonly string[]): Promise<Map<string, Product>> {
  const rows = await db<Product[]>`
    select ${db.unsafe(productFields)} from products where product_id = any(${[...ids]})`
  return new Map(rows.map(row => [row.productId, row]))
}

/** The products that are newer than what is there. */
export async function putProducts(
  tx: Tx,
  products: readonly (Product & { readonly turnsAt: Date | null })[],
): Promise<string[]> {
  const rows = products.map(({ productId, forSale, turnsAt, ...rest }) => ({
    ...rest,
    product_id: productId,
    for_sale: forSale,
    turns_at: turnsAt,
  }))
  const put = await tx<{ id: string }[]>`
    insert into products (product_id, name, slug, thumbnail, for_sale, deleted, variants, version, turns_at)
    select product_id, name, slug, thumbnail, for_sale, deleted, variants, version, turns_at
    from json_populate_recordset(null::products, ${tx.json(rows as never)})
    on conflict (product_id) do update set name = excluded.name, slug = excluded.slug,
      thumbnail = excluded.thumbnail, for_sale = excluded.for_sale, deleted = excluded.deleted,
      variants = excluded.variants, version = excluded.version, turns_at = excluded.turns_at
    where products.version < excluded.version
    returning product_id as id`
  return put.map(({ id }) => id)
}

export async function putStock(
  tx: Tx,
  stock: { variantId: string; productId: string; available: number | null; version: number },
): Promise<boolean> {
  const rows = await tx`
    insert into stocks (variant_id, product_id, available, version)
    values (${stock.variantId}, ${stock.productId}, ${stock.available}, ${stock.version})
    on conflict (variant_id) do update set available = excluded.available, version = excluded.version
    where stocks.version < excluded.version
    returning 1`
  return rows.length > 0
}

/** How many there are of the variants of products. */
export async function stocksOf(db: Db, productIds: readonly string[]): Promise<Map<string, number | null>> {
  const rows = await db<{ variantId: string; available: number | null }[]>`
    select variant_id as "variantId", available from stocks where product_id = any(${[...productIds]})`
  return new Map(rows.map(({ variantId, available }) => [variantId, available]))
}

/** Of these products those that somebody wishes for. */
export async function wished(db: Db, productIds: readonly string[]): Promise<string[]> {
  const rows = await db<{ id: string }[]>`
    select distinct product_id as id from wishes where product_id = any(${[...productIds]}) and not gone`
  return rows.map(({ id }) => id)
}

/** Products whose price changes by the clock by now. */
export async function turned(db: Db, at: Date, limit: number): Promise<Product[]> {
  return await db<Product[]>`
    select ${db.unsafe(productFields)} from products where turns_at <= ${at} order by turns_at limit ${limit}`
}

export const setTurn = (tx: Tx, { productId, version }: Product, turnsAt: Date | null) => tx`
  update products set turns_at = ${turnsAt} where product_id = ${productId} and version = ${version}`

export const lockWishesFor = (tx: Tx, productId: string, after: string | null, limit: number) => tx<Wish[]>`
  select ${tx.unsafe(wishFields)} from wishes
  where product_id = ${productId} and not gone ${after === null ? tx`` : tx`and id > ${after}`}
  order by id limit ${limit} for update`

export const updateWish = (tx: Tx, wish: Wish) => tx`
  update wishes set told_minor = ${wish.toldMinor}, sold_out = ${wish.soldOut}, gone = ${wish.gone}
  where id = ${wish.id}`

export interface NewWish {
  readonly id: string
  readonly userId: string
  readonly productId: string
  readonly currency: string
  readonly priceMinor: bigint
  readonly alarmMinor: bigint | null
  readonly soldOut: boolean
  readonly at: Date
}

/** One a product: asked again it has another alarm. */
export async function putWish(tx: Tx, wish: NewWish): Promise<{ wish: Wish; isNew: boolean }> {
  const [row] = await tx<(Wish & { isNew: boolean })[]>`
    insert into wishes (id, user_id, product_id, currency, price_minor, alarm_minor, sold_out, created_at)
    values (${wish.id}, ${wish.userId}, ${wish.productId}, ${wish.currency}, ${wish.priceMinor}, ${wish.alarmMinor},
      ${wish.soldOut}, ${wish.at})
    on conflict (user_id, product_id) do update set alarm_minor = excluded.alarm_minor, told_minor = null,
      price_minor = case when wishes.currency = excluded.currency then wishes.price_minor else excluded.price_minor end,
      currency = excluded.currency
    returning ${tx.unsafe(wishFields)}, id = ${wish.id} as "isNew"`
  const { isNew, ...rest } = row!
  return { wish: rest, isNew }
}

export async function deleteWish(tx: Tx, id: string, userId: string): Promise<boolean> {
  const rows = await tx`delete from wishes where id = ${id} and user_id = ${userId} returning 1`
  return rows.length > 0
}

export async function countWishes(db: Db, userId: string): Promise<number> {
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from wishes where user_id = ${userId}`
  return row!.count
}

export const listWishes = (db: Db, userId: string, limit: number, after: [Date, string] | undefined) => db<Wish[]>`
  select ${db.unsafe(wishFields)} from wishes
  where user_id = ${userId} ${after ? db`and (created_at, id) < (${after[0]}, ${after[1]})` : db``}
  order by created_at desc, id desc limit ${limit}`
