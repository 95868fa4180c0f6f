import type { Tx } from '#kernel'
import { divided } from '#money/amount'
import type { Whole } from '../orders/store.ts'

/** What of a part goes back: of which lines, and of its shipping. */
export interface Share {
  readonly partId: string
  readonly shippingMinor: number
  readonly lines: readonly { readonly lineId: string; readonly amountMinor: number }[]
}

/** With what of it is tax and commission, frozen when it goes back: a refund that fails undoes just that. */
export interface Settled extends Share {
  readonly shippingTaxMinor: number
  readonly lines: readonly (Share['lines'][number] & { readonly taxMinor: number; readonly commissionMinor: number })[]
}

/**
 * What of something goes back with so much of what it belongs to, so that in the end all of it has, however often it was
 * rounded: what should have gone back by then, less what has. Pure.
 */
export function alongWith(
  minor: bigint,
  of: { totalMinor: bigint; refundedMinor: bigint; givenMinor: bigint },
  amountMinor: bigint,
): bigint {
  const { totalMinor, refundedMinor, givenMinor } = of
  if (totalMinor === 0n) return 0n
  const back = refundedMinor + amountMinor
  const [due] = divided(minor, [back, totalMinor - back]) as [bigint, bigint]
  const more = due - givenMinor
  return more < 0n ? 0n : more < amountMinor ? more : amountMinor
}

/** Works out tax and commission of what goes back now, beside what went back before and did not fail. The order is locked. */
export async function settle(
  tx: Tx,
  { order, parts, lines }: Pick<Whole, 'order' | 'parts' | 'lines'>,
  shares: readonly Share[],
): Promise<Settled[]> {
  const rows = await tx<{ shares: Settled[] }[]>`
    select shares from order_refunds where order_id = ${order.id} and state <> 'failed'`
  const former = rows.flatMap(row => row.shares)
  const given = <T>(all: readonly T[], of: (one: T) => number): bigint =>
    all.reduce((sum, one) => sum + BigInt(of(one)), 0n)
  return shares.map(share => {
    const part = parts.find(({ id }) => id === share.partId)!
    const lineTax = lines.reduce((sum, line) => (line.partId === part.id ? sum + line.taxMinor : sum), 0n)
    const shipping = {
      totalMinor: part.shippingMinor,
      refundedMinor: part.shippingRefundedMinor,
      givenMinor: given(
        former.filter(({ partId }) => partId === part.id),
        one => one.shippingTaxMinor,
      ),
    }
    return {
      ...share,
      shippingTaxMinor: Number(alongWith(part.taxMinor - lineTax, shipping, BigInt(share.shippingMinor))),
      lines: share.lines.map(({ lineId, amountMinor }) => {
        const line = lines.find(({ id }) => id === lineId)!
        const before = former.flatMap(one => one.lines).filter(one => one.lineId === lineId)
        const of = (givenMinor: bigint) => ({ ...line, givenMinor })
        const amount = BigInt(amountMinor)
        const tax = alongWith(line.taxMinor, of(given(before, one => one.taxMinor)), amount)
        const commission = alongWith(line.commissionMinor, of(given(before, one => one.commissionMinor)), amount)
        return { lineId, amountMinor, taxMinor: Number(tax), commissionMinor: Number(commission) }
      }),
    }
  })
}
