import type { Problems } from '#kernel'
import { invoiceProblems } from '#money/invoices'
import { paymentProblems } from '#money/payments'
import { taxProblems } from '#money/tax'

/** What orders refuse with. */
export const problems = {
  ...paymentProblems,
  ...invoiceProblems,
  ...taxProblems,
  order_unknown: ['not_found', 'There is no such order, or it is not for who asks.'],
  order_state: ['conflict', 'The order is not in a state for that.'],
  order_shipped: ['conflict', 'What was sent already is not cancelled; it can be given back.'],
  order_total_changed: ['conflict', 'The order would cost something else than what was agreed to.'],
  price_changed: ['conflict', 'A price is not what the buyer was told; agree to the new total.'],
  order_too_large: ['unprocessable', 'No order can cost that much.'],
  cart_empty: ['conflict', 'There is nothing in the cart.'],
  product_not_for_sale: ['conflict', 'Something in the cart cannot be bought any more.'],
  price_missing: ['conflict', 'Something in the cart has no price in this currency.'],
  stock_short: ['conflict', 'There is less of something than what was asked for.'],
  quantity_above_limit: ['conflict', 'An order takes no more of this than the vendor allows.'],
  shipping_unavailable: ['conflict', 'A vendor does not send there.'],
  shipping_option_unknown: ['not_found', 'There is no such way to send things, or it is not for who asks.'],
  seller_unknown: ['not_found', 'Nobody has said yet who sells here.'],
  part_unknown: ['not_found', 'The order has no such part, or it is not for who asks.'],
  line_unknown: ['not_found', 'The order has no such line.'],
  refund_above_paid: ['conflict', 'More would go back than was paid and has not gone back yet.'],
  coupon_unknown: ['not_found', 'There is no such coupon.'],
  coupon_taken: ['conflict', 'There is a coupon of this code already.'],
  coupon_not_yet: ['conflict', 'The coupon does not count yet.'],
  coupon_ended: ['conflict', 'The coupon counts no longer.'],
  coupon_used_up: ['conflict', 'The coupon was used as often as it may be.'],
  coupon_not_for_this: ['conflict', 'The coupon takes nothing off what is in the cart.'],
  coupon_below_least: ['conflict', 'The coupon needs an order of more.'],
  gift_card_unknown: ['not_found', 'There is no such gift card, or nothing is left of it.'],
  gift_card_short: ['conflict', 'There is less on the gift card by now.'],
  shipment_unknown: ['not_found', 'There is no such shipment.'],
  nothing_to_ship: ['conflict', 'There is no such thing left to send.'],
  keys_known: ['conflict', 'Some of these keys are in the pool already.'],
  variant_unknown: ['not_found', 'There is no such variant, or it is not for who asks.'],
  download_unknown: ['not_found', 'There is no such download, or its link was changed.'],
  download_used_up: ['conflict', 'It was fetched as often as it may be.'],
  file_missing: ['not_found', 'The file is not there.'],
} satisfies Problems
