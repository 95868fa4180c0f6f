import { getCharger } from '#contracts/ocpp'
import { fail } from '#kernel'
import { findCharger } from './chargers/store.ts'
import type { OcppHost } from './host.ts'

/** What other services ask. */
export function answerOthers({ db, answer }: OcppHost): void {
  answer(getCharger, async ({ chargerId }) => {
    const charger = (await findCharger(db, chargerId)) ?? fail('not_found', 'charger_unknown')
    const { owner, status, connectionId, ocppVersion } = charger
    return { chargerId, owner, status, connected: connectionId !== null, ocppVersion }
  })
}
