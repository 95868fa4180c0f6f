import type { PersonalTables } from '#kernel'

const theirs = 'vendor_id = $1::uuid'

/** What is kept of a person: who they are as a vendor, what they sold, and what was decided, about them and by them. */
export const personal: PersonalTables = {
  vendors: 'id = $1::uuid or applicant_id = $1::uuid',
  decisions: 'vendor_id = $1::uuid or decided_by = $1::uuid',
  slugs: theirs,
  products: theirs,
  reviews: theirs,
  sold_parts: theirs,
  commission_rules: theirs,
  account_changes: theirs,
  payouts: theirs,
  statements: theirs,
  moves: theirs,
  transfer_accounts: 'owner_id = $1::uuid',
  transfers: 'owner_id = $1::uuid',
  ledger_accounts: 'owner_id = $1::uuid',
}
