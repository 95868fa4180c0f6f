import type { PersonalTables } from '#kernel'

const own = 'owner_id = $1::uuid'

/** What is kept of a person: their cards, and chargers of their own. */
export const personal: PersonalTables = {
  tokens: 'owner_id = $1::uuid or user_id = $1::uuid',
  token_changes: own,
  company_cards: 'holder_id = $1::uuid',
  drivers_blocked: 'driver_id = $1::uuid',
  bookings: 'driver_id = $1::uuid',
  transactions: "upper(token ->> 'idToken') in (select upper(id_token) from tokens where user_id = $1::uuid)",
  chargers: own,
  firmware_campaigns: own,
  imports: 'user_id = $1::uuid',
}
