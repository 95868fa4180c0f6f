import { newId, Problem, type Message } from '#kernel'
import { enqueueAddressing, enqueueDelivery, stepsOf } from './addressing.ts'
import type { Gathering, Jobs, NotificationsHost } from './host.ts'
import type { Secret } from './kinds/kind.ts'
import { htmlOf, textOf, type Letter } from './layout.ts'
import { gathered, rules, titleOfMany, wordsOf, type Kind } from './messages.ts'
import { claimDelivery, claimTogether, endTogether, endTry, findLeftLying, type Claimed } from './store.ts'

type Status = 'sent' | 'failed' | 'dead' | 'obsolete'
type End = (status: Status, error?: string | null) => Promise<void>

/** So many messages a mail lists; of the others it says how many they are. */
const mostShown = 50

/** Sends one mail and notes how it went. */
export async function deliver(host: NotificationsHost, deliveryId: string, run: { last: boolean }): Promise<void> {
  const { db, now } = host
  const delivery = await db.transaction(tx => claimDelivery(tx, deliveryId, now()))
  if (!delivery) return
  const end: End = (status, error = null) => db.transaction(tx => endTry(tx, deliveryId, status, error, now()))
  await attempt(host, delivery.event, run, end, async () => {
    const { secret: fetch = () => ({}) } = rules[delivery.event]
    const secret = await fetch(host, delivery.facts)
    return secret && messageOf(delivery, { ...letterOf(host, delivery), ...secret })
  })
}

/** Sends all that waits of a kind for an address as one mail, and notes how it went for each. */
export async function deliverTogether(
  host: NotificationsHost,
  { mailId, ...gathering }: Gathering,
  run: { last: boolean },
): Promise<void> {
  const { db, now, settings } = host
  const event = gathering.event as Kind
  const claimed = await db.transaction(tx => {
    const at = now()
    const nextAt = new Date(at.getTime() + settings.NOTIFICATION_DIGEST)
    return claimTogether(tx, mailId, { ...gathering, event }, { at, nextAt, most: mostShown })
  })
  if (!claimed) return
  const end = (status: Status, error: string | null = null) =>
    db.transaction(tx => endTogether(tx, mailId, status, error, now()))
  await attempt(host, event, run, end, async () => {
    const { shown, total } = claimed
    const [first] = shown
    if (total === 1) return messageOf(first!, letterOf(host, first!))
    const { locale, name } = shown.at(-1)!
    const items = shown.map(delivery => letterOf(host, delivery)).map(({ title, link }) => ({ title, link }))
    const title = titleOfMany(event, locale, total)
    return { ...messageOf(first!, { locale, name, title, text: [], items, more: total - shown.length }), id: mailId }
  })
}

/**
 * A server that was sent all of a mail and then gave no answer may have taken it: it counts as sent, with a word about
 * that, as people mind a second mail more than a lost one. Only where we are killed while sending does it go out again,
 * under the same Message-ID by which the receiving side can drop the copy.
 */
async function attempt(
  { mail, log, metrics }: NotificationsHost,
  event: Kind,
  run: { last: boolean },
  end: End,
  compose: () => Promise<Message | undefined>,
): Promise<void> {
  let id: string | undefined
  try {
    const message = await compose()
    if (!message) return await end('obsolete')
    id = message.id
    await mail.record('email', message)
    if (mail.enabled && (await mail.send(message)) === 'unanswered') {
      metrics.counter('ohmnibus_mail_unanswered_total', 'Mails that were sent whole and never answered for').inc()
      log.warn({ event, mailId: id }, 'a mail was sent whole and the answer was lost: it counts as sent')
      return await end('sent', 'Sent whole, but the answer was lost. It may have arrived and is not sent again.')
    }
    await end('sent')
    log.debug({ event, mailId: id }, 'a mail went out')
  } catch (error) {
    const refused = error instanceof Problem && error.code === 'mail_refused'
    const cause = (error instanceof Error ? error.message : String(error)).slice(0, 500)
    if (!refused && !run.last) {
      await end('failed', cause)
      throw error
    }
    await end('dead', cause)
    log.error({ event, mailId: id, cause }, 'a mail cannot be delivered')
  }
}

/**
 * Gives what has been open for longer than any pause between tries a new job: the old one was killed once too often.
 */
export async function takeUp({ db, now, settings }: NotificationsHost, jobs: Jobs): Promise<void> {
  const { messages, deliveries } = await findLeftLying(
    db,
    new Date(now().getTime() - 7 * 3_600_000 - settings.NOTIFICATION_DIGEST),
  )
  const alone = deliveries.filter(({ event, mailId }) => !mailId && !(settings.NOTIFICATION_DIGEST && gathered(event)))
  const together = Map.groupBy(
    deliveries.filter(delivery => !alone.includes(delivery)),
    ({ mailId, address, event }) => mailId ?? `${event} ${address.toLowerCase()}`,
  )
  await db.transaction(async tx => {
    for (const id of messages) await enqueueAddressing(tx, jobs.normal, [id])
    for (const { id } of alone) await enqueueDelivery(tx, jobs.normal, id)
    for (const [{ mailId, address, event }] of together.values() as Iterable<[(typeof deliveries)[number]]>)
      await tx.enqueue(stepsOf(jobs, event).gather, { mailId: mailId ?? newId(), address, event })
  })
}

/** What a delivery says by itself, without what is secret in it. */
function letterOf({ platform }: NotificationsHost, { event, locale, name, facts, path }: Claimed): Letter {
  return { ...wordsOf(event, locale, facts), locale, name, link: path ? platform.publicUrl + path : undefined }
}

function messageOf({ id, event, address, createdAt }: Claimed, letter: Letter & Secret): Message {
  return {
    id,
    createdAt,
    to: address,
    subject: letter.title,
    text: textOf(letter),
    html: htmlOf(letter),
    event,
    urgent: rules[event].urgency === 'urgent',
  }
}
