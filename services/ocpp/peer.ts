import type { ChargerStatus, ChargingToken, OcppVersion } from '#contracts/ocpp'
import type { Owner } from '#contracts/shared'
import type { Cost } from './prices/store.ts'
import type { FreeVend } from './tokens/free-vend.ts'

/** A transaction as the process knows it that has the charger's connection. */
export interface Transaction {
  readonly id: string
  /** What the charger calls it: the number it has from us (1.6), or its own id. */
  readonly reference: string
  readonly startKey: string | null
  evse: number
  connector: number
  token: ChargingToken | null
  /** Numbers of its messages that were taken (2.x). */
  taken: Ranges
  begunAt: Date | null
  endedAt: Date | null
}

/** Whole numbers as ranges, both ends included, in their order. */
export type Ranges = readonly (readonly [from: number, to: number])[]

export const holds = (ranges: Ranges, number: number): boolean =>
  ranges.some(([from, to]) => from <= number && number <= to)

export function including(ranges: Ranges, number: number): Ranges {
  if (holds(ranges, number)) return ranges
  const sorted = [...ranges, [number, number] as const].sort(([one], [other]) => one - other)
  const joined: [number, number][] = []
  for (const [from, to] of sorted) {
    const last = joined.at(-1)
    if (last && last[1] + 1 >= from) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  return joined
}

/** As PostgreSQL writes them, without their ends. */
export const multirange = (ranges: Ranges): string => `{${ranges.map(([from, to]) => `[${from},${to + 1})`).join(',')}}`

export const rangesOf = (text: string): Ranges =>
  [...text.matchAll(/\[(-?\d+),(-?\d+)\)/g)].map(([, from, to]) => [Number(from), Number(to) - 1] as const)

/** A charger that has a connection here. */
export interface Peer {
  readonly id: string
  readonly connectionId: string
  readonly ocppVersion: OcppVersion
  owner: Owner | null
  status: ChargerStatus
  freeVend: readonly FreeVend[]
  timeZone: string | null
  /** Serial number its certificate has, which its start has to name too (security profile 3). */
  readonly certificateSerial: string | undefined
  /** Of the certificate, where it was signed here. */
  readonly certificateId: string | undefined
  /** Open ones and the last that ended, by their reference. */
  readonly transactions: Map<string, Transaction>
  /** What it was told last that transactions cost, by their reference (2.x). */
  readonly costs: Map<string, Cost>
  /** Its last calls with their answers, by the id of the message: one that comes again is answered again. */
  readonly answers: Map<string, Said>
  lastHeardAt: Date
}

/** A call as it can be known again, and the frame that answered it. */
export interface Said {
  readonly call: string
  readonly answer: string
}

/** So many ended transactions and answers are remembered. */
export const remembered = 20

export function remember(peer: Peer, messageId: string, said: Said): void {
  peer.answers.set(messageId, said)
  if (peer.answers.size > remembered) peer.answers.delete(peer.answers.keys().next().value!)
}

/** Of a transaction that it has forgotten nobody asks what it cost. */
export function noteCost({ costs }: Peer, reference: string, cost: Cost): void {
  costs.delete(reference)
  costs.set(reference, cost)
  if (costs.size > remembered) costs.delete(costs.keys().next().value!)
}

/** Knows a transaction as it is now; gives what makes that undone. */
export function addTransaction({ transactions }: Peer, transaction: Transaction): () => void {
  const before = [...transactions]
  // Behind the others: of those that ended the ones go that nothing was said of for the longest.
  transactions.delete(transaction.reference)
  transactions.set(transaction.reference, transaction)
  for (const [reference, { endedAt }] of transactions)
    if (endedAt && transactions.size > remembered) transactions.delete(reference)
  return () => {
    transactions.clear()
    for (const [reference, known] of before) transactions.set(reference, known)
  }
}

export const openTransactions = (peer: Peer): Transaction[] =>
  [...peer.transactions.values()].filter(({ endedAt }) => !endedAt)
