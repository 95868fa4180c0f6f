import { ChargerBooted, MetersReported, type ConnectorStatus, type OcppVersion } from '#contracts/ocpp'
import { newId } from '#kernel'
import type { OcspRequestData } from '../certificates/ocsp.ts'
import { telling, type Known } from '../batch.ts'
import { bookedFor, messageOf } from '../bookings/shown.ts'
import { addTransaction, holds, including, type Peer, type Transaction } from '../peer.ts'
import { CallError } from '../rpc/frames.ts'
import { chargingToken, judge, keyOf, type Judgement } from '../tokens/authorise.ts'
import { certificateStatus, revocationOf } from '../tokens/contracts.ts'
import { bootAnswer, bootedBy } from './boot.ts'
import { connectorReported, handler, transactionReported, transactionRow, type Handlers } from './handler.ts'
import { readingsOf, timeOf, type MeterValue } from './readings.ts'

interface BootNotification {
  reason: string
  chargingStation: {
    model: string
    vendorName: string
    serialNumber?: string
    firmwareVersion?: string
    modem?: { iccid?: string; imsi?: string }
  }
}

interface IdToken {
  idToken: string
  type: string
}

interface TransactionEvent {
  eventType: 'Started' | 'Updated' | 'Ended'
  timestamp: string
  triggerReason: string
  seqNo: number
  offline?: boolean
  reservationId?: number
  transactionInfo: {
    transactionId: string
    chargingState?: string
    stoppedReason?: string
    remoteStartId?: number
  }
  evse?: { id: number; connectorId?: number }
  idToken?: IdToken
  meterValue?: MeterValue[]
}

interface Authorize {
  idToken: IdToken
  certificate?: string
  iso15118CertificateHashData?: OcspRequestData[]
}

/** As certificates are said to be, by what their responders know. */
const revocations = { good: 'Accepted', revoked: 'CertificateRevoked', unknown: 'NoCertificateAvailable' } as const

const statuses: Record<string, ConnectorStatus> = {
  Available: 'available',
  Occupied: 'occupied',
  Reserved: 'reserved',
  Unavailable: 'unavailable',
  Faulted: 'faulted',
}

const phases = { Started: 'begun', Updated: 'progressed', Ended: 'ended' } as const

/** OCPP 2.0.1 Part 2 edition 3 and 2.1, §1. */
export const v2: Handlers = {
  BootNotification: handler<BootNotification>({
    early: true,
    handle(call, _, means) {
      const { peer, payload, receivedAt } = call
      const {
        model,
        vendorName: vendor,
        serialNumber = null,
        firmwareVersion: firmware = null,
        modem,
      } = payload.chargingStation
      // B01.FR.11 and 12 of security profile 3: the certificate and the charger name one serial number.
      const { certificateSerial: certified } = peer
      if (certified !== undefined && certified !== serialNumber && certified !== peer.id)
        throw new CallError('SecurityError', 'The serial number is not that of the certificate.')
      return {
        answer: bootAnswer(peer, receivedAt, means.heartbeat),
        write: bootedBy(
          peer,
          {
            vendor,
            model,
            serialNumber,
            firmware,
            iccid: modem?.iccid ?? null,
            imsi: modem?.imsi ?? null,
            reason: payload.reason,
          },
          receivedAt,
        ),
        tells: [
          telling(ChargerBooted, {
            chargerId: peer.id,
            vendor,
            model,
            serialNumber,
            firmware,
            reason: payload.reason,
            status: peer.status,
            at: receivedAt.toISOString(),
          }),
        ],
      }
    },
  }),

  StatusNotification: handler<{ timestamp: string; connectorStatus: string; evseId: number; connectorId: number }>({
    handle(call) {
      const { timestamp, connectorStatus, evseId, connectorId } = call.payload
      return {
        answer: {},
        ...connectorReported(call, {
          evse: evseId,
          connector: connectorId,
          status: statuses[connectorStatus]!,
          error_code: null,
          info: null,
          at: timeOf(timestamp, call.receivedAt),
        }),
      }
    },
  }),

  Authorize: handler<Authorize, Awaited<ReturnType<typeof revocationOf>>>({
    prepare: ({ payload: { certificate, iso15118CertificateHashData: hashes } }, { outside, contractRoots }) =>
      revocationOf(outside, contractRoots, certificate, hashes),
    wants: ({ payload: { idToken } }) => ({ token: keyOf(idToken.idToken, idToken.type) }),
    handle({ peer, payload, receivedAt }, known, { contractRoots }, revocation) {
      const { certificate, idToken } = payload
      const booked = bookedFor(peer, known, keyOf(idToken.idToken, idToken.type))
      const judgement = judge({ ...tokenOf(known, idToken), charger: peer, at: receivedAt, booked })
      const checked = certificate
        ? certificateStatus(certificate, idToken.idToken, judgement, contractRoots, receivedAt)
        : revocation && 'Accepted'
      const status = checked === 'Accepted' && revocation ? revocations[revocation] : checked
      // Who has only what is worth nothing any more does not charge with it.
      const told =
        status === 'CertificateRevoked' ? { ...judgement, verdict: 'Invalid' as const, until: null } : judgement
      return { answer: { idTokenInfo: tokenInfo(peer, told), ...(status && { certificateStatus: status }) } }
    },
  }),

  TransactionEvent: handler<TransactionEvent>({
    wants: ({ peer, payload: { eventType, idToken, transactionInfo } }) => ({
      token: idToken && keyOf(idToken.idToken, idToken.type),
      begins: eventType !== 'Ended',
      ...(!peer.transactions.has(transactionInfo.transactionId) && { reference: transactionInfo.transactionId }),
    }),
    handle(call, known) {
      const { peer, payload, receivedAt } = call
      const { eventType, seqNo, idToken, evse, transactionInfo, triggerReason } = payload
      const reference = transactionInfo.transactionId
      const before = peer.transactions.get(reference) ?? known.transaction(peer.id, reference)
      const at = timeOf(payload.timestamp, receivedAt)
      const judgement =
        idToken &&
        judge({
          ...tokenOf(known, idToken),
          charger: peer,
          at,
          booked:
            eventType === 'Ended' || before?.token?.accepted
              ? undefined
              : bookedFor(peer, known, keyOf(idToken.idToken, idToken.type)),
          // One that ends it was not the first.
          ...(eventType !== 'Ended' && { begins: { transactionId: before?.id, evse: evse?.id ?? before?.evse } }),
        })
      const answer = {
        ...costTold(peer, eventType, reference),
        ...(judgement && { idTokenInfo: tokenInfo(peer, judgement) }),
      }
      // Sent again, as its answer was lost, or because it was queued twice.
      if (before && holds(before.taken, seqNo)) return { answer }
      const base: Transaction = before ?? {
        id: newId(),
        reference,
        startKey: null,
        evse: 0,
        connector: 0,
        token: null,
        taken: [],
        begunAt: null,
        endedAt: null,
      }
      const transaction: Transaction = {
        ...base,
        evse: evse?.id ?? base.evse,
        connector: evse ? (evse.connectorId ?? (base.connector || 1)) : base.connector,
        token: base.token ?? (idToken ? chargingToken(idToken.idToken, idToken.type, judgement!) : null),
        taken: including(base.taken, seqNo),
        begunAt: base.begunAt ?? (eventType === 'Started' ? at : null),
        endedAt: base.endedAt ?? (eventType === 'Ended' ? at : null),
      }
      const { chargingState, stoppedReason, remoteStartId } = transactionInfo
      return {
        answer,
        rows: { transactions: [transactionRow(call, transaction)] },
        tells: [
          transactionReported(call, transaction, {
            phase: phases[eventType],
            at,
            readings: readingsOf(payload.meterValue, receivedAt),
            seqNo,
            offline: payload.offline ?? false,
            trigger: triggerReason,
            ...(chargingState && { chargingState }),
            ...(remoteStartId !== undefined && { remoteStartId }),
            ...(payload.reservationId !== undefined && { reservationId: payload.reservationId }),
            ...(eventType === 'Ended' && { stopReason: stoppedReason ?? 'Local' }),
          }),
        ],
        apply: () => addTransaction(peer, transaction),
      }
    },
  }),

  MeterValues: handler<{ evseId: number; meterValue: MeterValue[] }>({
    handle: ({ peer, payload, receivedAt }) => ({
      answer: {},
      tells: [
        telling(MetersReported, {
          chargerId: peer.id,
          evse: payload.evseId,
          connector: payload.evseId === 0 ? 0 : 1,
          readings: readingsOf(payload.meterValue, receivedAt),
          receivedAt: receivedAt.toISOString(),
        }),
      ],
    }),
  }),

  DataTransfer: handler<{ vendorId: string }>({ handle: () => ({ answer: { status: 'UnknownVendorId' } }) }),
}

const tokenOf = (known: Known, { idToken, type }: IdToken) => ({ token: known.token(keyOf(idToken, type)), type })

function tokenInfo({ ocppVersion, timeZone }: Peer, judgement: Judgement) {
  const { verdict, until, group } = judgement
  return {
    status: verdict,
    ...messageOf(judgement, timeZone),
    ...(until && { cacheExpiryDateTime: until.toISOString() }),
    ...(group !== null && fits(ocppVersion, group) && { groupIdToken: { idToken: group, type: 'Central' } }),
  }
}

/** What it costs so far is told by the way to 2.1 only; at the end what it costs for good, where that is known by then. */
function costTold({ costs, ocppVersion }: Peer, eventType: TransactionEvent['eventType'], reference: string) {
  const cost = costs.get(reference)
  const isWanted = eventType === 'Ended' ? cost?.isFinal : eventType === 'Updated' && ocppVersion === 'ocpp2.1'
  return cost && isWanted ? { totalCost: cost.total } : {}
}

const fits = (version: OcppVersion, token: string): boolean => token.length <= (version === 'ocpp2.0.1' ? 36 : 255)
