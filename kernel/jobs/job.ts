/**
 * How soon a job is wanted: `urgent` where somebody waits for it, as for the code of a sign-in; `normal` for what is
 * told or done afterwards, as a receipt; `bulk` for what comes by the thousand, as an import. What is more urgent
 * begins first, and some places in each process are for urgent jobs alone. Of one urgency the older begins first, but
 * no job waits for another to end.
 */
export type Urgency = 'urgent' | 'normal' | 'bulk'

/** A task that survives the process. Made by `host.job`, added by `tx.enqueue`. */
export interface Job<P extends object> {
  /** `<service>.<name>` */
  readonly task: string
  readonly tries: number
  /** `normal` where nothing is said. */
  readonly urgency?: Urgency
  /** Only for the types: what the payload is. */
  readonly payload?: P
}

/** Runs at least once: make it idempotent by the row it works for. Throw to have it tried again later. */
export type JobHandler<P extends object> = (
  payload: P,
  run: { readonly attempt: number; readonly last: boolean; readonly signal: AbortSignal },
) => Promise<void>

export interface JobOptions {
  /** Default 10, with exponential back-off: three and a half hours in all. */
  tries?: number
  /** Default `normal`. */
  urgency?: Urgency
}

export interface EnqueueOptions {
  /** Not before. */
  runAt?: Date
  /** One waiting job a key: a later one replaces it. */
  key?: string
}

/** The task that does a periodic work. */
export const periodic = (service: string, purpose: string): string => `${service}.every ${purpose}`
