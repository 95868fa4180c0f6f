import { listPeople } from '#contracts/identity'
import { newId, Problem, type Actor } from '#kernel'
import { note } from '../audit/store.ts'
import type { AdminHost, AdminTx } from '../host.ts'
import { insertApproval, lockApproval, writeDecision, type Act, type Approval, type State } from './store.ts'

const day = 86_400_000
/** How long a request waits for somebody. */
const patience = 7 * day

export type Decision = 'approve' | 'refuse' | 'withdraw'

/** Does what was approved, in the transaction of the approval; what takes longer tells of its end later. */
export type CarryOut = (tx: AdminTx, approval: Approval) => Promise<Approval | undefined>

/** Wants what needs a second admin. Fails with `approval_asked`. */
export async function askFor(
  tx: AdminTx,
  at: Date,
  actor: Actor,
  wanted: { act: Act; object: string; payload?: Record<string, unknown>; reason: string },
): Promise<Approval> {
  const approval: Approval = {
    id: newId(at.getTime()),
    payload: {},
    ...wanted,
    askedBy: actor.userId,
    askedAt: at,
    endsAt: new Date(at.getTime() + patience),
    state: 'asked',
    decidedBy: null,
    decidedAt: null,
    note: null,
    outcome: null,
  }
  await insertApproval(tx, approval)
  await write(tx, at, actor, 'approval.asked', approval)
  return approval
}

/** The same request, decided by `actor`. */
export function decided(approval: Approval, decision: Decision, actor: Pick<Actor, 'userId'>, at: Date): Approval {
  if (approval.state !== 'asked')
    throw new Problem('conflict', 'approval_decided', {
      detail: `It is ${approval.state} already.`,
      state: approval.state,
    })
  if (approval.endsAt <= at)
    throw new Problem('conflict', 'approval_lapsed', { detail: 'It has waited for a week. Ask again.' })
  const isOwn = approval.askedBy === actor.userId
  if (decision === 'withdraw' && !isOwn)
    throw new Problem('forbidden', 'approval_of_another', { detail: 'Who asked takes it back; you may refuse it.' })
  if (decision !== 'withdraw' && isOwn)
    throw new Problem('forbidden', 'approval_own', {
      detail: 'You asked for it: another admin decides, or you take it back.',
    })
  return { ...approval, state: endOf[decision], decidedBy: actor.userId, decidedAt: at }
}

const endOf = { approve: 'approved', refuse: 'refused', withdraw: 'withdrawn' } as const satisfies Record<
  Decision,
  State
>

/** Decides a request, and does what was wanted where it is approved. Both have to be admins still. */
export async function decide(
  host: AdminHost,
  actor: Actor,
  id: string,
  decision: Decision,
  words: string | null,
  carry: Readonly<Record<Act, CarryOut>>,
): Promise<Approval> {
  const { ask, db, now } = host
  const admins = new Set((await ask(listPeople, { role: 'admin' })).people.map(({ userId }) => userId))
  if (!admins.has(actor.userId))
    throw new Problem('forbidden', 'admin_no_more', { detail: 'Another admin took the role away just now.' })
  return await db.transaction(async tx => {
    const there = await lockApproval(tx, id)
    if (!there) throw new Problem('not_found', 'approval_unknown')
    const at = now()
    const next = { ...decided(there, decision, actor, at), note: words }
    if (decision === 'approve' && !admins.has(there.askedBy))
      throw new Problem('conflict', 'asker_gone', {
        detail: 'Who asked is no admin any more. Refuse it, and ask for it yourself.',
      })
    await write(tx, at, actor, `approval.${next.state}`, next)
    await writeDecision(tx, next)
    if (decision !== 'approve') return next
    const ended = await carry[next.act](tx, next)
    if (ended) await writeDecision(tx, ended)
    return ended ?? next
  })
}

const write = (tx: AdminTx, at: Date, actor: Actor, act: string, { id, object, ...approval }: Approval) =>
  note(tx, at, {
    actorId: actor.userId,
    act,
    object,
    details: {
      approvalId: id,
      act: approval.act,
      reason: approval.reason,
      askedBy: approval.askedBy,
      note: approval.note,
    },
  })
