import type { OrganisationDeleted, UserDeleted, UserEmailChanged } from '#contracts/identity'
import { newId, type Delivered } from '#kernel'
import { enqueueAddressing, stepsOf } from './addressing.ts'
import type { Jobs, NotificationsHost } from './host.ts'
import { reopen } from './mailing/store.ts'
import { draftsOf, kinds, rules } from './messages.ts'
import { keptFrom } from './retention.ts'
import { forgetPerson, insertMessages, type Message } from './store.ts'
import { callWebhooks, newsOf, type SendJob } from './webhooks/sending.ts'
import { forgetWebhooks } from './webhooks/store.ts'

/** Nobody notices that they are told so much later. */
const unnoticedMs = 100

/** A message for each audience of an event. The order of events does not matter: a message is about one event alone. */
export function reactions(host: NotificationsHost, jobs: Jobs, send: SendJob): void {
  const { onMany, now } = host
  const forget = host.job('forget', ({ userId }: { userId: string }) =>
    host.db.transaction(tx => forgetPerson(tx, userId)),
  )
  for (const kind of kinds)
    onMany(
      rules[kind].event,
      {
        id: 'tell',
        purpose: 'tell people',
        from: 'now',
        afterFailure: 'pass',
        restMs: rules[kind].urgency === 'urgent' ? 0 : unnoticedMs,
      },
      async (events, tx) => {
        if (kind === 'user.deleted')
          for (const { userId } of events as unknown as Delivered<typeof UserDeleted>[]) {
            await forgetPerson(tx, userId)
            await forgetWebhooks(tx, { kind: 'person', id: userId })
            // And what was on its way to them by then.
            await tx.enqueue(forget, { userId }, { runAt: new Date(now().getTime() + 3_600_000) })
          }
        if (kind === 'organisation.deleted')
          for (const { organisationId } of events as unknown as Delivered<typeof OrganisationDeleted>[])
            await forgetWebhooks(tx, { kind: 'organisation', id: organisationId })
        if (kind === 'user.registered' || kind === 'user.email-changed')
          for (const { email, timestamp } of events as unknown as Delivered<typeof UserEmailChanged>[])
            await reopen(tx, email, new Date(timestamp))
        // What was told of it may be gone, and when everything is handled again nobody is to hear of last year's
        // passports.
        const kept = events.filter(({ timestamp }) => new Date(timestamp) >= keptFrom(host))
        const messages = kept.flatMap(event =>
          draftsOf(kind, event).map(({ audience, facts, path = null }, at, drafts): Message => {
            const told = drafts.slice(0, at).map(({ audience }) => audience)
            return {
              id: newId(),
              eventId: event.eventId,
              event: kind,
              actorId: event.actor.userId,
              audience,
              // Two persons are not one.
              told: audience.kind === 'person' ? told.filter(({ kind }) => kind !== 'person') : told,
              facts,
              path,
            }
          }),
        )
        const added = await insertMessages(tx, messages, now())
        if (added.length === 0) return
        await enqueueAddressing(tx, stepsOf(jobs, kind), added)
        const isNew = new Set(added)
        const byEvent = new Map(kept.map(event => [event.eventId, event]))
        const news = messages
          .filter(({ id }) => isNew.has(id))
          .map(message => newsOf(host, message, byEvent.get(message.eventId)!))
        await callWebhooks(host, tx, send, news)
      },
    )
}
