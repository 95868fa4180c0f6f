import { differencesIn } from '#money/ledger'
import type { BillingHost } from './host.ts'
import { dropQuotes } from './quotes/routes.ts'

/** What the clock looks after: that the books add up, and that nothing is kept for nobody. */
export function upkeep(host: BillingHost): void {
  const { db, log, metrics, now } = host
  const wrong = metrics.gauge('ohmnibus_billing_accounts_wrong', 'Accounts that are not the sum of their postings', [])
  host.every('1 hour', 'compare balances with what was booked', async () => {
    const differences = await differencesIn(db)
    wrong.set({}, differences.length)
    for (const { id, balanceMinor, postedMinor } of differences)
      log.error(
        { accountId: id, balanceMinor: balanceMinor.toString(), postedMinor: postedMinor.toString() },
        'an account is not the sum of its postings',
      )
  })
  host.every('1 hour', 'forget quotes that ended', async () => {
    await db.transaction(tx => dropQuotes(tx, new Date(now().getTime() - 30 * 86_400_000)))
  })
}
