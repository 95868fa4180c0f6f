import type { Problems } from '#kernel'

/** What notifications refuse with. */
export const problems = {
  notification_unknown: ['not_found', 'There is no such notification, or it is not for who asks.'],
  delivery_unknown: ['not_found', 'There is no such mail.'],
  delivery_not_dead: ['conflict', 'Only mail that was given up is sent again by hand.'],
  time_zone_unknown: ['unprocessable', 'There is no such time zone.'],
  device_unknown: ['not_found', 'There is no such device, or it is not of who asks.'],
  device_address_refused: ['invalid', 'A push service has an https address, without name and password.'],
  device_key_refused: ['unprocessable', 'The keys of a subscription are a point of P-256 and 16 bytes.'],
  too_many_devices: ['conflict', 'There are 20 devices already; remove one first.'],
  sms_not_offered: ['conflict', 'This platform sends no SMS.'],
  sms_used_up: ['conflict', 'As many SMS as are sent a day went out; try again tomorrow.'],
  sms_unproven: ['unauthenticated', 'What is told of SMS is signed with the token of the account.'],
  phone_refused: ['unprocessable', 'No SMS is sent to numbers of that country.'],
  phone_code_wrong: [
    'unprocessable',
    'That is not the code, it is too old, or too many were tried: ask for a new one.',
  ],
  mail_events_unproven: [
    'unauthenticated',
    'What a mail system tells is signed with the key that was agreed on, now; see the guide.',
  ],
  mail_events_malformed: ['invalid', 'What a mail system tells is a list of events; see the guide.'],
  address_open: ['conflict', 'That address takes mail: there is nothing to open.'],
  webhook_unknown: ['not_found', 'There is no such webhook, or it is not of who asks.'],
  webhook_manager_required: ['forbidden', 'Webhooks of an organisation are in the hands of its owners and admins.'],
  webhook_address_refused: [
    'invalid',
    'A webhook has an https address on the public network, without name and password.',
  ],
  too_many_webhooks: ['conflict', 'There are 20 webhooks already; remove one first.'],
  webhook_switched_off: ['conflict', 'Its owner switched the webhook off, and switches it on.'],
  call_unknown: ['not_found', 'There is no such call, or it was not given up.'],
  call_not_dead: ['conflict', 'Only calls that were given up are made again by hand.'],
} satisfies Problems
