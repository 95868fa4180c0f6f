import Type from 'typebox'
import { event } from './define.ts'
import { Id, Instant } from './shared.ts'

/** A person has a new notification; live streams show it. */
export const NotificationCreated = event(
  'notifications',
  'notification.created',
  'userId',
  Type.Object({
    notificationId: Id,
    userId: Id,
    event: Type.String({ examples: ['passport.created'] }),
    createdAt: Instant,
  }),
)

/** Nothing is sent to a webhook any more: its address answered 410, or nothing arrived there for three days. */
export const WebhookDisabled = event(
  'notifications',
  'webhook.disabled',
  'webhookId',
  Type.Object({
    webhookId: Id,
    /** Whose news it was sent: of a person, an organisation, or of all who have a role. */
    owner: Type.Object({
      kind: Type.Enum(['person', 'organisation', 'role']),
      id: Type.String({ maxLength: 60, examples: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'] }),
    }),
    host: Type.String({ maxLength: 300, examples: ['hooks.example.com'] }),
    because: Type.Enum(['failures', 'gone']),
  }),
)

/**
 * Mail to a person comes back, or they told their mail provider that they want none: no news is mailed to that address
 * any more, until they confirm it.
 */
export const EmailClosed = event(
  'notifications',
  'email.closed',
  'userId',
  Type.Object({
    userId: Id,
    /** `bounced`: the server has nobody by that name; `complained`: called unwanted; `unsubscribed` at the provider. */
    because: Type.Enum(['bounced', 'complained', 'unsubscribed']),
    closedAt: Instant,
  }),
)

/** A person whose address takes no mail says that it does again: a mail with a link is to show it. */
export const EmailCheckAsked = event('notifications', 'email.check-asked', 'userId', Type.Object({ userId: Id }))
