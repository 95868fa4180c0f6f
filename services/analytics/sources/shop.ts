import type { EventData } from '#contracts/define'
import { OrderRefunded, PaymentSucceeded, RefundFailed } from '#contracts/orders'
import type { Tx } from '#kernel'
import { dayOf } from '../days.ts'
import { written } from '../generations.ts'
import type { AnalyticsHost } from '../host.ts'
import { recordset } from './rows.ts'

interface Move {
  readonly cause: string
  readonly order_id: string
  readonly vendor_id: string
  readonly currency: string
  readonly at: string
  readonly pieces: number
  readonly total_minor: number
  readonly tax_minor: number
  readonly commission_minor: number
  readonly refunded_minor: number
}

/** What the shop sold, once it was paid, and what went back. */
export function followShop({ onMany }: AnalyticsHost): void {
  const about = { id: 'figures', from: 'beginning', afterFailure: 'pass' } as const
  onMany(PaymentSucceeded, { ...about, purpose: 'count what the shop sold' }, async (events, tx) => {
    const parts = events.flatMap(order => order.parts.map(part => ({ order, part })))
    await noteMoves(
      tx,
      parts.map(({ order, part }) => ({
        cause: part.partId,
        order_id: order.orderId,
        vendor_id: part.vendorId,
        currency: order.currency,
        at: order.at,
        pieces: order.items
          .filter(({ partId }) => partId === part.partId)
          .reduce((sum, { quantity }) => sum + quantity, 0),
        total_minor: part.totalMinor,
        tax_minor: part.taxMinor,
        commission_minor: part.commissionMinor,
        refunded_minor: 0,
      })),
    )
    await noteVendors(
      tx,
      parts.map(({ order, part }) => ({ vendor_id: part.vendorId, owner_id: part.vendor.id, at: order.at })),
    )
  })
  onMany(OrderRefunded, { ...about, purpose: 'count what went back' }, (events, tx) =>
    noteMoves(
      tx,
      events.flatMap(event => returned(event, '', 1)),
    ),
  )
  onMany(RefundFailed, { ...about, purpose: 'count what did not go back after all' }, (events, tx) =>
    noteMoves(
      tx,
      events.flatMap(event => returned(event, ' failed', -1)),
    ),
  )
}

const returned = (
  { refundId, orderId, currency, parts, at }: EventData<typeof RefundFailed>,
  ending: string,
  sign: 1 | -1,
): Move[] =>
  parts.map(({ partId, vendorId, amountMinor, commissionMinor }) => ({
    cause: `${refundId} ${partId}${ending}`,
    order_id: orderId,
    vendor_id: vendorId,
    currency,
    at,
    pieces: 0,
    total_minor: 0,
    tax_minor: 0,
    commission_minor: -sign * commissionMinor,
    refunded_minor: sign * amountMinor,
  }))

async function noteMoves(tx: Tx, moves: readonly Move[]): Promise<void> {
  const { number: generation, timeZone } = await written(tx)
  const rows = moves.map(move => ({ ...move, generation, day: dayOf(timeZone, Date.parse(move.at)) }))
  await tx`
    insert into shop_moves select * from json_populate_recordset(null::shop_moves, ${recordset(tx, rows)})
    order by cause on conflict do nothing`
}

async function noteVendors(
  tx: Tx,
  vendors: readonly { vendor_id: string; owner_id: string; at: string }[],
): Promise<void> {
  const { number: generation } = await written(tx)
  const rows = vendors.map(vendor => ({ ...vendor, generation }))
  await tx`
    insert into shop_vendors as v
    select distinct on (vendor_id) * from json_populate_recordset(null::shop_vendors, ${recordset(tx, rows)})
    order by vendor_id, at desc, owner_id
    on conflict (generation, vendor_id) do update set owner_id = excluded.owner_id, at = excluded.at
    where (v.at, v.owner_id) < (excluded.at, excluded.owner_id)`
}
