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
import { listDead, tryAgain } from './store.ts'

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

/** What failed, by what it has in common; single ones are tried again and given up under `/api/events/dead-letters`. */
export function deadLetterRoutes(host: AdminHost): void {
  const { db, http, now } = host
  http.get(
    '/dead-letters',
    {
      config,
      schema: {
        summary: 'What is dead, by subscription and what the errors have in common',
        description: 'Of 10,000 at the most. Single ones are at `/api/events/dead-letters`.',
        response: { 200: Type.Object({ items: Type.Array(GroupView) }, { title: 'DeadLetterGroups' }) },
      },
    },
    async () => {
      const groups = groupsOf(await listDead(db, undefined, mostLetters))
      return {
        items: groups.map(({ firstAt, lastAt, ...group }) => ({
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
        refuses: ['dead_letters_none', 'approval_asked'],
        body: Type.Object({ subscription: Subscription, error: Type.Optional(Failure), reason: Reason }),
        response: { 202: ApprovalView },
      },
    },
    async ({ actor, body: { reason, ...payload } }, reply) => {
      const count = alike(await listDead(db, payload.subscription, mostLetters), payload.error).length
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
    const letters = alike(await listDead(host.db, subscription, mostLetters), error)
    await host.db.transaction(async tx => {
      const replayed = await tryAgain(
        tx,
        letters.map(letter => letter.id),
      )
      await endApproval(tx, id, 'done', { replayed })
    })
  })
  return async (tx, { id, payload }) => {
    const { subscription, error } = payload as { subscription: string; error?: string }
    await tx.enqueue(job, { id, subscription, ...(error !== undefined && { error }) })
    return undefined
  }
}
