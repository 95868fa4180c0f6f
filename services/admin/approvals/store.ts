import { stringify, Problem, type Cursor, type Db, type Tx } from '#kernel'

export type Act = 'account.delete' | 'setting.change' | 'dead-letters.replay'
export type State = 'asked' | 'approved' | 'refused' | 'withdrawn' | 'lapsed' | 'done' | 'failed'

/** What an admin wants and a second one agrees to, or not. */
export interface Approval {
  readonly id: string
  readonly act: Act
  readonly object: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly reason: string
  readonly askedBy: string
  readonly askedAt: Date
  readonly endsAt: Date
  readonly state: State
  readonly decidedBy: string | null
  readonly decidedAt: Date | null
  readonly note: string | null
  readonly outcome: Readonly<Record<string, unknown>> | null
}

const columns = (db: Db) => db`
  id, act, object, payload::json as payload, reason, asked_by as "askedBy", asked_at as "askedAt", ends_at as "endsAt",
  state, decided_by as "decidedBy", decided_at as "decidedAt", note, outcome::json as outcome`

/** Fails with `approval_asked` where the same waits already: the index decides. */
export async function insertApproval(tx: Tx, a: Approval): Promise<void> {
  const [inserted] = await tx`
    insert into approvals (id, act, object, payload, reason, asked_by, asked_at, ends_at, state)
    values (${a.id}, ${a.act}, ${a.object}, ${stringify(a.payload)}, ${a.reason}, ${a.askedBy}, ${a.askedAt},
      ${a.endsAt}, 'asked')
    on conflict (act, object) where state in ('asked', 'approved') do nothing
    returning id`
  if (!inserted)
    throw new Problem('conflict', 'approval_asked', { detail: 'The same waits for a second admin already.' })
}

export async function findApproval(db: Db, id: string): Promise<Approval | undefined> {
  const [row] = await db<Approval[]>`select ${columns(db)} from approvals where id = ${id}`
  return row
}

export async function lockApproval(tx: Tx, id: string): Promise<Approval | undefined> {
  const [row] = await tx<Approval[]>`select ${columns(tx)} from approvals where id = ${id} for update`
  return row
}

/** The constraint refuses who would agree with themselves, should they ever come this far. */
export async function writeDecision(
  tx: Tx,
  { id, state, decidedBy, decidedAt, note, outcome }: Approval,
): Promise<void> {
  await tx`
    update approvals set state = ${state}, decided_by = ${decidedBy}, decided_at = ${decidedAt}, note = ${note},
      outcome = ${outcome && stringify(outcome)}
    where id = ${id}`
}

/** What came of what was approved; false where it has come to its end before. */
export async function endApproval(
  tx: Tx,
  id: string,
  state: 'done' | 'failed',
  outcome: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const ended = await tx`
    update approvals set state = ${state}, outcome = ${stringify(outcome)} where id = ${id} and state = 'approved'`
  return ended.count > 0
}

/** Those that waited for too long. */
export const lapseApprovals = (tx: Tx, now: Date) => tx`
  update approvals set state = 'lapsed' where state = 'asked' and ends_at <= ${now}`

/** The latest first; those that wait, who has waited for longest first. */
export const listApprovals = (db: Db, state: State | undefined, limit: number, cursor: Cursor | undefined) => {
  const [isQueue, at] = [state === 'asked', cursor && db`(${String(cursor[0])}::timestamptz, ${String(cursor[1])})`]
  return db<Approval[]>`
    select ${columns(db)} from approvals
    where ${state ? db`state = ${state}` : db`true`}
      ${at ? (isQueue ? db`and (asked_at, id) > ${at}` : db`and (asked_at, id) < ${at}`) : db``}
    order by ${isQueue ? db`asked_at, id` : db`asked_at desc, id desc`} limit ${limit}`
}

export async function countWaiting(db: Db): Promise<number> {
  const [row] = await db<{ count: number }[]>`select count(*)::int from approvals where state = 'asked'`
  return row!.count
}
