import type { Tx } from '#kernel'
import { payableOf, type Payments } from '#money/payments'

/** Money that goes back to who put it in; `id` is why, once. */
export interface Return {
  readonly payerId: string
  readonly currency: string
  readonly id: string
  readonly minor: bigint
}

/**
 * Spreads what goes back over payments that have not gone back yet, the latest first. `leftMinor` is what came from none
 * of them, or is less than the smallest coin; no account is changed here.
 */
export async function giveBack(
  tx: Tx<'billing'>,
  payments: Payments<'billing'>,
  { payerId, currency, id, minor }: Return,
): Promise<{ refunds: number; leftMinor: bigint }> {
  const rows = await tx<{ id: string; left: bigint }[]>`
    select p.id, p.captured_minor - coalesce((
      select sum(r.amount_minor) from payment_refunds r where r.payment_id = p.id and r.state <> 'failed'), 0)::bigint - coalesce((
      select sum(d.amount_minor) from payment_disputes d where d.payment_id = p.id and d.state <> 'won'), 0)::bigint as left
    from payments p
    where p.purpose = 'top-up' and p.payer_id = ${payerId} and p.currency = ${currency} and p.state = 'succeeded'
      and p.captured_minor > p.refunded_minor
    order by p.captured_at desc limit 200`
  let leftMinor = minor
  let refunds = 0
  for (const payment of rows) {
    const amountMinor = payableOf({ minor: payment.left < leftMinor ? payment.left : leftMinor, currency })
    if (amountMinor <= 0n) continue
    await payments.refund(tx, payment.id, { reference: `${id} ${++refunds}`, amountMinor })
    leftMinor -= amountMinor
  }
  return { refunds, leftMinor }
}
