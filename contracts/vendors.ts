import Type, { type Static } from 'typebox'
import { event } from './define.ts'
import { Currency, Id, Instant, Line, Minor, Owner, Slug } from './shared.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/**
 * Who sells: a person or an organisation, `owner`, and `vendorId` is its id, as the marketplace and orders have it. A
 * vendor's events carry all that everybody may know of it, at its `version`; the greatest version is right, in whatever
 * order they come. Where money goes, and what proves who they are, is told to nobody.
 */

/** `draft` until all is there and handed in, `pending` until an admin decides; `closed` once who sold has left. */
export const VendorStatus = Type.Enum(['draft', 'pending', 'active', 'rejected', 'suspended', 'closed'], {
  examples: ['active'],
})
export type VendorStatus = Static<typeof VendorStatus>

export const Vendor = Type.Object({
  vendorId: Id,
  owner: Owner,
  /** Who asked to sell; null once they have left. */
  applicantId: nullable(Id),
  name: Line(200, { examples: ['Voltwerk'] }),
  slug: Slug,
  status: VendorStatus,
  /** Somebody has looked at what proves who they are. */
  verified: Type.Boolean(),
  version: Type.Integer({ minimum: 1, examples: [1] }),
})
export type Vendor = Static<typeof Vendor>

const Reason = Type.String({ maxLength: 2_000, examples: ['The extract of the register is of another company.'] })
const Decided = Type.Object({ ...Vendor.properties, reason: nullable(Reason) })

/** Somebody wants to sell, and has begun to say who they are. */
export const VendorRegistered = event('vendors', 'vendor.registered', 'vendorId', Vendor)

/** Anything that everybody may know of a vendor changed, its status included. */
export const VendorUpdated = event('vendors', 'vendor.updated', 'vendorId', Vendor)

/** All is there, and an admin is to decide. */
export const VendorSubmitted = event('vendors', 'vendor.submitted', 'vendorId', Vendor)

/** An admin lets a vendor sell: for the first time, after a refusal, or again. */
export const VendorApproved = event('vendors', 'vendor.approved', 'vendorId', Decided)

/** An admin does not let somebody sell, and says why. */
export const VendorRejected = event('vendors', 'vendor.rejected', 'vendorId', Decided)

/** Nothing of a vendor is for sale until it is reinstated; orders that were placed go on. */
export const VendorSuspended = event('vendors', 'vendor.suspended', 'vendorId', Decided)

/** A vendor that was suspended sells again. */
export const VendorReinstated = event('vendors', 'vendor.reinstated', 'vendorId', Decided)

/** Another account was named for what a vendor earns, or taken away; `account` is its country and its end. */
export const VendorAccountChanged = event(
  'vendors',
  'vendor.account-changed',
  'vendorId',
  Type.Object({
    ...Vendor.properties,
    account: nullable(Type.String({ maxLength: 40, examples: ['DE•• •••• 3000'] })),
    at: Instant,
  }),
)

/** `requested` until a second person approves it where that is needed; `sent` once the bank is told. */
export const PayoutStatus = Type.Enum(['requested', 'approved', 'sent', 'paid', 'failed', 'cancelled'], {
  examples: ['approved'],
})
export type PayoutStatus = Static<typeof PayoutStatus>

export const Payout = Type.Object({
  payoutId: Id,
  vendorId: Id,
  owner: Owner,
  currency: Currency,
  amountMinor: { ...Minor, minimum: 1 },
  status: PayoutStatus,
  /** To which it goes: its country and its end. */
  account: Type.String({ maxLength: 40, examples: ['DE•• •••• 3000'] }),
  /** Why it failed. */
  reason: nullable(Type.String({ maxLength: 2_000, examples: ['The bank knows no such account.'] })),
  version: Type.Integer({ minimum: 1, examples: [1] }),
  at: Instant,
})
export type Payout = Static<typeof Payout>

/** A vendor wants what it earned; in the state `requested` it waits for a second person. */
export const PayoutRequested = event('vendors', 'payout.requested', 'payoutId', Payout)

/** What was paid out has left the platform's account. */
export const PayoutPaid = event('vendors', 'payout.paid', 'payoutId', Payout)

/** What was paid out came back, and is there to be paid out again. */
export const PayoutFailed = event('vendors', 'payout.failed', 'payoutId', Payout)

/** What was paid out by transfer was taken back, in part or all, as the vendor owes it. */
export const PayoutReversed = event(
  'vendors',
  'payout.reversed',
  'payoutId',
  Type.Object({ ...Payout.properties, takenMinor: { ...Minor, minimum: 1 } }),
)

/** Where a vendor is paid more is to be known of them, or nothing goes there any more until it is. */
export const VendorRequirementsDue = event(
  'vendors',
  'vendor.requirements-due',
  'vendorId',
  Type.Object({
    ...Vendor.properties,
    /** In the words of the provider. */
    due: Type.Array(Type.String({ maxLength: 200, examples: ['individual.verification.document'] }), { maxItems: 50 }),
    disabled: nullable(Type.String({ maxLength: 500, examples: ['requirements.past_due'] })),
    at: Instant,
  }),
)

/**
 * What the platform keeps of what is sold: a share of the net price and an amount a piece. Of the rules in force at an
 * order's placing the nearest holds: of the vendor in the category or one above it, of the vendor, of the category, of
 * all; of two as near the later one.
 */
export const CommissionRule = Type.Object({
  ruleId: Id,
  /** Null: of every vendor. */
  vendorId: nullable(Id),
  /** Null: in every category. */
  categoryId: nullable(Id),
  /** 100 basis points are one percent. */
  basisPoints: Type.Integer({ minimum: 0, maximum: 10_000, examples: [1_200] }),
  /** A piece, in orders of that currency. */
  fixed: nullable(Type.Object({ currency: Currency, amountMinor: { ...Minor, minimum: 0 } })),
  from: Instant,
  /** Not included; null for one that nobody has ended. */
  until: nullable(Instant),
  version: Type.Integer({ minimum: 1, examples: [1] }),
})
export type CommissionRule = Static<typeof CommissionRule>

/** A rule was made, or ended; orders that were placed keep what they had. */
export const CommissionRuleChanged = event('vendors', 'commission-rule.changed', 'ruleId', CommissionRule)
