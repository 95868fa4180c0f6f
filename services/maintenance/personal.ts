import type { PersonalTables } from '#kernel'

const own = 'owner_id = $1::uuid'

/** What is kept of a person: what they reported and noted, and what concerns places of their own. */
export const personal: PersonalTables = {
  technicians: 'user_id = $1::uuid or owner_id = $1::uuid',
  reports: 'reporter_id = $1::uuid',
  tickets: own,
  ticket_notes: 'author_id = $1::uuid',
  incidents: own,
  parts: own,
  sla: 'owner_id = $1::uuid or escalate_person = $1::uuid',
  chargers: own,
  stations: own,
  works: own,
}
