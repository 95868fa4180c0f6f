import type { PersonalTables } from '#kernel'

/** What is kept of a person; the files themselves are at `GET /api/documents/:docId`. */
export const personal: PersonalTables = {
  documents: 'owner_id = $1::uuid',
  passport_owners: 'owner_id = $1::uuid',
}
