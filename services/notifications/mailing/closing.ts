import { EmailClosed } from '#contracts/notifications'
import type { Tx } from '#kernel'
import type { NotificationsHost } from '../host.ts'
import { rules, type Kind } from '../messages.ts'
import { findPosted, insertClosed, markReturned, type Closing } from './store.ts'

/**
 * RFC 3463: the mailbox is not there (5.1.x) or is switched off (5.2.1). Servers that give no such number say it in
 * words; what is about us, our text or their rules (5.7.x) says nothing about the address.
 */
const nobodyThere = /\b5\.(1\.(0|1|2|3|6|10)|2\.1)\b/
const nobodyThereInWords =
  /\b(no such|unknown|does not exist|doesn't exist|not found|disabled|inactive|no mailbox|invalid (recipient|address|mailbox))\b/i
const ofOthers = /\b(relay|polic|spam|block|spf|dkim|dmarc|reputation|blacklist|denied)/i

/** Whether a server that refused a recipient for good says that nobody will ever read mail there. */
export function saysNobody(answer: string): boolean {
  if (/\b5\.\d{1,3}\.\d{1,3}\b/.test(answer)) return nobodyThere.test(answer)
  return nobodyThereInWords.test(answer) && !ofOthers.test(answer)
}

/**
 * Whether a mail still goes to a closed address: a code that somebody asks for just now may be what opens it again, and
 * of their account's safety they hear where they only wanted no news.
 */
export const passes = (event: Kind, because: Closing): boolean =>
  rules[event].urgency === 'urgent' || (because !== 'bounced' && rules[event].fixed === true)

/** No news is mailed there any more; who reads it is told in the application. */
export async function close(
  host: NotificationsHost,
  tx: Tx<'notifications'>,
  {
    address,
    userId,
    because,
    detail,
    at,
  }: { address: string; userId: string | null; because: Closing; detail: string; at: Date },
): Promise<void> {
  const closed = await insertClosed(tx, { address, userId, because, detail, closedAt: at })
  if (!closed) return
  host.metrics
    .counter('ohmnibus_mail_addresses_closed_total', 'Addresses that are mailed no more, by why', ['because'])
    .inc({ because })
  host.log.info({ userId: closed.userId, because }, 'an address is mailed no more')
  if (closed.userId) await tx.publish(EmailClosed, { userId: closed.userId, because, closedAt: at.toISOString() })
}

/** What a mail provider tells of a mail that it had taken. */
export interface MailEvent {
  type: Closing | 'dropped' | 'delivered'
  /** The `message_id` it was given with the mail, or none where it is not known. */
  mailId: string | undefined
  /** Whose mail it was, where it is said; else it is found by the mail. */
  userId?: string | undefined
  address: string
  detail: string
  at: Date
}

/** What came back stands with the dead mails, and its address is closed. */
export async function take(host: NotificationsHost, events: readonly MailEvent[]): Promise<void> {
  for (const { type, mailId, userId: whose, address, detail, at } of events) {
    if (type === 'delivered') continue
    await host.db.transaction(async tx => {
      const posted = mailId ? await findPosted(tx, mailId, address) : []
      const userId = posted.find(({ userId }) => userId)?.userId ?? whose ?? null
      if (type === 'dropped' || type === 'bounced')
        await markReturned(
          tx,
          posted.map(({ id }) => id),
          `It came back: ${detail}`,
          host.now(),
        )
      if (type !== 'dropped') await close(host, tx, { address, userId, because: type, detail, at })
    })
  }
}
