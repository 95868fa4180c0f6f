import type { Problems } from '#kernel'

/** What sessions refuse with, beside what chargers answer. */
export const problems = {
  session_unknown: ['not_found', 'There is no such session, or it is not for who asks.'],
  session_ended: ['conflict', 'The session has ended already.'],
  operator_required: ['forbidden', 'Only an operator of the charger does this for others.'],
  charger_unknown: ['not_found', 'There is no such charger, or it is not for who asks.'],
  charger_not_accepted: ['conflict', 'The charger has to be accepted first.'],
  connector_booked: ['conflict', 'The connector is kept for somebody else who booked it.'],
  debt_unpaid: ['conflict', 'Who owes too much starts no session before they have paid.'],
  wallet_low: ['conflict', 'There is too little in the wallet to start a session: top it up first.'],
  charger_offline: ['conflict', 'The charger is not connected, or left before it answered.'],
  command_unsupported: ['unprocessable', "The charger's version of OCPP has no such command."],
  command_rejected: ['conflict', 'The charger rejects the command.'],
  command_failed: ['conflict', 'The charger could not take the command, and says why.'],
  command_unanswered: ['unavailable', 'The charger has not answered in time; it may have done it all the same.'],
} satisfies Problems
