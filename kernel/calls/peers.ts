import { createHmac, timingSafeEqual } from 'node:crypto'
import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, handleAll } from 'cockatiel'
import { jwtVerify, SignJWT } from 'jose'
import type { EventActor } from '../../contracts/shared.ts'
import { context } from '../telemetry/context.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { Problem } from '../problem.ts'

/** Other processes of the platform: where services live that this one does not run, and which of them work. */
export interface Peers {
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
  /** Proves to another process that we are one too: for a question of `asker` to what is called `audience`. */
  token(asker: string, audience: string): Promise<string>
  /** Who caused a question to `audience`. Fails with 401 for anybody but a process with our secret. */
  actorOf(token: unknown, audience: string): Promise<EventActor>
  /** Headers that tell another process who the client is, which only we can make. */
  introduce(clientAddress: string): Record<string, string>
  /** The address that such headers tell of; undefined for what we did not make. */
  introduced(header: unknown): string | undefined
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

/** Stands in a header of its own: `authorization` is for people. */
export const serviceToken = 'x-ohmnibus-service'
/** Client, moment and signature: `203.0.113.7 1763712000 …`. */
export const clientHeader = 'x-ohmnibus-client'
/** How far the clocks of our machines may be apart. */
const clocksApartMs = 90_000

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
  const sign = (text: string): string => createHmac('sha256', secret).update(`client ${text}`).digest('base64url')

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
    services: () => [...addresses.keys()],
    async check(service) {
      const known = addresses.get(service)!
      const ready = (await Promise.all(known.map(isReady))).filter(Boolean).length
      return ready === known.length ? 'ok' : ready > 0 ? `${ready} of ${known.length}` : 'away'
    },
    works,
    token: (asker, audience) =>
      new SignJWT({ actor: context().actor })
        .setProtectedHeader({ alg: 'HS256', typ: 'service+jwt' })
        .setSubject(asker)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('30s')
        .sign(secret),
    async actorOf(token, audience) {
      try {
        const checks = {
          algorithms: ['HS256'],
          typ: 'service+jwt',
          audience,
          requiredClaims: ['exp', 'sub'],
          clockTolerance: clocksApartMs / 1000,
        }
        return (await jwtVerify(String(token), secret, checks)).payload.actor as EventActor
      } catch {
        throw new Problem('unauthenticated', 'service_token_invalid', {
          detail: 'This address is for the processes of the platform.',
        })
      }
    },
    introduce(clientAddress) {
      const text = `${clientAddress} ${Date.now()}`
      return { [clientHeader]: `${text} ${sign(text)}` }
    },
    introduced(header) {
      const [, text, address, at, signature] = /^((\S+) (\d+)) (\S+)$/.exec(String(header ?? '')) ?? []
      if (!text || Math.abs(Date.now() - Number(at)) > clocksApartMs) return undefined
      const [given, expected] = [Buffer.from(signature!), Buffer.from(sign(text))]
      return given.length === expected.length && timingSafeEqual(given, expected) ? address : undefined
    },
    async routesOf(address) {
      const headers = { [serviceToken]: await this.token('kernel', 'routes') }
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
