import { Problem, type Job } from '#kernel'
import { openAsking } from './asking.ts'
import type { AnyHost, OnChange, Payment } from './payment.ts'
import { Refused } from './provider.ts'
import type { Providers } from './providers.ts'
import { findPayment } from './store.ts'
import { openWriting, type Soon } from './writing.ts'

/** Where payments and providers meet. */
export interface Desk {
  /**
   * Asks the provider for what is written as wanted, looks how the payment stands there, and writes that with all that
   * follows. Whoever hears of a payment in whatever way comes here, at once or together: what was done is done once.
   * Outside of transactions. Ended between any two steps and begun again, it ends the same.
   */
  pursue(id: string): Promise<Payment>
  soon: Soon
  /** Writes what a browser came back with, after the provider has looked at it. */
  confirm(payment: Payment, proof: Readonly<Record<string, string>>): Promise<Payment>
}

export function openDesk<Name extends string>(
  host: AnyHost<Name>,
  { providers, onChange }: { providers: Providers; onChange: OnChange<Name> },
): Desk {
  const pursueLater: Job<{ id: string }> = host.job(
    'pursue payment',
    async ({ id }: { id: string }) => void (await pursue(id)),
  )
  const soon: Soon = (tx, id, runAt) => tx.enqueue(pursueLater, { id }, { key: `payment ${id}`, runAt })
  const writing = openWriting(host, onChange, soon)
  const asking = openAsking(host as AnyHost, providers, writing)

  async function pursue(id: string): Promise<Payment> {
    const row = await findPayment(host.db, id)
    if (!row) throw new Problem('not_found', 'payment_unknown')
    const payment = row.providerId === null ? await asking.create(row) : row
    const { providerId } = payment
    return providerId === null ? payment : await writing.write(id, await asking.bringAbout({ ...payment, providerId }))
  }

  return {
    pursue,
    soon,
    async confirm(payment, proof) {
      const { provider, providerId, id } = payment
      const key = `${id}-confirm-${proof.payment_method ?? ''}`
      if (providerId !== null)
        await providers
          .named(provider)
          .confirm(providerId, proof, key)
          .catch(error => {
            // A card was declined: that is how the payment stands.
            if (!(error instanceof Refused)) throw error
          })
      return await pursue(id)
    },
  }
}
