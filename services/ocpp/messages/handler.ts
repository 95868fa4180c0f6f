import type { X509Certificate } from 'node:crypto'
import {
  ConnectorReported,
  OcppMessage,
  TransactionReported,
  type ConnectorStatus,
  type Reading,
} from '#contracts/ocpp'
import { newId } from '#kernel'
import { telling, type Decision, type Known, type Telling, type Wants } from '../batch.ts'
import type { Authority } from '../certificates/authority.ts'
import type { Outside } from '../certificates/outside.ts'
import type { OcppHost } from '../host.ts'
import { confidential, withoutPasswords } from '../log/secrets.ts'
import type { Peer, Transaction } from '../peer.ts'
import type { FileCustomer } from '../transfers/filing.ts'
import type { ConnectorRow, MessageRow, Rows } from '../store.ts'

/** A call of a charger that is as its schema has it. */
export interface Call<P = unknown> {
  readonly peer: Peer
  readonly payload: P
  readonly receivedAt: Date
}

/** What handlers have of the service. */
export interface Means {
  readonly host: OcppHost
  /** Seconds between the heartbeats of a charger. */
  readonly heartbeat: number
  /** Who signs certificates of chargers. */
  readonly authority: Authority
  /** Who is asked about other certificates. */
  readonly outside: Outside
  /** Files what a charger has stored of a customer. */
  readonly fileCustomer: FileCustomer
  /** The next number for a transaction of 1.6; at hand. */
  nextNumber(): number
  /** What the certificates of charging contracts have to descend from. */
  readonly contractRoots: readonly X509Certificate[]
}

/** What a call is answered with and what follows from it. */
export interface Answered extends Decision {
  readonly answer: object
}

/** What an action means. */
export interface Handler<P, R = undefined> {
  /** It is answered before the charger was accepted too. */
  readonly early?: boolean
  wants?(call: Call<P>): Wants | undefined
  /** What takes time, and is done once: the charger's other calls wait meanwhile. Changes nothing. */
  prepare?(call: Call<P>, means: Means): Promise<R>
  /** Fails with `CallError`. Takes no time, may run again, and changes nothing but in `apply`. */
  handle(call: Call<P>, known: Known, means: Means, prepared: R): Answered
}

/** Ties an action to what a version's schema gives for it. */
export const handler = <P, R = undefined>(handler: Handler<P, R>): Handler<unknown, any> =>
  handler as Handler<unknown, any>

export type Handlers = Readonly<Record<string, Handler<unknown, any>>>

/** That a message was taken and answered. */
export function messageTold(said: Omit<MessageRow, 'id'>): { row: MessageRow; tell: Telling } {
  const row = confidential.has(said.action) ? withoutPasswords(said) : said
  const { at, charger_id: chargerId, message_id: messageId, direction, action, ocpp_version: ocppVersion } = row
  return {
    row: { id: newId(), ...row },
    tell: telling(OcppMessage, {
      chargerId,
      messageId,
      direction,
      action,
      ocppVersion,
      at: at.toISOString(),
      payload: row.payload,
      outcome: row.outcome,
      ...(row.answer !== undefined && { answer: row.answer }),
      ...(row.error_code && { errorCode: row.error_code }),
      ...(row.error_description && { errorDescription: row.error_description }),
    }),
  }
}

/** What follows, with the message from which it does. */
export const withMessage = (decision: Decision, row: MessageRow, tell: Telling): Decision => ({
  ...decision,
  rows: { ...decision.rows, messages: [row] },
  tells: [...(decision.tells ?? []), tell],
})

/** How a connector is said to be. */
export function connectorReported(
  { peer, receivedAt }: Call,
  { at, ...said }: Omit<ConnectorRow, 'charger_id' | 'status'> & { status: ConnectorStatus },
): Pick<Answered, 'rows' | 'tells'> {
  const { evse, connector, status, error_code: errorCode, info } = said
  return {
    rows: { connectors: [{ charger_id: peer.id, ...said, at }] },
    tells: [
      telling(ConnectorReported, {
        chargerId: peer.id,
        evse,
        connector,
        status,
        errorCode,
        info,
        at: at.toISOString(),
        receivedAt: receivedAt.toISOString(),
      }),
    ],
  }
}

/** What a charger says of a transaction, beside what is known of it. */
export interface Progress {
  readonly phase: 'begun' | 'progressed' | 'ended'
  readonly at: Date
  readonly readings: Reading[]
  readonly seqNo?: number
  readonly offline?: boolean
  readonly trigger?: string
  readonly chargingState?: string
  readonly remoteStartId?: number
  readonly reservationId?: number
  readonly stopReason?: string
}

export function transactionReported(
  { peer, receivedAt }: Call,
  { id, reference, evse, connector, token }: Transaction,
  progress: Progress,
): Telling {
  return telling(TransactionReported, {
    transactionId: id,
    chargerId: peer.id,
    owner: peer.owner,
    evse,
    connector,
    reference,
    phase: progress.phase,
    seqNo: progress.seqNo ?? null,
    at: progress.at.toISOString(),
    receivedAt: receivedAt.toISOString(),
    offline: progress.offline ?? false,
    trigger: progress.trigger ?? null,
    chargingState: progress.chargingState ?? null,
    token,
    remoteStartId: progress.remoteStartId ?? null,
    reservationId: progress.reservationId ?? null,
    readings: progress.readings,
    stopReason: progress.stopReason ?? null,
  })
}

/** The row of a transaction as it is to be. */
export const transactionRow = ({ peer, receivedAt }: Call, transaction: Transaction): Rows['transactions'][number] => ({
  ...transaction,
  chargerId: peer.id,
  receivedAt,
})
