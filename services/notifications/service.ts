import { EmailCheckAsked, EmailClosed, NotificationCreated, WebhookDisabled } from '#contracts/notifications'
import { defineService, StartError } from '#kernel'
import { takeUp } from './delivery.ts'
import { openJobs } from './jobs.ts'
import { asksLater, needs, settings } from './host.ts'
import { kindRoutes } from './kinds/routes.ts'
import { mailPages } from './mailing/pages.ts'
import { mailRoutes } from './mailing/routes.ts'
import { pushRoutes } from './push/routes.ts'
import { smsRoutes } from './sms/routes.ts'
import { sendCode, type CodeJob } from './sms/sending.ts'
import { twilioOf } from './sms/twilio.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { reactions } from './reactions.ts'
import { dropOld, leastRetention } from './retention.ts'
import { routes } from './routes.ts'
import { streams } from './stream.ts'
import { failureRoutes } from './webhooks/failures.ts'
import { webhookRoutes } from './webhooks/routes.ts'
import { send, tendWebhooks, type SendJob } from './webhooks/sending.ts'

/**
 * Notifications: tells people what happened, in the application, by mail, push and SMS; a row first, then a job, nothing twice and
 * nothing lost.
 */
export const notifications = defineService({
  name: 'notifications',
  about: 'What happened, in the application, by mail, push and SMS, and who wants to hear of it.',
  problems,
  folder: import.meta.dirname,
  personal,
  needs,
  asksLater,
  publishes: [NotificationCreated, WebhookDisabled, EmailClosed, EmailCheckAsked],
  settings,
  start(host) {
    if (host.settings.NOTIFICATION_RETENTION < leastRetention)
      throw new StartError('NOTIFICATION_RETENTION: takes 7d or more, as mails may be on their way for four days.')
    const jobs = openJobs(host)
    const sending: SendJob = host.job(
      'webhook',
      ({ webhookId }, { signal }) => send(host, sending, webhookId, signal),
      { urgency: 'bulk' },
    )
    reactions(host, jobs, sending)
    routes(host, jobs)
    kindRoutes(host)
    webhookRoutes(host, sending)
    failureRoutes(host, sending)
    mailRoutes(host)
    mailPages(host)
    const twilio = twilioOf(host)
    const codes: CodeJob = host.job('phone-code', code => sendCode(host, twilio, code), { tries: 3, urgency: 'urgent' })
    smsRoutes(host, twilio, codes)
    pushRoutes(host)
    streams(host)
    host.every('1 hour', 'drop what is older than its retention', async () => void (await dropOld(host)))
    host.every('10 minutes', 'take up calls of webhooks that were left lying', () => tendWebhooks(host, sending))
    host.every('1 hour', 'take up what was left lying', () => takeUp(host, jobs))
  },
})
