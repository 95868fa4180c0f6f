import type { Problems } from '#kernel'

/** What identity refuses with. */
export const problems = {
  otp_invalid: ['invalid', 'The code is wrong or no longer good. Ask for a new one after five tries or ten minutes.'],
  reset_invalid: ['invalid', 'The link or the code is wrong or no longer good. Ask for a new one.'],
  password_needed: [
    'invalid',
    'The code comes from another browser than the one that registered: send the password of the account along.',
  ],
  password_too_short: ['invalid', 'The password is shorter than passwords have to be.'],
  password_too_long: ['invalid', 'The password is longer than 128 characters.'],
  password_personal: ['invalid', 'The password contains the address or the name of its owner.'],
  password_common: ['invalid', 'The password is easy to guess.'],
  credentials_invalid: ['unauthenticated', 'The address or the password is wrong.'],
  refresh_token_invalid: ['unauthenticated', 'The session has ended. Sign in again.'],
  password_wrong: ['forbidden', 'The password is not that of the account.'],
  role_not_assignable: ['forbidden', 'Nobody gives themselves a role; an admin does.'],
  organisation_admin_required: ['forbidden', 'Only owners and admins of the organisation may do this.'],
  organisation_owner_required: ['forbidden', 'Only an owner may make or change owners.'],
  invitation_for_another: ['forbidden', 'The invitation is for another address. Sign in as the one who was invited.'],
  user_unknown: ['not_found', 'There is no such account.'],
  session_unknown: ['not_found', 'There is no such session of who asks.'],
  organisation_unknown: ['not_found', 'There is no such organisation, or who asks does not belong to it.'],
  member_unknown: ['not_found', 'They are no member of the organisation.'],
  invitation_unknown: ['not_found', 'The invitation was answered, withdrawn, or has expired.'],
  own_account: ['conflict', 'Another admin has to change the account of who asks.'],
  email_unchanged: ['conflict', 'This is the address of the account already.'],
  password_changed: ['conflict', 'The password was changed a moment ago, elsewhere.'],
  last_admin: ['conflict', 'The platform keeps at least one admin who can sign in.'],
  last_owner: ['conflict', 'An organisation keeps at least one owner.'],
  otp_sent_recently: ['limited', 'A code was asked for a moment ago. Wait before you ask for another.'],
  sign_in_busy: ['unavailable', 'Too many people sign in at once. Try again.'],
} satisfies Problems
