import { getPerson, listMembers, listPeople } from '#contracts/identity'
import { NotificationCreated } from '#contracts/notifications'
import { newId, Problem, type Db, type Tx } from '#kernel'
import type { Jobs, NotificationsHost, Steps } from './host.ts'
import { unlessUnknown, type Audience, type Locale } from './kinds/kind.ts'
import { listDevices } from './push/store.ts'
import { listPhones } from './sms/store.ts'
import { nextDigest } from './timing.ts'
import { digestible, gathered, plain, reaches, rules, wordsOf, type Kind, type Reader } from './messages.ts'
import { findMessages, findPreferences, insertNotifications, listToldOf, markAddressed, type Message } from './store.ts'
import { awaitMailings, insertDeliveries, type NewDelivery } from './deliveries.ts'

interface Recipient extends Reader {
  /** Null for an address without an account. */
  userId: string | null
  address: string
  name: string | null
  locale: Locale
}

/**
 * Turns messages into what each person of their audiences gets: the rows, and jobs for the mails. Once, however often
 * it is called.
 */
export async function address(host: NotificationsHost, steps: Steps, messageIds: readonly string[]): Promise<void> {
  try {
    await addressAll(host, steps, messageIds)
  } catch (error) {
    const outage = error instanceof Problem && error.kind === 'unavailable'
    if (messageIds.length === 1 || outage) throw error
    // One of them may be to blame: it is not to hold up the others.
    await host.db.transaction(async tx => {
      for (const id of messageIds) await enqueueAddressing(tx, steps, [id])
    })
  }
}

async function addressAll(host: NotificationsHost, steps: Steps, messageIds: readonly string[]): Promise<void> {
  const messages = await findMessages(host.db, messageIds)
  const known = new Map<string, Promise<Recipient[]>>()
  const lookUp = (audience: Audience): Promise<Recipient[]> => {
    const key = `${audience.kind} ${audience.kind === 'address' ? `${audience.address} ${audience.locale}` : audience.id}`
    return known.getOrInsertComputed(key, () => recipientsOf(host, audience))
  }
  const addressed = await Promise.all(
    messages.map(async message => {
      // Both audiences of an event may hold one person, and its messages are addressed side by side: the first of
      // them speaks.
      const told = new Set((await Promise.all(message.told.map(lookUp))).flat().map(({ address: mail }) => mail))
      const recipients = (await lookUp(message.audience)).filter(({ address: mail }) => !told.has(mail))
      return recipients.map(recipient => ({ message, recipient }))
    }),
  ).then(all => all.flat())
  await tell(host, steps, messageIds, addressed)
  if (host.mail.folder) await record(host, messages, addressed)
}

interface Addressed {
  message: Message
  recipient: Recipient
}

/** The rows of one transaction, all or none. */
async function tell(
  host: NotificationsHost,
  steps: Steps,
  messageIds: readonly string[],
  addressed: readonly Addressed[],
): Promise<void> {
  const preferences = await findPreferences(
    host.db,
    addressed.flatMap(({ recipient: { userId } }) => userId ?? []),
  )
  const at = host.now()
  const pieces = addressed.map(({ message, recipient }) => {
    const chosen = preferences.get(recipient.userId ?? '')
    const isOwnAct = recipient.userId !== null && recipient.userId === message.actorId
    return {
      message,
      recipient,
      chosen,
      locale: chosen?.locale ?? recipient.locale,
      byMail: reaches(message.event, 'email', { ...recipient, isOwnAct }, chosen),
      byPush: recipient.userId !== null && reaches(message.event, 'push', { ...recipient, isOwnAct }, chosen),
      bySms: recipient.userId !== null && reaches(message.event, 'sms', { ...recipient, isOwnAct }, chosen),
      inApp: recipient.userId !== null && reaches(message.event, 'inApp', { ...recipient, isOwnAct }, chosen),
    }
  })
  const notifications = pieces
    .filter(({ inApp }) => inApp)
    .map(({ message, recipient, locale }) => {
      const { title, text } = wordsOf(message.event, locale, message.facts)
      const { id: messageId, eventId, event, path } = message
      return { id: newId(), messageId, eventId, event, path, userId: recipient.userId!, title, text: text.join('\n') }
    })
  const mails: (NewDelivery & { event: Kind })[] = pieces
    .filter(({ byMail }) => byMail)
    .map(({ message: { id: messageId, eventId, event }, recipient, locale, chosen }) => {
      const { address: mail, name } = recipient
      const digestAt = (digestible(event) && chosen && nextDigest(chosen, at)) || null
      const { userId } = recipient
      const channel = 'email' as const
      return { id: newId(), messageId, eventId, event, channel, address: mail, name, locale, userId, digestAt }
    })

  const elsewhere = await otherChannels(host.db, pieces)
  mails.push(...elsewhere)

  await host.db.transaction(async tx => {
    const mine = await markAddressed(tx, messageIds, at)
    const isMine = ({ messageId }: { messageId: string }): boolean => mine.has(messageId)
    for (const { id, userId, event } of await insertNotifications(tx, notifications.filter(isMine), at))
      await tx.publish(NotificationCreated, { notificationId: id, userId, event, createdAt: at.toISOString() })
    const added = await insertDeliveries(tx, mails.filter(isMine), at)
    await enqueueMails(
      tx,
      host,
      steps,
      mails.filter(({ id }) => added.has(id)),
      at,
    )
  })
}

interface Piece extends Addressed {
  locale: Locale
  byPush: boolean
  bySms: boolean
}

/** What goes to devices and telephones of people. */
async function otherChannels(db: Db, pieces: readonly Piece[]): Promise<(NewDelivery & { event: Kind })[]> {
  const of = (chosen: readonly Piece[]) => [...new Set(chosen.flatMap(({ recipient: { userId } }) => userId ?? []))]
  const [pushed, texted] = [pieces.filter(({ byPush }) => byPush), pieces.filter(({ bySms }) => bySms)]
  const [devices, phones] = await Promise.all([
    pushed.length > 0 ? listDevices(db, of(pushed)) : [],
    texted.length > 0 ? listPhones(db, of(texted)) : new Map<string, string>(),
  ])
  const byPerson = Map.groupBy(devices, ({ userId }) => userId)
  const row = ({ message, recipient, locale }: Piece, channel: 'push' | 'sms', to: string) => {
    const { id: messageId, eventId, event } = message
    const { userId } = recipient
    return { id: newId(), messageId, eventId, event, channel, address: to, name: null, locale, userId, digestAt: null }
  }
  return [
    ...pushed.flatMap(piece =>
      (byPerson.get(piece.recipient.userId!) ?? []).map(({ id }) => row(piece, 'push', `push:${id}`)),
    ),
    ...texted.flatMap(piece => {
      const number = phones.get(piece.recipient.userId!)
      return number ? [row(piece, 'sms', number)] : []
    }),
  ]
}

/** Each by itself, or those of a kind for an address together with what else comes for it meanwhile. */
async function enqueueMails(
  tx: Tx,
  { settings }: NotificationsHost,
  steps: Steps,
  mails: readonly (NewDelivery & { event: Kind })[],
  at: Date,
): Promise<void> {
  const [later, now] = [mails.filter(({ digestAt }) => digestAt), mails.filter(({ digestAt }) => !digestAt)]
  for (const { userId, digestAt } of later) await enqueueDigest(tx, steps, userId!, digestAt!)
  const together = now.filter(({ event }) => settings.NOTIFICATION_DIGEST > 0 && gathered(event))
  for (const mail of now) if (!together.includes(mail)) await enqueueDelivery(tx, steps, mail.id)
  for (const { address: to, event, nextAt } of await awaitMailings(tx, together, at))
    await tx.enqueue(steps.gather, { mailId: newId(), address: to, event }, nextAt > at ? { runAt: nextAt } : {})
}

/** A readable file for each notification in the application; a mail has one when it goes out. */
async function record(
  { db, mail, platform }: NotificationsHost,
  messages: readonly Message[],
  addressed: readonly Addressed[],
): Promise<void> {
  const addresses = new Map(addressed.map(({ recipient }) => [recipient.userId, recipient.address]))
  const told = await listToldOf(
    db,
    messages.map(({ eventId }) => eventId),
  )
  // Side by side: a file after the other costs half as much again.
  await Promise.all(
    told.map(async ({ userId, title, path, text, ...notification }) => {
      const to = addresses.get(userId)
      const link = path && platform.publicUrl + path
      const body = `${[text, link].filter(Boolean).join('\n\n')}\n`
      if (to) await mail.record('in-app', { ...notification, to, subject: title, text: body })
    }),
  )
}

export const enqueueAddressing = (tx: Tx, { address }: Steps, messageIds: string[]) =>
  tx.enqueue(address, { messageIds })
/** One waiting job a delivery, whoever asks for it. */
export const enqueueDelivery = (tx: Tx, { deliver }: Steps, deliveryId: string) =>
  tx.enqueue(deliver, { deliveryId }, { key: `notifications.deliver:${deliveryId}` })

/** One job a person and time. */
const enqueueDigest = (tx: Tx, { digest }: Steps, userId: string, at: Date) => {
  const until = at.toISOString()
  return tx.enqueue(
    digest,
    { mailId: newId(), userId, until },
    { runAt: at, key: `notifications.digest:${userId}:${until}` },
  )
}

/** The way of a kind. */
export const stepsOf = (jobs: Jobs, kind: Kind): Steps => jobs[rules[kind].urgency ?? 'normal']

async function recipientsOf(host: NotificationsHost, audience: Audience): Promise<Recipient[]> {
  if (audience.kind === 'address')
    return [{ userId: null, address: audience.address, name: null, locale: audience.locale, disabled: false }]
  if (audience.kind === 'organisation' || audience.kind === 'managers') {
    const { members } = await host.ask(listMembers, { organisationId: audience.id })
    const looksAfter = ({ role }: (typeof members)[number]) => role === 'owner' || role === 'admin'
    return members.filter(member => audience.kind === 'organisation' || looksAfter(member)).map(recipientOf)
  }
  if (audience.kind === 'role') return (await host.ask(listPeople, { role: audience.id })).people.map(recipientOf)
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
