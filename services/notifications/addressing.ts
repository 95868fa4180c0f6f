import { getPerson, listMembers } from '#contracts/identity'
import { NotificationCreated } from '#contracts/notifications'
import { newId, type Tx } from '#kernel'
import type { NotificationsHost, Steps } from './host.ts'
import { unlessUnknown, type Audience, type Locale } from './kinds/kind.ts'
import { plain, reaches, wordsOf, type Reader } from './messages.ts'
import {
  findOpenMessage,
  findPreferences,
  insertDeliveries,
  insertNotifications,
  markAddressed,
  type Preferences,
} from './store.ts'

interface Recipient extends Reader {
  /** Null for an address without an account. */
  userId: string | null
  address: string
  name: string | null
  locale: Locale
}

/**
 * Turns a message into what each person of its audience gets: the rows, and a job for each mail. Once, however often it
 * is called.
 */
export async function address(host: NotificationsHost, steps: Steps, messageId: string): Promise<void> {
  const message = await findOpenMessage(host.db, messageId)
  if (!message) return
  // Both audiences of an event may hold one person, and its messages are addressed side by side: the first of them
  // speaks.
  const told = new Set(
    (await Promise.all(message.told.map(audience => recipientsOf(host, audience))))
      .flat()
      .map(({ address: mail }) => mail),
  )
  const recipients = (await recipientsOf(host, message.audience)).filter(({ address: mail }) => !told.has(mail))
  const preferences = await findPreferences(
    host.db,
    recipients.flatMap(({ userId }) => userId ?? []),
  )
  const chosen = ({ userId }: Recipient): Preferences | undefined => preferences.get(userId ?? '')
  const localeOf = (recipient: Recipient): Locale => chosen(recipient)?.locale ?? recipient.locale

  const mails = recipients
    .filter(recipient => reaches(message.event, 'email', recipient, chosen(recipient)))
    .map(recipient => ({ id: newId(), address: recipient.address, name: recipient.name, locale: localeOf(recipient) }))
  const notifications = recipients
    .filter(recipient => recipient.userId && reaches(message.event, 'inApp', recipient, chosen(recipient)))
    .map(recipient => {
      const { title, text } = wordsOf(message.event, localeOf(recipient), message.facts)
      return { id: newId(), userId: recipient.userId!, title, text: text.join('\n'), path: message.path }
    })

  await host.db.transaction(async tx => {
    const at = host.now()
    if (!(await markAddressed(tx, message.id, at))) return
    for (const { id, userId } of await insertNotifications(tx, message.eventId, message.event, notifications, at))
      await tx.publish(NotificationCreated, {
        notificationId: id,
        userId,
        event: message.event,
        createdAt: at.toISOString(),
      })
    for (const id of await insertDeliveries(tx, message, mails, at)) await enqueueDelivery(tx, steps, id)
  })
}

/** One waiting job a message and one a delivery, whoever asks for it. */
export const enqueueAddressing = (tx: Tx, { address }: Steps, messageId: string) =>
  tx.enqueue(address, { messageId }, { key: `notifications.address:${messageId}` })
export const enqueueDelivery = (tx: Tx, { deliver }: Steps, deliveryId: string) =>
  tx.enqueue(deliver, { deliveryId }, { key: `notifications.deliver:${deliveryId}` })

async function recipientsOf(host: NotificationsHost, audience: Audience): Promise<Recipient[]> {
  if (audience.kind === 'address')
    return [{ userId: null, address: audience.address, name: null, locale: audience.locale, disabled: false }]
  if (audience.kind === 'organisation')
    return (await host.ask(listMembers, { organisationId: audience.id })).members.map(recipientOf)
  const person = await unlessUnknown('user_unknown', host.ask(getPerson, { userId: audience.id }))
  return person ? [recipientOf(person)] : []
}

const recipientOf = (person: {
  userId: string
  email: string
  firstName: string
  locale: Locale
  disabled: boolean
  role?: Reader['role']
}): Recipient => ({
  userId: person.userId,
  address: person.email,
  name: plain(person.firstName) || null,
  locale: person.locale,
  disabled: person.disabled,
  role: person.role,
})
