import type { Owner } from '#contracts/shared'
import type { Db, Tx } from '#kernel'

export interface Plan {
  readonly id: string
  readonly owner: Owner
  readonly name: string
  readonly description: string
  readonly sold: 'digital' | 'services'
  readonly currency: string
  readonly priceMinor: bigint
  readonly interval: 'month' | 'year'
  readonly trialDays: number
  readonly withdrawnAt: Date | null
  readonly version: number
  readonly createdAt: Date
}

const fields = `id, json_build_object('kind', owner_kind, 'id', owner_id) as owner, name, description, sold, currency,
  price_minor as "priceMinor", "interval", trial_days as "trialDays", withdrawn_at as "withdrawnAt", version,
  created_at as "createdAt"`

export const insertPlan = (tx: Tx, plan: Plan) => tx`
  insert into plans (id, owner_kind, owner_id, name, description, sold, currency, price_minor, "interval", trial_days,
    version, created_at)
  values (${plan.id}, ${plan.owner.kind}, ${plan.owner.id}, ${plan.name}, ${plan.description}, ${plan.sold},
    ${plan.currency}, ${plan.priceMinor}, ${plan.interval}, ${plan.trialDays}, ${plan.version}, ${plan.createdAt})`

export async function findPlan(db: Db, id: string): Promise<Plan | undefined> {
  const [row] = await db<Plan[]>`select ${db.unsafe(fields)} from plans where id = ${id}`
  return row
}

export async function lockPlan(tx: Tx, id: string): Promise<Plan | undefined> {
  const [row] = await tx<Plan[]>`select ${tx.unsafe(fields)} from plans where id = ${id} for update`
  return row
}

export const updatePlan = (tx: Tx, plan: Plan) => tx`
  update plans set name = ${plan.name}, description = ${plan.description}, sold = ${plan.sold},
    price_minor = ${plan.priceMinor}, trial_days = ${plan.trialDays}, withdrawn_at = ${plan.withdrawnAt},
    version = ${plan.version}
  where id = ${plan.id}`

export interface Wanted {
  /** Undefined is everybody. */
  readonly owners: readonly string[] | undefined
  /** None that are no longer. */
  readonly offered: boolean
}

export const listPlans = (db: Db, { owners, offered }: Wanted, limit: number, after: string | undefined) => db<Plan[]>`
  select ${db.unsafe(fields)} from plans
  where true ${owners ? db`and owner_id = any(${[...owners]})` : db``}
    ${offered ? db`and withdrawn_at is null` : db``} ${after ? db`and id < ${after}` : db``}
  order by id desc limit ${limit}`
