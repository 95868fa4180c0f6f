import Type from 'typebox'
import { listSwitches } from '#contracts/admin'
import { getDocumentFile } from '#contracts/documents'
import { listMembers } from '#contracts/identity'
import { getSeller, listSellers } from '#contracts/orders'
import {
  CommissionRuleChanged,
  PayoutFailed,
  PayoutPaid,
  PayoutRequested,
  PayoutReversed,
  VendorAccountChanged,
  VendorApproved,
  VendorRegistered,
  VendorReinstated,
  VendorRejected,
  VendorRequirementsDue,
  VendorSubmitted,
  VendorSuspended,
  VendorUpdated,
} from '#contracts/vendors'
import { Setting, type Host } from '#kernel'
import { transferSettings } from '#money/transfers'

export const settings = Type.Object({
  VENDORS_SETTLE_AFTER: Setting.duration('How long after its delivery what was sold can be paid out to its vendor.', {
    default: '14d',
  }),
  VENDORS_PAYOUT_ALONE_MINOR: Setting.integer(
    'Up to what a vendor is paid out in a day without a second person, in the minor unit of each currency.',
    { default: 100_000, minimum: 0, maximum: 1_000_000_000_000 },
  ),
  ANALYTICS_TIME_ZONE: Setting.text('Time zone of the days of what vendors sold; the one that analytics counts by.', {
    default: 'UTC',
    pattern: '^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$',
    form: 'like Europe/Berlin',
  }),
  VENDORS_PAYOUT_IBAN: Type.Optional(Setting.text('The account from which vendors are paid: its IBAN.')),
  VENDORS_PAYOUT_HOLDER: Type.Optional(Setting.text('Whose account that is.')),
  ...transferSettings,
})

export const publishes = [
  VendorRegistered,
  VendorUpdated,
  VendorSubmitted,
  VendorApproved,
  VendorRejected,
  VendorSuspended,
  VendorReinstated,
  CommissionRuleChanged,
  VendorAccountChanged,
  PayoutRequested,
  PayoutPaid,
  PayoutFailed,
  PayoutReversed,
  VendorRequirementsDue,
]

/** Whether a document is there, as whom vendors sell, as orders know it, and who belongs to a vendor. */
export const needs = [getDocumentFile, getSeller, listMembers, listSellers] as const

type Asked = (typeof needs)[number] | typeof listSwitches
/** Whether asking to be let in is switched on. */
export const asksLater: readonly Asked[] = [listSwitches]

/** What this service has of the world. */
export type VendorsHost = Host<'vendors', Asked, typeof settings>
