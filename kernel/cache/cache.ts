/**
 * Short-lived memory shared by all who serve: here this process's, Redis's at scale. Losing it costs time, never truth:
 * values go, and while Redis is away there are none, limits let everybody through, and only who asks for presence is
 * refused.
 */
export interface Cache {
  get<T>(key: string): Promise<T | undefined>
  /** `undefined` is nothing: it removes what was there. */
  set(key: string, value: unknown, ttlMs: number): Promise<void>
  /** May be lost in an outage: a value lives no longer than it may be wrong. */
  delete(key: string): Promise<void>
  /**
   * A limit of `points` in `seconds`, by whatever key it is asked. Whoever asks for the same name shares it, and asks
   * for the same rate.
   */
  limit(name: string, rate: Rate): Limit
  /**
   * Takes `key` for `holder`, or keeps it on; false while another has it. Ends by itself after `ttlMs`. Fails with
   * `presence_unavailable`, and may hold all the same then.
   */
  hold(key: string, holder: string, ttlMs: number): Promise<boolean>
  /** Who has `key` now, if anybody. Fails with `presence_unavailable`. */
  holder(key: string): Promise<string | undefined>
  /** Gives `key` back; nothing happens to what another has. Fails with `presence_unavailable`. */
  release(key: string, holder: string): Promise<void>
}

export interface Rate {
  readonly points: number
  readonly seconds: number
}

/** What a limit has left. */
export interface Taken {
  readonly limit: number
  readonly remaining: number
  /** Until it is whole again. */
  readonly seconds: number
}

export interface Limit {
  /**
   * Takes points and tells what is left; fails with `too_many_requests` (429, `retryAfter`, `limit`: its name) when nothing is. Undefined
   * while nobody counts.
   */
  take(key: string, points?: number): Promise<Taken | undefined>
  /** Forgets what was taken, as after a success. */
  reset(key: string): Promise<void>
}
