import type { PersonalTables } from '#kernel'

const theirs = '(select email from users where id = $1::uuid)'

/** What is kept of a person. Revocations are of sessions that ended, and go with their tokens; what proves who they are is told nobody. */
export const personal: PersonalTables = {
  users: 'id = $1::uuid',
  sessions: 'user_id = $1::uuid',
  sign_ins: 'user_id = $1::uuid',
  passkeys: 'user_id = $1::uuid',
  api_keys: 'user_id = $1::uuid',
  members: 'user_id = $1::uuid',
  organisation_kinds: 'asked_by = $1::uuid or decided_by = $1::uuid',
  terms: 'published_by = $1::uuid',
  terms_answers: 'user_id = $1::uuid',
  scim_users: 'user_id = $1::uuid',
  scim_members: 'user_id = $1::uuid',
  client_consents: 'user_id = $1::uuid',
  client_grants: 'user_id = $1::uuid',
  views: 'user_id = $1::uuid',
  imports: 'user_id = $1::uuid',
  codes: 'user_id = $1::uuid',
  resets: 'user_id = $1::uuid',
  email_undos: 'user_id = $1::uuid',
  invitations: `email = ${theirs} or invited_by = $1::uuid`,
}
