import Type from 'typebox'
import { getCode, getInvitation, getPerson, listMembers } from '#contracts/identity'
import { NotificationCreated } from '#contracts/notifications'
import { defineService, Setting, StartError, type Host, type Job } from '#kernel'
import { address } from './addressing.ts'
import { deliver, takeUp } from './delivery.ts'
import { reactions } from './reactions.ts'
import { dropOld, leastRetention } from './retention.ts'
import { routes } from './routes.ts'
import { streams } from './stream.ts'

const needs = [getPerson, listMembers, getCode, getInvitation] as const

const settings = Type.Object({
  NOTIFICATION_RETENTION: Setting.duration(
    'How long notifications, and what became of mails, are kept; a week or more.',
    {
      default: '365d',
    },
  ),
})

export type NotificationsHost = Host<'notifications', (typeof needs)[number], typeof settings>

export interface Jobs {
  /** Turns a message into what each person gets. */
  address: Job<{ messageId: string }>
  /** Sends one mail. */
  deliver: Job<{ deliveryId: string }>
}

/**
 * About four days of tries, as RFC 5321 (4.5.4.1) asks of a sender; and a process that is killed again and again spends
 * tries too.
 */
const tries = 25

/**
 * Notifications: tells people what happened, in the application and by mail; a row first, then a job, nothing twice and
 * nothing lost.
 */
export const notifications = defineService({
  name: 'notifications',
  folder: import.meta.dirname,
  needs,
  publishes: [NotificationCreated],
  settings,
  start(host: NotificationsHost) {
    if (host.settings.NOTIFICATION_RETENTION < leastRetention)
      throw new StartError('NOTIFICATION_RETENTION: takes 7d or more, as mails may be on their way for four days.')
    const jobs: Jobs = {
      address: host.job('address', ({ messageId }) => address(host, jobs, messageId), { tries }),
      deliver: host.job('deliver', ({ deliveryId }, run) => deliver(host, deliveryId, run), { tries }),
    }
    reactions(host, jobs)
    routes(host, jobs)
    streams(host)
    host.every('1 hour', 'drop what is older than its retention', async () => void (await dropOld(host)))
    host.every('1 hour', 'take up what was left lying', () => takeUp(host, jobs))
  },
})
