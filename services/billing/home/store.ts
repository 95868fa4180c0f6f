import { madeIn, type Db, type Span, type Tx } from '#kernel'
import type { Charge } from '../charges/store.ts'

/** Where an employee charges at home, and what their company pays for that. */
export interface HomeCharger {
  readonly id: string
  readonly organisationId: string
  readonly userId: string
  readonly chargerId: string
  /** Of a kWh, in major units. */
  readonly rate: string
  readonly currency: string
  readonly paidBy: 'wallet' | 'payroll'
  readonly since: Date
  readonly until: Date | null
}

const columns = (db: Db) => db`
  id, organisation_id as "organisationId", user_id as "userId", charger_id as "chargerId", trim_scale(rate)::text as rate,
  currency, paid_by as "paidBy", since, until`

/** What is agreed now, of a company by employee, or of an employee. */
export const listHomes = (
  db: Db,
  of: { organisationId: string } | { userId: string },
  limit: number,
  after?: string,
) => db<HomeCharger[]>`
  select ${columns(db)} from home_chargers
  where until is null and ${'userId' in of ? db`user_id = ${of.userId}` : db`organisation_id = ${of.organisationId}`}
    ${after === undefined ? db`` : db`and id > ${after}`}
  order by id limit ${limit}`

/** What was agreed when a session began, of who charged, wherever it was agreed first. */
export async function homeThen(
  db: Db,
  { chargerId, driverId, startedAt }: Pick<Charge, 'chargerId' | 'driverId' | 'startedAt'>,
): Promise<HomeCharger | undefined> {
  if (!driverId) return undefined
  const [row] = await db<HomeCharger[]>`
    select ${columns(db)} from home_chargers
    where charger_id = ${chargerId} and user_id = ${driverId} and since <= ${startedAt}
      and (until is null or until > ${startedAt})
    order by since, id limit 1`
  return row
}

export const insertHome = (tx: Tx, home: Omit<HomeCharger, 'until'>) => tx`
  insert into home_chargers (id, organisation_id, user_id, charger_id, rate, currency, paid_by, since)
  values (${home.id}, ${home.organisationId}, ${home.userId}, ${home.chargerId}, ${home.rate}::text::numeric,
    ${home.currency}, ${home.paidBy}, ${home.since})`

/** What is agreed by then of an employee, of all of a company, or by its id, ends; resolves with how much that was. */
export async function endHomes(
  tx: Tx,
  which: { organisationId: string; userId?: string } | { id: string },
  at: Date,
): Promise<number> {
  const ended = await tx`
    update home_chargers set until = ${at}
    where until is null and since <= ${at} and ${
      'id' in which
        ? tx`id = ${which.id}`
        : tx`organisation_id = ${which.organisationId} ${
            which.userId === undefined ? tx`` : tx`and user_id = ${which.userId}`
          }`
    }`
  return ended.count
}

/** What is due for a session in all, and of how much energy; the session is locked. */
export async function noteReimbursement(
  tx: Tx,
  homeId: string,
  { sessionId, endedAt, energyWh }: Pick<Charge, 'sessionId' | 'endedAt' | 'energyWh'>,
  amountMinor: bigint,
): Promise<void> {
  const [before] = await tx<{ number: number; energyWh: bigint; amountMinor: bigint }[]>`
    select coalesce(max(number), 0) as number, coalesce(sum(energy_wh), 0)::bigint as "energyWh",
      coalesce(sum(amount_minor), 0)::bigint as "amountMinor"
    from reimbursements where session_id = ${sessionId}`
  const [wh, minor] = [energyWh - before!.energyWh, amountMinor - before!.amountMinor]
  if (wh === 0n && minor === 0n) return
  await tx`
    insert into reimbursements (session_id, number, home_id, energy_wh, amount_minor, ended_at)
    values (${sessionId}, ${before!.number + 1}, ${homeId}, ${wh.toString()}, ${minor.toString()}, ${endedAt})`
}

export interface Statement {
  readonly id: string
  readonly organisationId: string
  readonly userId: string
  /** Its first day. */
  readonly month: string
  readonly currency: string
  readonly paidBy: HomeCharger['paidBy']
  readonly sessions: number
  readonly energyWh: bigint
  readonly amountMinor: bigint
  readonly statedAt: Date
}

const statementColumns = (db: Db) => db`
  id, organisation_id as "organisationId", user_id as "userId", month::text as month, currency, paid_by as "paidBy",
  sessions, energy_wh as "energyWh", amount_minor as "amountMinor", stated_at as "statedAt"`

/** The newest first, of an employee or a company, of a month if that is said. */
export const listStatements = (
  db: Db,
  of: ({ organisationId: string; month?: string | undefined } | { userId: string }) & { stated?: Span },
  limit: number,
  before?: string,
) => db<Statement[]>`
  select ${statementColumns(db)} from reimbursement_statements
  where ${
    'userId' in of
      ? db`user_id = ${of.userId}`
      : db`organisation_id = ${of.organisationId} ${of.month === undefined ? db`` : db`and month = ${`${of.month}-01`}::date`}`
  }
    ${madeIn(db, 'stated_at', of.stated ?? {})} ${before === undefined ? db`` : db`and id < ${before}`}
  order by id desc limit ${limit}`

/** Companies and employees of whom something is due that ended before then. */
export const listUnstated = (db: Db, before: Date) => db<
  { organisationId: string; userId: string; currency: string; paidBy: HomeCharger['paidBy'] }[]
>`
  select distinct h.organisation_id as "organisationId", h.user_id as "userId", h.currency, h.paid_by as "paidBy"
  from reimbursements r join home_chargers h on h.id = r.home_id
  where r.statement_id is null and r.ended_at < ${before}
  order by 1, 2, 3, 4 limit 10000`

/** One line of a statement. */
export interface Reimbursed {
  readonly sessionId: string
  readonly chargerId: string
  readonly rate: string
  readonly energyWh: bigint
  readonly amountMinor: bigint
  readonly endedAt: Date
}

export const linesOf = (db: Db, statementIds: readonly string[]) => db<(Reimbursed & { statementId: string })[]>`
  select r.statement_id as "statementId", r.session_id as "sessionId", h.charger_id as "chargerId",
    trim_scale(h.rate)::text as rate, r.energy_wh as "energyWh", r.amount_minor as "amountMinor", r.ended_at as "endedAt"
  from reimbursements r join home_chargers h on h.id = r.home_id
  where r.statement_id = any(${statementIds as string[]}::uuid[])
  order by r.ended_at, r.session_id, r.number`

/** Undefined where the month was stated before: what is told later is on that of the next. */
export async function insertStatement(
  tx: Tx,
  statement: Pick<Statement, 'id' | 'organisationId' | 'userId' | 'month' | 'currency' | 'paidBy' | 'statedAt'>,
  before: Date,
): Promise<Statement | undefined> {
  const { id, organisationId, userId, month, currency, paidBy, statedAt } = statement
  const [made] = await tx`
    insert into reimbursement_statements (id, organisation_id, user_id, month, currency, paid_by, sessions, energy_wh,
      amount_minor, stated_at)
    values (${id}, ${organisationId}, ${userId}, ${month}, ${currency}, ${paidBy}, 0, 0, 0, ${statedAt})
    on conflict do nothing returning id`
  if (!made) return undefined
  const [row] = await tx<Statement[]>`
    with lines as (
      update reimbursements r set statement_id = ${id} from home_chargers h
      where h.id = r.home_id and h.organisation_id = ${organisationId} and h.user_id = ${userId}
        and h.currency = ${currency} and h.paid_by = ${paidBy} and r.statement_id is null and r.ended_at < ${before}
      returning r.session_id, r.energy_wh, r.amount_minor),
    sums as (
      select count(distinct session_id)::int as sessions, coalesce(sum(energy_wh), 0)::bigint as energy_wh,
        coalesce(sum(amount_minor), 0)::bigint as amount_minor from lines)
    update reimbursement_statements s set sessions = sums.sessions, energy_wh = sums.energy_wh,
      amount_minor = sums.amount_minor
    from sums where s.id = ${id}
    returning s.id, s.organisation_id as "organisationId", s.user_id as "userId", s.month::text as month, s.currency,
      s.paid_by as "paidBy", s.sessions, s.energy_wh as "energyWh", s.amount_minor as "amountMinor",
      s.stated_at as "statedAt"`
  return row
}
