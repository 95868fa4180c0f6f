import Type from 'typebox'
import { Instant } from '../../contracts/shared.ts'
import { fresh, withRole } from '../access/access.ts'
import type { EventLog } from '../events/events.ts'
import type { Http } from '../http/http.ts'
import { cursorOf, isText, Page, page, listQuery, timeOf } from '../http/pagination.ts'
import { Problem } from '../problem.ts'
import type { Told } from './acts.ts'

const Name = Type.String({ minLength: 1, maxLength: 300, examples: ['notifications: tell (passport.created)'] })
const Subscription = Type.Object(
  {
    subscription: Type.String({ examples: ['notifications: tell (passport.created)'] }),
    service: Type.String({ examples: ['notifications'] }),
    topic: Type.String({ examples: ['passport.created'] }),
    id: Type.Union([Type.String(), Type.Null()], { examples: ['tell'] }),
    purpose: Type.Union([Type.String(), Type.Null()], { examples: ['tell people'] }),
    movedAt: Type.Union([Instant, Type.Null()], { description: 'When it last handled something' }),
    orphanedAt: Type.Union([Instant, Type.Null()], { description: 'Since when no code has it any more' }),
  },
  { title: 'Subscription' },
)

/** Who reacts to what in all event logs, and may be made to do so again. */
export function serveSubscriptions(admin: Http, eventLogs: readonly EventLog[], told: Told): void {
  admin.get(
    '/subscriptions',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Who reacts to what',
        refuses: ['database_unavailable'],
        querystring: listQuery({}),
        response: { 200: Page(Subscription) },
      },
    },
    async ({ query }) => {
      const [after] = (cursorOf(query.after, isText) as [string] | undefined) ?? []
      const wanted = { limit: query.limit + 1, after }
      const rows = (await Promise.all(eventLogs.map(events => events.subscriptions(wanted)))).flat()
      return page(
        rows.sort((a, b) => (a.subscription < b.subscription ? -1 : 1)),
        query.limit,
        row => [row.subscription],
        ({ moved_at, orphaned_at, ...row }) => ({
          ...row,
          movedAt: moved_at?.toISOString() ?? null,
          orphanedAt: orphaned_at?.toISOString() ?? null,
        }),
      )
    },
  )

  admin.post(
    '/subscriptions/replay',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Let a subscription handle events again',
        description:
          'All there are, or those published at `from` and later. New events go on beside it, behind those of their key.',
        refuses: ['subscription_unknown', 'database_unavailable'],
        body: Type.Object({
          subscription: Name,
          from: Type.Optional(Instant),
        }),
        response: { 202: Type.Object({ subscription: Type.String() }, { title: 'SubscriptionReplay' }) },
      },
    },
    async ({ body, actor }, reply) => {
      const from = body.from === undefined ? undefined : timeOf(body.from)
      if (!(await Promise.all(eventLogs.map(events => events.rewind(body.subscription, from)))).includes(true))
        throw new Problem('not_found', 'subscription_unknown')
      await told(actor.userId, 'subscription.replayed', body.subscription, { from: body.from ?? null })
      return reply.code(202).send({ subscription: body.subscription })
    },
  )
}
