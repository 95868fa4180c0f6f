import { Problem } from '#kernel'
import type { Money } from '../amount.ts'

/** What is asked of a provider. `mark` is the id of our payment, which the provider keeps beside its own. */
export interface Intent {
  readonly mark: string
  /** When it was wanted. */
  readonly at: Date
  readonly money: Money
  /** `manual`: it is authorised first, and captured when we say so. */
  readonly capture: 'automatic' | 'manual'
  readonly description: string
  /** What it is paid with is kept for later, of this payer or a new one. */
  readonly keep: boolean
  readonly customer: string | null
}

/** How a payment stands at the provider, in our words. */
export interface ProviderView {
  /** Of the intent or order. */
  readonly id: string
  readonly mark: string | undefined
  readonly state: 'pending' | 'failed' | 'authorised' | 'cancelled' | 'succeeded'
  readonly money: Money
  readonly authorisedMinor: bigint
  readonly capturedMinor: bigint
  /** Those of captured money, made by us (with a mark) or by somebody at the provider. */
  readonly refunds: readonly ProviderRefund[]
  /** Why it failed, for people. */
  readonly failure: string | undefined
  /** With what it was paid, where that is kept. */
  readonly method?: string | undefined
}

export interface ProviderRefund {
  readonly id: string
  readonly mark: string | undefined
  readonly amountMinor: bigint
  readonly state: 'pending' | 'succeeded' | 'failed'
  readonly failure: string | undefined
}

/** What a provider tells us of by itself, in our words. */
export interface ProviderEvent {
  /** The same for each delivery of it. */
  readonly id: string
  readonly type: string
  /** Whose it is; null where the provider names nobody, which means us. */
  readonly account: string | null
  /** Undefined where it is about nothing we know of. */
  readonly about?: {
    readonly id?: string
    readonly mark?: string
    readonly currency?: string
    /** Of the whole payment. */
    readonly amountMinor?: number
  }
  readonly dispute?: { readonly id: string; readonly amountMinor: number; readonly state: 'open' | 'won' | 'lost' }
}

export type Headers = Readonly<Record<string, string | string[] | undefined>>

/**
 * One who takes payments for us. Every verb may be repeated with its key; of what cannot be told whether it was done it
 * fails with `Unclear`, of what was not done and will not be with `Refused`. Each answers how the payment stands then.
 */
export interface PaymentProvider {
  readonly name: string
  /** What browsers need to speak with it; no secret. */
  readonly publicKey: string | null
  /** `again`: an earlier try with another key may have done it, so it is looked for first. */
  create(
    intent: Intent,
    key: string,
    again: boolean,
  ): Promise<{ id: string; clientSecret: string | null; customer?: string | null }>
  /** What a browser comes back with is checked, or a payment method is put to the intent. Fails with `payment_proof_invalid`. */
  confirm(id: string, proof: Readonly<Record<string, string>>, key: string): Promise<ProviderView>
  /** Takes it with what is kept of the payer, who is not there. */
  charge(id: string, method: string, key: string): Promise<ProviderView>
  /** All that was authorised or less; what is left goes back to the payer. */
  capture(id: string, money: Money, key: string): Promise<ProviderView>
  /** Nothing is paid any more, and what was authorised goes back; too late where it is captured. */
  cancel(id: string, key: string): Promise<ProviderView>
  refund(id: string, refund: { mark: string; money: Money }, key: string): Promise<ProviderView>
  lookUp(id: string): Promise<ProviderView>
  /** What an event says whose signature was made with our secret, over these bytes and lately; undefined of all others. */
  verify(body: Buffer, headers: Headers): Promise<ProviderEvent | undefined>
}

/** The provider did not answer, or not whether it did what it was asked. */
export class Unclear extends Problem {
  /** With an answer of 5xx: for the same key it would be answered again. */
  readonly answered: boolean
  constructor(provider: string, why: string, answered: boolean) {
    super('unavailable', 'payment_provider_unavailable', {
      detail: `The payment provider ${provider} does not answer as it should: ${why}`,
      retryAfter: 5,
    })
    this.answered = answered
  }
}

/** The provider said no, and will again. */
export class Refused extends Error {
  override name = 'Refused'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** One value of a header. */
export const headerOf = (headers: Headers, name: string): string | undefined => {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}
