import { createHmac } from 'node:crypto'
import { newId, type Job } from '#kernel'
import type { NotificationsHost } from '../host.ts'
import type { Phone } from './store.ts'
import { findPhone } from './store.ts'
import type { Twilio } from './twilio.ts'

const mostTitle = 140

export type CodeJob = Job<{ userId: string; generation: number }>

/** Whether SMS leave the platform, or are at least written down, as while nothing is set. */
export const isOffered = ({ mail }: NotificationsHost, twilio: Twilio | undefined): boolean =>
  twilio !== undefined || mail.folder !== undefined

/** Derived, so that it stands nowhere: six digits for a person, a number and a time it was asked for. */
export function codeOf(host: NotificationsHost, { userId, number, generation }: Phone): string {
  const mac = createHmac('sha256', host.secret('codes by SMS')).update(`${userId} ${number} ${generation}`).digest()
  return String(mac.readUIntBE(0, 6) % 1_000_000).padStart(6, '0')
}

/** The title, and where the rest stands. */
export const textOfSms = (title: string, link: string | undefined): string =>
  `Ohmnibus: ${title.length > mostTitle ? `${title.slice(0, mostTitle - 1)}…` : title}${link ? ` ${link}` : ''}`

/** Where Twilio says what became of an SMS; it is told none that it could not reach. */
export const statusAddress = ({ platform }: NotificationsHost, id: string): string | undefined =>
  platform.publicUrl.startsWith('https:') ? `${platform.publicUrl}/api/notifications/sms/status/${id}` : undefined

/** One SMS, or its readable file where none leaves the platform. */
export async function sendSms(
  host: NotificationsHost,
  twilio: Twilio | undefined,
  { id, createdAt, to, text, event }: { id: string; createdAt: Date; to: string; text: string; event: string },
): Promise<'taken' | 'unanswered'> {
  const count = (outcome: string) =>
    host.metrics
      .counter('ohmnibus_sms_total', 'SMS given to who sends them, by how it went', ['outcome'])
      .inc({ outcome })
  await host.mail.record('sms', { id, createdAt, to, subject: text, text: `${text}\n`, event })
  if (!twilio) return 'taken'
  try {
    const sent = await twilio.send(to, text, statusAddress(host, id))
    count(sent)
    return sent
  } catch (error) {
    count('failed')
    throw error
  }
}

/** Sends the code that proves a number, unless another was asked for meanwhile. */
export async function sendCode(
  host: NotificationsHost,
  twilio: Twilio | undefined,
  { userId, generation }: { userId: string; generation: number },
): Promise<void> {
  const phone = await findPhone(host.db, userId)
  if (!phone || phone.generation !== generation || phone.verifiedAt) return
  const text = `Ohmnibus: ${codeOf(host, phone)} is your code. / ist Ihr Code.`
  await sendSms(host, twilio, { id: newId(), createdAt: host.now(), to: phone.number, text, event: 'phone-code' })
}
