import type { Problems } from '#kernel'
import { paymentProblems } from '#money/payments'

/** What billing refuses with. */
export const problems = {
  ...paymentProblems,
  tariff_unknown: ['not_found', 'There is no such tariff, or it is not for who asks.'],
  tariff_withdrawn: ['conflict', 'The tariff is no longer offered; make a new one.'],
  tariff_use_taken: ['conflict', 'Another tariff is in force at one of these places for the same drivers.'],
  group_unknown: ['not_found', 'There is no such group of drivers, or it is not for who asks.'],
  group_in_use: ['conflict', 'A tariff names this group of drivers.'],
  amount_too_great: ['unprocessable', 'That would cost more than can be booked.'],
  invoice_unknown: ['not_found', 'There is no such invoice, or it is not for who asks.'],
  seller_unknown: ['not_found', 'Nobody has said yet who sells here.'],
  charge_unknown: ['not_found', 'There is no such session, or it is not for who asks.'],
  wallet_short: ['conflict', 'There is less in the wallet than that, beside what is kept for sessions that run.'],
  wallet_unknown: ['not_found', 'There is no money in this currency, and never was.'],
  station_unknown: ['not_found', 'There is no such station, or it is not for who asks.'],
  tax_id_invalid: ['unprocessable', 'That is no tax number: its form or its check digit is wrong.'],
  connector_unknown: ['not_found', 'The station has no such connector.'],
  visit_unknown: ['not_found', 'Nobody has paid in advance there.'],
  ad_hoc_unavailable: [
    'conflict',
    'One cannot pay in advance there: charging costs nothing, or nobody said who sells.',
  ],
  charger_unready: ['conflict', 'The charger cannot be reached, or the connector is in use or out of order.'],
  terminal_unknown: ['not_found', 'There is no such terminal, or it is not for who asks.'],
  terminal_unproven: ['unauthenticated', 'The signature of the terminal is not valid, or older than five minutes.'],
  authorisation_unknown: ['not_found', 'The terminal has told of no such authorisation.'],
  authorisation_differs: ['conflict', 'The terminal told of it before, otherwise.'],
  authorisation_over: ['conflict', 'There is nothing like that to be done for it, or no more.'],
  currency_unknown: ['unprocessable', 'There is no such currency.'],
} satisfies Problems
