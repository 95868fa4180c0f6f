import type { Owner } from '#contracts/shared'
import type { Problems, Tx } from '#kernel'

/** Somebody’s account at the provider, as of the last look. */
export interface PaidAccount {
  readonly owner: Owner
  readonly providerId: string
  /** Money may go there, and from there to their bank. */
  readonly ready: boolean
  /** What the provider wants to know of them, in its words: `individual.verification.document`. */
  readonly due: readonly string[]
  /** Why money may not go there. */
  readonly disabled: string | null
  readonly version: number
  readonly checkedAt: Date
  readonly createdAt: Date
}

export interface Onboarding {
  /** ISO 3166-1, of the account. */
  readonly country: string
  readonly email: string | null
  readonly returnUrl: string
  readonly refreshUrl: string
}

export interface Transfer {
  readonly id: string
  /** What it pays, in the including service: one transfer for each. */
  readonly reference: string
  readonly ownerId: string
  readonly account: string
  readonly amountMinor: bigint
  readonly currency: string
  readonly description: string
  readonly state: 'asked' | 'succeeded' | 'failed'
  readonly providerId: string | null
  readonly keyNumber: number
  /** Why it has not come about, or never will. */
  readonly failure: string | null
  readonly reversedMinor: bigint
  readonly createdAt: Date
}

export interface Reversal {
  readonly id: string
  readonly transferId: string
  readonly ours: boolean
  readonly amountMinor: bigint
  readonly state: 'asked' | 'succeeded' | 'failed'
  readonly keyNumber: number
  readonly providerId: string | null
}

/**
 * What became of a transfer. The service is told of each once, in the transaction that writes it: that it `succeeded` or
 * `failed`, and behind the first what of it is `reversed`, or that a reversal which was asked for failed.
 */
export type TransferChange = { readonly transfer: Transfer; readonly at: Date } & (
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed'; readonly failure: string }
  | { readonly kind: 'reversed' | 'reversal-failed'; readonly reversal: Reversal }
)

/** The service’s part, in the transaction of what changed. */
export interface Heard<Name extends string> {
  onTransfer(tx: Tx<Name>, change: TransferChange): Promise<void>
  /** `before` is undefined the first time. */
  onAccount(tx: Tx<Name>, account: PaidAccount, before: PaidAccount | undefined, at: Date): Promise<void>
}

/** Codes of problems of transfers, for `problems` of the including service. */
export const transferProblems = {
  transfers_unavailable: [
    'conflict',
    'Nobody is paid by transfer here: STRIPE_SECRET_KEY and STRIPE_CONNECT_WEBHOOK_SECRET are not set.',
  ],
  payment_provider_unavailable: ['unavailable', 'The payment provider does not answer. Try again.'],
  payout_account_refused: ['unprocessable', 'The payment provider opens no account like this.'],
  webhook_unproven: ['invalid', 'The signature of the webhook is not valid, or older than five minutes.'],
} as const satisfies Problems
