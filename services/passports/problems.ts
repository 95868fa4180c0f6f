import type { Problems } from '#kernel'

/** What passports refuse with. */
export const problems = {
  passport_unknown: ['not_found', 'There is no such passport, or it is not for who asks.'],
  version_unknown: ['not_found', 'The passport did not exist then.'],
  reader_unknown: ['not_found', 'There is no such person or organisation, or the passport is not shared with them.'],
  battery_identifier_taken: ['conflict', 'Another passport has the identifier of this battery.'],
  passport_published: ['conflict', 'The passport is published already.'],
  passport_archived: ['conflict', 'The passport is archived, and stays as it is.'],
  identifier_kept: ['conflict', 'A published passport keeps its identifier.'],
  passport_incomplete: ['unprocessable', 'What a passport says at the least to be published is missing.'],
  organisation_unknown: ['not_found', 'There is no such organisation, or one does not belong to it.'],
  passport_of_organisation: ['conflict', 'The passport belongs to an organisation already.'],
  readers_limit_reached: ['conflict', 'The passport is shared with as many as it can be.'],
} satisfies Problems
