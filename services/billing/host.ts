import Type from 'typebox'
import {
  AdHocPaid,
  AdHocStartRequested,
  AdHocStopRequested,
  BudgetReached,
  ChargeUnpaid,
  CompanyCardChanged,
  DriverBlocked,
  DriverUnblocked,
  InvoiceIssued,
  ReimbursementStated,
  SessionCharged,
  SessionCredited,
  TariffPublished,
  TariffWithdrawn,
  TopUpFailed,
  WalletLow,
} from '#contracts/billing'
import { getPerson, listMembers } from '#contracts/identity'
import { getToken } from '#contracts/ocpp'
import { getSessionCourse } from '#contracts/sessions'
import { getConnector, getStation } from '#contracts/stations'
import { Setting, type Host } from '#kernel'
import { paymentSettings } from '#money/payments'

export const settings = Type.Object({
  BILLING_QUOTE_LASTS: Setting.duration('How long a price that was quoted holds for a session that begins.', {
    default: '15m',
  }),
  BILLING_HOLD_KWH: Setting.integer('So much energy is kept of a wallet when a session begins, as far as it reaches.', {
    default: 40,
    minimum: 0,
    maximum: 10_000,
  }),
  ...paymentSettings,
  BILLING_LOW_BALANCE_MINOR: Setting.integer(
    'Below which balance drivers are told that little is left, in the minor unit of each currency, unless they say otherwise.',
    { default: 1_000, minimum: 0, maximum: 1_000_000_000 },
  ),
  BILLING_TERMINAL_WEBHOOK_HOSTS: Setting.list(
    'Hosts at which payment terminals may be told of what they have to do, with the port where it is another than usual. Unless set none is told.',
  ),
  BILLING_SECRET_OVERLAP: Setting.duration(
    'How long the secret that a payment terminal had holds beside its new one.',
    {
      default: '24h',
    },
  ),
  BILLING_CREDIT_ALONE_MINOR: Setting.integer(
    'What somebody may give back of a session by hand before a second person has to agree, in the minor unit of each currency.',
    { default: 5_000, minimum: 0, maximum: 1_000_000_000 },
  ),
  BILLING_DEBT_ALLOWED_MINOR: Setting.integer(
    'What a driver may owe, in the minor unit of each currency, before they start no further session.',
    { default: 0, minimum: 0, maximum: 1_000_000_000 },
  ),
  BILLING_LEAST_BALANCE_MINOR: Setting.integer(
    'What a wallet of a driver must hold before they start a session, in the minor unit of its currency; what is kept for sessions that run counts. 0 asks for nothing. Whose company pays, or who pays at the pole, needs none.',
    { default: 0, minimum: 0, maximum: 1_000_000_000 },
  ),
})

export const publishes = [
  TariffPublished,
  TariffWithdrawn,
  SessionCharged,
  SessionCredited,
  ChargeUnpaid,
  WalletLow,
  TopUpFailed,
  InvoiceIssued,
  DriverBlocked,
  DriverUnblocked,
  AdHocStartRequested,
  AdHocStopRequested,
  AdHocPaid,
  CompanyCardChanged,
  BudgetReached,
  ReimbursementStated,
]

/** Where a charger stands and whose it is, what its connectors are, how a session went, and what people are called. */
export const needs = [getStation, getConnector, getSessionCourse, getPerson, listMembers, getToken] as const

/** What this service has of the world. */
export type BillingHost = Host<'billing', (typeof needs)[number], typeof settings>
