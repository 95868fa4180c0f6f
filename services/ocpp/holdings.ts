import { holdingsOf } from '#contracts/holdings'
import type { OcppHost } from './host.ts'

/** What an organisation has of chargers. */
export function answerHoldings({ answer, db }: OcppHost): void {
  answer(holdingsOf('ocpp'), async ({ organisationId }) => {
    const [row] = await db<{ chargers: number; tokens: number }[]>`
      select (select count(*)::int from chargers where owner_id = ${organisationId}) as chargers,
      (select count(*)::int from tokens where owner_id = ${organisationId}) as tokens`
    return row!
  })
}
