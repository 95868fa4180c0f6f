import type { PersonalTables } from '#kernel'

const theirs = 'session_id in (select id from sessions where driver_id = $1::uuid)'

/**
 * What is kept of a person: what they charged, with every reading, and chargers of their own. It stays when they delete
 * their account, of an id that is a pseudonym then: whoever sold the energy has to prove each sale to the tax office, and
 * by its readings what it was.
 */
export const personal: PersonalTables = {
  sessions: 'driver_id = $1::uuid',
  readings: theirs,
  quarters: theirs,
  signed_values: theirs,
  requests: theirs,
  chargers: 'owner_id = $1::uuid',
}
