import type { PersonalTables } from '#kernel'

const own = 'owner_id = $1::uuid'

/** What is kept of a person: places of their own, and what they brought in or left out. */
export const personal: PersonalTables = {
  sites: own,
  stations: own,
  chargers: own,
  exclusions: 'created_by = $1::uuid',
  imports: 'user_id = $1::uuid',
}
