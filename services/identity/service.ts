import {
  MemberChanged,
  MemberInvited,
  OrganisationCreated,
  RegistrationRepeated,
  SendOtp,
  SessionsRevoked,
  UserDisabled,
  UserEmailChanged,
  UserLoggedIn,
  UserLoggedOut,
  UserPasswordChanged,
  UserRegistered,
  UserRoleChanged,
  UserUpdated,
} from '#contracts/identity'
import { defineService } from '#kernel'
import { firstAdmin } from './accounts/admins.ts'
import { accountRoutes } from './accounts/routes.ts'
import { answers } from './answers.ts'
import { forgetExpired } from './expiry.ts'
import { settings } from './host.ts'
import { counting, type Identity, openLimits } from './identity.ts'
import { openTokens } from './keys/keys.ts'
import { organisationRoutes } from './organisations/routes.ts'
import { openPasswords } from './passwords/passwords.ts'
import { openCodes } from './registration/codes.ts'
import { problems } from './problems.ts'
import { registrationRoutes } from './registration/routes.ts'
import { sessionRoutes } from './sessions/routes.ts'
import { openSessions } from './sessions/sessions.ts'

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
    UserRoleChanged,
    UserDisabled,
    SessionsRevoked,
    OrganisationCreated,
    MemberInvited,
    MemberChanged,
  ],
  settings,
  async start(host) {
    const { db, now } = host
    const passwords = openPasswords(host.metrics)
    host.onStop(passwords.close)
    const codes = openCodes(host.secret)
    const tokens = await openTokens(host)
    const shared: Identity = {
      host,
      passwords,
      codes,
      tokens,
      sessions: openSessions(host, tokens),
      limits: openLimits(host.cache),
      counted: counting(host.metrics),
    }
    registrationRoutes(shared)
    accountRoutes(shared)
    sessionRoutes(shared)
    organisationRoutes(shared)
    answers(shared)
    await firstAdmin(host)
    host.every('1 minute', 'forget what has expired', () => db.transaction(tx => forgetExpired(tx, now())))
    host.every('1 hour', 'rotate the signing keys', () => tokens.rotate())
  },
})
