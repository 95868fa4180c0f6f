import type { Problems } from '#kernel'

/** What admin refuses with. */
export const problems = {
  user_unknown: ['not_found', 'There is no such account.'],
  approval_unknown: ['not_found', 'There is no such request.'],
  approval_asked: ['conflict', 'The same waits for a second admin already.'],
  approval_decided: ['conflict', 'The request has been decided, or taken back.'],
  approval_lapsed: ['conflict', 'The request has waited for too long. Ask again.'],
  approval_own: ['forbidden', 'Who asked does not approve; another admin does.'],
  approval_of_another: ['forbidden', 'Only who asked takes a request back; others refuse it.'],
  asker_gone: ['conflict', 'Who asked is no admin any more.'],
  account_own: ['conflict', 'One’s own account is deleted in the profile.'],
  admin_no_more: ['forbidden', 'Another admin took the role away just now.'],
  version_behind: ['conflict', 'Somebody changed it since it was read.'],
  setting_unknown: ['not_found', 'There is no such setting.'],
  setting_exists: ['conflict', 'There is a setting of that name.'],
  setting_value: ['unprocessable', 'The setting does not take that value.'],
  reason_missing: ['unprocessable', 'It takes a second admin, who wants to read why.'],
  switch_unknown: ['not_found', 'There is no such switch.'],
  switch_exists: ['conflict', 'There is a switch of that name.'],
  event_unknown: ['not_found', 'There is no such event, or it is older than events are kept.'],
  dead_letters_none: ['conflict', 'Nothing of it is dead.'],
} satisfies Problems
