import { Problem } from '#kernel'
import type { NotificationsHost } from './host.ts'
import { isGone, push } from './push/sending.ts'
import { deleteDevice, findDevice, markUsed } from './push/store.ts'
import { sendSms, textOfSms } from './sms/sending.ts'
import { findPhone, stopNumber, takeOne } from './sms/store.ts'
import { twilioOf } from './sms/twilio.ts'
import type { Claimed } from './deliveries.ts'
import { hasArrived } from './webhooks/post.ts'

/** What goes to a device or a number: short, as it is read on a locked screen. */
export interface Notice {
  id: string
  createdAt: Date
  event: string
  subject: string
  link?: string | undefined
  urgent?: boolean
}

interface Ended {
  status: 'sent' | 'obsolete'
  error?: string
}

/**
 * Gives a message to a device or a number. `obsolete` where nobody is there any more who wants it; fails with
 * `push_refused` or `sms_refused` for what is not to be tried again.
 */
export const sendElsewhere = (host: NotificationsHost, delivery: Claimed, notice: Notice): Promise<Ended> =>
  delivery.channel === 'push' ? toDevice(host, delivery, notice) : toPhone(host, delivery, notice)

async function toDevice(host: NotificationsHost, { address, userId }: Claimed, notice: Notice): Promise<Ended> {
  const device = await findDevice(host.db, address.slice('push:'.length))
  if (!device || device.userId !== userId) return { status: 'obsolete', error: 'The device is gone.' }
  const { id, event, subject: title, link, urgent = false } = notice
  const outcome = await push(host, device, { id, event, title, link, urgent })
  if (hasArrived(outcome)) {
    await host.db.transaction(tx => markUsed(tx, device.id, host.now()))
    return { status: 'sent' }
  }
  if (isGone(outcome)) {
    await host.db.transaction(tx => deleteDevice(tx, device.id, device.userId))
    host.log.info({ userId, deviceId: device.id }, 'a device is gone, and is sent nothing more')
    return { status: 'obsolete', error: `The device is gone: ${outcome.error}` }
  }
  const detail = `Push: ${outcome.error}`
  // What is wrong with this message stays wrong; too many (429), ours (401, 403) and theirs (5xx) may be mended.
  const { status } = outcome
  if (status === 400 || status === 413) throw new Problem('unprocessable', 'push_refused', { detail })
  throw new Problem('unavailable', 'push_unavailable', { detail, retryAfter: outcome.retryAfter ?? 60 })
}

async function toPhone(host: NotificationsHost, delivery: Claimed, notice: Notice): Promise<Ended> {
  const { db, now, settings } = host
  const { address, userId, tries } = delivery
  const phone = userId ? await findPhone(db, userId) : undefined
  if (!phone?.verifiedAt || phone.stoppedAt || phone.number !== address)
    return { status: 'obsolete', error: 'The number is not theirs any more, or its reader wants no SMS.' }
  // Tries of one message count once.
  if (tries === 1 && !(await db.transaction(tx => takeOne(tx, phone.userId, settings.SMS_DAILY_LIMIT, now()))))
    return { status: 'obsolete', error: 'As many SMS as are sent a day went out.' }
  try {
    const text = textOfSms(notice.subject, notice.link)
    const { id, createdAt, event } = notice
    const sent = await sendSms(host, twilioOf(host), { id, createdAt, to: address, text, event })
    return sent === 'taken'
      ? { status: 'sent' }
      : { status: 'sent', error: 'The answer was lost. It may have arrived and is not sent again.' }
  } catch (error) {
    if (error instanceof Problem && error.details.stopped === true)
      await db.transaction(tx => stopNumber(tx, address, error.message, now()))
    throw error
  }
}
