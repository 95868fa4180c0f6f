import type { FastifyInstance } from 'fastify'
import {
  anyone,
  anyoneAsThemselves,
  bearerOf,
  judgedElsewhere,
  refuseActing,
  refuseBeyond,
  refuseForgery,
  type Access,
  type Visitor,
} from '../access/access.ts'
import { Problem } from '../problem.ts'
import { accessCookie } from './http.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Finds out who asks, and lets in whom the route's rule lets in; changes by cookie only from `origins`. */
export function admitVisitors(app: FastifyInstance, options: { access: Access; publicUrl: string; origins: string[] }) {
  const { access, origins } = options
  const { name: cookie } = accessCookie(options.publicUrl)
  app.decorateRequest('visitor', undefined)
  app.decorateRequest('by', undefined)
  app.decorateRequest('actor', {
    getter() {
      if (!this.visitor) throw new Problem('unauthenticated', 'token_missing')
      return this.visitor
    },
  })

  // With callbacks rather than promises: a token that was seen before costs no turn of the event loop.
  app.addHook('onRequest', (request, _reply, done) => {
    const bearer = bearerOf(request.headers.authorization)
    const { access: rule, service } = request.routeOptions.config
    const changes = !safeMethods.has(request.method)
    const token = bearer ?? (changes && rule === anyone ? undefined : request.cookies[cookie])
    const admit = (found?: Visitor): void => {
      const beyond =
        found && rule && (refuseBeyond(found, service, request.method) ?? refuseActing(found, rule, service, changes))
      if (beyond && rule.admits !== 'public') throw beyond
      // What is open to anybody is open to programs too, as strangers.
      const visitor = beyond ? undefined : found
      request.visitor = visitor
      request.by = visitor && (bearer ? 'bearer' : 'cookie')
      if (request.by === 'cookie' && changes && rule) refuseForgery(request, origins)
      const refusal = rule?.refuse(visitor, access.now())
      if (refusal) throw refusal
    }
    // A stale cookie must not keep anybody from signing in again, nor hide that there is nothing here; but a program that
    // reads with an old token would take a stranger's answer for its own.
    const turnAway = (error: unknown): void => {
      const readsAsThemselves = bearer && !changes && rule === anyoneAsThemselves
      if (rule && (rule.admits !== 'public' || readsAsThemselves)) throw error
      admit()
    }
    const end = (work: () => void): void => {
      try {
        work()
      } catch (error) {
        return done(error as Error)
      }
      done()
    }
    let visitor: Visitor | undefined | Promise<Visitor>
    try {
      visitor = token && rule !== judgedElsewhere ? access.verify(token) : undefined
    } catch (error) {
      return end(() => turnAway(error))
    }
    if (!(visitor instanceof Promise)) return end(() => admit(visitor))
    visitor.then(
      actor => end(() => admit(actor)),
      error => end(() => turnAway(error)),
    )
  })
}
