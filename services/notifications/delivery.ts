import { Problem, type Message } from '#kernel'
import { enqueueAddressing, enqueueDelivery } from './addressing.ts'
import type { NotificationsHost, Steps } from './host.ts'
import type { Secret } from './kinds/kind.ts'
import { htmlOf, textOf, type Letter } from './layout.ts'
import { rules, wordsOf } from './messages.ts'
import { claimDelivery, endTry, findLeftLying, type Claimed } from './store.ts'

/**
 * Sends one mail and notes how it went. A server that was sent all of it and then gave no answer may have taken it: it
 * counts as sent, with a word about that, as people mind a second mail more than a lost one. Only where we are killed
 * while sending does it go out again, under the same Message-ID by which the receiving side can drop the copy.
 */
export async function deliver(host: NotificationsHost, deliveryId: string, run: { last: boolean }): Promise<void> {
  const { db, mail, log, metrics, now } = host
  const delivery = await db.transaction(tx => claimDelivery(tx, deliveryId, now()))
  if (!delivery) return
  const end = (status: 'sent' | 'failed' | 'dead' | 'obsolete', error: string | null = null) =>
    db.transaction(tx => endTry(tx, deliveryId, status, error, now()))

  try {
    const { secret: fetch = () => ({}) } = rules[delivery.event]
    const secret = await fetch(host, delivery.facts)
    if (!secret) return await end('obsolete')
    const message = messageOf(delivery, secret, host.platform.publicUrl)
    await mail.record('email', message)
    if (mail.enabled && (await mail.send(message)) === 'unanswered') {
      metrics.counter('ohmnibus_mail_unanswered_total', 'Mails that were sent whole and never answered for').inc()
      log.warn(
        { event: delivery.event, deliveryId },
        'a mail was sent whole and the answer was lost: it counts as sent',
      )
      return await end('sent', 'Sent whole, but the answer was lost. It may have arrived and is not sent again.')
    }
    await end('sent')
    log.debug({ event: delivery.event, deliveryId }, 'a mail went out')
  } catch (error) {
    const refused = error instanceof Problem && error.code === 'mail_refused'
    const cause = (error instanceof Error ? error.message : String(error)).slice(0, 500)
    if (!refused && !run.last) {
      await end('failed', cause)
      throw error
    }
    await end('dead', cause)
    log.error({ event: delivery.event, deliveryId, cause }, 'a mail cannot be delivered')
  }
}

/**
 * Gives what has been open for longer than any pause between tries a new job: the old one was killed once too often.
 */
export async function takeUp({ db, now }: NotificationsHost, steps: Steps): Promise<void> {
  const { messages, deliveries } = await findLeftLying(db, new Date(now().getTime() - 7 * 3_600_000))
  await db.transaction(async tx => {
    for (const id of messages) await enqueueAddressing(tx, steps, id)
    for (const id of deliveries) await enqueueDelivery(tx, steps, id)
  })
}

function messageOf(
  { id, event, address, name, locale, facts, path, createdAt }: Claimed,
  secret: Secret,
  publicUrl: string,
): Message {
  const words = wordsOf(event, locale, facts)
  const letter: Letter = { ...words, locale, name, link: path ? publicUrl + path : undefined, ...secret }
  return {
    id,
    createdAt,
    to: address,
    subject: words.title,
    text: textOf(letter),
    html: htmlOf(letter),
    event,
    urgent: rules[event].urgency === 'urgent',
  }
}
