import type { FastifyInstance, RouteOptions } from 'fastify'
import findMyWay, { type HTTPMethod } from 'find-my-way'
import { judgedElsewhere } from '../access/access.ts'
import { Problem } from '../problem.ts'

/** A route as it was added. */
export type DocumentedRoute = Pick<RouteOptions, 'method' | 'url' | 'schema' | 'config'>

declare module 'fastify' {
  interface FastifyInstance {
    /** Every route there is. */
    readonly documented: readonly DocumentedRoute[]
    /** What to say where nothing is, or not by this method. Who passes requests on knows of more places. */
    readonly strays: Pick<RouteTable<unknown>, 'stray'>
  }
  interface FastifyContextConfig {
    /** The service a route belongs to; none for the kernel's own. */
    service?: string
    /** Other addresses of the route, which no document names. */
    aliases?: readonly string[]
    /** One of those. */
    isAlias?: boolean
    /** Fixed paths that the router would take for its parameter. */
    not?: Set<string>
  }
}

export const methods: HTTPMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

export const routing = { maxParamLength: 500, ignoreTrailingSlash: true } as const

/** How paths are read, here and by who passes requests on. */
export interface RouteTable<R> {
  /** A fixed path is nobody's parameter: what it does not take, nothing does. */
  find(method: string, path: string): R | undefined
  /** What to say of a path that does not take this method: `method_not_allowed` with those it does, or `route_unknown`. */
  stray(method: string, path: string): Problem
}

export function tableOf<R extends Pick<RouteOptions, 'method' | 'url'>>(routes: readonly R[]): RouteTable<R> {
  const router = findMyWay(routing)
  const fixed = new Map<string, Set<string>>()
  for (const route of routes)
    for (const method of [route.method].flat() as HTTPMethod[]) {
      // While a route moves from one service to another, both may have it.
      if (!router.hasRoute(method, route.url)) router.on(method, route.url, () => {}, route)
      if (isFixed(route)) fixed.set(route.url, (fixed.get(route.url) ?? new Set()).add(method))
    }

  function find(method: string, path: string): R | undefined {
    const taken = fixed.get(plain(path))
    return taken && !taken.has(method) ? undefined : (router.find(method as HTTPMethod, path)?.store as R | undefined)
  }
  return {
    find,
    stray(method, path) {
      const allow = methods.filter(other => find(other, path))
      const at = path.slice(0, 200)
      if (allow.length > 0)
        return new Problem('not_allowed', 'method_not_allowed', { detail: `${at} takes ${allow.join(', ')}.`, allow })
      return new Problem('not_found', 'route_unknown', {
        detail: `There is nothing at ${method} ${at}. The reference is at /docs.`,
      })
    },
  }
}

/** The path of an address, as routes are written. */
export const plain = (url: string): string => url.replace(/\?.*$/s, '').replace(/(?<=.)\/$/, '')

const isOurs = ({ config }: DocumentedRoute): boolean => config?.access !== judgedElsewhere
const isFixed = ({ url }: Pick<RouteOptions, 'url'>): boolean => !/[:*]/.test(url)

/** Keeps what is added from now on as `app.documented`, refuses what has no access rule, and knows fixed paths. */
export function collectRoutes(app: FastifyInstance): void {
  const documented: DocumentedRoute[] = []
  let table: RouteTable<DocumentedRoute> | undefined
  app.decorate('documented', documented)
  app.decorate('strays', {
    // Asked while requests come, and then there are no more routes to come.
    stray: (method, path) => (table ??= tableOf(documented.filter(isOurs))).stray(method, path),
  })
  app.addHook('onRoute', route => {
    if (!route.config?.access) throw new Error(`${String(route.method)} ${route.url} has no access rule`)
    route.config = { ...route.config, not: new Set<string>() } as never
    documented.push(route)
  })
  app.addHook('onReady', done => {
    const parametric = tableOf(documented.filter(route => !isFixed(route)))
    for (const { url } of documented.filter(isFixed))
      for (const method of [...methods, 'HEAD']) parametric.find(method, url)?.config?.not?.add(url)
    done()
  })
}
