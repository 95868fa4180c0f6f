import { getCharger, getToken } from '#contracts/ocpp'
import { fail } from '#kernel'
import { findCharger } from './chargers/store.ts'
import type { OcppHost } from './host.ts'
import { keyOf } from './tokens/authorise.ts'
import { findTokenOf } from './tokens/store.ts'

/** What other services ask. */
export function answerOthers({ db, answer }: OcppHost): void {
  answer(getCharger, async ({ chargerId }) => {
    const charger = (await findCharger(db, chargerId)) ?? fail('not_found', 'charger_unknown')
    const { owner, status, connectionId, ocppVersion } = charger
    return { chargerId, owner, status, connected: connectionId !== null, ocppVersion }
  })

  answer(getToken, async ({ idToken, type }) => {
    const token = (await findTokenOf(db, keyOf(idToken, type))) ?? fail('not_found', 'token_unknown')
    return { tokenId: token.id, idToken: token.idToken, type: token.type, owner: token.owner, userId: token.userId }
  })
}
