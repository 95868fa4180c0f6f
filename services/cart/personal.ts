import type { PersonalTables } from '#kernel'

/** What is kept of a person: what they have put aside to buy. */
export const personal: PersonalTables = {
  carts: 'user_id = $1::uuid',
  cart_lines: 'cart_id in (select id from carts where user_id = $1::uuid)',
}
