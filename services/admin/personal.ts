import type { PersonalTables } from '#kernel'

/**
 * What is kept of a person: that they are there, and what they did to their own account. What they did to others would
 * tell of those.
 */
export const personal: PersonalTables = {
  things: 'id = $1::uuid',
  audit: 'actor_id = $1::uuid and object = ($1::uuid)::text',
}
