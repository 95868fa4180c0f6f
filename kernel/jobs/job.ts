/** A task that survives the process. Made by `host.job`, added by `tx.enqueue`. */
export interface Job<P extends object> {
  /** `<service>.<name>` */
  readonly task: string
  readonly tries: number
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
}

export interface EnqueueOptions {
  /** Not before. */
  runAt?: Date
  /** One waiting job a key: a later one replaces it. */
  key?: string
}
