import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { EventActor } from '../contracts/shared.ts'

/** What is known about the work in hand, wherever in the call tree one stands. */
export interface Context {
  /** Who caused it; the platform itself has no user. */
  readonly actor: EventActor
  /** 32 hex digits: one from the request to the last mail. */
  readonly traceId: string
  /** The database an open transaction belongs to, if there is one. */
  readonly transaction?: string
}

const system: EventActor = { userId: null, role: 'system' }
const storage = new AsyncLocalStorage<Context>()

/** The present context; outside of any request or event the platform acts itself. */
export const context = (): Context => storage.getStore() ?? { actor: system, traceId: newTraceId() }

/** Runs `work` in a changed context. */
export const within = <T>(change: Partial<Context>, work: () => T): T => storage.run({ ...context(), ...change }, work)

/** 32 hex digits; from the generator of UUIDs, which keeps a stock of random bytes. */
export const newTraceId = (): string => randomUUID().replaceAll('-', '')
