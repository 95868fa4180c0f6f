import { Problem } from '#kernel'
import findMyWay, { type HTTPMethod } from 'find-my-way'
import type { GatewayHost } from './host.ts'

/**
 * Who serves what: learnt from the processes themselves, and again every few seconds, as new versions bring new routes.
 */
export interface Directory {
  open(): Promise<void>
  /**
   * The service that serves a path. Fails with `route_unknown` or `method_not_allowed`, and with `service_unavailable`
   * while not everybody has been heard.
   */
  serviceFor(method: string, path: string): string
  close(): void
}

const againMs = 5_000
/** While somebody has still to be heard of. */
const soonMs = 250
const patienceMs = 10_000
const methods: HTTPMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

type Routes = Awaited<ReturnType<GatewayHost['peers']['routesOf']>>

export function openDirectory({ peers, log }: GatewayHost): Directory {
  const known = new Map<string, Routes>()
  let router = build(known)
  let timer: NodeJS.Timeout | undefined
  let closed = false

  async function learn(): Promise<void> {
    const before = JSON.stringify([...known])
    await Promise.all(
      peers.services().map(async service => {
        const address = peers.pick(service)!
        // Whether it works is not for this to decide.
        const routes = await peers
          .routesOf(address)
          .catch(error => log.debug({ err: error, service, address }, 'a service did not say what it serves'))
        // A process may serve more than we look for there.
        if (routes)
          known.set(
            service,
            routes.filter(route => route.service === service),
          )
      }),
    )
    if (JSON.stringify([...known]) !== before) router = build(known)
    if (!closed) timer = setTimeout(() => void learn(), known.size < peers.services().length ? soonMs : againMs).unref()
  }

  return {
    async open() {
      await learn()
      // Where all start together, everybody is heard before the first client; one who is gone holds up nothing for
      // long.
      for (
        const deadline = performance.now() + patienceMs;
        known.size < peers.services().length && performance.now() < deadline;
      )
        await new Promise(resolve => setTimeout(resolve, soonMs))
    },
    serviceFor(method, path) {
      const found = path.startsWith('/internal/') ? null : router.find(method as HTTPMethod, path)
      if (found) return (found.store as { service: string }).service
      if (known.size < peers.services().length)
        throw new Problem('unavailable', 'service_unavailable', {
          detail: 'A part of the platform does not answer. Try again.',
          retryAfter: 1,
        })
      const allowed = methods.filter(other => router.find(other, path))
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
  return router
}
