import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '#kernel'
import findMyWay, { type HTTPMethod } from 'find-my-way'
import type { GatewayHost } from './host.ts'

/**
 * Who serves what: learnt from the processes themselves, and again every few seconds, as new versions bring new routes.
 */
export interface Directory {
  /** Resolves when everybody has said what they serve, or a second later: whoever is away holds up nobody. */
  open(): Promise<void>
  /**
   * The service that serves a path. Fails with `route_unknown` or `method_not_allowed`, and with `service_unavailable`
   * where one who has not been heard of may serve it.
   */
  serviceFor(method: string, path: string): string
  /** Whether a service has said what it serves, however long ago. */
  hasHeardOf(service: string): boolean
  close(): void
}

const againMs = 5_000
/** While all start together, and somebody has still to be heard of. */
const soonMs = 250
const togetherMs = 10_000
const patienceMs = 3_000
const methods: HTTPMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

type Routes = Awaited<ReturnType<GatewayHost['peers']['routesOf']>>

export function openDirectory({ peers, log }: GatewayHost): Directory {
  const known = new Map<string, Routes>()
  let map = build(known)
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const began = performance.now()
  const someAreMissing = (): boolean => known.size < peers.services().length
  const startsTogether = (): boolean => someAreMissing() && performance.now() - began < togetherMs
  /** One who has not been heard of may serve a path; after a while only one as services have them. */
  const mayBeTheirs = (path: string): boolean =>
    someAreMissing() && !map.prefixes.has(prefixOf(path)) && (startsTogether() || /^\/(api|files)\//.test(path))

  /** From the first of its processes that says; whether the others work is not for this to decide. */
  async function learnOf(service: string): Promise<void> {
    const tried = new Set<string>()
    for (let address = peers.pick(service); address; address = peers.pick(service, tried)) {
      tried.add(address)
      try {
        // A process may serve more than we look for there.
        const routes = (await peers.routesOf(address)).filter(route => route.service === service)
        if (JSON.stringify(routes) === JSON.stringify(known.get(service))) return
        known.set(service, routes)
        map = build(known)
        return
      } catch (error) {
        log.debug({ err: error, service, address }, 'a service did not say what it serves')
      }
    }
  }

  async function learn(): Promise<void> {
    await Promise.all(peers.services().map(learnOf))
    if (!closed) timer = setTimeout(() => void learn(), startsTogether() ? soonMs : againMs).unref()
  }

  return {
    async open() {
      // Where all start together, everybody is heard before the first client; one who is gone holds up nothing for long.
      const deadline = performance.now() + patienceMs
      await Promise.race([learn(), sleep(patienceMs, undefined, { ref: false })])
      while (someAreMissing() && performance.now() < deadline) await sleep(50)
    },
    hasHeardOf: service => known.has(service),
    serviceFor(method, path) {
      const found = path.startsWith('/internal/') ? null : map.router.find(method as HTTPMethod, path)
      if (found) return (found.store as { service: string }).service
      if (mayBeTheirs(path) && !path.startsWith('/internal/'))
        throw new Problem('unavailable', 'service_unavailable', {
          detail: 'A part of the platform does not answer. Try again.',
          retryAfter: 1,
        })
      const allowed = methods.filter(other => map.router.find(other, path))
      if (allowed.length === 0 || path.startsWith('/internal/'))
        throw new Problem('not_found', 'route_unknown', {
          detail: `There is nothing at ${method} ${path.slice(0, 200)}. The reference is at /docs.`,
        })
      throw new Problem('not_allowed', 'method_not_allowed', {
        detail: `${path.slice(0, 200)} takes ${allowed.join(', ')}.`,
      })
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

function build(known: ReadonlyMap<string, Routes>) {
  const router = findMyWay({ ignoreTrailingSlash: true, maxParamLength: 500 })
  for (const [service, routes] of known)
    for (const { method, url } of routes)
      // While a route moves from one service to another, both may have it.
      if (!router.hasRoute(method as HTTPMethod, url)) router.on(method as HTTPMethod, url, () => {}, { service })
  return { router, prefixes: new Set([...known.values()].flat().map(({ url }) => prefixOf(url))) }
}

/** `/api/passports` of all below it. */
const prefixOf = (path: string): string => path.split('/', 3).join('/')
