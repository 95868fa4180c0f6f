import { imports } from '#imports/imports'
import { defineService } from '#kernel'
import { firstAdmin } from './accounts/admins.ts'
import { administrationRoutes } from './accounts/administration.ts'
import { accountDeletion } from './accounts/deletion.ts'
import { importUsers } from './accounts/importing.ts'
import { accountRoutes } from './accounts/routes.ts'
import { letVendorsSell } from './accounts/vendors.ts'
import { answers } from './answers.ts'
import { forgetExpired } from './expiry.ts'
import { entranceRoutes } from './entrance/routes.ts'
import { factorRoutes } from './factors/routes.ts'
import { figureRoutes } from './figures.ts'
import { asksLater, publishes, settings } from './host.ts'
import { historyRoutes } from './history/routes.ts'
import { openIdentity } from './identity.ts'
import { openExchange } from './machines/exchange.ts'
import { machineRoutes } from './machines/routes.ts'
import { operatorRoutes } from './operators/routes.ts'
import { organisationDeletionRoute } from './organisations/deletion.ts'
import { invitationRoutes } from './organisations/invitations.ts'
import { organisationRoutes } from './organisations/routes.ts'
import { passwordRoutes } from './passwords/routes.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { refuseUnknownRoles } from './factors/required.ts'
import { oauthRoutes } from './provider/routes.ts'
import { providerRoutes } from './providers/routes.ts'
import { registrationRoutes } from './registration/routes.ts'
import { scimRoutes } from './scim/routes.ts'
import { actingRoute } from './sessions/acting.ts'
import { sessionRoutes } from './sessions/routes.ts'
import { termsRoutes } from './terms/routes.ts'
import { viewRoutes } from './views/routes.ts'

/** Who people are: accounts, sessions, organisations, and the tokens everybody else trusts. */
export const identity = defineService({
  name: 'identity',
  about: 'Accounts, sessions, organisations and who belongs to them. Everything stands under `/api/v1/auth` too.',
  problems,
  folder: import.meta.dirname,
  personal,
  includes: [imports],
  prefix: ['/api/auth', '/api/v1/auth'],
  publishes,
  asksLater,
  settings,
  async start(host) {
    refuseUnknownRoles(host)
    const shared = await openIdentity(host)
    registrationRoutes(shared)
    passwordRoutes(shared)
    accountRoutes(shared)
    administrationRoutes(shared)
    accountDeletion(shared)
    importUsers(shared)
    sessionRoutes(shared)
    actingRoute(shared)
    factorRoutes(shared)
    termsRoutes(shared)
    historyRoutes(shared)
    organisationRoutes(shared)
    organisationDeletionRoute(shared)
    scimRoutes(shared)
    operatorRoutes(shared)
    invitationRoutes(shared)
    machineRoutes(shared)
    oauthRoutes(shared, openExchange(shared))
    entranceRoutes(shared)
    providerRoutes(shared, shared.providers)
    figureRoutes(shared)
    viewRoutes(shared)
    letVendorsSell(shared)
    answers(shared)
    await firstAdmin(host)
    host.every('1 minute', 'forget what has expired', () => host.db.transaction(tx => forgetExpired(tx, host.now())))
    host.every('1 hour', 'rotate the signing keys', () => shared.tokens.rotate())
  },
})
