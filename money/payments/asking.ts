import type { Host, Tx } from '#kernel'
import type { Payment } from './payment.ts'
import { Refused, Unclear, type PaymentProvider, type ProviderView } from './provider.ts'
import type { Providers } from './providers.ts'
import { findPayment, noteIntent, refundsOf, renewKey, renewRefundKey } from './store.ts'
import type { Writing } from './writing.ts'

/** What is written as wanted and has not come about is asked of the provider. */
export interface Asking {
  /** Without an intent there where it is over before. */
  create(payment: Payment): Promise<Payment>
  /** How it stands after all that was wanted, having been so before. */
  bringAbout(provider: PaymentProvider, payment: Payment, before: ProviderView): Promise<ProviderView>
}

export function openAsking(
  { db, log }: Host<string, any, any>, // of whatever needs and settings
  providers: Providers,
  { end, refuse }: Pick<Writing, 'end' | 'refuse'>,
): Asking {
  /** Lets the provider know of it; what is cancelled before that it never hears of. */
  async function create(payment: Payment): Promise<Payment> {
    const { id, amountMinor, currency, capture, description, keyNumber, state, createdAt } = payment
    if (state !== 'asked') return payment
    if (payment.cancelWanted) return await end(payment, 'cancelled', null)
    const money = { minor: amountMinor, currency }
    try {
      const intent = await providers
        .named(payment.provider)
        .create({ mark: id, at: createdAt, money, capture, description }, `${id}:create:${keyNumber}`, keyNumber > 0)
      await db.transaction(tx => noteIntent(tx, id, intent))
      return (await findPayment(db, id))!
    } catch (error) {
      if (error instanceof Refused) return await end(payment, 'failed', error.message)
      throw await renewed(error, tx => renewKey(tx, payment))
    }
  }

  /** Captures or cancels, where that is wanted and has not come about. */
  async function decide(provider: PaymentProvider, payment: Payment, view: ProviderView): Promise<ProviderView> {
    const { id, amountMinor, currency, capture, captureWantedMinor, cancelWanted, state, keyNumber } = payment
    // Of what is captured by itself nothing is left for us, unless the account at the provider is set up otherwise.
    const wanted = captureWantedMinor ?? (capture === 'automatic' ? amountMinor : null)
    const isOpen = view.state !== 'cancelled' && view.state !== 'succeeded'
    const work =
      isOpen && (cancelWanted || state === 'cancelled')
        ? () => provider.cancel(view.id, `${id}:cancel:${keyNumber}`)
        : wanted !== null && state !== 'succeeded' && (view.state === 'authorised' || view.capturedMinor > wanted)
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
      // Providers say no again to the same key, though meanwhile it may be possible.
      await db.transaction(tx => renewKey(tx, payment))
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
        await refuse(payment.id, refund, error.message)
      }
    }
    return view
  }

  /** Where the answer would be repeated for the same key, another one is used from now on. */
  async function renewed(error: unknown, renew: (tx: Tx) => Promise<unknown>): Promise<unknown> {
    if (error instanceof Unclear && error.answered) await db.transaction(renew)
    return error
  }

  return {
    create,
    bringAbout: async (provider, payment, before) =>
      await giveBack(provider, payment, await decide(provider, payment, before)),
  }
}
