import { ChargerBooted, MetersReported, type ConnectorStatus } from '#contracts/ocpp'
import { newId } from '#kernel'
import { telling, type Known } from '../batch.ts'
import { bookedFor } from '../bookings/shown.ts'
import { addTransaction, openTransactions, type Peer, type Transaction } from '../peer.ts'
import { chargingToken, judge, type Judgement } from '../tokens/authorise.ts'
import { bootAnswer, bootedBy } from './boot.ts'
import { connectorReported, handler, transactionReported, transactionRow, type Handlers } from './handler.ts'
import { energyRegister, readingsOf, timeOf, type MeterValue } from './readings.ts'

interface BootNotification {
  chargePointVendor: string
  chargePointModel: string
  chargePointSerialNumber?: string
  chargeBoxSerialNumber?: string
  firmwareVersion?: string
  iccid?: string
  imsi?: string
}

interface StartTransaction {
  connectorId: number
  idTag: string
  meterStart: number
  reservationId?: number
  timestamp: string
}

interface StopTransaction {
  transactionId: number
  idTag?: string
  meterStop: number
  timestamp: string
  reason?: string
  transactionData?: MeterValue[]
}

interface StatusNotification {
  connectorId: number
  errorCode: string
  info?: string
  status: string
  timestamp?: string
  vendorErrorCode?: string
}

const statuses: Record<string, ConnectorStatus> = {
  Available: 'available',
  Preparing: 'preparing',
  Charging: 'charging',
  SuspendedEVSE: 'suspended-evse',
  SuspendedEV: 'suspended-ev',
  Finishing: 'finishing',
  Reserved: 'reserved',
  Unavailable: 'unavailable',
  Faulted: 'faulted',
}

/** Each connector of 1.6 is an EVSE of its own; 0 is the charger. */
const placeOf = (connectorId: number) => ({ evse: connectorId, connector: connectorId === 0 ? 0 : 1 })

/** OCPP 1.6 edition 2, §6. */
export const v16: Handlers = {
  BootNotification: handler<BootNotification>({
    early: true,
    handle(call, _, means) {
      const { payload, receivedAt } = call
      const model = {
        vendor: payload.chargePointVendor,
        model: payload.chargePointModel,
        serialNumber: payload.chargePointSerialNumber ?? payload.chargeBoxSerialNumber ?? null,
        firmware: payload.firmwareVersion ?? null,
      }
      const { iccid = null, imsi = null } = payload
      return {
        answer: bootAnswer(call.peer, receivedAt, means.heartbeat),
        write: bootedBy(call.peer, { ...model, iccid, imsi, reason: null }, receivedAt),
        tells: [
          telling(ChargerBooted, {
            chargerId: call.peer.id,
            ...model,
            reason: null,
            status: call.peer.status,
            at: receivedAt.toISOString(),
          }),
        ],
      }
    },
  }),

  StatusNotification: handler<StatusNotification>({
    handle(call) {
      const { connectorId, status, errorCode, info, timestamp, vendorErrorCode } = call.payload
      const isFault = errorCode !== 'NoError'
      return {
        answer: {},
        ...connectorReported(call, {
          ...placeOf(connectorId),
          status: statuses[status]!,
          error_code: isFault ? errorCode : null,
          info: [info, vendorErrorCode].filter(Boolean).join(' · ') || null,
          at: timestamp ? timeOf(timestamp, call.receivedAt) : call.receivedAt,
        }),
      }
    },
  }),

  Authorize: handler<{ idTag: string }>({
    wants: ({ payload }) => ({ token: payload.idTag }),
    handle({ peer, payload: { idTag }, receivedAt: at }, known) {
      const booked = bookedFor(peer, known, idTag)
      return { answer: { idTagInfo: tagInfo(judge({ token: known.token(idTag), charger: peer, at, booked })) } }
    },
  }),

  StartTransaction: handler<StartTransaction>({
    wants: ({ payload }) => ({ token: payload.idTag, begins: true, startKey: startKeyOf(payload) }),
    handle(call, known, means) {
      const { peer, payload, receivedAt } = call
      const startKey = startKeyOf(payload)
      // A charger that did not hear the answer says it again, with another id of the message.
      const before =
        [...peer.transactions.values()].find(known => known.startKey === startKey) ?? known.started(peer.id, startKey)
      const at = timeOf(payload.timestamp, receivedAt)
      const place = placeOf(payload.connectorId)
      const token = known.token(payload.idTag)
      const booked = before?.token?.accepted ? undefined : bookedFor(peer, known, payload.idTag)
      const begins = { transactionId: before?.id, evse: place.evse }
      const judgement = judge({ token, charger: peer, at, booked, begins })
      const idTagInfo = tagInfo(judgement)
      if (before) return { answer: { transactionId: Number(before.reference), idTagInfo } }
      const transaction: Transaction = {
        id: newId(),
        reference: String(means.nextNumber()),
        startKey,
        ...place,
        token: chargingToken(payload.idTag, token?.type ?? 'ISO14443', judgement),
        taken: [],
        begunAt: at,
        endedAt: null,
      }
      const readings = [registerReading(at, payload.meterStart, 'Transaction.Begin')]
      return {
        answer: { transactionId: Number(transaction.reference), idTagInfo },
        rows: { transactions: [transactionRow(call, transaction)] },
        tells: [
          transactionReported(call, transaction, {
            phase: 'begun',
            at,
            readings,
            offline: isOld(at, receivedAt),
            ...(payload.reservationId !== undefined && { reservationId: payload.reservationId }),
          }),
        ],
        apply: () => addTransaction(peer, transaction),
      }
    },
  }),

  StopTransaction: handler<StopTransaction>({
    wants: ({ peer, payload }) => ({
      token: payload.idTag,
      ...(!peer.transactions.has(String(payload.transactionId)) && { reference: String(payload.transactionId) }),
    }),
    handle(call, known) {
      const { peer, payload, receivedAt } = call
      const answer = payload.idTag
        ? { idTagInfo: tagInfo(judge({ token: known.token(payload.idTag), charger: peer, at: receivedAt })) }
        : {}
      const transaction = meantBy(peer, known, payload.transactionId, payload.idTag)
      // It would come again and again if it were refused; the message is kept.
      if (!transaction || transaction.endedAt) return { answer }
      const at = timeOf(payload.timestamp, receivedAt)
      const ended = { ...transaction, endedAt: at }
      const readings = [
        ...readingsOf(payload.transactionData, receivedAt),
        registerReading(at, payload.meterStop, 'Transaction.End'),
      ]
      return {
        answer,
        rows: { transactions: [transactionRow(call, ended)] },
        tells: [
          transactionReported(call, ended, {
            phase: 'ended',
            at,
            readings,
            offline: isOld(at, receivedAt),
            stopReason: payload.reason ?? 'Local',
          }),
        ],
        apply: () => addTransaction(peer, ended),
      }
    },
  }),

  MeterValues: handler<{ connectorId: number; transactionId?: number; meterValue: MeterValue[] }>({
    wants: ({ peer, payload: { transactionId } }) =>
      transactionId === undefined || peer.transactions.has(String(transactionId))
        ? undefined
        : { reference: String(transactionId) },
    handle(call, known) {
      const { peer, payload, receivedAt } = call
      const readings = readingsOf(payload.meterValue, receivedAt)
      const transaction = payload.transactionId
        ? meantBy(peer, known, payload.transactionId)
        : openAt(peer, payload.connectorId)
      if (transaction)
        return {
          answer: {},
          tells: [
            transactionReported(call, transaction, {
              phase: 'progressed',
              at: readings[0] ? new Date(readings[0].at) : receivedAt,
              readings,
            }),
          ],
        }
      return {
        answer: {},
        tells: [
          telling(MetersReported, {
            chargerId: peer.id,
            ...placeOf(payload.connectorId),
            readings,
            receivedAt: receivedAt.toISOString(),
          }),
        ],
      }
    },
  }),

  DataTransfer: handler<{ vendorId: string }>({ handle: () => ({ answer: { status: 'UnknownVendorId' } }) }),
}

const startKeyOf = ({ connectorId, idTag, meterStart, timestamp }: StartTransaction): string =>
  [connectorId, timestamp, idTag, meterStart].join(' ')

/** 1.6 has no word for who owes money or comes when another has booked, and its parents are no longer than its tags. */
function tagInfo({ verdict, until, group }: Judgement) {
  return {
    status: verdict === 'NoCredit' || verdict === 'NotAtThisTime' ? 'Blocked' : verdict,
    ...(until && { expiryDate: until.toISOString() }),
    ...(group !== null && group.length <= 20 && { parentIdTag: group }),
  }
}

/** Older than that it was kept for a while before it was sent. */
const isOld = (at: Date, receivedAt: Date): boolean => receivedAt.getTime() - at.getTime() > 60_000

const registerReading = (at: Date, value: number, context: string) => ({
  at: at.toISOString(),
  measurand: energyRegister,
  value,
  unit: 'Wh',
  context,
})

/** Without the id of a transaction, the only open one of the connector. */
function openAt(peer: Peer, connectorId: number): Transaction | undefined {
  const open = openTransactions(peer).filter(({ evse }) => evse === connectorId)
  return open.length === 1 ? open[0] : undefined
}

/**
 * The transaction of a number. Chargers that began one while nobody answered have no number for it, and say 0 or -1:
 * then it is the only open one, of the same card where one is named.
 */
function meantBy(peer: Peer, known: Known, number: number, idTag?: string): Transaction | undefined {
  if (number > 0) return peer.transactions.get(String(number)) ?? known.transaction(peer.id, String(number))
  const open = openTransactions(peer)
  const own = idTag ? open.filter(({ token }) => token?.idToken.toUpperCase() === idTag.toUpperCase()) : open
  return own.length === 1 ? own[0] : undefined
}
