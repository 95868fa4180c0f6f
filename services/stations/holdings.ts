import { holdingsOf } from '#contracts/holdings'
import type { StationsHost } from './host.ts'

/** What an organisation has of places. */
export function answerHoldings({ answer, db }: StationsHost): void {
  answer(holdingsOf('stations'), async ({ organisationId }) => {
    // As the index has it.
    const owned = db`coalesce(owner_id, '00000000-0000-0000-0000-000000000000'::uuid) = ${organisationId}::uuid`
    const [row] = await db<{ stations: number; sites: number }[]>`
      select (select count(*)::int from stations where ${owned} and deleted_at is null) as stations,
      (select count(*)::int from sites where owner_id = ${organisationId}) as sites`
    return row!
  })
}
