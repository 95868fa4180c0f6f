import Type from 'typebox'
import { getCode, getInvitation, getPerson, listMembers } from '#contracts/identity'
import { Setting, type Host, type Job } from '#kernel'

export const needs = [getPerson, listMembers, getCode, getInvitation] as const

export const settings = Type.Object({
  NOTIFICATION_RETENTION: Setting.duration(
    'How long notifications, and what became of mails, are kept; a week or more.',
    { default: '365d' },
  ),
})

export type NotificationsHost = Host<'notifications', (typeof needs)[number], typeof settings>

/** The way of a message. */
export interface Steps {
  /** Turns a message into what each person gets. */
  address: Job<{ messageId: string }>
  /** Sends one mail. */
  deliver: Job<{ deliveryId: string }>
}

/** By how soon a message is wanted. */
export type Jobs = Record<'urgent' | 'normal' | 'bulk', Steps>
