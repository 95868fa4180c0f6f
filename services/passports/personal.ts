import type { PersonalTables } from '#kernel'

/** What is kept of a person: passports of their own with all versions, and what they may read. */
export const personal: PersonalTables = {
  passports: 'owner_id = $1::uuid',
  versions: 'owner_id = $1::uuid',
  assessments: 'owner_id = $1::uuid',
  rule_checks: 'user_id = $1::uuid',
  settings: 'owner_id = $1::uuid',
  readers: 'reader_id = $1::uuid',
  access_log: 'reader_id = $1::uuid',
  serialisations: 'user_id = $1::uuid',
  imports: 'user_id = $1::uuid',
  import_mappings: 'owner_id = $1::uuid',
  interest_requests: 'asker_id = $1::uuid or asked_by = $1::uuid',
  addressed_readers: 'reader_id = $1::uuid or invited_by = $1::uuid',
}
