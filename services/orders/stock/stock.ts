import type { EventData } from '#contracts/define'
import type { StockSet } from '#contracts/marketplace'
import { StockChanged } from '#contracts/orders'
import { Problem, type Db, type Tx } from '#kernel'

interface Level {
  readonly variantId: string
  readonly productId: string
  readonly available: bigint
  readonly version: bigint
}

/** Pieces of a variant that are wanted, or given back. */
export interface Pieces {
  readonly productId: string
  readonly variantId: string
  readonly quantity: number
  /** Sold though there is none. */
  readonly later: boolean
}

const level = (db: Db) => db`
  s.variant_id as "variantId", s.product_id as "productId", s.on_hand - s.held as available,
  s.stated + s.moves as version`

/** A vendor says how many there are; statements may come in any order. */
export async function state(tx: Tx<'orders'>, said: EventData<typeof StockSet>): Promise<void> {
  const { variantId, productId, counted, countVersion, added, version } = said
  const rows = await tx<Level[]>`
    insert into stock as s (variant_id, product_id, on_hand, count_version, added, stated)
    values (${variantId}, ${productId}, ${counted + added}, ${countVersion}, ${added}, ${version})
    on conflict (variant_id) do update set
      on_hand = case when excluded.count_version > s.count_version then excluded.on_hand
        else s.on_hand + excluded.added - s.added end,
      count_version = greatest(s.count_version, excluded.count_version),
      added = excluded.added, stated = excluded.stated, product_id = excluded.product_id
    where s.stated < excluded.stated
    returning ${level(tx)}`
  await tell(tx, rows)
}

/**
 * Holds pieces for an order, all or none; whoever wants the same waits for whoever came first. The condition is looked at
 * once more when the row is free, so that nobody holds what somebody else got meanwhile. Fails with `stock_short`.
 */
export async function holdPieces(tx: Tx<'orders'>, pieces: readonly Pieces[]): Promise<void> {
  if (pieces.length === 0) return
  const each = perVariant(pieces)
  const { ids, quantities } = columnsOf(each)
  const missing = each.filter(({ later }) => later)
  if (missing.length > 0)
    await tx`
      insert into stock (variant_id, product_id)
      select * from unnest(${missing.map(one => one.variantId)}::uuid[], ${missing.map(one => one.productId)}::uuid[])
      on conflict do nothing`
  // Arrays from a select: of one that it sees the planner thinks anew each time, which took twice as long as the work.
  const held = await tx<Level[]>`
    with locked as materialized (
      select variant_id from stock where variant_id = any((select ${ids}::uuid[])::uuid[]) order by variant_id for update
    )
    update stock s set held = s.held + w.quantity, moves = s.moves + 1
    from unnest((select ${ids}::uuid[]), (select ${quantities}::bigint[]),
        (select ${each.map(({ later }) => String(later))}::text[]))
      as w (variant_id, quantity, later), locked l
    where s.variant_id = w.variant_id and l.variant_id = w.variant_id and (w.later::boolean or s.on_hand - s.held >= w.quantity)
    returning ${level(tx)}`
  const got = new Set(held.map(({ variantId }) => variantId))
  const short = each.filter(({ variantId }) => !got.has(variantId))
  if (short.length > 0)
    throw new Problem('conflict', 'stock_short', { variantIds: short.map(({ variantId }) => variantId) })
  await tell(tx, held)
}

/** They are free again. */
export async function releasePieces(tx: Tx<'orders'>, pieces: readonly Pieces[]): Promise<void> {
  if (pieces.length === 0) return
  const { ids, quantities } = columnsOf(pieces)
  await lock(tx, ids)
  await tell(
    tx,
    await tx<Level[]>`
      update stock s set held = s.held - w.quantity, moves = s.moves + 1
      from unnest(${ids}::uuid[], ${quantities}::bigint[]) as w (variant_id, quantity)
      where s.variant_id = w.variant_id returning ${level(tx)}`,
  )
}

/** What was held is the buyer's; nothing that can be bought changes. */
export async function sellPieces(tx: Tx<'orders'>, pieces: readonly Pieces[]): Promise<void> {
  if (pieces.length === 0) return
  const { ids, quantities } = columnsOf(pieces)
  await lock(tx, ids)
  await tx`
    update stock s set held = s.held - w.quantity, on_hand = s.on_hand - w.quantity
    from unnest(${ids}::uuid[], ${quantities}::bigint[]) as w (variant_id, quantity)
    where s.variant_id = w.variant_id`
}

/** Pieces that were sold come back. */
export async function restockPieces(tx: Tx<'orders'>, pieces: readonly Pieces[]): Promise<void> {
  if (pieces.length === 0) return
  const { ids, quantities } = columnsOf(pieces)
  await lock(tx, ids)
  await tell(
    tx,
    await tx<Level[]>`
      update stock s set on_hand = s.on_hand + w.quantity, moves = s.moves + 1
      from unnest(${ids}::uuid[], ${quantities}::bigint[]) as w (variant_id, quantity)
      where s.variant_id = w.variant_id returning ${level(tx)}`,
  )
}

/** Each variant once: of two rows about one a statement that changes it would take but one. */
const perVariant = (pieces: readonly Pieces[]): readonly Pieces[] =>
  [...Map.groupBy(pieces, ({ variantId }) => variantId).values()].map(([first, ...more]) =>
    more.reduce(
      (sum, { quantity, later }) => ({ ...sum, quantity: sum.quantity + quantity, later: sum.later || later }),
      first!,
    ),
  )

function columnsOf(pieces: readonly Pieces[]): { ids: string[]; quantities: number[] } {
  const each = perVariant(pieces)
  return { ids: each.map(({ variantId }) => variantId), quantities: each.map(({ quantity }) => quantity) }
}

const lock = (tx: Tx, ids: string[]) =>
  tx`select from stock where variant_id = any(${ids}::uuid[]) order by variant_id for update`

async function tell(tx: Tx<'orders'>, levels: readonly Level[]): Promise<void> {
  for (const { variantId, productId, available, version } of levels)
    await tx.publish(StockChanged, { variantId, productId, available: Number(available), version: Number(version) })
}
