import type { Problems } from '#kernel'
import { paymentProblems } from '#money/payments'

/** What users refuse with. */
export const problems = {
  ...paymentProblems,
  time_zone_unknown: ['unprocessable', 'There is no such time zone.'],
  avatar_unknown: ['unprocessable', 'There is no such document, or a virus scanner has not let it pass.'],
  account_gone: ['conflict', 'The account was deleted.'],
  address_unknown: ['not_found', 'There is no such address, or it is not for who asks.'],
  addresses_too_many: ['conflict', 'There are as many addresses as one may have.'],
  product_unavailable: ['unprocessable', 'There is no such product.'],
  currency_unavailable: ['unprocessable', 'The product has no price in that currency.'],
  wish_unknown: ['not_found', 'There is no such wish, or it is not for who asks.'],
  wishes_too_many: ['conflict', 'There are as many wishes as one may have.'],
  plan_unknown: ['not_found', 'There is no such plan, or it is not for who asks.'],
  plan_withdrawn: ['conflict', 'The plan is no longer offered; make a new one.'],
  plan_not_offered: ['unprocessable', 'There is no such plan, or it is no longer offered.'],
  plan_same: ['conflict', 'It has that plan already.'],
  plan_currency_differs: ['conflict', 'One changes only to plans of the same seller in the same currency.'],
  seller_unknown: ['not_found', 'Nobody has said yet who sells here.'],
  subscription_unknown: ['not_found', 'There is no such subscription, or it is not for who asks.'],
  subscription_exists: ['conflict', 'One subscribes to this plan already.'],
  subscription_state_wrong: ['conflict', 'As the subscription stands it cannot be done with it.'],
  invoice_unknown: ['not_found', 'There is no such invoice, or it is not for who asks.'],
  tax_id_invalid: ['unprocessable', 'That is no tax number: its form or its check digit is wrong.'],
  currency_unknown: ['unprocessable', 'There is no such currency.'],
} satisfies Problems
