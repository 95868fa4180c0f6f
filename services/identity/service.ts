import { randomBytes } from 'node:crypto'
import Type from 'typebox'
import { defineService, newId, Problem, Setting, StartError, type Database, type Host } from '#kernel'
import {
  getCode,
  getInvitation,
  getPerson,
  listMembers,
  listRevocations,
  listSigningKeys,
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
import { checkPassword, hashPassword, openPasswords, type Passwords } from './passwords.ts'
import { problems } from './problems.ts'
import { accountRoutes } from './routes-accounts.ts'
import { organisationRoutes } from './routes-organisations.ts'
import { registrationRoutes } from './routes-registration.ts'
import { sessionRoutes } from './routes-sessions.ts'
import { openCodes, unseal, type Codes } from './secrets.ts'
import { accountOf, nameOf, normalise, openSessions, type Sessions } from './sessions.ts'
import {
  adminExists,
  deleteExpiredCodes,
  deleteExpiredInvitations,
  deleteExpiredSessions,
  deleteOldRevocations,
  listRevoked,
  findInvitation,
  findSealedCode,
  findUser,
  insertUser,
  listMembersOf,
  lockFirstAdmin,
  type User,
} from './store.ts'
import { openTokens, type Tokens } from './tokens.ts'

const life = (description: string) =>
  Type.Optional(Type.Unsafe<number>({ type: 'string', format: 'duration-ms', description }))
const settings = Type.Object({
  JWT_ACCESS_EXPIRY: life('Life of an access token (as JWT_EXPIRES_IN)'),
  JWT_EXPIRES_IN: Setting.duration('Life of an access token where JWT_ACCESS_EXPIRY is not set', { default: '10m' }),
  JWT_REFRESH_EXPIRY: Setting.duration('How long a session lives without being used', { default: '30d' }),
  SESSION_MAX_AGE: Setting.duration('How long a session lives at most', { default: '90d' }),
  PASSWORD_MIN_LENGTH: Setting.integer('Characters a password must have', { default: 12, minimum: 8, maximum: 64 }),
  ADMIN_EMAIL: Type.Optional(
    Setting.text('Address of the first admin, made once on a database without one', {
      pattern: '^[^@\\s]+@[^@\\s]+$',
      form: 'an e-mail address',
    }),
  ),
  ADMIN_PASSWORD: Type.Optional(Setting.secret('Password of the first admin')),
})

export type IdentityHost = Host<'identity', never, typeof settings>

/** What the routes of this service share. */
export interface Identity {
  host: IdentityHost
  passwords: Passwords
  codes: Codes
  tokens: Tokens
  sessions: Sessions
  limits: ReturnType<typeof openLimits>
  /**
   * Counts how a handler ends, by method, outcome and reason. What it takes does not matter, hence `any`: the type
   * stays that of the handler.
   */
  counted: <H extends (...parameters: any[]) => Promise<unknown>>(
    method: 'login' | 'logout' | 'refresh' | 'register' | 'otp',
    handler: H,
  ) => H
}

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

/** Codes and links go first: nothing that opens a door outlives its time. */
export async function forgetExpired(tx: Parameters<typeof deleteExpiredCodes>[0], now: Date): Promise<void> {
  await deleteExpiredCodes(tx, now)
  await deleteOldRevocations(tx)
  await deleteExpiredInvitations(tx, now)
  await deleteExpiredSessions(tx, now)
}

/**
 * Limits by place (an address or its /64), by account, and by both; they slow down and never lock. Where somebody is
 * signed in already, what others do to their account elsewhere does not count.
 */
const openLimits = (cache: Host['cache']) => ({
  register: {
    place: cache.limit('register by place', { points: 30, seconds: 60 }),
    email: cache.limit('register by address', { points: 5, seconds: 600 }),
  },
  otp: {
    place: cache.limit('otp by place', { points: 60, seconds: 60 }),
    email: cache.limit('otp by address', { points: 20, seconds: 3600 }),
  },
  resend: { place: cache.limit('resend by place', { points: 30, seconds: 60 }) },
  login: {
    place: cache.limit('login by place', { points: 60, seconds: 60 }),
    both: cache.limit('login by account and place', { points: 10, seconds: 300 }),
    account: cache.limit('login by account', { points: 50, seconds: 900 }),
  },
  /** Asks for the password again, by person. */
  confirm: cache.limit('confirm by account', { points: 10, seconds: 900 }),
  invite: cache.limit('invite by account', { points: 50, seconds: 3600 }),
})

function counting(metrics: Host['metrics']): Identity['counted'] {
  const attempts = metrics.counter('ohmnibus_identity_attempts_total', 'How attempts to prove who one is ended', [
    'method',
    'outcome',
    'reason',
  ])
  return (method, handler) =>
    (async (...parameters: unknown[]) => {
      try {
        const answer = await handler(...parameters)
        attempts.inc({ method, outcome: 'succeeded', reason: '' })
        return answer
      } catch (error) {
        attempts.inc({
          method,
          ...(error instanceof Problem
            ? { outcome: 'refused', reason: error.code }
            : { outcome: 'failed', reason: 'internal_error' }),
        })
        throw error
      }
    }) as typeof handler
}

/** A token may be made by a clock that is behind that of who revoked it. */
const clocksApartMs = 5 * 60_000

function answers({ host, codes, tokens }: Identity): void {
  const { db, now } = host
  host.answer(listSigningKeys, async () => ({ keys: (await tokens.publicKeys()) as Record<string, unknown>[] }))

  host.answer(listRevocations, async ({ after, limit }) => {
    const listed = await listRevoked(db, tokens.lifeMs + clocksApartMs, { after, limit })
    return {
      revocations: listed.map(({ sessionId, before }) => ({ sessionId, before: before.toISOString() })),
      next: listed.length === limit ? listed.at(-1)!.sessionId : null,
    }
  })

  host.answer(getCode, async ({ codeId }) => {
    const stored = await findSealedCode(db, codeId, now())
    if (!stored) throw new Problem('not_found', 'code_unknown')
    const { code, link } = codes.reveal(stored)
    return {
      code,
      email: stored.email,
      link: link && `${host.platform.publicUrl}/api/auth/verify/${link}`,
      expiresAt: stored.expiresAt.toISOString(),
    }
  })

  host.answer(getInvitation, async ({ invitationId }) => {
    const invitation = await findInvitation(db, { id: invitationId }, now())
    if (!invitation) throw new Problem('not_found', 'invitation_unknown')
    const token = unseal(host.secret('invitations at rest'), invitation.id, invitation.sealed)
    return {
      email: invitation.email,
      link: `${host.platform.publicUrl}/api/auth/invitations/${token}`,
      expiresAt: invitation.expiresAt.toISOString(),
    }
  })

  host.answer(getPerson, async ({ userId }) => {
    const user = await findUser(db, userId)
    if (!user) throw new Problem('not_found', 'user_unknown')
    return {
      userId,
      email: user.email,
      name: nameOf(user),
      firstName: user.firstName,
      locale: user.locale,
      disabled: user.disabled,
    }
  })

  host.answer(listMembers, async ({ organisationId }) => ({
    members: (await listMembersOf(db, organisationId)).map(
      ({ userId, email, firstName, lastName, locale, disabled, role }) => ({
        userId,
        email,
        name: nameOf({ firstName, lastName }),
        firstName,
        locale,
        disabled,
        role,
      }),
    ),
  }))
}

/**
 * On a database without an admin: the one of `ADMIN_EMAIL`, else, to try things out, one whose password is told once.
 */
async function firstAdmin(host: IdentityHost): Promise<void> {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password, PASSWORD_MIN_LENGTH: minimum } = host.settings
  if (!email !== !password) throw new StartError('ADMIN_EMAIL and ADMIN_PASSWORD belong together: set both or none.')
  if (await adminExists(host.db)) return
  if (email && password) {
    await createAdmin(host.db, { email, password, minimum, now: host.now(), onlyFirst: true }).catch(error => {
      if (error instanceof Problem)
        throw new StartError(`ADMIN_EMAIL and ADMIN_PASSWORD make no admin: ${error.message}`)
      throw error
    })
  } else if (host.platform.mode === 'evaluation') {
    const made = { email: 'admin@ohmnibus.local', password: randomBytes(15).toString('base64url') }
    if (await createAdmin(host.db, { ...made, minimum, now: host.now(), onlyFirst: true }))
      host.announce('First admin', `${made.email} / ${made.password}`)
  }
}

/**
 * Makes an account with the role `admin`. Fails with `email_taken` and with what is wrong with the password. With
 * `onlyFirst` it answers false where there is an admin already.
 */
export async function createAdmin(
  db: Database<'identity'>,
  options: { email: string; password: string; now: Date; minimum?: number; onlyFirst?: boolean },
): Promise<boolean> {
  const email = normalise(options.email)
  checkPassword(options.password, { email, names: [] }, options.minimum ?? 12)
  const user: User = {
    id: newId(),
    email,
    passwordHash: await hashPassword(options.password),
    firstName: 'Admin',
    lastName: '',
    locale: 'en',
    role: 'admin',
    disabled: false,
    version: 1,
    createdAt: options.now,
  }
  return await db.transaction(async tx => {
    await lockFirstAdmin(tx)
    if (options.onlyFirst && (await adminExists(tx))) return false
    if (!(await insertUser(tx, user)))
      throw new Problem('conflict', 'email_taken', {
        detail: `${email} has an account already; give it the role instead.`,
      })
    await tx.publish(UserRegistered, accountOf(user))
    return true
  })
}
