import type { PersonalTables } from '#kernel'

/** What is kept of a person: what they wrote, and how far they read. Applications are kept by address, and go by themselves. */
export const personal: PersonalTables = {
  articles: 'owner_id = $1::uuid',
  versions: 'user_id = $1::uuid',
  progress: 'user_id = $1::uuid',
}
