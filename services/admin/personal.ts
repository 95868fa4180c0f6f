import type { PersonalTables } from '#kernel'

/** What is kept of a person: that they are there. The audit log is about what admins did for others. */
export const personal: PersonalTables = { things: 'id = $1::uuid' }
