import { Problem, type Tx } from '#kernel'
import {
  type AnyHost,
  mismatchOf,
  isNews,
  progressOf,
  type OnChange,
  type Payment,
  type PaymentChange,
  type Refund,
} from './payment.ts'
import type { ProviderRefund, ProviderView } from './provider.ts'
import { insertRefund, lockPayment, notePayment, noteRefund, refundsOf, sumRefunds } from './store.ts'

/** Has a payment looked after soon, or at some time, if the transaction stands. */
export type Soon = (tx: Tx, id: string, runAt?: Date) => Promise<void>

/** Where a payment changes, and the service is told of it in the same transaction. */
export interface Writing {
  /** What a look at the provider showed. */
  write(id: string, view: ProviderView): Promise<Payment>
  /** It is over before the provider ever heard of it. */
  end(payment: Payment, state: 'failed' | 'cancelled', failure: string | null): Promise<Payment>
  /** The provider does not give this back. */
  refuse(paymentId: string, refund: Refund, failure: string): Promise<void>
}

export function openWriting<Name extends string>(
  { db, now, log }: AnyHost<Name>,
  onChange: OnChange<Name>,
  soon: Soon,
): Writing {
  /** Without the provider. */
  const end = (payment: Payment, state: 'failed' | 'cancelled', failure: string | null): Promise<Payment> =>
    db.transaction(async tx => {
      const there = (await lockPayment(tx, payment.id))!
      // Another one has told the provider of it meanwhile, and goes on.
      if (there.state !== 'asked' || there.providerId !== null) return there
      const ended = await notePayment(tx, payment.id, { ...there, state, failure }, now())
      const at = now()
      await onChange(
        tx,
        state === 'failed'
          ? { kind: state, payment: ended, failure: failure ?? '', at }
          : { kind: state, payment: ended, at },
      )
      return ended
    })

  const refuse = (paymentId: string, { id }: Refund, failure: string) =>
    db.transaction(async tx => {
      const payment = (await lockPayment(tx, paymentId))!
      const there = (await refundsOf(tx, paymentId)).find(refund => refund.id === id)!
      if (there.state !== 'asked') return
      const refund = await noteRefund(tx, id, { state: 'failed', providerId: null, failure }, now())
      if (refund.told) await onChange(tx, { kind: 'refund-failed', payment, refund, at: now() })
      else log.error({ payment: paymentId, refund: id, failure }, 'money that nobody wants could not be given back')
    })

  /** The one place where a payment changes by what a provider says. */
  async function write(id: string, view: ProviderView): Promise<Payment> {
    return await db.transaction(async tx => {
      const there = (await lockPayment(tx, id))!
      const mismatch = mismatchOf(there, view)
      if (mismatch) throw new Problem('conflict', 'payment_differs', { detail: `${there.provider}: ${mismatch}` })
      const at = now()
      const { changes, lateMinor, ...next } = progressOf(there, view)
      let payment = await notePayment(tx, id, { ...next, keptMethod: view.method ?? null }, at)
      for (const kind of changes) await onChange(tx, changeOf(kind, payment, at))
      if (lateMinor > 0n) await returnLate(tx, payment, lateMinor, at)
      for (const refund of view.refunds) payment = await writeRefund(tx, payment, refund, at)
      return payment
    })
  }

  async function returnLate(tx: Tx, payment: Payment, amountMinor: bigint, at: Date): Promise<void> {
    await insertRefund(tx, { paymentId: payment.id, reference: null, told: false, amountMinor, state: 'asked' }, at)
    await soon(tx, payment.id)
    log.warn({ payment: payment.id, amountMinor: Number(amountMinor) }, 'a cancelled payment was paid; it goes back')
  }

  async function writeRefund(tx: Tx<Name>, payment: Payment, seen: ProviderRefund, at: Date): Promise<Payment> {
    const known = (await refundsOf(tx, payment.id)).find(
      ({ id, providerId }) => id === seen.mark || providerId === seen.id,
    )
    if (!isNews(known, seen)) return payment
    const { id: providerId, amountMinor, state, failure = null } = seen
    const { id } =
      known ??
      (await insertRefund(
        tx,
        {
          paymentId: payment.id,
          reference: null,
          told: payment.state !== 'cancelled',
          amountMinor,
          state: 'pending',
          providerId,
        },
        at,
      ))
    const refund = await noteRefund(tx, id, { state, providerId, failure }, at)
    const summed = await sumRefunds(tx, payment.id)
    // Of one that was made at the provider nobody knew before it succeeded.
    const isHeard = state !== 'failed' || refund.reference !== null || known?.state === 'succeeded'
    if (state !== 'pending' && refund.told && isHeard)
      await onChange(tx, { kind: state === 'failed' ? 'refund-failed' : 'refunded', payment: summed, refund, at })
    return summed
  }

  return { write, end, refuse }
}

function changeOf(
  kind: 'authorised' | 'succeeded' | 'failed' | 'cancelled',
  payment: Payment,
  at: Date,
): PaymentChange {
  if (kind === 'failed') return { kind, payment, failure: payment.failure ?? '', at }
  if (kind === 'cancelled') return { kind, payment, at }
  return { kind, payment, amountMinor: kind === 'authorised' ? payment.authorisedMinor : payment.capturedMinor, at }
}
