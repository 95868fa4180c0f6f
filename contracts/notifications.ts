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
