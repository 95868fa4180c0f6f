import { holdingsOf } from '#contracts/holdings'
import type { UsersHost } from './host.ts'

/** What an organisation offers, and who pays for it. */
export function answerHoldings({ answer, db }: UsersHost): void {
  answer(holdingsOf('users'), async ({ organisationId }) => {
    const [row] = await db<{ plans: number; subscriptions: number }[]>`
      select (select count(*)::int from plans where owner_id = ${organisationId} and withdrawn_at is null) as plans,
      (select count(*)::int from subscriptions s join plans p on p.id = s.plan_id
        where p.owner_id = ${organisationId} and s.state <> 'cancelled') as subscriptions`
    return row!
  })
}
