import { setTimeout as sleep } from 'node:timers/promises'
import { Problem, tableOf, type RouteTable } from '#kernel'
import type { GatewayHost } from './host.ts'

/**
 * Who serves what: learnt from the processes themselves, and again every few seconds, as new versions bring new routes.
 */
export interface Directory extends Pick<RouteTable<unknown>, 'stray'> {
  /** Resolves when everybody has said what they serve, or a second later: whoever is away holds up nobody. */
  open(): Promise<void>
  /**
   * Who serves a path. Fails with `route_unknown` or `method_not_allowed`, and with `service_unavailable`
   * where one who has not been heard of may serve it.
   */
  serverOf(method: string, path: string): Server
  /** Whether a service has said what it serves, however long ago. */
  hasHeardOf(service: string): boolean
  close(): void
}

const againMs = 5_000
/** While somebody has still to be heard of: what they serve is away until then. */
const missingMs = 1_000
/** While all start together. */
const soonMs = 250
const togetherMs = 10_000
const patienceMs = 3_000

type Routes = Awaited<ReturnType<GatewayHost['peers']['routesOf']>>
/** By service and address. */
type Known = Map<string, Map<string, Routes>>

/** A service, and those of its addresses that lack the path: of two versions beside each other one may be older. */
export interface Server {
  readonly service: string
  readonly lacking: ReadonlySet<string>
}

export function openDirectory({ peers, log }: GatewayHost): Directory {
  const known: Known = new Map()
  let map = build(known)
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const began = performance.now()
  const someAreMissing = (): boolean => known.size < peers.services().length
  const startsTogether = (): boolean => someAreMissing() && performance.now() - began < togetherMs
  /** One who has not been heard of may serve a path; after a while only one as services have them. */
  const mayBeTheirs = (path: string): boolean =>
    someAreMissing() && !map.prefixes.has(prefixOf(path)) && (startsTogether() || /^\/(api|files)\//.test(path))

  function stray(method: string, path: string): Problem {
    if (path.startsWith('/internal/')) return nowhere.stray(method, path)
    if (!mayBeTheirs(path)) return map.table.stray(method, path)
    return new Problem('unavailable', 'service_unavailable', {
      detail: 'A part of the platform does not answer. Try again.',
      retryAfter: 1,
    })
  }

  /** From each of its processes, as they may be of two versions; whether they work is not for this to decide. */
  async function learnOf(service: string): Promise<void> {
    const learnt = await Promise.all(peers.addressesOf(service).map(address => learnAt(service, address)))
    if (learnt.includes(true)) map = build(known)
  }

  /** Whether something is new there. */
  async function learnAt(service: string, address: string): Promise<boolean> {
    try {
      // A process may serve more than we look for there.
      const routes = (await peers.routesOf(address)).filter(route => route.service === service)
      const before = known.get(service) ?? new Map<string, Routes>()
      if (JSON.stringify(routes) === JSON.stringify(before.get(address))) return false
      known.set(service, before.set(address, routes))
      return true
    } catch (error) {
      log.debug({ err: error, service, address }, 'a service did not say what it serves')
      return false
    }
  }

  async function learn(): Promise<void> {
    await Promise.all(peers.services().map(learnOf))
    const waitMs = startsTogether() ? soonMs : someAreMissing() ? missingMs : againMs
    if (!closed) timer = setTimeout(() => void learn(), waitMs).unref()
  }

  return {
    async open() {
      // Where all start together, everybody is heard before the first client; one who is gone holds up nothing for long.
      const deadline = performance.now() + patienceMs
      await Promise.race([learn(), sleep(patienceMs, undefined, { ref: false })])
      while (someAreMissing() && performance.now() < deadline) await sleep(50)
    },
    hasHeardOf: service => known.has(service),
    serverOf(method, path) {
      const found = path.startsWith('/internal/') ? undefined : map.table.find(method, path)
      if (!found) throw stray(method, path)
      return found
    },
    stray,
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

function build(known: Known) {
  const routes = [...known.values()].flatMap(routesOf)
  return { table: tableOf(routes), prefixes: new Set(routes.map(({ url }) => prefixOf(url))) }
}

/** All routes of a service, each once, with the addresses that lack it. */
function routesOf(known: ReadonlyMap<string, Routes>): (Routes[number] & Server)[] {
  const routes = new Map<string, Routes[number] & { lacking: Set<string> }>()
  for (const route of [...known.values()].flat())
    routes.set(`${route.method} ${route.url}`, { ...route, lacking: new Set(known.keys()) })
  for (const [address, served] of known)
    for (const { method, url } of served) routes.get(`${method} ${url}`)!.lacking.delete(address)
  return [...routes.values()]
}

const nowhere = tableOf([])

/** `/api/passports` of all below it. */
const prefixOf = (path: string): string => path.split('/', 3).join('/')
