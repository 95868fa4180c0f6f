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

/** What all versions know of a reservation. */
export interface Reservation {
  readonly reservationId: number
  readonly evse: number
  readonly expiresAt: string
  readonly idToken: string
  readonly type: string
  /** Tokens of it may begin, too. */
  readonly group: string
}

/** The most characters of a token of 1.6, and of 2.0.1. */
const longest = { 'ocpp1.6': 20, 'ocpp2.0.1': 36, 'ocpp2.1': 255 } as const

/** Keeps an EVSE for a token and those of its group (1.6 §5.13, 2.x H01). */
export function reserveCall(version: OcppVersion, asked: Reservation): Call {
  const { reservationId, evse, expiresAt, type, group } = asked
  const fits = (text: string): boolean => text.length <= longest[version]
  // Where it is too long for the charger the group alone says who may.
  const idToken = fits(asked.idToken) ? asked.idToken : group
  return version === 'ocpp1.6'
    ? {
        action: 'ReserveNow',
        payload: {
          connectorId: evse,
          expiryDate: expiresAt,
          idTag: idToken,
          ...(fits(group) && { parentIdTag: group }),
          reservationId,
        },
      }
    : {
        action: 'ReserveNow',
        payload: {
          id: reservationId,
          expiryDateTime: expiresAt,
          idToken: { idToken, type },
          evseId: evse,
          ...(fits(group) && { groupIdToken: { idToken: group, type: 'Central' } }),
        },
      }
}

/** Keeps it no longer (1.6 §5.1, 2.x H02). */
export const cancelReservationCall = (reservationId: number): Call => ({
  action: 'CancelReservation',
  payload: { reservationId },
})
