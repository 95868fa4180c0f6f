/** Less than that nobody mends: who sets a clock back for nothing tells things in the wrong order. */
const tolerableMs = 1_000

/** The clock of a charger: it goes a little wrong, and is set by what it is told (1.6 §4.6, 2.x G02). */
export function openClock(drift: number, real: () => number = Date.now) {
  let setAt = real()
  let shownThen = setAt
  /** Somebody has set it wrong, and what it is told does not mend it. */
  let offMs = 0
  return {
    now: (): Date => new Date(shownThen + (real() - setAt) * (1 + drift) + offMs),
    set(currentTime: string): void {
      const [at, told] = [real(), Date.parse(currentTime)]
      if (Math.abs(shownThen + (at - setAt) * (1 + drift) - told) < tolerableMs) return
      setAt = at
      shownThen = told
    },
    turn(ms: number): void {
      offMs = ms
    },
  }
}
