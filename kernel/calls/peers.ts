import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, handleAll } from 'cockatiel'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { Problem } from '../problem.ts'
import { serviceToken, serviceTokens, type ServiceTokens } from './service-token.ts'

/** Other processes of the platform: where services live that this one does not run, and which of them work. */
export interface Peers extends ServiceTokens {
  /** All of a service; none for one that nobody told us of. */
  addressesOf(service: string): readonly string[]
  /** One to try next: working ones first, the least busy of them; undefined when all have been tried. */
  pick(service: string, tried?: ReadonlySet<string>): string | undefined
  /** Counts what is under way; too many failures in a row, and the address is not asked for a while. */
  at<T>(address: string, work: () => Promise<T>): Promise<T>
  /** Services that live elsewhere. */
  services(): readonly string[]
  /** Whether an address works, as far as is known. */
  works(address: string): boolean
  /** Asks every address of a service: `ok`, `1 of 2`, or `away` when nobody takes work. */
  check(service: string): Promise<string>
  /** What the process at an address serves for clients. */
  routesOf(address: string): Promise<{ method: string; url: string; service: string }[]>
  /** Its part of the API document: JSON of any depth, as OpenAPI has it. */
  documentOf(address: string): Promise<Record<string, any>>
  close(): void
}

/** Failures in a row after which an address is left alone. */
const tolerated = 5
/** After so long one request finds out whether it works again. */
const restMs = 2_000
const lookMs = 2_000

export function openPeers(options: {
  addresses: ReadonlyMap<string, readonly string[]>
  secret: Buffer
  log: Log
  metrics: Metrics
}): Peers {
  const { addresses, secret, log } = options
  const failures = options.metrics.counter('ohmnibus_peer_failures_total', 'Requests to another process that failed', [
    'address',
  ])
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
    const peer = peers.get(address)!
    peer.ready = await isReady(address)
    // While others work nobody else would find out that one does again.
    if (peer.ready && peer.breaker.state === CircuitState.Open) await peer.breaker.execute(() => {}).catch(() => {})
  }
  const tokens = serviceTokens(secret)

  return {
    ...tokens,
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
    services: () => [...addresses.keys()],
    async check(service) {
      const known = addresses.get(service)!
      const ready = (await Promise.all(known.map(isReady))).filter(Boolean).length
      return ready === known.length ? 'ok' : ready > 0 ? `${ready} of ${known.length}` : 'away'
    },
    works,
    async routesOf(address) {
      const headers = { [serviceToken]: await tokens.token('kernel', 'routes') }
      return (await answerOf(`${address}/internal/routes`, headers)) as {
        method: string
        url: string
        service: string
      }[]
    },
    documentOf: async address => (await answerOf(`${address}/docs/openapi.json?own=true`, {})) as Record<string, any>,
    close: () => peers.forEach(({ looking }) => clearInterval(looking)),
  }
}

/** Equally busy ones take turns. */
const busier = (peers: ReadonlyMap<string, { busy: number }>, one: string, other: string): boolean => {
  const difference = peers.get(one)!.busy - peers.get(other)!.busy
  return difference > 0 || (difference === 0 && Math.random() < 0.5)
}

const isReady = async (address: string): Promise<boolean> => {
  const answer = await fetch(`${address}/health/ready`, { signal: AbortSignal.timeout(lookMs) }).catch(() => undefined)
  await answer?.body?.cancel().catch(() => {})
  return answer?.status === 200
}

async function answerOf(url: string, headers: Record<string, string>): Promise<unknown> {
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(lookMs) })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  return await answer.json()
}

/** Nobody at this address, or nobody who works. */
export const unreachable = (address: string, cause: unknown): Problem =>
  Object.assign(
    new Problem('unavailable', 'service_unavailable', {
      detail: 'A part of the platform does not answer. Try again.',
      retryAfter: 1,
    }),
    { cause, address },
  )
