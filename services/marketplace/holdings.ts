import { holdingsOf } from '#contracts/holdings'
import type { MarketplaceHost } from './host.ts'

/** What an organisation has on sale. */
export function answerHoldings({ answer, db }: MarketplaceHost): void {
  answer(holdingsOf('marketplace'), async ({ organisationId }) => {
    const [row] = await db<{ listings: number }[]>`
      select (select count(*)::int from products where owner_id = ${organisationId} and deleted_at is null and for_sale) as listings`
    return row!
  })
}
