import type { Problems } from '#kernel'

/** What users refuse with. */
export const problems = {
  time_zone_unknown: ['unprocessable', 'There is no such time zone.'],
  avatar_unknown: ['unprocessable', 'There is no such document, or a virus scanner has not let it pass.'],
  account_gone: ['conflict', 'The account was deleted.'],
  address_unknown: ['not_found', 'There is no such address, or it is not for who asks.'],
  addresses_too_many: ['conflict', 'There are as many addresses as one may have.'],
  product_unavailable: ['unprocessable', 'There is no such product.'],
  currency_unavailable: ['unprocessable', 'The product has no price in that currency.'],
  wish_unknown: ['not_found', 'There is no such wish, or it is not for who asks.'],
  wishes_too_many: ['conflict', 'There are as many wishes as one may have.'],
} satisfies Problems
