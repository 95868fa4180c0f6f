import { holdingsOf } from '#contracts/holdings'
import type { VendorsHost } from './host.ts'

/** What an organisation sold and does not have yet. */
export function answerHoldings({ answer, db }: VendorsHost): void {
  answer(holdingsOf('vendors'), async ({ organisationId }) => {
    const [row] = await db<{ balances: number; payouts: number }[]>`
      select (select count(*)::int from ledger_accounts where owner_id = ${organisationId}
        and kind in ('pending', 'available') and balance_minor > 0) as balances,
      (select count(*)::int from payouts where vendor_id = ${organisationId} and status in ('requested', 'approved', 'sent')) as payouts`
    return row!
  })
}
