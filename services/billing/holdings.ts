import { holdingsOf } from '#contracts/holdings'
import type { BillingHost } from './host.ts'

/** What an organisation owes or is owed. What is left in its wallet goes back by itself: see `forgetWhoLeaves`. */
export function answerHoldings({ answer, db }: BillingHost): void {
  answer(holdingsOf('billing'), async ({ organisationId }) => {
    const [row] = await db<{ openInvoices: number; debts: number; terminals: number }[]>`
      select (select count(*)::int from invoice_states where (buyer_id = ${organisationId} or seller_id = ${organisationId})
        and kind = 'invoice' and paid_minor + credited_minor < gross_minor) as "openInvoices",
      (select count(*)::int from ledger_accounts where owner_id = ${organisationId}
        and kind in ('debt', 'receivable') and balance_minor < 0) as debts,
      (select count(*)::int from terminals where owner_id = ${organisationId} and deleted_at is null) as terminals`
    return row!
  })
}
