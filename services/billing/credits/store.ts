import { madeIn, type Db, type Tx, type Span } from '#kernel'
import { exact, toWhole } from '#money/amount'

/** What a seller gives back of a session by hand. */
export interface Credit {
  readonly id: string
  readonly sessionId: string
  readonly sellerId: string
  readonly currency: string
  readonly totalMinor: bigint
  readonly taxMinor: bigint
  readonly reason: string
  readonly state: 'proposed' | 'booked' | 'refused'
  readonly proposedBy: string
  readonly proposedAt: Date
  readonly decidedBy: string | null
  readonly decidedAt: Date | null
}

interface Cost {
  readonly totalMinor: bigint
  readonly taxMinor: bigint
}

/** Of an amount with tax what is tax, as the session was taxed. */
export const taxIn = ({ totalMinor, taxMinor }: Cost, minor: bigint): bigint =>
  totalMinor === 0n ? 0n : toWhole(exact(minor).mul(exact(taxMinor, totalMinor)))

/** What counts of that was given back of a session that costs so much: not more than that. */
export function creditedOf(cost: Cost, credits: readonly Credit[]) {
  const givenMinor = credits.reduce((sum, { state, totalMinor }) => (state === 'booked' ? sum + totalMinor : sum), 0n)
  const countsMinor = givenMinor < cost.totalMinor ? givenMinor : cost.totalMinor
  const taxMinor = taxIn(cost, countsMinor)
  return { netMinor: countsMinor - taxMinor, taxMinor }
}

const columns = (db: Db) => db`
  id, session_id as "sessionId", seller_id as "sellerId", currency, total_minor as "totalMinor",
  tax_minor as "taxMinor", reason, state, proposed_by as "proposedBy", proposed_at as "proposedAt",
  decided_by as "decidedBy", decided_at as "decidedAt"`

export const insertCredit = (tx: Tx, credit: Credit) => tx`
  insert into credits (id, session_id, seller_id, currency, total_minor, tax_minor, reason, state, proposed_by,
    proposed_at, decided_by, decided_at)
  values (${credit.id}, ${credit.sessionId}, ${credit.sellerId}, ${credit.currency}, ${credit.totalMinor.toString()},
    ${credit.taxMinor.toString()}, ${credit.reason}, ${credit.state}, ${credit.proposedBy}, ${credit.proposedAt},
    ${credit.decidedBy}, ${credit.decidedAt})`

export const decideCredit = (tx: Tx, { id, state, taxMinor, decidedBy, decidedAt }: Credit) => tx`
  update credits set state = ${state}, tax_minor = ${taxMinor.toString()}, decided_by = ${decidedBy},
    decided_at = ${decidedAt}
  where id = ${id}`

export async function findCredit(db: Db, id: string): Promise<Credit | undefined> {
  const [row] = await db<Credit[]>`select ${columns(db)} from credits where id = ${id}`
  return row
}

/** Of sessions, the oldest first; those that were refused are left out. */
export const listCredits = (db: Db, sessionIds: readonly string[]) => db<Credit[]>`
  select ${columns(db)} from credits
  where session_id = any(${sessionIds as string[]}::uuid[]) and state <> 'refused' order by id`

/** Those that wait for a second person, of sellers, the oldest first. */
export const listProposed = (
  db: Db,
  { sellers, proposed }: { sellers: readonly string[] | undefined; proposed: Span },
  limit: number,
  after?: string,
) => db<Credit[]>`
  select ${columns(db)} from credits
  where state = 'proposed' ${sellers ? db`and seller_id = any(${sellers as string[]}::uuid[])` : db``}
    ${after === undefined ? db`` : db`and id > ${after}`} ${madeIn(db, 'proposed_at', proposed)}
  order by id limit ${limit}`
