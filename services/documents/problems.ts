import type { Problems } from '#kernel'

/** What documents refuse with. */
export const problems = {
  document_empty: ['invalid', 'The file has no bytes.'],
  document_unknown: ['not_found', 'There is no such document, or it is not for who asks.'],
  document_file_missing: ['not_found', 'The file of the document is not there. Operators have been told.'],
  passport_unknown: ['not_found', 'There is no such passport, or it is not for who asks.'],
  action_closed: ['forbidden', 'The policy of the law lets who asks see this, and not have it.'],
  document_kept: ['conflict', 'The passport of the document is published, and keeps its documents.'],
  document_in_quarantine: ['conflict', 'The file waits for the virus scanner, and nobody gets it before.'],
  document_infected: ['conflict', 'A virus scanner found something in the file, which was removed.'],
  document_of_passport: ['conflict', 'The document belongs to a passport, and is moved with it.'],
  document_of_organisation: ['conflict', 'The document belongs to an organisation already.'],
  organisation_unknown: ['not_found', 'There is no such organisation, or one does not belong to it.'],
  document_attribute_unfit: ['unprocessable', 'The document cannot prove that: what it proves decides who sees it.'],
  document_type_mismatch: ['unprocessable', 'The name of the file promises other content than it has.'],
  document_type_refused: ['unsupported', 'Files of this type are not taken here; `accepted` names those that are.'],
  scanner_unavailable: ['unavailable', 'The virus scanner does not answer as it must.'],
  scanner_limit: ['unavailable', 'The file is larger than the virus scanner takes.'],
  document_too_large: ['too_large', 'The file is larger than documents may be.'],
} satisfies Problems
