import Type from 'typebox'
import { Instant } from '#contracts/shared'
import { noteAct } from '#contracts/admin'
import { Problem, fresh, withRole } from '#kernel'
import { askFor, type CarryOut } from '../approvals/approvals.ts'
import { ApprovalView, Reason, viewFor } from '../approvals/routes.ts'
import { endApproval } from '../approvals/store.ts'
import { insertEntry } from '../audit/store.ts'
import type { AdminHost } from '../host.ts'
import { alike, groupsOf, mostLetters } from './dead-letters.ts'
import { listPaymentEvents, payerOf, replayPaymentEvents } from './payment-events.ts'
import { listDead, tryAgain, type Letter } from './store.ts'

const config = { access: withRole('admin') }
const Subscription = Type.String({
  minLength: 1,
  maxLength: 300,
  pattern: '^[^\\u0000]*$',
  examples: ['notifications: tell (passport.created)'],
})
const Failure = Type.String({ maxLength: 300, pattern: '^[^\\u0000]*$', examples: ['Error: cannot stand it'] })

const GroupView = Type.Object(
  {
    subscription: Subscription,
    topic: Type.String({ examples: ['passport.created'] }),
    error: { ...Failure, description: 'What their errors have in common: ids and numbers stand as …' },
    count: Type.Integer({ minimum: 1, examples: [500] }),
    firstAt: Instant,
    lastAt: Instant,
  },
  { title: 'DeadLetterGroup' },
)

/** Of a subscription, or of all and of payment providers; `away` are services that did not answer. */
async function letters(host: AdminHost, subscription?: string): Promise<{ letters: Letter[]; away: string[] }> {
  const payer = subscription === undefined ? undefined : payerOf(subscription)
  const dead = payer ? [] : await listDead(host.db, subscription, mostLetters)
  if (subscription !== undefined && !payer) return { letters: dead, away: [] }
  const told = await listPaymentEvents(host, payer)
  return { letters: [...dead, ...told.letters], away: told.away }
}

/** What failed, by what it has in common; single ones are tried again and given up under `/api/events/dead-letters`. */
export function deadLetterRoutes(host: AdminHost): void {
  const { db, http, now } = host
  http.get(
    '/dead-letters',
    {
      config,
      schema: {
        summary: 'What is dead, by subscription and what the errors have in common',
        description:
          'Events of the platform and, as `orders: payment events`, what payment providers told; 10,000 of each at the most. ' +
          'Single ones are at `/api/events/dead-letters` and, by service, at `/api/orders/webhooks/dead`.',
        response: {
          200: Type.Object(
            {
              items: Type.Array(GroupView),
              away: Type.Array(Type.String({ examples: ['orders'] }), {
                description: 'Services that did not say what payment providers told them; ask again',
              }),
            },
            { title: 'DeadLetterGroups' },
          ),
        },
      },
    },
    async () => {
      const { letters: dead, away } = await letters(host)
      return {
        away,
        items: groupsOf(dead).map(({ firstAt, lastAt, ...group }) => ({
          ...group,
          firstAt: firstAt.toISOString(),
          lastAt: lastAt.toISOString(),
        })),
      }
    },
  )

  http.post(
    '/dead-letters/replay',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Ask a second admin to have all dead letters of a group tried again',
        description:
          'What they do cannot be undone, and there may be many: all of a subscription, or those that failed so.',
        refuses: ['dead_letters_none', 'approval_asked', 'service_unavailable'],
        body: Type.Object({ subscription: Subscription, error: Type.Optional(Failure), reason: Reason }),
        response: { 202: ApprovalView },
      },
    },
    async ({ actor, body: { reason, ...payload } }, reply) => {
      const dead = await letters(host, payload.subscription)
      if (dead.away.length > 0) throw new Problem('unavailable', 'service_unavailable', { service: dead.away[0] })
      const count = alike(dead.letters, payload.error).length
      if (count === 0) throw new Problem('conflict', 'dead_letters_none')
      const about = { object: payload.subscription, payload: { ...payload, count }, reason }
      const approval = await db.transaction(tx => askFor(tx, now(), actor, { act: 'dead-letters.replay', ...about }))
      return reply.code(202).send(viewFor(actor)(approval))
    },
  )

  // Written down once, however often it is told.
  host.answer(noteAct, async ({ at, service = 'kernel', ...told }) => {
    await db.transaction(tx => insertEntry(tx, { ...told, at: new Date(at), service }))
    return {}
  })
}

/** Tries again what two admins agreed on, after the approval: it takes its time. */
export function replaying(host: AdminHost): CarryOut {
  const job = host.job<{ id: string; subscription: string; error?: string }>('replay dead letters', async wanted => {
    const { id, subscription, error } = wanted
    const dead = await letters(host, subscription)
    // The job comes again.
    if (dead.away.length > 0) throw new Problem('unavailable', 'service_unavailable', { service: dead.away[0] })
    const ids = alike(dead.letters, error).map(letter => letter.id)
    const payer = payerOf(subscription)
    const worked = payer && (await replayPaymentEvents(host, payer, ids))
    await host.db.transaction(async tx => {
      const replayed = worked ?? (await tryAgain(tx, ids))
      await endApproval(tx, id, 'done', { replayed })
    })
  })
  return async (tx, { id, payload }) => {
    const { subscription, error } = payload as { subscription: string; error?: string }
    await tx.enqueue(job, { id, subscription, ...(error !== undefined && { error }) })
    return undefined
  }
}
