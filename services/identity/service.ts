import {
  MemberChanged,
  MemberInvited,
  OrganisationCreated,
  PasswordResetRefused,
  RegistrationRepeated,
  SendOtp,
  SessionsRevoked,
  UserDisabled,
  UserEmailChanged,
  UserLoggedIn,
  UserLoggedOut,
  UserPasswordChanged,
  UserPasswordReset,
  UserRegistered,
  UserRoleChanged,
  UserUpdated,
} from '#contracts/identity'
import { defineService } from '#kernel'
import { firstAdmin } from './accounts/admins.ts'
import { accountRoutes } from './accounts/routes.ts'
import { answers } from './answers.ts'
import { forgetExpired } from './expiry.ts'
import { entranceRoutes } from './entrance/routes.ts'
import { figureRoutes } from './figures.ts'
import { settings } from './host.ts'
import { openIdentity } from './identity.ts'
import { invitationRoutes } from './organisations/invitations.ts'
import { organisationRoutes } from './organisations/routes.ts'
import { passwordRoutes } from './passwords/routes.ts'
import { problems } from './problems.ts'
import { registrationRoutes } from './registration/routes.ts'
import { sessionRoutes } from './sessions/routes.ts'

/** Who people are: accounts, sessions, organisations, and the tokens everybody else trusts. */
export const identity = defineService({
  name: 'identity',
  about: 'Accounts, sessions, organisations and who belongs to them. Everything stands under `/api/v1/auth` too.',
  problems,
  folder: import.meta.dirname,
  prefix: ['/api/auth', '/api/v1/auth'],
  publishes: [
    SendOtp,
    RegistrationRepeated,
    UserRegistered,
    UserLoggedIn,
    UserLoggedOut,
    UserUpdated,
    UserEmailChanged,
    UserPasswordChanged,
    UserPasswordReset,
    PasswordResetRefused,
    UserRoleChanged,
    UserDisabled,
    SessionsRevoked,
    OrganisationCreated,
    MemberInvited,
    MemberChanged,
  ],
  settings,
  async start(host) {
    const shared = await openIdentity(host)
    registrationRoutes(shared)
    passwordRoutes(shared)
    accountRoutes(shared)
    sessionRoutes(shared)
    organisationRoutes(shared)
    invitationRoutes(shared)
    entranceRoutes(shared)
    figureRoutes(shared)
    answers(shared)
    await firstAdmin(host)
    host.every('1 minute', 'forget what has expired', () => host.db.transaction(tx => forgetExpired(tx, host.now())))
    host.every('1 hour', 'rotate the signing keys', () => shared.tokens.rotate())
  },
})
