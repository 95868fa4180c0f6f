import type { Identity } from '../identity.ts'
import type { Exchange } from '../machines/exchange.ts'
import { authorizing } from './authorizing.ts'
import { clientRoutes } from './client-routes.ts'
import { consentRoutes } from './consents.ts'
import { discovery } from './discovery.ts'
import { endSession } from './end-session.ts'
import { endpoints } from './endpoints.ts'
import { openGranting } from './granting.ts'
import { tokenRoute } from './token.ts'

/** Signing in elsewhere with an account here: OAuth 2.0 and OpenID Connect, for clients that are registered. */
export function oauthRoutes(identity: Identity, exchange: Exchange): void {
  const granting = openGranting(identity)
  clientRoutes(identity)
  authorizing(identity, granting)
  tokenRoute(identity, exchange, granting)
  endpoints(identity, granting)
  consentRoutes(identity)
  endSession(identity)
  discovery(identity.host)
}
