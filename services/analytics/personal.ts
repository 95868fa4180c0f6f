import type { PersonalTables } from '#kernel'

const own = 'owner_id = $1::uuid'

/**
 * What is kept of a person: what they charged, by the month, and figures of what is theirs. Sums stay right when somebody
 * deletes their account: the id is a pseudonym then, and no name was ever here.
 */
export const personal: PersonalTables = {
  sessions: 'driver_id = $1::uuid',
  driver_months: 'driver_id = $1::uuid',
  incidents: own,
  places: own,
  stations: own,
  passports: own,
  passport_counts: own,
  passport_days: own,
}
