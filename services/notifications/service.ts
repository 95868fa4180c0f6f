import { getCode, getInvitation, getPerson, listMembers } from '#contracts/identity'
import { NotificationCreated } from '#contracts/notifications'
import { defineService, type Host, type Job } from '#kernel'
import { address } from './addressing.ts'
import { deliver, takeUp } from './delivery.ts'
import { reactions } from './reactions.ts'
import { routes } from './routes.ts'
import { streams } from './stream.ts'

const needs = [getPerson, listMembers, getCode, getInvitation] as const

export type NotificationsHost = Host<'notifications', (typeof needs)[number]>

export interface Jobs {
  /** Turns a message into what each person gets. */
  address: Job<{ messageId: string }>
  /** Sends one mail. */
  deliver: Job<{ deliveryId: string }>
}

/** About four days of tries, as RFC 5321 (4.5.4.1) asks of a sender; and a process that is killed again and again spends tries too. */
const tries = 25

/** Notifications: tells people what happened, in the application and by mail; a row first, then a job, nothing twice and nothing lost. */
export const notifications = defineService({
  name: 'notifications',
  folder: import.meta.dirname,
  needs,
  publishes: [NotificationCreated],
  start(host) {
    const jobs: Jobs = {
      address: host.job('address', ({ messageId }) => address(host, jobs, messageId), { tries }),
      deliver: host.job('deliver', ({ deliveryId }, run) => deliver(host, deliveryId, run), { tries }),
    }
    reactions(host, jobs)
    routes(host, jobs)
    streams(host)
    host.every('1 hour', 'take up what was left lying', () => takeUp(host, jobs))
  },
})
