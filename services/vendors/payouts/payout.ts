import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Minor, type Owner } from '#contracts/shared'
import { PayoutStatus, type Payout as Told } from '#contracts/vendors'
import { masked } from '../profiles/iban.ts'
import { nullable } from '../profiles/profile.ts'

/** Money on its way to a vendor. */
export interface Payout {
  readonly id: string
  readonly owner: Owner
  readonly currency: string
  readonly amountMinor: bigint
  readonly iban: string
  readonly accountHolder: string
  readonly status: PayoutStatus
  /** Null: the platform itself, of who has left. */
  readonly requestedBy: string | null
  readonly requestedAt: Date
  readonly approvedBy: string | null
  readonly approvedAt: Date | null
  readonly fileId: string | null
  readonly sentAt: Date | null
  readonly endedAt: Date | null
  readonly endedBy: string | null
  readonly reason: string | null
  /** `stripe`: by a transfer to `destination`, an account there. */
  readonly via: 'bank' | 'stripe'
  readonly destination: string | null
  readonly reversedMinor: bigint
  readonly version: number
}

/** Of an account at Stripe its end. */
export const labelOf = (account: string): string => `Stripe •••• ${account.slice(-4)}`

const accountOf = ({ destination, iban }: Payout): string =>
  destination === null ? masked(iban) : labelOf(destination)

export const PayoutView = Type.Object(
  {
    id: Id,
    vendorId: Id,
    currency: Currency,
    amountMinor: { ...Minor, minimum: 1 },
    status: PayoutStatus,
    via: Type.Enum(['bank', 'stripe'], { examples: ['bank'] }),
    account: Type.String({ description: 'Where it goes', examples: ['DE•• •••• 3000'] }),
    iban: Type.String({ description: 'Of the bank account that the vendor has', examples: ['DE•• •••• 3000'] }),
    accountHolder: Type.String({ examples: ['Voltwerk GmbH'] }),
    requestedBy: nullable(Id),
    requestedAt: Instant,
    approvedBy: nullable(Id),
    approvedAt: nullable(Instant),
    fileId: nullable({ ...Id, description: 'Of the bank file it is in' }),
    sentAt: nullable(Instant),
    endedAt: nullable(Instant),
    reason: nullable(Type.String({ description: 'Why it failed', examples: ['The bank knows no such account.'] })),
    reversedMinor: { ...Minor, minimum: 0, examples: [0], description: 'What of it was taken back' },
    version: Type.Integer({ minimum: 1, examples: [1] }),
  },
  { title: 'Payout' },
)

const stamp = (at: Date | null): string | null => at && at.toISOString()

/** As it is written down who let it go. */
export const moneyOf = ({ owner, currency, amountMinor }: Payout) => ({
  vendorId: owner.id,
  currency,
  amountMinor: Number(amountMinor),
})

export const view = (payout: Payout): Static<typeof PayoutView> => ({
  id: payout.id,
  vendorId: payout.owner.id,
  currency: payout.currency,
  amountMinor: Number(payout.amountMinor),
  status: payout.status,
  via: payout.via,
  account: accountOf(payout),
  iban: masked(payout.iban),
  accountHolder: payout.accountHolder,
  requestedBy: payout.requestedBy,
  requestedAt: payout.requestedAt.toISOString(),
  approvedBy: payout.approvedBy,
  approvedAt: stamp(payout.approvedAt),
  fileId: payout.fileId,
  sentAt: stamp(payout.sentAt),
  endedAt: stamp(payout.endedAt),
  reason: payout.reason,
  reversedMinor: Number(payout.reversedMinor),
  version: payout.version,
})

/** As others are told of it. */
export const told = (payout: Payout, at: Date): Told => ({
  payoutId: payout.id,
  vendorId: payout.owner.id,
  owner: payout.owner,
  currency: payout.currency,
  amountMinor: Number(payout.amountMinor),
  status: payout.status,
  account: accountOf(payout),
  reason: payout.reason,
  version: payout.version,
  at: at.toISOString(),
})
