import { BudgetReached } from '#contracts/billing'
import type { Db, Tx } from '#kernel'
import { findCostCentre } from './store.ts'

/** What a cost centre has spent in the month of a moment (UTC), in a currency. */
export async function spentIn(db: Db, costCentreId: string, currency: string, at: Date): Promise<bigint> {
  const [from, to] = monthOf(at)
  const [row] = await db<{ minor: bigint }[]>`
    select coalesce(sum(total_minor), 0)::bigint as minor from charges
    where cost_centre_id = ${costCentreId} and currency = ${currency} and ended_at >= ${from} and ended_at < ${to}`
  return row!.minor
}

/** First moment of a month, and of the next. */
export const monthOf = (at: Date, months = 0): [from: Date, to: Date] => [
  new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months)),
  new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months + 1)),
]

/** Tells once a month that so much of a budget is spent, and that all of it is. */
export async function watchBudget(tx: Tx<'billing'>, costCentreId: string, at: Date): Promise<void> {
  const centre = await findCostCentre(tx, costCentreId)
  if (!centre?.budgetMinor) return
  const { budgetMinor, budgetCurrency: currency, alertPercent, organisationId: companyId, code, name } = centre
  const spentMinor = await spentIn(tx, costCentreId, currency!, at)
  const [month] = monthOf(at)
  for (const percent of new Set([alertPercent, 100])) {
    if (spentMinor * 100n < budgetMinor * BigInt(percent)) continue
    const told = await tx`
      insert into cost_centre_alerts (cost_centre_id, month, percent) values (${costCentreId}, ${month}, ${percent})
      on conflict do nothing returning percent`
    if (told.length === 0) continue
    await tx.publish(BudgetReached, {
      costCentreId,
      companyId,
      code,
      name,
      month: month.toISOString().slice(0, 7),
      percent,
      currency: currency!,
      spentMinor: Number(spentMinor),
      budgetMinor: Number(budgetMinor),
    })
  }
}
