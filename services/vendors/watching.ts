import { differencesIn } from '#money/ledger'
import { settleDue } from './earnings/settling.ts'
import type { VendorsHost } from './host.ts'
import { payOutWhoLeft } from './payouts/leavers.ts'
import type { Sending } from './payouts/sending.ts'
import { issueStatements } from './statements/issuing.ts'

/** What is done by the clock, and what operators look at. */
export function lookAfter(host: VendorsHost, sending: Sending): void {
  const { db, every, log, metrics } = host
  const waiting = metrics.gauge('ohmnibus_vendors_waiting', 'Vendors that wait for a decision', [])
  const payouts = metrics.gauge('ohmnibus_vendors_payouts', 'Payouts that have not ended', ['status'])
  every('1 minute', 'count vendors that wait for a decision, and payouts', async () => {
    const [row] = await db<{ count: number }[]>`select count(*)::int from vendors where status = 'pending'`
    waiting.set({}, row!.count)
    const counts = await db<{ status: string; count: number }[]>`
      select s.status, count(p.id)::int as count from unnest(array['requested', 'approved', 'sent']) s (status)
      left join payouts p on p.status = s.status group by s.status`
    for (const { status, count } of counts) payouts.set({ status }, count)
  })
  every('10 minutes', 'settle what was delivered long enough ago', async () => {
    const settled = await settleDue(host)
    if (settled > 0) log.info({ settled }, 'parts of orders were settled to their vendors')
  })
  every('6 hours', 'issue statements of months that are over', () => issueStatements(host))
  every('1 hour', 'pay out who has left', () => payOutWhoLeft(host, sending))
  const wrong = metrics.gauge('ohmnibus_vendors_accounts_wrong', 'Accounts that are not the sum of their postings', [])
  every('1 hour', 'compare balances with what was booked', async () => {
    const differences = await differencesIn(db)
    wrong.set({}, differences.length)
    for (const { id } of differences) log.error({ accountId: id }, 'an account is not the sum of its postings')
  })
}
