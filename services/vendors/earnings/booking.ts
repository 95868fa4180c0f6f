import type { Owner } from '#contracts/shared'
import type { Tx } from '#kernel'
import { divided } from '#money/amount'
import { post } from '#money/ledger'
import { lockVendors, moved, type Accounts } from './accounts.ts'

/** What a vendor sold of an order, as its payment told. */
export interface Sale {
  readonly orderId: string
  readonly number: string
  readonly partId: string
  readonly position: number
  readonly owner: Owner
  readonly currency: string
  readonly totalMinor: number
  /** Frozen when the order was placed. */
  readonly commissionMinor: number
  readonly goods: boolean
  readonly at: string
}

interface ChangeShare {
  readonly vendorId: string
  readonly amountMinor: number
  readonly commissionMinor: number
}

/** Something that changes what was sold; what goes back is less than zero. */
export interface Change {
  readonly cause: string
  readonly kind: string
  readonly orderId: string
  readonly currency: string
  readonly at: string
  /** Of which vendor how much; of all the order where a number stands here. */
  readonly of: readonly ChangeShare[] | number
}

interface SoldPart {
  readonly partId: string
  readonly owner: Owner
  readonly number: string
  readonly currency: string
  readonly totalMinor: bigint
  readonly commissionMinor: bigint
  readonly settledAt: Date | null
}

/** Whoever books something of an order does it one after the other: of two that do not see each other none is left out. */
const lockOrder = (tx: Tx, orderId: string) =>
  tx`select pg_advisory_xact_lock(hashtextextended(${`earnings of ${orderId}`}, 0))`

/** Books what was sold, each part once, and then what was told of the order before. */
export async function bookSales(tx: Tx, orderId: string, sales: readonly Sale[]): Promise<void> {
  await lockOrder(tx, orderId)
  for (const one of sales) {
    const [row] = await tx<{ settledAt: Date | null }[]>`
      insert into sold_parts (order_id, vendor_id, part_id, owner_kind, number, position, currency, total_minor,
        commission_minor, goods, sold_at)
      values (${orderId}, ${one.owner.id}, ${one.partId}, ${one.owner.kind}, ${one.number}, ${one.position},
        ${one.currency}, ${one.totalMinor}, ${one.commissionMinor}, ${one.goods}, ${one.at})
      on conflict (order_id, vendor_id) do update set part_id = excluded.part_id, owner_kind = excluded.owner_kind,
        number = excluded.number, position = excluded.position, currency = excluded.currency,
        total_minor = excluded.total_minor, commission_minor = excluded.commission_minor, goods = excluded.goods,
        sold_at = excluded.sold_at
      where sold_parts.part_id is null returning settled_at as "settledAt"`
    if (!row) continue
    const { buyers, pending, commission } = (await lockVendors(tx, [one.owner], one.currency)).get(one.owner.id)!
    const earned = BigInt(one.totalMinor - one.commissionMinor)
    await post(tx, {
      cause: one.partId,
      kind: 'sale',
      at: new Date(one.at),
      about: { orderId, number: one.number },
      transfers: [...moved(buyers, pending, earned), ...moved(buyers, commission, BigInt(one.commissionMinor))],
    })
    await addPending(tx, orderId, one.owner.id, earned)
  }
  await bookWaiting(tx, orderId)
}

/** Keeps a change, once, and books it as soon as the sale that it changes is known. */
export async function bookChange(tx: Tx, { cause, kind, orderId, currency, at, of }: Change): Promise<void> {
  await lockOrder(tx, orderId)
  const parts = typeof of === 'number' ? null : tx.json(of as never)
  await tx`
    insert into order_changes (cause_id, kind, order_id, currency, parts, minor, at)
    values (${cause}, ${kind}, ${orderId}, ${currency}, ${parts}, ${typeof of === 'number' ? of : null}, ${at})
    on conflict do nothing`
  await bookWaiting(tx, orderId)
}

async function bookWaiting(tx: Tx, orderId: string): Promise<void> {
  const waiting = await tx<
    { cause: string; kind: string; currency: string; parts: ChangeShare[] | null; minor: bigint | null; at: Date }[]
  >`
    select cause_id as cause, kind, currency, parts, minor, at from order_changes
    where order_id = ${orderId} and not booked order by kind, cause_id`
  if (waiting.length === 0) return
  const known = await soldParts(tx, orderId)
  if (known.length === 0) return
  const accounts = await lockVendors(
    tx,
    known.map(({ owner }) => owner),
    known[0]!.currency,
  )
  // Read anew behind the lock: what was pending may have been settled meanwhile.
  const parts = await soldParts(tx, orderId)
  for (const { cause, kind, parts: told, minor, at } of waiting) {
    const shares = told ?? sharesOf(parts, minor!)
    await post(tx, {
      cause,
      kind,
      at,
      about: { orderId, number: parts[0]!.number },
      transfers: shares.flatMap(share => transfersOf(share, parts, accounts)),
    })
    for (const { vendorId, amountMinor, commissionMinor } of shares)
      await addPending(tx, orderId, vendorId, BigInt(amountMinor - commissionMinor))
    await tx`update order_changes set booked = true where cause_id = ${cause} and kind = ${kind}`
  }
}

function transfersOf(share: ChangeShare, parts: readonly SoldPart[], accounts: ReadonlyMap<string, Accounts>) {
  const part = parts.find(({ owner }) => owner.id === share.vendorId)
  if (!part) return []
  const { buyers, pending, available, commission } = accounts.get(share.vendorId)!
  return [
    ...moved(buyers, part.settledAt ? available : pending, BigInt(share.amountMinor - share.commissionMinor)),
    ...moved(buyers, commission, BigInt(share.commissionMinor)),
  ]
}

/** As orders share it: by what each part was worth, and of its commission as much. Below zero is what goes back. */
function sharesOf(parts: readonly SoldPart[], minor: bigint): ChangeShare[] {
  const amounts = divided(
    minor,
    parts.map(({ totalMinor }) => totalMinor),
  )
  return parts.map(({ owner, totalMinor, commissionMinor }, index) => {
    const amount = amounts[index]!
    const size = amount < 0n ? -amount : amount
    const [kept] = divided(commissionMinor, [size, totalMinor > size ? totalMinor - size : 0n]) as [bigint]
    return {
      vendorId: owner.id,
      amountMinor: Number(amount),
      commissionMinor: Number(amount < 0n ? -kept : amount > 0n ? kept : 0n),
    }
  })
}

const soldParts = (tx: Tx, orderId: string) => tx<SoldPart[]>`
  select part_id as "partId", json_build_object('kind', owner_kind, 'id', vendor_id) as owner, number, currency,
    total_minor as "totalMinor", commission_minor as "commissionMinor", settled_at as "settledAt"
  from sold_parts where order_id = ${orderId} and part_id is not null order by position`

/** What is settled is not pending any more, whatever comes. */
const addPending = (tx: Tx, orderId: string, vendorId: string, minor: bigint) => tx`
  update sold_parts set pending_minor = pending_minor + ${minor}
  where order_id = ${orderId} and vendor_id = ${vendorId} and settled_at is null`

/** That a vendor's part has arrived; the first time counts. */
export const noteDelivered = (tx: Tx, orderId: string, vendorId: string, at: string) => tx`
  insert into sold_parts (order_id, vendor_id, delivered_at) values (${orderId}, ${vendorId}, ${at})
  on conflict (order_id, vendor_id) do update set delivered_at = least(sold_parts.delivered_at, excluded.delivered_at)`
