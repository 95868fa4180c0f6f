import Type, { type Static } from 'typebox'
import { getPerson } from '#contracts/identity'
import { Id, Instant } from '#contracts/shared'
import { cursorOf, fresh, isId, isInstant, listQuery, Page, page, Problem, withRole } from '#kernel'
import type { AdminHost } from '../host.ts'
import { askFor, decide, type CarryOut, type Decision } from './approvals.ts'
import { findApproval, listApprovals, type Act, type Approval } from './store.ts'

const config = { access: withRole('admin') }
/** Changes, for which an admin who has a second factor gave it a moment ago. */
const changing = { access: fresh(withRole('admin'), '5 minutes') }
const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const One = Type.Object({ id: Id })
const Act = Type.Enum(['account.delete', 'setting.change', 'dead-letters.replay'], { examples: ['account.delete'] })
const State = Type.Enum(['asked', 'approved', 'refused', 'withdrawn', 'lapsed', 'done', 'failed'], {
  examples: ['asked'],
  description: '`approved` while it is carried out, `done` or `failed` then',
})
const Words = (example: string) =>
  Type.String({ minLength: 1, maxLength: 2_000, pattern: '^[^\\u0000]*\\S[^\\u0000]*$', examples: [example] })
/** Why something is wanted; the second admin reads it. */
export const Reason = Words('Asked for it in writing, ticket 4711.')
const Something = Type.Record(Type.String(), Type.Unknown(), { examples: [{}] })

export const ApprovalView = Type.Object(
  {
    id: Id,
    act: Act,
    object: Type.String({ examples: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'] }),
    payload: Something,
    reason: Reason,
    askedBy: Id,
    askedAt: Instant,
    endsAt: Instant,
    state: State,
    decidedBy: nullable(Id),
    decidedAt: nullable(Instant),
    note: nullable(Type.String({ examples: ['Checked with support.'] })),
    outcome: nullable(Something),
    mayApprove: Type.Boolean({ description: 'Whether it waits, and for another than who asked' }),
  },
  { title: 'Approval' },
)

export const viewFor =
  ({ userId }: { userId: string }) =>
  ({ askedAt, endsAt, decidedAt, ...approval }: Approval): Static<typeof ApprovalView> => ({
    ...approval,
    payload: { ...approval.payload },
    outcome: approval.outcome && { ...approval.outcome },
    askedAt: askedAt.toISOString(),
    endsAt: endsAt.toISOString(),
    decidedAt: decidedAt?.toISOString() ?? null,
    mayApprove: approval.state === 'asked' && approval.askedBy !== userId,
  })

/** What takes two admins: wanted by one, and decided by another. */
export function approvalRoutes(host: AdminHost, carry: Readonly<Record<Act, CarryOut>>): void {
  const { db, http } = host
  http.get(
    '/approvals',
    {
      config,
      schema: {
        summary: 'What waits for a second admin, and what became of it',
        description: 'Those that wait in the order in which they were asked for; all, and others, the latest first.',
        querystring: listQuery({ state: Type.Optional(State) }),
        response: { 200: Page(ApprovalView) },
      },
    },
    async ({ actor, query: { limit, after, state } }) => {
      const rows = await listApprovals(db, state, limit + 1, cursorOf(after, isInstant, isId))
      return page(rows, limit, ({ askedAt, id }) => [askedAt.toISOString(), id], viewFor(actor))
    },
  )

  http.get(
    '/approvals/:id',
    {
      config,
      schema: {
        summary: 'One of them',
        refuses: ['approval_unknown'],
        params: One,
        response: { 200: ApprovalView },
      },
    },
    async ({ actor, params }) => {
      const approval = await findApproval(db, params.id)
      if (!approval) throw new Problem('not_found', 'approval_unknown')
      return viewFor(actor)(approval)
    },
  )

  const by = decisionRoute(host, carry)
  by('approve', 'Agree to what another admin asked for', 'It is carried out at once. Who asked cannot.')
  by('refuse', 'Do not agree to what another admin asked for', 'It can be asked for again.')
  by('withdraw', 'Take back what one asked for', 'Only who asked can.')
  deletionRoute(host)
}

const decisionRoute =
  (host: AdminHost, carry: Readonly<Record<Act, CarryOut>>) =>
  (decision: Decision, summary: string, description: string): void =>
    host.http.post(
      `/approvals/:id/${decision}`,
      {
        config: changing,
        schema: {
          summary,
          description,
          refuses: [
            'approval_unknown',
            'approval_decided',
            'approval_lapsed',
            decision === 'withdraw' ? 'approval_of_another' : 'approval_own',
            'admin_no_more',
            ...(decision === 'approve' ? ['asker_gone'] : []),
            'service_unavailable',
          ],
          params: One,
          body: Type.Object({ note: Type.Optional(Words('Checked with support.')) }),
          response: { 200: ApprovalView },
        },
      },
      async ({ actor, params, body }) =>
        viewFor(actor)(await decide(host, actor, params.id, decision, body.note ?? null, carry)),
    )

/** Accounts are deleted by identity, by its own rules; who wants it asks here. */
function deletionRoute({ ask, db, http, now }: AdminHost): void {
  http.delete(
    '/users/:id',
    {
      config: changing,
      schema: {
        summary: 'Ask a second admin to have an account deleted',
        description:
          'All that identity holds of the person goes, as when they delete their account themselves: not while they are ' +
          'the last admin, or the only owner of an organisation that holds something or has other members.',
        refuses: ['user_unknown', 'account_own', 'approval_asked', 'service_unavailable'],
        params: One,
        body: Type.Object({ reason: Reason }),
        response: { 202: ApprovalView },
      },
    },
    async ({ actor, params, body }, reply) => {
      if (params.id === actor.userId)
        throw new Problem('conflict', 'account_own', { detail: 'Your own account you delete in your profile.' })
      await ask(getPerson, { userId: params.id })
      const approval = await db.transaction(tx =>
        askFor(tx, now(), actor, { act: 'account.delete', object: params.id, ...body }),
      )
      return reply.code(202).send(viewFor(actor)(approval))
    },
  )
}
