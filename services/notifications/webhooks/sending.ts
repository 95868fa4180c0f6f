import { WebhookDisabled } from '#contracts/notifications'
import type { EventContract } from '#contracts/define'
import type { Delivered, Job, Tx } from '#kernel'
import type { NotificationsHost } from '../host.ts'
import { rules } from '../messages.ts'
import type { Message } from '../store.ts'
import { hasArrived, post, type Outcome } from './post.ts'
import {
  claimCalls,
  dropCalls,
  endCall,
  findForgotten,
  findWebhook,
  insertCalls,
  nextCallAt,
  updateWebhook,
  type News,
} from './store.ts'
import { signed, type Webhook } from './webhook.ts'

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 24 * 3_600_000]

/** Pauses after each try, about three days in all, as Standard Webhooks advises. Milliseconds. */
const pauses = [5 * second, minute, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, day]
/** A webhook at which nothing arrives for so long is given up with the next call that is. */
const patience = 3 * day
/** So many calls a batch, and so many of them at once: one that is slow to answer keeps nobody else waiting. */
const [mostClaimed, atOnce] = [40, 5]
/** A try ends sooner than this, or its process has. */
const claimedFor = 2 * minute
const keptFor = 30 * day

export type SendJob = Job<{ webhookId: string }>

const pathIn = (event: object, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], event)

/** What a webhook is sent of a message. */
export function newsOf({ platform }: NotificationsHost, message: Message, event: Delivered<EventContract>): News {
  const { path, facts } = message
  const subject = pathIn(event, rules[message.event].event.key)
  const data = { subject, ...facts, link: path && platform.publicUrl + path }
  return { message, body: JSON.stringify({ type: message.event, timestamp: event.timestamp, data }) }
}

/** In the transaction of what happened: what webhooks want to know of it. */
export async function callWebhooks(
  host: NotificationsHost,
  tx: Tx<'notifications'>,
  send: SendJob,
  news: readonly News[],
): Promise<void> {
  // People choose whether they are told these; of their accounts' safety they hear themselves.
  const told = news.filter(({ message }) => !rules[message.event].fixed)
  for (const webhookId of await insertCalls(tx, told, host.now())) await enqueueSending(tx, send, webhookId)
}

/** One waiting job a webhook, whoever asks for it. */
export const enqueueSending = (tx: Tx<'notifications'>, send: SendJob, webhookId: string) =>
  tx.enqueue(send, { webhookId }, { key: `notifications.webhook:${webhookId}` })

/** Sends what is due for a webhook, and has itself called again for the rest. */
export async function send(host: NotificationsHost, job: SendJob, webhookId: string, signal: AbortSignal) {
  const { db, now } = host
  const taken = await db.transaction(async tx => {
    const at = now()
    const webhook = await findWebhook(tx, webhookId, true)
    if (!webhook || webhook.disabledBecause) return undefined
    if (webhook.restsUntil && webhook.restsUntil > at) {
      await continueAt(tx, job, webhookId, webhook.restsUntil)
      return undefined
    }
    const until = new Date(at.getTime() + claimedFor)
    return { webhook, calls: [...(await claimCalls(tx, webhookId, at, until, mostClaimed))] }
  })
  if (!taken) return
  const waiting = taken.calls.values()
  const inTurn = async (): Promise<void> => {
    for (const { id, tries, body } of waiting) {
      const outcome = await tryOnce(host, taken.webhook, id, body, signal)
      await db.transaction(tx => note(host, tx, webhookId, { id, tries }, outcome))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, inTurn))
  await db.transaction(async tx => {
    const at = await nextCallAt(tx, webhookId)
    if (at) await continueAt(tx, job, webhookId, at)
  })
}

/** With a key of its own: it must not put off a job that is due at once. */
const continueAt = (tx: Tx<'notifications'>, job: SendJob, webhookId: string, runAt: Date) =>
  tx.enqueue(job, { webhookId }, { runAt, key: `notifications.webhook-later:${webhookId}` })

export const tryOnce = (host: NotificationsHost, webhook: Webhook, id: string, body: string, signal?: AbortSignal) =>
  post(webhook.url, signed(host, webhook, id, body, host.now()), body, {
    anywhere: reachesAnywhere(host),
    ...(signal ? { signal } : {}),
  })

export const reachesAnywhere = ({ platform, settings }: NotificationsHost): boolean =>
  platform.mode === 'evaluation' || settings.WEBHOOKS_ANYWHERE

/** What follows from a try for its call and for the webhook. */
async function note(
  host: NotificationsHost,
  tx: Tx<'notifications'>,
  webhookId: string,
  { id, tries }: { id: string; tries: number },
  outcome: Outcome,
): Promise<void> {
  const at = host.now()
  const { status: answer, error } = outcome
  count(host, outcome)
  const webhook = await findWebhook(tx, webhookId, true)
  if (!webhook) return
  if (hasArrived(outcome)) {
    await endCall(tx, { id, tries, status: 'delivered', nextAt: at, answer, error }, at)
    if (webhook.failures > 0)
      await updateWebhook(tx, { ...webhook, failures: 0, failingSince: null, restsUntil: null }, at)
    return
  }
  const pause = Math.max(pauses[tries - 1] ?? 0, Math.min((outcome.retryAfter ?? 0) * second, hour))
  const status = tries > pauses.length ? 'dead' : 'waiting'
  await endCall(tx, { id, tries, status, nextAt: new Date(at.getTime() + pause), answer, error }, at)
  const failures = webhook.failures + 1
  const failing = {
    ...webhook,
    failures,
    failingSince: webhook.failingSince ?? at,
    restsUntil: new Date(at.getTime() + Math.min(second * 2 ** failures, 5 * minute)),
  }
  if (answer === 410) return await disable(host, tx, failing, 'gone')
  if (status === 'dead' && at.getTime() - failing.failingSince.getTime() > patience)
    return await disable(host, tx, failing, 'failures')
  await updateWebhook(tx, failing, at)
}

export function count({ metrics }: NotificationsHost, outcome: Outcome): void {
  metrics
    .counter('ohmnibus_webhook_calls_total', 'Calls of webhooks, by how they went', ['outcome'])
    .inc({ outcome: hasArrived(outcome) ? 'delivered' : outcome.status === null ? 'unanswered' : 'refused' })
}

/** Nothing is sent to it any more, and its owner is told. */
export async function disable(
  host: NotificationsHost,
  tx: Tx<'notifications'>,
  webhook: Webhook,
  because: 'failures' | 'gone',
): Promise<void> {
  const { id, owner, url } = webhook
  await updateWebhook(tx, { ...webhook, disabledBecause: because, version: webhook.version + 1 }, host.now())
  await tx.publish(WebhookDisabled, { webhookId: id, owner, host: new URL(url).host, because })
  host.log.warn({ webhookId: id, because }, 'a webhook is sent nothing any more')
}

/** Forgets old calls, and takes up what a lost job has left. */
export async function tendWebhooks(host: NotificationsHost, job: SendJob): Promise<void> {
  const { db, now } = host
  const ago = (ms: number): Date => new Date(now().getTime() - ms)
  await db.transaction(tx => dropCalls(tx, ago(Math.min(keptFor, host.settings.NOTIFICATION_RETENTION))))
  const forgotten = await findForgotten(db, ago(10 * minute))
  await db.transaction(async tx => {
    for (const { id } of forgotten) await enqueueSending(tx, job, id)
  })
}
