import { holdingsOf } from '#contracts/holdings'
import type { MaintenanceHost } from './host.ts'

/** What is still to be done for an organisation. */
export function answerHoldings({ answer, db }: MaintenanceHost): void {
  answer(holdingsOf('maintenance'), async ({ organisationId }) => {
    // As the index has it.
    const owned = db`coalesce(owner_id, '00000000-0000-0000-0000-000000000000'::uuid) = ${organisationId}::uuid`
    const [row] = await db<{ openTickets: number; plannedWorks: number }[]>`
      select (select count(*)::int from tickets where ${owned} and state not in ('resolved', 'closed')) as "openTickets",
      (select count(*)::int from works where ${owned} and state in ('planned', 'active')) as "plannedWorks"`
    return row!
  })
}
