import { AdHocPaid } from '#contracts/billing'
import type { Tx } from '#kernel'
import { post } from '#money/ledger'
import { payableOf, type Payment, type PaymentChange, type Payments } from '#money/payments'
import { findCharge, type Charge } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import { accounts } from '../wallets/accounts.ts'
import { addCaptured, addReturned, findVisit, lockVisit, setDone, setFailed, setLapsed, wantStop } from './store.ts'
import type { Visit } from './visits.ts'

type BillingTx = Tx<'billing'>

export interface Settling {
  /** What becomes of their payments. */
  follow(tx: BillingTx, change: PaymentChange): Promise<void>
  /** A session is booked, or costs nothing: what is due is taken, all else goes back. */
  settle(tx: BillingTx, charge: Pick<Charge, 'sessionId' | 'driverId'>, dueMinor: bigint): Promise<void>
  /** What a terminal took. */
  taken(tx: BillingTx, visit: Visit, minor: bigint): Promise<void>
  /** The card is good no more: what goes on is ended. */
  lapse(tx: BillingTx, visit: Visit, at: Date): Promise<void>
}

/** Moves money between cards and what nobody is known to owe, where sessions of strangers are booked. */
function openMoving({ now }: BillingHost, payments: Payments<'billing'>) {
  async function move(tx: BillingTx, visit: Visit, minor: bigint, cause: { id: string; kind: string; at: Date }) {
    const { seller, currency } = visit
    const [outside, owed] = [await accounts.outside(tx, currency), await accounts.uncollected(tx, seller, currency)]
    const transfer = minor > 0n ? { from: outside, to: owed, minor } : { from: owed, to: outside, minor: -minor }
    const about = { visitId: visit.id, sessionId: visit.sessionId }
    const posted = await post(tx, { cause: cause.id, kind: cause.kind, at: cause.at, about, transfers: [transfer] })
    if (posted.outcome === 'posted') await addCaptured(tx, visit.id, minor)
  }

  /** Gives back what was taken above what is due. */
  async function levelOut(tx: BillingTx, visit: Visit, dueMinor: bigint): Promise<void> {
    const { currency } = visit
    const above = visit.capturedMinor > 0n ? visit.captureMinor! - visit.returnedMinor - dueMinor : 0n
    const surplus = payableOf({ minor: above, currency })
    if (surplus <= 0n || !visit.paymentId) return
    const reference = `from ${visit.captureMinor! - visit.returnedMinor} to ${dueMinor}`
    await payments.refund(tx, visit.paymentId, { reference, amountMinor: surplus })
    await addReturned(tx, visit.id, surplus)
    await move(tx, visit, -surplus, { id: visit.id, kind: `ad-hoc ${reference}`, at: now() })
  }

  return { move, levelOut }
}

/** Money: what was used is taken, and all else is left with who paid. */
export function openSettling(
  host: BillingHost,
  payments: Payments<'billing'>,
  on: {
    begin: (tx: BillingTx, visit: Visit) => Promise<void>
    invoice: (tx: BillingTx, sessionId: string) => Promise<void>
    ended: (outcome: string) => void
    /** A terminal has something to take or to release. */
    due: (tx: BillingTx, visitId: string) => Promise<void>
  },
): Settling {
  const { log, now } = host
  const { move, levelOut } = openMoving(host, payments)

  async function taken(tx: BillingTx, visit: Visit, minor: bigint): Promise<void> {
    await move(tx, visit, minor, { id: visit.id, kind: 'ad-hoc', at: now() })
    const { sessionId, email, language, stationName, currency } = visit
    if (!sessionId) return
    const charge = await findCharge(tx, sessionId)
    await levelOut(tx, (await findVisit(tx, { id: visit.id }))!, charge?.totalMinor ?? minor)
    await on.invoice(tx, sessionId)
    await tx.publish(AdHocPaid, {
      visitId: visit.id,
      sessionId,
      email,
      language,
      stationName,
      energyWh: Number(charge?.energyWh ?? 0n),
      currency,
      totalMinor: Number(minor),
      at: now().toISOString(),
    })
  }

  async function lapse(tx: BillingTx, visit: Visit, at: Date): Promise<void> {
    if (visit.state === 'paying' || visit.state === 'starting') {
      await setFailed(tx, visit.id, visit.state === 'paying' ? 'unpaid' : 'lapsed', at)
      return on.ended('lapsed')
    }
    if (visit.state === 'failed' || visit.captureMinor === 0n) return
    log.error({ visitId: visit.id, sessionId: visit.sessionId }, 'what was reserved for a session is gone')
    on.ended('lapsed')
    await setLapsed(tx, visit.id)
    await wantStop(tx, visit.id, at)
  }

  return {
    taken,
    lapse,
    async follow(tx, change) {
      const { payment, at } = change
      if (payment.purpose !== 'ad-hoc') return
      const visit = await lockVisit(tx, { id: payment.reference })
      if (!visit) return
      if (change.kind === 'authorised') {
        if (visit.state === 'paying') return await on.begin(tx, visit)
        if (visit.state === 'failed') await payments.cancel(tx, payment.id)
      }
      if (change.kind === 'cancelled') await lapse(tx, visit, at)
      if (change.kind === 'succeeded') await taken(tx, visit, change.amountMinor)
      const moved = movedBack(change)
      if (moved) await move(tx, visit, moved.minor, { ...moved, at })
    },
    async settle(tx, { sessionId, driverId }, dueMinor) {
      const visit = driverId ? undefined : await findVisit(tx, { sessionId })
      if (!visit) return
      const before = visit.captureMinor
      const minor = dueMinor < visit.amountMinor ? dueMinor : visit.amountMinor
      const payment = visit.paymentId === null ? undefined : await payments.hold(tx, visit.paymentId)
      if (before !== null) {
        await setDone(tx, visit.id, before, now())
        return await levelOut(tx, (await lockVisit(tx, { sessionId }))!, dueMinor)
      }
      if (payment) await takeOrLeave(tx, payment, minor)
      await setDone(tx, visit.id, minor, now())
      if (visit.terminalId !== null) await on.due(tx, visit.id)
      on.ended(minor > 0n ? 'charged' : 'released')
    },
  }

  async function takeOrLeave(tx: BillingTx, { id, state }: Payment, minor: bigint): Promise<void> {
    if (state === 'cancelled') return
    if (minor > 0n) await payments.capture(tx, id, minor)
    else await payments.cancel(tx, id)
  }
}

/** What goes back to the card without our word, or comes from there once more. */
function movedBack(change: PaymentChange): { id: string; kind: string; minor: bigint } | undefined {
  switch (change.kind) {
    case 'refunded':
      return change.refund.reference === null
        ? { id: change.refund.id, kind: 'ad-hoc-refund', minor: -change.refund.amountMinor }
        : undefined
    case 'refund-failed':
      return { id: change.refund.id, kind: 'ad-hoc-refund-failed', minor: change.refund.amountMinor }
    case 'disputed':
      return { id: change.payment.id, kind: `ad-hoc-dispute ${change.disputeId}`, minor: -change.amountMinor }
    case 'dispute-won':
      return { id: change.payment.id, kind: `ad-hoc-dispute-won ${change.disputeId}`, minor: change.amountMinor }
    default:
      return undefined
  }
}
