import type { Host, Tx } from '#kernel'
import type { AnyHost, Payment, Refund } from './payment.ts'
import { Refused, Unclear, type PaymentProvider, type ProviderView } from './provider.ts'
import type { Providers } from './providers.ts'
import { findPayment, noteIntent, refundsOf, renewKey, renewRefundKey } from './store.ts'
import type { Writing } from './writing.ts'

/** What is written as wanted and has not come about is asked of the provider. */
export interface Asking {
  /** Without an intent there where it is over before. */
  create(payment: Payment): Promise<Payment>
  /** How it stands there after all that was wanted. */
  bringAbout(payment: Payment & { readonly providerId: string }): Promise<ProviderView>
}

export function openAsking(
  { db, log, now }: AnyHost,
  providers: Providers,
  { end, refuse }: Pick<Writing, 'end' | 'refuse'>,
): Asking {
  const create = openCreating({ db, now }, providers, end)

  /** Cancels, charges what is kept, or captures, where that is wanted and has not come about. */
  async function decide(provider: PaymentProvider, payment: Payment, view: ProviderView): Promise<ProviderView> {
    const { id, amountMinor, currency, capture, captureWantedMinor, cancelWanted, state, keyNumber, method } = payment
    // Of what is captured by itself nothing is left for us, unless the account at the provider is set up otherwise.
    const wanted = captureWantedMinor ?? (capture === 'automatic' ? amountMinor : null)
    const isOpen = view.state !== 'cancelled' && view.state !== 'succeeded'
    const work =
      isOpen && (cancelWanted || state === 'cancelled')
        ? () => provider.cancel(view.id, `${id}-cancel-${keyNumber}`)
        : method !== null && view.state === 'pending' && state !== 'failed'
          ? () => provider.charge(view.id, method, `${id}-charge-${keyNumber}`)
          : wanted !== null && state !== 'succeeded' && (view.state === 'authorised' || view.capturedMinor > wanted)
            ? () => provider.capture(view.id, { minor: wanted, currency }, `${id}-capture-${keyNumber}`)
            : undefined
    if (!work) return view
    try {
      return await work()
    } catch (error) {
      // Most of all because something else had come about first: how it stands now says what.
      if (!(error instanceof Refused)) throw await renewed(db, error, tx => renewKey(tx, payment))
      log.warn(
        { payment: id, code: error.code, detail: error.message },
        'a payment provider refused what was asked of it',
      )
      // Providers say no again to the same key, though meanwhile it may be possible.
      await db.transaction(tx => renewKey(tx, payment))
      const seen = await provider.lookUp(view.id)
      // What is kept is not there any more, so it never will be paid with that.
      return method !== null && seen.state === 'pending' ? { ...seen, state: 'failed', failure: error.message } : seen
    }
  }

  /** Asks for the refunds that the provider does not have yet. */
  async function giveBack(
    provider: PaymentProvider,
    payment: Payment,
    refunds: readonly Refund[],
    before: ProviderView,
  ): Promise<ProviderView> {
    let view = before
    for (const refund of refunds) {
      if (refund.state !== 'asked' || view.refunds.some(({ mark }) => mark === refund.id)) continue
      const { id, amountMinor, keyNumber } = refund
      const money = { minor: amountMinor, currency: payment.currency }
      try {
        view = await provider.refund(view.id, { mark: id, money }, `${id}-${keyNumber}`)
      } catch (error) {
        if (!(error instanceof Refused)) throw await renewed(db, error, tx => renewRefundKey(tx, refund))
        await refuse(payment.id, refund, error.message)
      }
    }
    return view
  }

  return {
    create,
    async bringAbout(payment) {
      // Before the look: of a refund with a newer key it shows what became of the older one.
      const refunds = await refundsOf(db, payment.id)
      const provider = providers.named(payment.provider)
      const before = await provider.lookUp(payment.providerId)
      return await giveBack(provider, payment, refunds, await decide(provider, payment, before))
    },
  }
}

function openCreating(
  { db, now }: Pick<Host, 'db' | 'now'>,
  providers: Providers,
  end: Writing['end'],
): Asking['create'] {
  const creating = new Map<string, Promise<Payment>>()

  /** Lets the provider know of it; what is cancelled before that it never hears of. */
  async function create(payment: Payment): Promise<Payment> {
    const { id, state, cancelWanted } = payment
    if (state !== 'asked') return payment
    if (cancelWanted) return await end(payment, 'cancelled', null)
    // Orders at Razorpay have no idempotency key: who asks at once asks together.
    const under = creating.get(id) ?? createIntent(payment).finally(() => creating.delete(id))
    creating.set(id, under)
    return await under
  }

  async function createIntent(payment: Payment): Promise<Payment> {
    const { id, amountMinor, currency, capture, description, keyNumber, createdAt: at, keeps: keep, customer } = payment
    const intent = { mark: id, at, money: { minor: amountMinor, currency }, capture, description, keep, customer }
    // Somebody may have tried before.
    const again = keyNumber > 0 || now().getTime() - at.getTime() > 10_000
    try {
      const made = await providers.named(payment.provider).create(intent, `${id}-create-${keyNumber}`, again)
      await db.transaction(tx => noteIntent(tx, id, made))
      return (await findPayment(db, id))!
    } catch (error) {
      if (error instanceof Refused) return await end(payment, 'failed', error.message)
      throw await renewed(db, error, tx => renewKey(tx, payment))
    }
  }

  return create
}

/** Where the answer would be repeated for the same key, another one is used from now on. */
async function renewed(db: Host['db'], error: unknown, renew: (tx: Tx) => Promise<unknown>): Promise<unknown> {
  if (error instanceof Unclear && error.answered) await db.transaction(renew)
  return error
}
