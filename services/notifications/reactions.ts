import { newId } from '#kernel'
import { enqueueAddressing } from './addressing.ts'
import type { Jobs, NotificationsHost } from './host.ts'
import type { Audience } from './kinds/kind.ts'
import { draftsOf, kinds, rules } from './messages.ts'
import { keptFrom } from './retention.ts'
import { insertMessage } from './store.ts'

/** A message for each audience of an event. The order of events does not matter: a message is about one event alone. */
export function reactions(host: NotificationsHost, jobs: Jobs): void {
  const { on, now } = host
  for (const kind of kinds)
    on(
      rules[kind].event,
      { id: 'tell', purpose: 'tell people', from: 'now', afterFailure: 'pass' },
      async (event, tx) => {
        // What was told of it may be gone, and when everything is handled again nobody is to hear of last year's
        // passports.
        if (new Date(event.timestamp) < keptFrom(host)) return
        const told: Audience[] = []
        for (const draft of draftsOf(kind, event)) {
          const id = newId()
          if (await insertMessage(tx, id, { id: event.eventId, kind }, { ...draft, told }, now()))
            await enqueueAddressing(tx, jobs[rules[kind].urgency ?? 'normal'], id)
          told.push(draft.audience)
        }
      },
    )
}
