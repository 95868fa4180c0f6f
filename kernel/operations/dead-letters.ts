import Type from 'typebox'
import { Id, Instant } from '../../contracts/shared.ts'
import { fresh, withRole } from '../access/access.ts'
import type { EventLog } from '../events/events.ts'
import type { Http } from '../http/http.ts'
import {
  Count,
  counted,
  countQuery,
  createdIn,
  createdQuery,
  cursorOf,
  isCount,
  isText,
  listQuery,
  Page,
  page,
} from '../http/pagination.ts'
import { Problem } from '../problem.ts'
import { readNote } from '../telemetry/context.ts'
import type { Told } from './acts.ts'

const DeadLetter = Type.Object(
  {
    id: Id,
    subscription: Type.String({ examples: ['notifications: tell (passport.created)'] }),
    service: Type.String({ examples: ['notifications'] }),
    topic: Type.String({ examples: ['passport.created'] }),
    key: Type.String({ description: 'The aggregate the event is about' }),
    eventId: Id,
    traceId: Type.String({ examples: ['0af7651916cd43dd8448eb211c80319c'] }),
    state: Type.Enum(['retrying', 'dead', 'waiting'], {
      examples: ['dead'],
      description: '`waiting` stand behind an earlier event of their key',
    }),
    attempts: Type.Integer({ examples: [5] }),
    error: Type.Union([Type.String(), Type.Null()]),
    publishedAt: Instant,
    failedAt: Type.Unsafe<string>({ ...Instant, description: 'The last try; of one that waits, when it came' }),
  },
  { title: 'DeadLetter' },
)

/** Events whose reaction failed, in all event logs: seen, tried again, given up. */
export function serveDeadLetters(admin: Http, eventLogs: readonly EventLog[], told: Told): void {
  admin.get(
    '/dead-letters',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Events whose reaction failed',
        refuses: ['database_unavailable'],
        querystring: listQuery(createdQuery),
        response: { 200: Page(DeadLetter) },
      },
    },
    async ({ query }) => {
      const after = cursorOf(query.after, isText, isCount) as [string, number] | undefined
      const wanted = { limit: query.limit + 1, after, failed: createdIn(query) }
      const rows = (await Promise.all(eventLogs.map(events => events.deadLetters(wanted)))).flat()
      return page(
        rows.sort((a, b) =>
          a.subscription < b.subscription ? -1 : a.subscription > b.subscription ? 1 : a.position - b.position,
        ),
        query.limit,
        row => [row.subscription, row.position],
        ({ event_id: eventId, trace_id, published_at, failed_at, position: _, ...row }) => ({
          ...row,
          eventId,
          traceId: readNote(trace_id).traceId,
          publishedAt: published_at.toISOString(),
          failedAt: failed_at.toISOString(),
        }),
      )
    },
  )

  admin.get(
    '/dead-letters/count',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'How many events there are whose reaction failed',
        description: 'By when they were tried last, where one asks for a span of time.',
        refuses: ['database_unavailable'],
        querystring: countQuery(createdQuery),
        response: { 200: Count },
      },
    },
    async ({ query }) => {
      const counts = await Promise.all(eventLogs.map(events => events.countDeadLetters(createdIn(query))))
      return counted(counts.reduce((sum, count) => sum + count, 0))
    },
  )

  admin.post(
    '/dead-letters/:id/replay',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Try a dead letter again',
        refuses: ['dead_letter_unknown', 'database_unavailable'],
        params: Type.Object({ id: Id }),
        response: { 202: Type.Object({ id: Id }, { title: 'DeadLetterReplay' }) },
      },
    },
    async ({ params, actor }, reply) => {
      if (!(await Promise.all(eventLogs.map(events => events.replay(params.id)))).includes(true))
        throw new Problem('not_found', 'dead_letter_unknown')
      await told(actor.userId, 'dead-letter.replayed', params.id)
      return reply.code(202).send({ id: params.id })
    },
  )

  admin.delete(
    '/dead-letters/:id',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Give a dead letter up',
        description:
          'Its reaction never happens; what waits behind it goes on. It takes two, who are written down: 202 for the first.',
        refuses: ['dead_letter_unknown', 'database_unavailable'],
        params: Type.Object({ id: Id }),
        response: { 202: Type.Object({ id: Id }, { title: 'DeadLetterUnwanted' }), 204: Type.Null() },
      },
    },
    async ({ params, actor }, reply) => {
      const given = (await Promise.all(eventLogs.map(log => log.giveUp(params.id, actor.userId)))).find(Boolean)
      if (!given) throw new Problem('not_found', 'dead_letter_unknown')
      await told(actor.userId, given.gone ? 'dead-letter.given-up' : 'dead-letter.unwanted', params.id, given)
      return given.gone ? reply.code(204).send() : reply.code(202).send({ id: params.id })
    },
  )
}
