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
