import { importProblems, type Problems } from '#kernel'

/** What chargers and those who look after them are refused with. */
export const problems = {
  charger_unknown: ['not_found', 'There is no such charger, or it is not for who asks.'],
  charger_taken: ['conflict', 'There is a charger of this identity already.'],
  charger_unproven: ['unauthenticated', 'A charger has to prove that it is the one of its identity.'],
  message_unknown: ['not_found', 'There is no such message of the charger, or it is kept no longer.'],
  certificate_unknown: ['not_found', 'The charger was signed no such certificate.'],
  token_unknown: ['not_found', 'There is no such token, or it is not for who asks.'],
  token_taken: ['conflict', 'There is a token of this value already.'],
  user_unknown: ['not_found', 'There is no such account.'],
  charger_not_accepted: ['conflict', 'The charger has to be accepted first.'],
  charger_offline: ['conflict', 'The charger is not connected, or left before it answered.'],
  command_unknown: ['not_found', 'The charger was sent no such command.'],
  command_unsupported: ['unprocessable', "The charger's version of OCPP has no such command."],
  command_invalid: ['unprocessable', "The payload is not as the charger's version of OCPP has it."],
  command_rejected: ['conflict', 'The charger rejects the command.'],
  command_failed: ['conflict', 'The charger could not take the command, and says why.'],
  command_unanswered: ['unavailable', 'The charger has not answered in time; it may have done it all the same.'],
  upload_unknown: ['not_found', 'There is no such address for a file, or no more.'],
  upload_empty: ['invalid', 'The file is empty.'],
  upload_unsupported: ['conflict', 'The charger cannot bring files here; give it another location.'],
  charger_file_unknown: ['not_found', 'The charger was asked for no such file.'],
  ...importProblems,
} satisfies Problems
