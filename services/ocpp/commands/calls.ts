import type { OcppVersion } from '#contracts/ocpp'

/** A call as one version has it. */
interface Call {
  readonly action: string
  readonly payload: object
}

/** What all versions know of a start that is asked for from here. */
export interface Start {
  /** Any that is free, where none is named. */
  readonly evse?: number | undefined
  readonly idToken: string
  /** As 2.x names kinds of tokens. */
  readonly type: string
  /** By which the charger names the request in its transaction (2.x). */
  readonly remoteStartId: number
}

/** RemoteStartTransaction of 1.6 (§5.11), RequestStartTransaction of 2.x (F01, F02). */
export const startCall = (version: OcppVersion, { evse, idToken, type, remoteStartId }: Start): Call =>
  version === 'ocpp1.6'
    ? {
        action: 'RemoteStartTransaction',
        payload: { idTag: idToken, ...(evse !== undefined && { connectorId: evse }) },
      }
    : {
        action: 'RequestStartTransaction',
        payload: { remoteStartId, idToken: { idToken, type }, ...(evse !== undefined && { evseId: evse }) },
      }

/** Ends a transaction by what the charger calls it (1.6 §5.12, 2.x F03). */
export const stopCall = (version: OcppVersion, reference: string): Call =>
  version === 'ocpp1.6'
    ? { action: 'RemoteStopTransaction', payload: { transactionId: Number(reference) } }
    : { action: 'RequestStopTransaction', payload: { transactionId: reference } }

/** Starts a charger anew once nobody charges; 1.6 has no such waiting, and ends what goes on gently (1.6 §5.14, 2.x B11, B12). */
export const resetCall = (version: OcppVersion): Call => ({
  action: 'Reset',
  payload: { type: version === 'ocpp1.6' ? 'Soft' : 'OnIdle' },
})

/** Lets the cable of a connector go (1.6 §5.18, 2.x F05). */
export const unlockCall = (version: OcppVersion, evse: number, connector: number): Call => ({
  action: 'UnlockConnector',
  payload: version === 'ocpp1.6' ? { connectorId: evse } : { evseId: evse, connectorId: connector },
})

/** Takes an EVSE, or the whole charger, out of service or back (1.6 §5.2, 2.x G03, G04). */
export const availabilityCall = (version: OcppVersion, evse: number | null, operative: boolean): Call => {
  const status = operative ? 'Operative' : 'Inoperative'
  return {
    action: 'ChangeAvailability',
    payload:
      version === 'ocpp1.6'
        ? { connectorId: evse ?? 0, type: status }
        : { operationalStatus: status, ...(evse !== null && { evse: { id: evse } }) },
  }
}
