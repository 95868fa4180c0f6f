import type { PersonalTables } from '#kernel'

/** What is kept of a person. Which mails went out to an address is kept by the address, as long as they are. */
export const personal: PersonalTables = {
  notifications: 'user_id = $1::uuid',
  preferences: 'user_id = $1::uuid',
  inboxes: 'user_id = $1::uuid',
  messages: "audience_kind = 'person' and audience = $1::text",
  webhooks: "owner_kind = 'person' and owner_id = $1::text",
  webhook_calls: "webhook_id in (select id from webhooks where owner_kind = 'person' and owner_id = $1::text)",
}
