import type { FastifyInstance, RouteOptions } from 'fastify'
import findMyWay, { type HTTPMethod } from 'find-my-way'

/** A route as it was added. */
export type DocumentedRoute = Pick<RouteOptions, 'method' | 'url' | 'schema' | 'config'>

declare module 'fastify' {
  interface FastifyInstance {
    /** Every route there is. */
    readonly documented: readonly DocumentedRoute[]
  }
  interface FastifyContextConfig {
    /** The service a route belongs to; none for the kernel's own. */
    service?: string
    /** Other addresses of the route, which no document names. */
    aliases?: readonly string[]
    /** One of those. */
    isAlias?: boolean
  }
}

/** How paths are read, here and by who passes requests on. */
export const routing = { maxParamLength: 500, ignoreTrailingSlash: true } as const
export const methods: HTTPMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/**
 * Keeps what is added to this instance from now on as `app.documented`, and refuses what has no access rule. Tells
 * which methods a path takes.
 */
export function collectRoutes(app: FastifyInstance): (path: string) => string[] {
  const documented: DocumentedRoute[] = []
  let router: ReturnType<typeof routerOf> | undefined
  app.decorate('documented', documented)
  app.addHook('onRoute', route => {
    if (!route.config?.access) throw new Error(`${String(route.method)} ${route.url} has no access rule`)
    documented.push(route)
  })
  return path => {
    // Asked while requests come, and then there are no more to come.
    router ??= routerOf(documented)
    return methods.filter(method => router!.find(method, path))
  }
}

function routerOf(routes: readonly DocumentedRoute[]) {
  const router = findMyWay(routing)
  for (const { method, url } of routes) router.on([method].flat() as HTTPMethod[], url, () => {})
  return router
}
