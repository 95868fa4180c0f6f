import { randomBytes } from 'node:crypto'
import type { Owner } from '#contracts/shared'
import type { ChargePlace } from '../charges/store.ts'

/** Somebody without an account who charges once, and pays in advance by card: on a page, or at a terminal. */
export interface Visit {
  readonly id: string
  /** Who has it is who paid. */
  readonly key: string
  readonly terminalId: string | null
  readonly reference: string | null
  readonly paymentId: string | null
  readonly stationId: string
  readonly stationName: string
  readonly chargerId: string
  readonly evse: number
  readonly connector: number
  readonly seller: Owner
  readonly tariffId: string
  readonly version: number
  readonly place: ChargePlace
  readonly currency: string
  readonly amountMinor: bigint
  readonly email: string | null
  readonly language: 'en' | 'de'
  readonly token: string
  readonly state: 'paying' | 'starting' | 'charging' | 'done' | 'failed'
  readonly reason: Reason | null
  readonly requestId: string | null
  readonly beginBy: Date | null
  readonly sessionId: string | null
  readonly stopWantedAt: Date | null
  readonly stopAskedAt: Date | null
  readonly captureMinor: bigint | null
  readonly returnedMinor: bigint
  readonly capturedMinor: bigint
  readonly createdAt: Date
  readonly authorisedAt: Date | null
  readonly endedAt: Date | null
  /** Of one at a terminal: when it had done what was to be done. */
  readonly closedAt: Date | null
}

/**
 * `unpaid`: nobody paid in time; `offline`, `refused`, `unstarted`: the charger could not be reached, did not want to, or
 * nothing began; `lapsed`: the bank, or the payer, took back what was reserved.
 */
export type Reason = 'unpaid' | 'offline' | 'refused' | 'unstarted' | 'lapsed'

const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const prefix = 'AH'

/** Twenty characters, as 1.6 takes no more, which nobody guesses. */
export const newToken = (): string => prefix + [...randomBytes(18)].map(byte => letters[byte % 32]).join('')

/** Whether a token may be of a visit; of most it can be told without a look. */
export const mayBeVisit = (idToken: string | undefined): idToken is string =>
  idToken !== undefined && idToken.length === 20 && idToken.toUpperCase().startsWith(prefix)

export const newKey = (): string => randomBytes(24).toString('base64url')

/** More than that a session of the visit does not cost; of no energy it costs nothing. */
export function mostFor(
  { captureMinor, returnedMinor, amountMinor }: Pick<Visit, 'captureMinor' | 'returnedMinor' | 'amountMinor'>,
  energyWh: bigint,
): bigint {
  if (energyWh === 0n) return 0n
  return captureMinor === null ? amountMinor : captureMinor - returnedMinor
}

/** So long somebody may take to pay. */
export const payWithinMs = 30 * 60_000
/** So long a charger may take until a session begins: the cable may be plugged in behind the payment. */
export const beginWithinMs = 10 * 60_000
/** Banks keep what is reserved for seven days, Razorpay for five: what was used is taken before. */
export const chargeWithinMs = { razorpay: 4 * 86_400_000, other: 6 * 86_400_000 }
