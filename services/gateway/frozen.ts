/** How long an answer may take before it is asked whether the process at that address lives at all. */
const patienceMs = 3_000
const livesMs = 3_000

/**
 * Tells a process that takes its time from one that is frozen: whoever answers nothing is asked, on another connection,
 * whether it lives, and again as long as its answer is awaited. One question an address, however many wait.
 */
export function openFrozen() {
  const asking = new Map<string, Promise<boolean>>()
  const lives = (address: string): Promise<boolean> => {
    const before = asking.get(address)
    if (before) return before
    // Whatever it says, it says something.
    const answer = fetch(`${address}/health/live`, { signal: AbortSignal.timeout(livesMs) })
      .then(async ({ body }) => {
        await body?.cancel()
        return true
      })
      .catch(() => false)
      .finally(() => asking.delete(address))
    asking.set(address, answer)
    return answer
  }

  /** `letGo` is called once, if the process turns out to be frozen before what is given back is called. */
  return function watch(address: string, letGo: () => void): () => void {
    let over = false
    let timer = setTimeout(look, patienceMs).unref()
    function look(): void {
      void lives(address).then(alive => {
        if (over) return
        if (alive) timer = setTimeout(look, patienceMs).unref()
        else letGo()
      })
    }
    return () => {
      over = true
      clearTimeout(timer)
    }
  }
}
