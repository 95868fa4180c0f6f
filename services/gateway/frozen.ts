/** How long nothing may come before it is asked whether the process at that address lives at all. */
const patienceMs = 3_000
const livesMs = 3_000
const lookMs = 1_000

interface Watch {
  since: number
  readonly letGo: () => void
}

/**
 * Tells a process that takes its time from one that is frozen: where an answer, or the rest of one, is waited for, the
 * process is asked on another connection whether it lives, and again as long as somebody waits. One question an
 * address, however many wait.
 */
export function openFrozen({ onStop }: { onStop(stop: () => void): void }) {
  const watched = new Map<string, Set<Watch>>()
  const asked = new Set<string>()
  const timer = setInterval(() => {
    for (const [address, watches] of watched) void look(address, watches)
  }, lookMs).unref()
  onStop(() => clearInterval(timer))

  async function look(address: string, watches: Set<Watch>): Promise<void> {
    const late = performance.now() - patienceMs
    const long = [...watches].filter(({ since }) => since <= late)
    if (long.length === 0 || asked.has(address)) return
    asked.add(address)
    const isAlive = await lives(address)
    asked.delete(address)
    for (const watch of long)
      if (isAlive) watch.since = performance.now()
      else if (watches.delete(watch)) watch.letGo()
  }

  /** `letGo` is called once, if the process turns out to be frozen before what is given back is called. */
  return function watch(address: string, letGo: () => void): () => void {
    const watches = watched.get(address) ?? new Set()
    watched.set(address, watches)
    const own: Watch = { since: performance.now(), letGo }
    watches.add(own)
    return () => void watches.delete(own)
  }
}

/** Whatever it says, it says something. */
const lives = (address: string): Promise<boolean> =>
  fetch(`${address}/health/live`, { signal: AbortSignal.timeout(livesMs) })
    .then(async ({ body }) => {
      await body?.cancel()
      return true
    })
    .catch(() => false)
