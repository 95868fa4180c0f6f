import { newId, Problem, type Message } from '#kernel'
import { enqueueAddressing, enqueueDelivery, stepsOf } from './addressing.ts'
import type { DigestJob, Gathering, Jobs, NotificationsHost, Steps } from './host.ts'
import type { Locale, Secret } from './kinds/kind.ts'
import { htmlOf, textOf, type Letter } from './layout.ts'
import { sendElsewhere } from './elsewhere.ts'
import { close, passes, saysNobody } from './mailing/closing.ts'
import { leaveLink } from './mailing/leaving.ts'
import { gathered, isPressing, rules, titleOfMany, wordsOf, type Kind } from './messages.ts'
import { quietUntil } from './timing.ts'
import { preferencesOf } from './store.ts'
import {
  claimDelivery,
  claimDigest,
  timingOf,
  timingOfMailing,
  claimTogether,
  endTogether,
  endTry,
  findLeftLying,
  type Claimed,
} from './deliveries.ts'

/** What goes out, and where it leads. */
type Composed = Message & { link?: string | undefined }

type Status = 'sent' | 'failed' | 'dead' | 'obsolete'
const closedWords = 'The address takes no mail: its server has nobody there, or its reader wants none.'

type End = (status: Status, error?: string | null) => Promise<void>

/** So many messages a mail lists; of the others it says how many they are. */
const mostShown = 50

/** Sends one mail and notes how it went. */
export async function deliver(
  host: NotificationsHost,
  steps: Steps,
  deliveryId: string,
  run: { last: boolean },
): Promise<void> {
  const { db, now } = host
  const timing = await timingOf(db, deliveryId)
  const until = timing && !isPressing(timing.event) ? quietUntil(timing, now()) : undefined
  if (until) {
    const later = { runAt: until, key: `notifications.deliver-later:${deliveryId}` }
    return await db.transaction(tx => tx.enqueue(steps.deliver, { deliveryId }, later))
  }
  const delivery = await db.transaction(tx => claimDelivery(tx, deliveryId, now()))
  if (!delivery) return
  const end: End = (status, error = null) => db.transaction(tx => endTry(tx, deliveryId, status, error, now()))
  if (delivery.closed && !passes(delivery.event, delivery.closed)) return await end('obsolete', closedWords)
  await attempt(host, delivery, run, end, async () => {
    const { secret: fetch = () => ({}) } = rules[delivery.event]
    const secret = await fetch(host, delivery.facts)
    return secret && messageOf(host, delivery, { ...letterOf(host, delivery), ...secret })
  })
}

/** Sends all that waits of a kind for an address as one mail, and notes how it went for each. */
export async function deliverTogether(
  host: NotificationsHost,
  steps: Steps,
  { mailId, ...gathering }: Gathering,
  run: { last: boolean },
): Promise<void> {
  const { db, now, settings } = host
  const event = gathering.event as Kind
  const timing = await timingOfMailing(db, mailId, { ...gathering, event })
  const until = timing && quietUntil(timing, now())
  if (until) return await db.transaction(tx => tx.enqueue(steps.gather, { mailId, ...gathering }, { runAt: until }))
  const claimed = await db.transaction(tx => {
    const at = now()
    const nextAt = new Date(at.getTime() + settings.NOTIFICATION_DIGEST)
    return claimTogether(tx, mailId, { ...gathering, event }, { at, nextAt, most: mostShown })
  })
  if (!claimed) return
  const end = (status: Status, error: string | null = null) =>
    db.transaction(tx => endTogether(tx, mailId, status, error, now()))
  const { shown, total } = claimed
  const [first] = shown
  if (first!.closed && !passes(event, first!.closed)) return await end('obsolete', closedWords)
  await attempt(host, first!, run, end, async () => {
    if (total === 1) return messageOf(host, first!, letterOf(host, first!))
    const { locale, name } = shown.at(-1)!
    const items = shown.map(delivery => letterOf(host, delivery)).map(({ title, link }) => ({ title, link }))
    const title = titleOfMany(event, locale, total)
    return {
      ...messageOf(host, first!, { locale, name, title, text: [], items, more: total - shown.length }),
      id: mailId,
    }
  })
}

/** Sends what waits for somebody's digest as one mail. */
export async function deliverDigest(
  host: NotificationsHost,
  steps: Steps,
  { mailId, userId, until }: DigestJob,
  run: { last: boolean },
): Promise<void> {
  const { db, now } = host
  const quiet = quietUntil(await preferencesOf(db, userId), now())
  if (quiet) return await db.transaction(tx => tx.enqueue(steps.digest, { mailId, userId, until }, { runAt: quiet }))
  const chosen = { userId, until: until === null ? null : new Date(until) }
  const claimed = await db.transaction(tx => claimDigest(tx, mailId, chosen, { at: now(), most: mostShown }))
  if (!claimed) return
  const { shown, total } = claimed
  const [first, last] = [shown[0]!, shown.at(-1)!]
  const end: End = (status, error = null) => db.transaction(tx => endTogether(tx, mailId, status, error, now()))
  if (first.closed) return await end('obsolete', closedWords)
  await attempt(host, first, run, end, async () => {
    if (total === 1) return messageOf(host, first, letterOf(host, first))
    const { locale, name } = last
    const items = shown.map(delivery => letterOf(host, delivery)).map(({ title, link }) => ({ title, link }))
    const leave = leaveLink(host, { userId, what: 'all' })
    const letter = {
      locale,
      name,
      title: titleOfDigest(locale, total),
      text: [],
      items,
      more: total - shown.length,
      leave,
    }
    const { urgent: _, link: __, ...message } = messageOf(host, first, letter)
    return {
      ...message,
      id: mailId,
      event: 'digest',
      subject: letter.title,
      text: textOf(letter),
      html: htmlOf(letter),
      leave,
    }
  })
}

const titleOfDigest = (locale: Locale, count: number): string =>
  ({ en: `What happened: ${count} messages`, de: `Was geschah: ${count} Nachrichten` })[locale]

/**
 * A server that was sent all of a mail and then gave no answer may have taken it: it counts as sent, with a word about
 * that, as people mind a second mail more than a lost one. Only where we are killed while sending does it go out again,
 * under the same Message-ID by which the receiving side can drop the copy.
 */
async function attempt(
  host: NotificationsHost,
  delivery: Claimed,
  run: { last: boolean },
  end: End,
  compose: () => Promise<Composed | undefined>,
): Promise<void> {
  const { event, channel, address, userId } = delivery
  const { db, mail, log, metrics, now } = host
  const ended: End = async (status, error) => {
    metrics
      .counter('ohmnibus_deliveries_total', 'Tries of messages that leave the platform, by how they went', [
        'channel',
        'outcome',
      ])
      .inc({ channel, outcome: status })
    await end(status, error)
  }
  let id: string | undefined
  try {
    const composed = await compose()
    if (!composed) return await ended('obsolete')
    const { link, ...message } = composed
    id = message.id
    if (channel !== 'email') {
      const { status, error } = await sendElsewhere(host, delivery, { ...message, link })
      return await ended(status, error)
    }
    await mail.record('email', message)
    if (mail.enabled && (await mail.send(message)) === 'unanswered') {
      metrics.counter('ohmnibus_mail_unanswered_total', 'Mails that were sent whole and never answered for').inc()
      log.warn({ event, mailId: id }, 'a mail was sent whole and the answer was lost: it counts as sent')
      return await ended('sent', 'Sent whole, but the answer was lost. It may have arrived and is not sent again.')
    }
    await ended('sent')
    log.debug({ event, mailId: id }, 'a mail went out')
  } catch (error) {
    const refused = error instanceof Problem && /^(mail|push|sms)_refused$/.test(error.code)
    const cause = (error instanceof Error ? error.message : String(error)).slice(0, 500)
    if (!refused && !run.last) {
      await ended('failed', cause)
      throw error
    }
    await ended('dead', cause)
    if (refused && error.details.recipient === true && saysNobody(cause))
      await db.transaction(tx => close(host, tx, { address, userId, because: 'bounced', detail: cause, at: now() }))
    log.error({ event, channel, mailId: id, cause }, 'a mail cannot be delivered')
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
  const digests = Map.groupBy(
    deliveries.filter(({ digestAt, userId }) => digestAt && userId),
    ({ mailId, userId }) => mailId ?? userId!,
  )
  const others = deliveries.filter(({ digestAt }) => !digestAt)
  const alone = others.filter(({ event, mailId }) => !mailId && !(settings.NOTIFICATION_DIGEST && gathered(event)))
  const together = Map.groupBy(
    others.filter(delivery => !alone.includes(delivery)),
    ({ mailId, address, event }) => mailId ?? `${event} ${address.toLowerCase()}`,
  )
  await db.transaction(async tx => {
    for (const id of messages) await enqueueAddressing(tx, jobs.normal, [id])
    for (const [{ mailId, userId }] of digests.values() as Iterable<[(typeof deliveries)[number]]>)
      await tx.enqueue(jobs.normal.digest, { mailId: mailId ?? newId(), userId: userId!, until: now().toISOString() })
    for (const { id } of alone) await enqueueDelivery(tx, jobs.normal, id)
    for (const [{ mailId, address, event }] of together.values() as Iterable<[(typeof deliveries)[number]]>)
      await tx.enqueue(stepsOf(jobs, event).gather, { mailId: mailId ?? newId(), address, event })
  })
}

/**
 * What a delivery says, for who looks after the platform: without a code, or a link that lets somebody in or ends mail.
 * Where the platform is for evaluation and no mail leaves it nobody has a mailbox, and it is shown as it was written.
 */
export async function contentOf(host: NotificationsHost, delivery: Claimed) {
  const { secret: fetch } = rules[delivery.event]
  const isOpen = host.platform.mode === 'evaluation' && !host.mail.enabled
  const secret = isOpen ? await fetch?.(host, delivery.facts) : undefined
  const letter = { ...letterOf(host, delivery), ...secret }
  const { subject, text, html } = isOpen
    ? messageOf(host, delivery, letter)
    : { subject: letter.title, text: textOf(letter), html: htmlOf(letter) }
  return { subject, text, html, withheld: fetch !== undefined && secret === undefined }
}

/** What a delivery says by itself, without what is secret in it. */
function letterOf({ platform }: NotificationsHost, { event, locale, name, facts, path }: Claimed): Letter {
  return { ...wordsOf(event, locale, facts), locale, name, link: path ? platform.publicUrl + path : undefined }
}

function messageOf(host: NotificationsHost, delivery: Claimed, words: Letter & Secret): Composed {
  const { id, event, address, createdAt, userId } = delivery
  const leave = userId && !rules[event].fixed ? leaveLink(host, { userId, what: event }) : undefined
  const letter = { ...words, ...(leave && { leave }) }
  return {
    id,
    createdAt,
    to: address,
    subject: letter.title,
    text: textOf(letter),
    html: htmlOf(letter),
    event,
    urgent: rules[event].urgency === 'urgent',
    ...(leave && { leave }),
    link: words.link,
  }
}
