import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, handleAll } from 'cockatiel'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { Problem } from './problem.ts'

/** Other processes of the platform: where services live that this one does not run, and which of them work. */
export interface Peers {
  /** All of a service; none for one that nobody told us of. */
  addressesOf(service: string): readonly string[]
  /** One to try next: working ones first, the least busy of them; undefined when all have been tried. */
  pick(service: string, tried?: ReadonlySet<string>): string | undefined
  /** Counts what is under way; too many failures in a row, and the address is not asked for a while. */
  at<T>(address: string, work: () => Promise<T>): Promise<T>
  /** Whether an address works, as far as is known. */
  works(address: string): boolean
  close(): void
}

/** Failures in a row after which an address is left alone. */
const tolerated = 5
/** After so long one request finds out whether it works again. */
const restMs = 2_000
const lookMs = 2_000

export function openPeers(options: { addresses: ReadonlyMap<string, readonly string[]>; log: Log; metrics: Metrics }): Peers {
  const { addresses, log } = options
  const failures = options.metrics.counter('ohmnibus_peer_failures_total', 'Requests to another process that failed', ['address'])
  const peers = new Map(
    [...new Set([...addresses.values()].flat())].map(address => {
      const breaker = circuitBreaker(handleAll, { halfOpenAfter: restMs, breaker: new ConsecutiveBreaker(tolerated) })
      breaker.onBreak(() => log.warn({ address }, 'another process does not answer and is left alone for a while'))
      breaker.onReset(() => log.info({ address }, 'another process answers again'))
      return [address, { breaker, busy: 0, ready: true, looking: undefined as NodeJS.Timeout | undefined }]
    }),
  )
  options.metrics.gauge('ohmnibus_peer_up', 'Whether another process works', ['address'], gauge => {
    for (const address of peers.keys()) gauge.set({ address }, works(address) ? 1 : 0)
  })

  const works = (address: string): boolean => {
    const peer = peers.get(address)!
    return peer.ready && peer.breaker.state !== CircuitState.Open
  }

  /** A process that stops says so before it does, and one that starts before it works. */
  async function look(address: string): Promise<void> {
    const answer = await fetch(`${address}/health/ready`, { signal: AbortSignal.timeout(lookMs) }).catch(() => undefined)
    await answer?.body?.cancel()
    peers.get(address)!.ready = answer?.status === 200
  }
  return {
    addressesOf: service => addresses.get(service) ?? [],
    pick(service, tried = new Set()) {
      const left = (addresses.get(service) ?? []).filter(address => !tried.has(address))
      const working = left.filter(works)
      // Where nobody seems to work, one may all the same.
      const [first, ...others] = working.length > 0 ? working : left
      return others.reduce((best, address) => (busier(peers, best!, address) ? address : best), first)
    },
    async at(address, work) {
      const peer = peers.get(address)!
      // Only those we have to do with.
      peer.looking ??= setInterval(() => void look(address), lookMs * (0.9 + Math.random() * 0.2)).unref()
      peer.busy++
      try {
        return await peer.breaker.execute(work)
      } catch (error) {
        failures.inc({ address })
        if (error instanceof BrokenCircuitError) throw unreachable(address, error)
        throw error
      } finally {
        peer.busy--
      }
    },
    works,
    close: () => peers.forEach(({ looking }) => clearInterval(looking)),
  }
}

/** Equally busy ones take turns. */
const busier = (peers: ReadonlyMap<string, { busy: number }>, one: string, other: string): boolean => {
  const difference = peers.get(one)!.busy - peers.get(other)!.busy
  return difference > 0 || (difference === 0 && Math.random() < 0.5)
}

/** Nobody at this address, or nobody who works. */
export const unreachable = (address: string, cause: unknown): Problem =>
  Object.assign(
    new Problem('unavailable', 'service_unavailable', { detail: 'A part of the platform does not answer. Try again.', retryAfter: 1 }),
    { cause, address },
  )
