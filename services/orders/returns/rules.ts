import type { ReturnReason } from '#contracts/orders'
import { exact, toWhole } from '#money/amount'
import type { Line, Part } from '../orders/store.ts'
import type { Share } from '../paying/shares.ts'
import type { Return, ReturnedLine } from './store.ts'

/** How long after it arrived something is taken back. */
export interface Terms {
  /** Of a change of mind: Art. 9 of Directive 2011/83/EU gives 14 days at least. */
  readonly returnDays: number
  /** Of what is broken or wrong: Art. 10 of Directive (EU) 2019/771 gives two years at least. */
  readonly warrantyDays: number
}

const dayMs = 86_400_000

/** Until when something may be given back for this reason; undefined before it has arrived. */
export function returnableUntil(
  { state, deliveredAt }: Pick<Part, 'state' | 'deliveredAt'>,
  reason: ReturnReason,
  { returnDays, warrantyDays }: Terms,
): Date | undefined {
  if (state !== 'delivered' || deliveredAt === null) return undefined
  const days = reason === 'broken' || reason === 'wrong' ? warrantyDays : returnDays
  return new Date(deliveredAt.getTime() + days * dayMs)
}

const piecesIn = (returns: readonly Return[], lineId: string): number =>
  returns.flatMap(({ lines }) => lines).reduce((sum, one) => (one.lineId === lineId ? sum + one.quantity : sum), 0)

/** How many pieces of a line can still be given back: those that were sent and are in no return that stands. Keys are not. */
export const leftOf = (line: Pick<Line, 'id' | 'kind' | 'sent'>, returns: readonly Return[]): number =>
  line.kind === 'digital'
    ? 0
    : line.sent -
      piecesIn(
        returns.filter(({ state }) => state !== 'refused' && state !== 'withdrawn'),
        line.id,
      )

/**
 * What goes back with pieces that were received, beside those of `before`: of each line what all its pieces together are
 * worth less what those before were, so that the last takes the rest; never what went back otherwise. With the last piece
 * of a part its shipping goes back too (Art. 13 of Directive 2011/83/EU). Empty where nothing is left.
 */
export function worthOf(
  part: Part,
  lines: readonly Line[],
  returned: readonly ReturnedLine[],
  before: readonly Return[],
): Share[] {
  const received = before.filter(({ state }) => state === 'received')
  const backOf = (lineId: string): number => piecesIn(received, lineId)
  const amounts = returned.flatMap(({ lineId, quantity }) => {
    const line = lines.find(({ id }) => id === lineId)!
    const upTo = (pieces: number): bigint => toWhole(exact(line.totalMinor).mul(exact(pieces, line.quantity)))
    const worth = upTo(backOf(lineId) + quantity) - upTo(backOf(lineId))
    const left = line.totalMinor - line.refundedMinor
    const amountMinor = worth < left ? worth : left
    return amountMinor > 0n ? [{ lineId, amountMinor: Number(amountMinor) }] : []
  })
  const now = (lineId: string): number => returned.find(one => one.lineId === lineId)?.quantity ?? 0
  const isAll = lines.every(line => line.partId !== part.id || backOf(line.id) + now(line.id) >= line.quantity)
  const shippingMinor = isAll ? Number(part.shippingMinor - part.shippingRefundedMinor) : 0
  return amounts.length > 0 || shippingMinor > 0 ? [{ partId: part.id, shippingMinor, lines: amounts }] : []
}
