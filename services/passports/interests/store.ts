import { madeIn, partiesOf, Problem, type Actor, type Db, type Span, type Tx } from '#kernel'
import type { Interest, State } from './interests.ts'

const shown = `r.id, r.passport_id as "passportId", p.identifier, json_build_object('kind', p.owner_kind, 'id', p.owner_id) as owner,
  json_build_object('kind', r.asker_kind, 'id', r.asker_id) as asker, r.asked_by as "askedBy", r.asker_name as "askerName",
  coalesce(o.kinds, '{}') as "verifiedAs", r.purpose, r.reason, r.asked_until as "askedUntil", r.state, r.question, r.answer,
  r.decision, r.given_until as "givenUntil", r.due_at as "dueAt", r.created_at as "createdAt", r.updated_at as "updatedAt"`
const from = `interest_requests r join passports p on p.id = r.passport_id left join operators o on o.organisation_id = r.asker_id`

/** Fails with `interest_asked` where they wait for an answer already: the index decides. */
export async function insertInterest(tx: Tx, one: Interest): Promise<void> {
  const [inserted] = await tx`
    insert into interest_requests (id, passport_id, asker_kind, asker_id, asked_by, asker_name, purpose, reason,
      asked_until, state, due_at, created_at, updated_at)
    values (${one.id}, ${one.passportId}, ${one.asker.kind}, ${one.asker.id}, ${one.askedBy}, ${one.askerName},
      ${one.purpose}, ${one.reason}, ${one.askedUntil}, ${one.state}, ${one.dueAt}, ${one.createdAt}, ${one.updatedAt})
    on conflict (passport_id, asker_id) where state in ('open', 'asked_back') do nothing
    returning id`
  if (!inserted)
    throw new Problem('conflict', 'interest_asked', { detail: 'The owner has not answered yet what was asked before.' })
}

export interface Sought {
  readonly as: 'owner' | 'asker'
  readonly state?: State
  readonly asker?: string
  readonly passportId?: string
  readonly created: Span
  readonly changed: Span
}

/** What was asked of the actor, or by them, the latest first, up to `limit`, before the id `before`. */
export const listInterests = (
  db: Db,
  actor: Actor,
  { as, state, asker, passportId, created, changed }: Sought,
  limit: number,
  before: string | undefined,
) => db<Interest[]>`
  select ${db.unsafe(shown)} from ${db.unsafe(from)}
  where ${as === 'owner' ? db`r.owner_id` : db`r.asker_id`} = any(${partiesOf(actor)})
    ${state ? db`and r.state = ${state}` : db``} ${asker ? db`and r.asker_id = ${asker}` : db``}
    ${passportId ? db`and r.passport_id = ${passportId}` : db``} ${before ? db`and r.id < ${before}` : db``}
    ${madeIn(db, 'r.created_at', created)} ${madeIn(db, 'r.updated_at', changed)}
  order by r.id desc limit ${limit}`

export async function findInterest(db: Db, id: string): Promise<Interest | undefined> {
  const [row] = await db<Interest[]>`select ${db.unsafe(shown)} from ${db.unsafe(from)} where r.id = ${id}`
  return row
}

/** What nobody else moves until the transaction ends. */
export async function lockInterest(tx: Tx, id: string): Promise<Interest | undefined> {
  await tx`select from interest_requests where id = ${id} for update`
  return await findInterest(tx, id)
}

export async function updateInterest(tx: Tx, one: Interest): Promise<void> {
  await tx`
    update interest_requests set state = ${one.state}, question = ${one.question}, answer = ${one.answer},
      decision = ${one.decision}, given_until = ${one.givenUntil}, updated_at = ${one.updatedAt}
    where id = ${one.id}`
}
