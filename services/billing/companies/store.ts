import { Problem, type Db, type Tx } from '#kernel'
import type { Invoicing } from '../invoices/wishes.ts'
import type { Policy } from './policies.ts'

/** An organisation that pays for its employees. */
export interface Company {
  readonly organisationId: string
  readonly party: NonNullable<Invoicing['party']>
  readonly language: Invoicing['language']
  /** What it wants to find on its invoices. */
  readonly buyerReference: string | null
  readonly version: number
}

export async function findCompany(db: Db, organisationId: string): Promise<Company | undefined> {
  const [row] = await db<Company[]>`
    select organisation_id as "organisationId", party, language, buyer_reference as "buyerReference", version
    from companies where organisation_id = ${organisationId}`
  return row
}

/** Fails with `company_unknown` where the organisation has not said yet how it is billed. */
export async function requireCompany(db: Db, organisationId: string): Promise<Company> {
  const company = await findCompany(db, organisationId)
  if (!company) throw new Problem('not_found', 'company_unknown')
  return company
}

export interface CostCentre {
  readonly id: string
  readonly organisationId: string
  readonly code: string
  readonly name: string
  readonly budgetMinor: bigint | null
  readonly budgetCurrency: string | null
  readonly alertPercent: number
  readonly version: number
  readonly createdAt: Date
  readonly closedAt: Date | null
}

const centreColumns = (db: Db) => db`
  id, organisation_id as "organisationId", code, name, budget_minor as "budgetMinor", budget_currency as "budgetCurrency",
  alert_percent as "alertPercent", version, created_at as "createdAt", closed_at as "closedAt"`

/** Those that are open, the newest first. */
export const listCostCentres = (db: Db, organisationId: string, limit: number, before?: string) => db<CostCentre[]>`
  select ${centreColumns(db)} from cost_centres
  where organisation_id = ${organisationId} and closed_at is null ${before === undefined ? db`` : db`and id < ${before}`}
  order by id desc limit ${limit}`

export async function findCostCentre(db: Db, id: string, locked = false): Promise<CostCentre | undefined> {
  const [row] = await db<CostCentre[]>`
    select ${centreColumns(db)} from cost_centres where id = ${id} ${locked ? db`for update` : db``}`
  return row
}

/** Codes by id, also of those that are closed. */
export async function codesOf(db: Db, ids: readonly string[]): Promise<Map<string, Pick<CostCentre, 'code' | 'name'>>> {
  const rows = await db<Pick<CostCentre, 'id' | 'code' | 'name'>[]>`
    select id, code, name from cost_centres where id = any(${ids as string[]}::uuid[])`
  return new Map(rows.map(({ id, code, name }) => [id, { code, name }]))
}

/** Fails with `cost_centre_unknown` where it is none of the company's that is open. */
export async function requireCostCentre(db: Db, organisationId: string, id: string | null): Promise<void> {
  if (id === null) return
  const found = await findCostCentre(db, id)
  if (found?.organisationId !== organisationId || found.closedAt) throw new Problem('not_found', 'cost_centre_unknown')
}

export interface Card {
  readonly id: string
  readonly organisationId: string
  readonly tokenId: string
  readonly idToken: string
  readonly type: string
  readonly holderId: string
  readonly costCentreId: string | null
  readonly label: string | null
  readonly assignedAt: Date
  readonly endedAt: Date | null
  readonly endedFor: 'left' | 'removed' | 'given-back' | null
  readonly version: number
}

export const cardColumns = (db: Db) => db`
  id, organisation_id as "organisationId", token_id as "tokenId", id_token as "idToken", type, holder_id as "holderId",
  cost_centre_id as "costCentreId", label, assigned_at as "assignedAt", ended_at as "endedAt", ended_for as "endedFor",
  version`

/** Of a company or of who holds them, the newest first. */
export const listCards = (
  db: Db,
  of: { organisationId: string } | { holderId: string },
  limit: number,
  before?: string,
) => db<Card[]>`
  select ${cardColumns(db)} from company_cards
  where ${'holderId' in of ? db`holder_id = ${of.holderId}` : db`organisation_id = ${of.organisationId}`}
    ${before === undefined ? db`` : db`and id < ${before}`}
  order by id desc limit ${limit}`

export async function lockCard(tx: Tx, id: string): Promise<Card | undefined> {
  const [row] = await tx<Card[]>`select ${cardColumns(tx)} from company_cards where id = ${id} for update`
  return row
}

export interface Employee {
  readonly organisationId: string
  readonly userId: string
  readonly costCentreId: string | null
  readonly policy: Policy | null
  readonly version: number
}

/** What was said of these people, by their ids. */
export async function listEmployees(
  db: Db,
  organisationId: string,
  people: readonly string[],
): Promise<Map<string, Employee>> {
  const rows = await db<Employee[]>`
    select organisation_id as "organisationId", user_id as "userId", cost_centre_id as "costCentreId", policy, version
    from company_employees
    where organisation_id = ${organisationId} and user_id = any(${people as string[]}::uuid[])`
  return new Map(rows.map(employee => [employee.userId, employee]))
}
