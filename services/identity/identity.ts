import { cursorOf, type Host, isId, Problem } from '#kernel'
import type { IdentityHost } from './host.ts'
import { openTokens, type Tokens } from './keys/keys.ts'
import { openPasswords, type Passwords } from './passwords/passwords.ts'
import { openCodes, type Codes } from './registration/codes.ts'
import { openSessions, type Sessions } from './sessions/sessions.ts'

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

export async function openIdentity(host: IdentityHost): Promise<Identity> {
  const passwords = openPasswords(host.metrics)
  host.onStop(passwords.close)
  const tokens = await openTokens(host)
  return {
    host,
    passwords,
    codes: openCodes(host.secret),
    tokens,
    sessions: openSessions(host, tokens),
    limits: openLimits(host.cache),
    counted: counting(host.metrics),
  }
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
  /** Each is a mail in our name to somebody who did not ask for it. */
  invite: {
    account: cache.limit('invite by account', { points: 50, seconds: 3600 }),
    young: cache.limit('invite by young account', { points: 20, seconds: 86_400 }),
    organisation: cache.limit('invite by organisation', { points: 200, seconds: 86_400 }),
  },
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

/** The id after which a page of things sorted by id begins. */
export const idAfter = (after: string | undefined): string | undefined =>
  cursorOf(after, isId)?.[0] as string | undefined
