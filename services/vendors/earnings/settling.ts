import type { Owner } from '#contracts/shared'
import type { Tx } from '#kernel'
import { postMany } from '#money/ledger'
import type { VendorsHost } from '../host.ts'
import { lockVendors, moved } from './accounts.ts'

/** So many parts a transaction. */
const most = 1_000

/**
 * What was delivered long enough ago becomes available. Ended at any step it goes on where it stood: a part is settled in
 * the transaction that books it, and is booked once.
 */
export async function settleDue({ db, now, settings }: VendorsHost): Promise<number> {
  const at = now()
  const until = new Date(at.getTime() - settings.VENDORS_SETTLE_AFTER)
  const due = await db<{ owner: Owner; currency: string }[]>`
    select json_build_object('kind', max(owner_kind), 'id', vendor_id) as owner, currency from sold_parts
    where settled_at is null and part_id is not null and delivered_at <= ${until}
    group by vendor_id, currency order by vendor_id, currency`
  let settled = 0
  for (const { owner, currency } of due)
    for (let some = most; some === most; settled += some)
      some = await db.transaction(tx => settleSome(tx, owner, currency, until, at))
  return settled
}

async function settleSome(tx: Tx, owner: Owner, currency: string, until: Date, at: Date): Promise<number> {
  // Whoever books something of this vendor waits here, and then sees what is settled.
  const { pending, available } = (await lockVendors(tx, [owner], currency)).get(owner.id)!
  const parts = await tx<{ orderId: string; partId: string; number: string; minor: bigint }[]>`
    select order_id as "orderId", part_id as "partId", number, pending_minor as minor from sold_parts
    where vendor_id = ${owner.id} and currency = ${currency} and settled_at is null and part_id is not null
      and delivered_at <= ${until}
    order by delivered_at limit ${most}`
  if (parts.length === 0) return 0
  await postMany(
    tx,
    currency,
    parts
      .filter(({ minor }) => minor !== 0n)
      .map(({ orderId, partId, number, minor }) => ({
        cause: partId,
        kind: 'settle',
        at,
        about: { orderId, number },
        transfers: moved(pending, available, minor),
      })),
  )
  await tx`
    update sold_parts set settled_at = ${at}, pending_minor = 0
    where vendor_id = ${owner.id} and part_id = any(${parts.map(({ partId }) => partId)}::uuid[])`
  return parts.length
}
