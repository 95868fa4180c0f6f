import type { PersonalTables } from '#kernel'

const own = 'owner_id = $1::uuid'

/** What is kept of a person: what they thought of what they bought, and what they offer. */
export const personal: PersonalTables = {
  purchases: 'user_id = $1::uuid',
  reviews: 'user_id = $1::uuid',
  products: own,
  variants: own,
  imports: 'user_id = $1::uuid',
  leavers: 'user_id = $1::uuid',
  vendor_states: 'vendor_id = $1::uuid',
  vendor_names: 'vendor_id = $1::uuid',
}
