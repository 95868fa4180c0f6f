import { NotificationCreated, WebhookDisabled } from '#contracts/notifications'
import { defineService, StartError } from '#kernel'
import { address } from './addressing.ts'
import { deliver, deliverTogether, takeUp } from './delivery.ts'
import { asksLater, needs, settings, type Jobs, type Steps } from './host.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { reactions } from './reactions.ts'
import { dropOld, leastRetention } from './retention.ts'
import { routes } from './routes.ts'
import { streams } from './stream.ts'
import { webhookRoutes } from './webhooks/routes.ts'
import { send, tendWebhooks, type SendJob } from './webhooks/sending.ts'

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
  about: 'What happened, in the application and by mail, and who wants to hear of it.',
  problems,
  folder: import.meta.dirname,
  personal,
  needs,
  asksLater,
  publishes: [NotificationCreated, WebhookDisabled],
  settings,
  start(host) {
    if (host.settings.NOTIFICATION_RETENTION < leastRetention)
      throw new StartError('NOTIFICATION_RETENTION: takes 7d or more, as mails may be on their way for four days.')
    const define = (urgency: keyof Jobs, names: Record<keyof Steps, string>): Steps => {
      const steps: Steps = {
        address: host.job(
          names.address,
          ({ messageId, messageIds = [messageId!] }) => address(host, steps, messageIds),
          { tries, urgency },
        ),
        deliver: host.job(names.deliver, ({ deliveryId }, run) => deliver(host, deliveryId, run), { tries, urgency }),
        gather: host.job(names.gather, (gathering, run) => deliverTogether(host, gathering, run), { tries, urgency }),
      }
      return steps
    }
    const jobs: Jobs = {
      urgent: define('urgent', { address: 'address-code', deliver: 'deliver-code', gather: 'gather-code' }),
      normal: define('normal', { address: 'address', deliver: 'deliver', gather: 'gather' }),
      bulk: define('bulk', { address: 'address-bulk', deliver: 'deliver-bulk', gather: 'gather-bulk' }),
    }
    const sending: SendJob = host.job(
      'webhook',
      ({ webhookId }, { signal }) => send(host, sending, webhookId, signal),
      { urgency: 'bulk' },
    )
    reactions(host, jobs, sending)
    routes(host, jobs)
    webhookRoutes(host, sending)
    streams(host)
    host.every('1 hour', 'drop what is older than its retention', async () => void (await dropOld(host)))
    host.every('10 minutes', 'take up calls of webhooks that were left lying', () => tendWebhooks(host, sending))
    host.every('1 hour', 'take up what was left lying', () => takeUp(host, jobs))
  },
})
