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
}

export interface Gathering {
  /** Of the mail. */
  mailId: string
  address: string
  event: string
}

/** By how soon a message is wanted. */
export type Jobs = Record<'urgent' | 'normal' | 'bulk', Steps>
