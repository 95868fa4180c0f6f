import type { Problems } from '#kernel'

/** What notifications refuse with. */
export const problems = {
  notification_unknown: ['not_found', 'There is no such notification, or it is not for who asks.'],
  delivery_unknown: ['not_found', 'There is no such mail.'],
  delivery_not_dead: ['conflict', 'Only mail that was given up is sent again by hand.'],
  webhook_unknown: ['not_found', 'There is no such webhook, or it is not of who asks.'],
  webhook_manager_required: ['forbidden', 'Webhooks of an organisation are in the hands of its owners and admins.'],
  webhook_address_refused: [
    'invalid',
    'A webhook has an https address on the public network, without name and password.',
  ],
  too_many_webhooks: ['conflict', 'There are 20 webhooks already; remove one first.'],
  call_unknown: ['not_found', 'There is no such call of this webhook.'],
  call_not_dead: ['conflict', 'Only calls that were given up are made again by hand.'],
} satisfies Problems
