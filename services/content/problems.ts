import type { Problems } from '#kernel'

/** What content refuses with. */
export const problems = {
  article_unknown: ['not_found', 'There is no such article, or it is not published.'],
  article_version_unknown: ['not_found', 'The article has no such version.'],
  slug_taken: ['conflict', 'Another article of the kind has or had this name in its address.'],
  language_taken: ['conflict', 'The article has a translation into this language already.'],
  publish_in_past: ['invalid', 'An article cannot be published at a time that is over; leave the time out for now.'],
  step_unknown: ['invalid', 'The tutorial has not so many steps.'],
  application_unknown: ['not_found', 'There is no such application.'],
  job_closed: ['conflict', 'The job is filled or over: nobody can apply for it.'],
  application_file_refused: ['unsupported', 'The file is no PDF, Word or OpenDocument text, or is empty.'],
  application_file_too_large: ['too_large', 'The file is larger than the operator allows.'],
  application_file_waiting: ['conflict', 'The virus scanner has not looked at the file yet.'],
  application_file_infected: ['conflict', 'The virus scanner found something in the file, which was removed.'],
} satisfies Problems
