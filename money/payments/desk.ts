import { Problem, type Host, type Job, type Tx } from '#kernel'
import {
  mismatchOf,
  isNews,
  progressOf,
  type OnChange,
  type Payment,
  type PaymentChange,
  type Refund,
} from './payment.ts'
import { Refused, Unclear, type PaymentProvider, type ProviderRefund, type ProviderView } from './provider.ts'
import type { Providers } from './providers.ts'
import {
  findPayment,
  insertRefund,
  lockPayment,
  noteIntent,
  notePayment,
  noteRefund,
  refundsOf,
  renewKey,
  renewRefundKey,
  sumRefunds,
} from './store.ts'

/** Has a payment looked after: what is wanted is asked for, and what became of it is written down. */
export type Pursue = Job<{ id: string }>

/** Where payments and providers meet. */
export interface Desk {
  /**
   * Asks the provider for what is written as wanted, looks how the payment stands there, and writes that with all that
   * follows. Whoever hears of a payment in whatever way comes here, at once or together: what was done is done once.
   * Outside of transactions. Ended between any two steps and begun again, it ends the same.
   */
  pursue(id: string): Promise<Payment>
  /** Has it done soon, or at some time, if the transaction stands. */
  soon(tx: Tx, id: string, runAt?: Date): Promise<void>
  /** Writes what a browser came back with, after the provider has looked at it. */
  confirm(payment: Payment, proof: Readonly<Record<string, string>>): Promise<Payment>
}

// Of whatever needs and settings.
export function openDesk<Name extends string>(
  host: Host<Name, any, any>,
  { providers, onChange }: { providers: Providers; onChange: OnChange<Name> },
): Desk {
  const { db, now, log } = host
  const pursueLater: Pursue = host.job('pursue payment', async ({ id }: { id: string }) => void (await pursue(id)))
  const soon = (tx: Tx, id: string, runAt?: Date) => tx.enqueue(pursueLater, { id }, { key: `payment ${id}`, runAt })

  async function pursue(id: string): Promise<Payment> {
    const row = await findPayment(db, id)
    if (!row) throw new Problem('not_found', 'payment_unknown')
    const payment = row.providerId === null ? await create(row) : row
    if (payment.providerId === null) return payment
    const provider = providers.named(payment.provider)
    let view = await provider.lookUp(payment.providerId)
    view = await decide(provider, payment, view)
    view = await giveBack(provider, payment, view)
    return await write(payment.id, view)
  }

  /** Lets the provider know of it; what is cancelled before that it never hears of. */
  async function create(payment: Payment): Promise<Payment> {
    const { id, amountMinor, currency, capture, description, keyNumber, state } = payment
    if (state !== 'asked') return payment
    if (payment.cancelWanted) return await end(payment, 'cancelled', null)
    const money = { minor: amountMinor, currency }
    try {
      const intent = await providers
        .named(payment.provider)
        .create({ mark: id, money, capture, description }, `${id}:create:${keyNumber}`, keyNumber > 0)
      await db.transaction(tx => noteIntent(tx, id, intent))
      return (await findPayment(db, id))!
    } catch (error) {
      if (error instanceof Refused) return await end(payment, 'failed', error.message)
      throw await renewed(error, tx => renewKey(tx, payment))
    }
  }

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

  /** Captures or cancels, where that is wanted and has not come about. */
  async function decide(provider: PaymentProvider, payment: Payment, view: ProviderView): Promise<ProviderView> {
    const { id, currency, captureWantedMinor: wanted, cancelWanted, state, keyNumber } = payment
    const isOpen = view.state !== 'cancelled' && view.state !== 'succeeded'
    const work =
      isOpen && (cancelWanted || state === 'cancelled')
        ? () => provider.cancel(view.id, `${id}:cancel:${keyNumber}`)
        : wanted !== null && (view.state === 'authorised' || view.capturedMinor > wanted)
          ? () => provider.capture(view.id, { minor: wanted, currency }, `${id}:capture:${keyNumber}`)
          : undefined
    if (!work) return view
    try {
      return await work()
    } catch (error) {
      // Most of all because something else had come about first: how it stands now says what.
      if (!(error instanceof Refused)) throw await renewed(error, tx => renewKey(tx, payment))
      log.warn(
        { payment: id, code: error.code, detail: error.message },
        'a payment provider refused what was asked of it',
      )
      return await provider.lookUp(view.id)
    }
  }

  /** Asks for the refunds that the provider does not have yet. */
  async function giveBack(provider: PaymentProvider, payment: Payment, before: ProviderView): Promise<ProviderView> {
    let view = before
    for (const refund of await refundsOf(db, payment.id)) {
      if (refund.state !== 'asked' || view.refunds.some(({ mark }) => mark === refund.id)) continue
      const { id, amountMinor, keyNumber } = refund
      const money = { minor: amountMinor, currency: payment.currency }
      try {
        view = await provider.refund(view.id, { mark: id, money }, `${id}:${keyNumber}`)
      } catch (error) {
        if (!(error instanceof Refused)) throw await renewed(error, tx => renewRefundKey(tx, refund))
        await db.transaction(tx => refuse(tx, payment.id, refund, error.message))
      }
    }
    return view
  }

  async function refuse(tx: Tx<Name>, paymentId: string, { id }: Refund, failure: string): Promise<void> {
    const payment = (await lockPayment(tx, paymentId))!
    const there = (await refundsOf(tx, paymentId)).find(refund => refund.id === id)!
    if (there.state !== 'asked') return
    const refund = await noteRefund(tx, id, { state: 'failed', providerId: null, failure }, now())
    if (refund.told) await onChange(tx, { kind: 'refund-failed', payment, refund, at: now() })
    else log.error({ payment: paymentId, refund: id, failure }, 'money that nobody wants could not be given back')
  }

  /** The one place where a payment changes by what a provider says. */
  async function write(id: string, view: ProviderView): Promise<Payment> {
    return await db.transaction(async tx => {
      const there = (await lockPayment(tx, id))!
      const mismatch = mismatchOf(there, view)
      if (mismatch) throw new Problem('conflict', 'payment_differs', { detail: `${there.provider}: ${mismatch}` })
      const at = now()
      const { changes, lateMinor, ...next } = progressOf(there, view)
      let payment = await notePayment(tx, id, next, at)
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
    if (state !== 'pending' && refund.told)
      await onChange(tx, { kind: state === 'failed' ? 'refund-failed' : 'refunded', payment: summed, refund, at })
    return summed
  }

  /** Where the answer would be repeated for the same key, another one is used from now on. */
  async function renewed(error: unknown, renew: (tx: Tx) => Promise<unknown>): Promise<unknown> {
    if (error instanceof Unclear && error.answered) await db.transaction(renew)
    return error
  }

  return {
    pursue,
    soon,
    async confirm(payment, proof) {
      const { provider, providerId, id } = payment
      if (providerId !== null) await providers.named(provider).confirm(providerId, proof, `${id}:confirm`)
      return await pursue(id)
    },
  }
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
