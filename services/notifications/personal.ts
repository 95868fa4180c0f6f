import type { PersonalTables } from '#kernel'

/** What is kept of a person; mails to an address without an account are kept by the address alone. */
export const personal: PersonalTables = {
  notifications: 'user_id = $1::uuid',
  preferences: 'user_id = $1::uuid',
  inboxes: 'user_id = $1::uuid',
  deliveries: 'user_id = $1::uuid',
  push_devices: 'user_id = $1::uuid',
  phones: 'user_id = $1::uuid',
  closed_addresses: 'user_id = $1::uuid',
  messages: "audience_kind = 'person' and audience = $1::text",
  webhooks: "owner_kind = 'person' and owner_id = $1::text",
  webhook_calls: "webhook_id in (select id from webhooks where owner_kind = 'person' and owner_id = $1::text)",
}
