import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { EventActor } from '../../contracts/shared.ts'

/** One piece of work from the request to the last mail, and where in it one stands. */
export interface Trace {
  /** 32 hex digits. */
  readonly traceId: string
  /** 16 hex digits: the span that whatever is done now is a part of; undefined before the first. */
  readonly spanId?: string
  /** Whether the spans of this trace are kept; undefined while nobody has decided. */
  readonly sampled?: boolean
}

/** What is known about the work in hand, wherever in the call tree one stands. */
export interface Context extends Trace {
  /** Who caused it; the platform itself has no user. */
  readonly actor: EventActor
  /**
   * Until when whoever asked us waits for the answer, by `performance.now()`: clocks are put right, and then a moment
   * is not what it was.
   */
  readonly deadline?: number
  /** The database an open transaction belongs to, if there is one. */
  readonly transaction?: string
}

const system: EventActor = { userId: null, role: 'system' }
const storage = new AsyncLocalStorage<Context>()

/** The present context; outside of any request or event the platform acts itself. */
export const context = (): Context => storage.getStore() ?? { actor: system, traceId: newTraceId() }

/** Runs `work` in a changed context. */
export const within = <T>(change: Partial<Context>, work: () => T): T => storage.run({ ...context(), ...change }, work)

/** Runs `work` in no context: it goes on for others too, after the request that happened to start it. */
export const apart = <T>(work: () => T): T => storage.exit(work)

/** 32 hex digits; from the generator of UUIDs, which keeps a stock of random bytes. */
export const newTraceId = (): string => randomUUID().replaceAll('-', '')

/**
 * Where in its trace the present work stands, for what outlives it (events, jobs): the trace id, `-<span id>-<flags>`
 * behind it where there is a span.
 */
export const traceNote = ({ traceId, spanId, sampled }: Trace = context()): string =>
  spanId ? `${traceId}-${spanId}-0${sampled ? 1 : 0}` : traceId

const zeros = /^0+$/

/** What `traceNote` wrote; a trace of its own where it is none. */
export function readNote(note: string): Trace {
  const [traceId = '', spanId, flags] = note.split('-')
  if (!/^[0-9a-f]{32}$/.test(traceId) || zeros.test(traceId))
    return { traceId: newTraceId(), spanId: undefined, sampled: undefined }
  return { traceId, spanId, sampled: spanId === undefined ? undefined : flags === '01' }
}

/**
 * W3C Trace Context, header `traceparent`: whoever is called goes on with this trace. A note stands for the present
 * work.
 */
export const traceparent = (note = traceNote()): string =>
  // Without a span there is nothing to hang on to; the id is made up, and nobody keeps the span.
  `00-${note.length > 32 ? note : `${note}-${newTraceId().slice(16)}-00`}`

/** The trace that a caller's `traceparent` brings; undefined when there is none, or one that W3C calls invalid. */
export function readTraceparent(header: string | string[] | undefined): Trace | undefined {
  if (typeof header !== 'string') return undefined
  const [, version, traceId, spanId, flags, more] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header) ?? []
  if (!traceId || !spanId || version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (zeros.test(traceId) || zeros.test(spanId)) return undefined
  return { traceId, spanId, sampled: (parseInt(flags!, 16) & 1) === 1 }
}
