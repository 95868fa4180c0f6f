import type { EventContract, EventData } from '#contracts/define'
import { Problem, type Db, type Tx } from '#kernel'
import type { OcppHost } from './host.ts'
import type { Transaction } from './peer.ts'
import { findStarted, findTransactions, writeRows, type Rows } from './store.ts'
import type { Booked } from './bookings/kept.ts'
import { findBooked, nothingBooked } from './bookings/store.ts'
import { keyOf } from './tokens/authorise.ts'
import { findTokens, holdTokens, type Token } from './tokens/store.ts'

/** What has to be known of the database before something can be decided. */
export interface Wants {
  /** Of a card or another token. */
  readonly token?: string | undefined
  /** A transaction may begin with it. */
  readonly begins?: boolean
  /** What a charger of 1.6 says at a start, to know it again. */
  readonly startKey?: string
  /** Of a transaction. */
  readonly reference?: string
}

export interface Known {
  token(idToken: string): Token | undefined
  /** At a charger of whose a token is wanted. */
  booked(chargerId: string): Booked
  started(chargerId: string, startKey: string): Transaction | undefined
  transaction(chargerId: string, reference: string): Transaction | undefined
}

/** An event on its way. */
export type Telling = { [E in string]: readonly [EventContract<'ocpp'>, Record<string, unknown>] }[string]
export const telling = <E extends EventContract<'ocpp'>>(event: E, data: EventData<E>): Telling => [event, data]

/** What follows from a piece of work; nothing of it is there unless all of it is. */
export interface Decision {
  /** Rows of tables that many write to at a time. */
  readonly rows?: Partial<Rows>
  readonly tells?: readonly Telling[]
  /** What is rare enough for statements of its own; runs again after a failure. */
  readonly write?: ((tx: Tx<'ocpp'>) => Promise<unknown>) | undefined
  /** Done as soon as it is decided, so that what the charger said next is decided by it; gives what undoes it. */
  readonly apply?: () => () => void
}

/** Something to decide and write about one charger. */
export interface Work {
  readonly chargerId: string
  readonly wants?: Wants
  /** Takes no time, and may run again. */
  decide(known: Known): Decision
  /** It is on disk, or why it will not be. */
  done(error?: unknown): void
}

/** So many at a time, and in so many transactions: PostgreSQL writes while the next are decided. */
const most = 300
const lanes = 2
/** How long a database that is away is waited for. */
const patienceMs = 15_000

/** Of one charger: who sends many at once is not to keep the others waiting. */
const mostOfOne = 16

/**
 * Writes what chargers say: all that waits at once in one transaction, begun as soon as a lane is free. What one charger
 * says stays in its order; one that fails fails alone.
 */
export function openBatches(host: OcppHost) {
  const waiting = new Map<string, Work[]>()
  const busy = new Set<string>()
  let running = 0
  const { metrics } = host
  const sizes = metrics.histogram(
    'ohmnibus_ocpp_batch_size',
    'Messages of chargers written together',
    [],
    [1, 2, 5, 10, 20, 50, 100, 200, 300],
  )
  const times = metrics.histogram(
    'ohmnibus_ocpp_batch_seconds',
    'Until messages of chargers written together are on disk',
  )
  metrics.gauge('ohmnibus_ocpp_messages_waiting', 'Messages of chargers that wait to be written', [], gauge =>
    gauge.set([...waiting.values()].reduce((sum, queue) => sum + queue.length, 0)),
  )

  function next(): Work[] {
    const batch: Work[] = []
    for (const [chargerId, queue] of waiting) {
      if (busy.has(chargerId)) continue
      busy.add(chargerId)
      const room = Math.min(mostOfOne, most - batch.length)
      // Whether a token charges elsewhere is looked up, and may have been changed by what comes before.
      const end = queue.findIndex(({ wants }, at) => at > 0 && wants?.token !== undefined)
      batch.push(...queue.splice(0, end < 0 ? room : Math.min(end, room)))
      if (queue.length === 0) waiting.delete(chargerId)
      if (batch.length === most) break
    }
    return batch
  }

  async function run(): Promise<void> {
    running++
    for (let batch = next(); batch.length > 0; batch = next()) {
      sizes.observe({}, batch.length)
      const end = times.startTimer()
      await write(host, batch)
      end()
      for (const { chargerId } of batch) busy.delete(chargerId)
    }
    running--
  }

  return {
    add(work: Work): void {
      const queue = waiting.get(work.chargerId)
      if (queue) queue.push(work)
      else waiting.set(work.chargerId, [work])
      // What else came with it is taken along.
      if (running < lanes) queueMicrotask(() => void (running < lanes && run()))
    },
    /** Resolves once nothing waits. */
    async idle(): Promise<void> {
      while (running > 0 || waiting.size > 0) await new Promise(done => setTimeout(done, 5))
    },
  }
}
export type Batches = ReturnType<typeof openBatches>

async function write(host: OcppHost, batch: readonly Work[], began = performance.now()): Promise<void> {
  const undos: (() => void)[] = []
  try {
    const known = await lookUp(host.db, batch, host.now())
    const shared = exclusiveOf(batch, known)
    const decisions = await host.db.transaction(async tx => {
      if (shared.length > 0) await holdTokens(tx, shared)
      const now = shared.length > 0 ? await lookUp(tx, batch, host.now()) : known
      // It may run again.
      for (const undo of undos.splice(0).reverse()) undo()
      const decided = decide(host, batch, now)
      for (const { undo } of decided) if (undo) undos.push(undo)
      const written = decided.filter(({ error }) => error === undefined)
      for (const { decision } of written) if (decision!.write) await decision!.write(tx)
      for (const query of writeRows(
        tx,
        written.map(({ decision }) => decision!.rows ?? {}),
      ))
        tx.withCommit(query)
      for (const { decision } of written)
        for (const [event, data] of decision!.tells ?? []) await tx.publish(event, data as never)
      return decided
    })
    for (const { work, error } of decisions) work.done(error)
  } catch (error) {
    for (const undo of undos.reverse()) undo()
    const isAway = error instanceof Problem && error.kind === 'unavailable'
    if (isAway && performance.now() - began < patienceMs) {
      await new Promise(done => setTimeout(done, 250))
      return await write(host, batch, began)
    }
    const [only, ...others] = batch
    if (isAway || others.length === 0) {
      if (!isAway) host.log.error({ err: error, chargerId: only!.chargerId }, 'a message could not be written')
      for (const work of batch) work.done(error)
    }
    // One of them may be to blame: it is not to take the others along.
    else for (const work of batch) await write(host, [work], began)
  }
}

interface Decided {
  work: Work
  decision?: Decision
  undo?: (() => void) | undefined
  error?: unknown
}

/** Tokens with which one transaction at a time may begin, and with which one may here. */
const exclusiveOf = (batch: readonly Work[], known: Known): string[] => [
  ...new Set(
    batch.flatMap(({ wants }) => {
      const token = wants?.begins && wants.token ? known.token(wants.token) : undefined
      return token?.exclusive ? [token.id] : []
    }),
  ),
]

/** One after the other: each knows what those before it begin and end. */
function decide({ log }: OcppHost, batch: readonly Work[], known: Known): Decided[] {
  const charging = new Map<string, readonly string[]>()
  const now: Known = {
    ...known,
    token(idToken) {
      const token = known.token(idToken)
      return token?.exclusive ? { ...token, charging: charging.get(token.id) ?? token.charging } : token
    },
  }
  return batch.map(work => {
    try {
      const decision = work.decide(now)
      for (const { id, token: own, endedAt } of decision.rows?.transactions ?? []) {
        const token = own && now.token(keyOf(own.idToken, own.type))
        if (!token?.exclusive) continue
        const others = token.charging.filter(other => other !== id)
        charging.set(token.id, endedAt ? others : [...others, id])
      }
      return { work, decision, undo: decision.apply?.() }
    } catch (error) {
      log.error({ err: error, chargerId: work.chargerId }, 'what follows from a message could not be decided')
      return { work, error }
    }
  })
}

/** Nothing is asked where nobody wants to know. */
async function lookUp(db: Db, batch: readonly Work[], at: Date): Promise<Known> {
  const tokens = batch.flatMap(({ wants }) => wants?.token ?? [])
  const shownAt = [...new Set(batch.flatMap(({ chargerId, wants }) => (wants?.token ? [chargerId] : [])))]
  const starts = batch.flatMap(({ chargerId, wants }) => (wants?.startKey ? [{ chargerId, key: wants.startKey }] : []))
  const references = batch.flatMap(({ chargerId, wants }) =>
    wants?.reference ? [{ chargerId, key: wants.reference }] : [],
  )
  const [byValue, booked, byStart, byReference] = await Promise.all([
    tokens.length > 0 ? findTokens(db, tokens) : new Map<string, Token>(),
    shownAt.length > 0 ? findBooked(db, shownAt, at) : new Map<string, Booked>(),
    starts.length > 0 ? findStarted(db, starts) : new Map<string, Transaction>(),
    references.length > 0 ? findTransactions(db, references) : new Map<string, Transaction>(),
  ])
  return {
    token: idToken => byValue.get(idToken.toUpperCase()),
    booked: chargerId => booked.get(chargerId) ?? nothingBooked,
    started: (chargerId, startKey) => byStart.get(`${chargerId}\n${startKey}`),
    transaction: (chargerId, reference) => byReference.get(`${chargerId}\n${reference}`),
  }
}
