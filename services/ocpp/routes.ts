import { attemptRoutes } from './chargers/attempts.ts'
import { moveRoutes } from './chargers/move.ts'
import { chargerRoutes } from './chargers/routes.ts'
import type { OcppHost } from './host.ts'
import { importRoutes } from './imports.ts'
import { logRoutes } from './log/routes.ts'
import type { Wire } from './log/wire.ts'
import { tokenRoutes } from './tokens/routes.ts'

/** What operators do. */
export function routes(host: OcppHost, wire: Wire): void {
  chargerRoutes(host)
  attemptRoutes(host)
  moveRoutes(host)
  importRoutes(host)
  logRoutes(host, wire)
  tokenRoutes(host)
}
