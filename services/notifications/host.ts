import Type from 'typebox'
import { getReceipt } from '#contracts/billing'
import { getGuestLink } from '#contracts/orders'
import { getCode, getEmailUndo, getInvitation, getPerson, listMembers, listPeople } from '#contracts/identity'
import { Setting, type Host, type Job } from '#kernel'

type Asked =
  | typeof getPerson
  | typeof listMembers
  | typeof listPeople
  | typeof getCode
  | typeof getInvitation
  | typeof getEmailUndo
  | typeof getReceipt
  | typeof getGuestLink

export const needs: readonly Asked[] = [getPerson, listMembers, listPeople, getCode, getInvitation]

/** For links of mails, by when they go out. */
export const asksLater: readonly Asked[] = [getReceipt, getEmailUndo, getGuestLink]

export const settings = Type.Object({
  NOTIFICATION_RETENTION: Setting.duration(
    'How long notifications, and what became of mails, are kept; a week or more.',
    { default: '365d' },
  ),
  NOTIFICATION_DIGEST: Setting.duration(
    'How long mails of one kind to one person are gathered once one has gone out; 0s sends each by itself.',
    { default: '10m' },
  ),
  SENDGRID_WEBHOOK_KEY: Type.Optional(
    Setting.text('Verification key of SendGrid’s signed event webhook, which tells of mail that came back.'),
  ),
  MAIL_EVENTS_SECRET: Type.Optional(
    Setting.secret('With which another mail system signs what it tells of mail that came back: whsec_ and base64.'),
  ),
  TWILIO_ACCOUNT_SID: Type.Optional(Setting.text('Account at Twilio, or at what speaks as it does, that sends SMS.')),
  TWILIO_AUTH_TOKEN: Type.Optional(Setting.secret('Its token, which signs what Twilio tells, too.')),
  TWILIO_FROM: Type.Optional(Setting.text('Number or name that SMS come from.')),
  TWILIO_MESSAGING_SERVICE_SID: Type.Optional(Setting.text('Messaging service that chooses the number, in its place.')),
  TWILIO_BASE_URL: Setting.text('Address of its API.', {
    default: 'https://api.twilio.com',
    pattern: '^https?://[^\\s/]+/?$',
    form: 'an address like https://api.twilio.com',
  }),
  SMS_DAILY_LIMIT: Setting.integer('How many SMS a person is sent a day at most, codes included.', {
    default: 10,
    minimum: 1,
    maximum: 1000,
  }),
  SMS_COUNTRIES: Setting.list('Prefixes that numbers may begin with, as 41,49 (none: all).'),
  WEBHOOKS_ANYWHERE: Setting.flag(
    'Webhooks may go to addresses of the own network and without TLS too, as they always may in evaluation mode. ' +
      'Whoever registers one can then reach what stands there.',
    { default: false },
  ),
})

export type NotificationsHost = Host<'notifications', Asked, typeof settings>

/** The way of messages. */
export interface Steps {
  /** Turns messages into what each person gets. Jobs that the version before left have one `messageId`. */
  address: Job<{ messageIds?: string[]; messageId?: string }>
  /** Sends one mail. */
  deliver: Job<{ deliveryId: string }>
  /** Sends what waits of a kind for an address as one mail. */
  gather: Job<Gathering>
  /** Sends what waits for somebody's digest. */
  digest: Job<DigestJob>
}

export interface DigestJob {
  /** Of the mail. */
  mailId: string
  userId: string
  /** What waits for digests until then; null for all that waits for one. */
  until: string | null
}

export interface Gathering {
  /** Of the mail. */
  mailId: string
  address: string
  event: string
}

/** By how soon a message is wanted. */
export type Jobs = Record<'urgent' | 'normal' | 'bulk', Steps>
