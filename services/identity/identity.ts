import { cursorOf, type Host, isId } from '#kernel'
import { openFigures, type Figures } from './figures.ts'
import { openPasskeys, type Passkeys } from './factors/passkeys.ts'
import type { IdentityHost } from './host.ts'
import { openTokens, type Tokens } from './keys/keys.ts'
import { readFirebase } from './passwords/firebase.ts'
import { openPasswords, type Passwords } from './passwords/passwords.ts'
import { openProviders, readProviders, type Providers } from './providers/providers.ts'
import { openCodes, type Codes } from './registration/codes.ts'
import { openSessions, type Sessions } from './sessions/sessions.ts'
import { openTerms, type WaitingTerms } from './terms/waiting.ts'

/** What the routes of this service share. */
export interface Identity {
  host: IdentityHost
  passwords: Passwords
  codes: Codes
  tokens: Tokens
  sessions: Sessions
  passkeys: Passkeys
  terms: WaitingTerms
  limits: ReturnType<typeof openLimits>
  providers: Providers
  counted: Figures['counted']
  figures: Figures
}

export async function openIdentity(host: IdentityHost): Promise<Identity> {
  const firebase = readFirebase(host.settings.FIREBASE_SCRYPT)
  const passwords = openPasswords(host.metrics, undefined, firebase)
  host.onStop(passwords.close)
  const tokens = await openTokens(host)
  const figures = openFigures(host)
  const terms = openTerms(host)
  return {
    host,
    passwords,
    codes: openCodes(host.secret),
    tokens,
    terms,
    sessions: openSessions(host, tokens, terms),
    passkeys: openPasskeys(host),
    limits: openLimits(host.cache),
    providers: openProviders(readProviders(host.settings.OIDC_PROVIDERS), host.platform.publicUrl),
    counted: figures.counted,
    figures,
  }
}

/**
 * Limits by place (an address or its /64), by account, and by both; they slow down and never lock. Where somebody is
 * signed in already, what others do to their account elsewhere does not count.
 */
const openLimits = (cache: Host['cache']) => ({
  register: {
    place: cache.limit('register by place', { points: 30, seconds: 60 }),
    both: cache.limit('register by address and place', { points: 8, seconds: 600 }),
    email: cache.limit('register by address', { points: 24, seconds: 600 }),
  },
  /** Each mails somebody who may not have asked for it. */
  changeEmail: {
    both: cache.limit('new address by account', { points: 5, seconds: 3600 }),
    email: cache.limit('new address by address', { points: 20, seconds: 3600 }),
  },
  // How often a code may be tried is counted with it; see `stillOpen`.
  otp: {
    place: cache.limit('otp by place', { points: 60, seconds: 60 }),
    person: cache.limit('otp by person', { points: 20, seconds: 3600 }),
  },
  /**
   * Of codes of six digits that were wrong, whosever they are: one guess at each of many is as good as many at one. Links,
   * passkeys and recovery codes, which nobody guesses, go on.
   */
  wrongCode: cache.limit('wrong codes by place', { points: 60, seconds: 900 }),
  reset: { place: cache.limit('reset by place', { points: 30, seconds: 60 }) },
  resend: { place: cache.limit('resend by place', { points: 30, seconds: 60 }) },
  login: {
    place: cache.limit('login by place', { points: 60, seconds: 60 }),
    both: cache.limit('login by account and place', { points: 10, seconds: 300 }),
    account: cache.limit('login by account', { points: 50, seconds: 900 }),
  },
  /** Of programs that ask for a token; each asks again after minutes. */
  token: cache.limit('token by place', { points: 120, seconds: 60 }),
  /** Of people whom clients send. */
  authorize: cache.limit('authorize by place', { points: 120, seconds: 60 }),
  /** Of codes of six digits; nobody but who knows the password can use them up, and passkeys go on. */
  factor: {
    person: cache.limit('factor by person', { points: 5, seconds: 300 }),
    day: cache.limit('factor by person and day', { points: 100, seconds: 86_400 }),
    recovery: cache.limit('recovery code by person', { points: 10, seconds: 900 }),
    place: cache.limit('factor by place', { points: 60, seconds: 60 }),
  },
  /** Asks for the password again, by person. */
  confirm: cache.limit('confirm by account', { points: 10, seconds: 900 }),
  /** Each is a mail in our name to somebody who did not ask for it. */
  invite: {
    account: cache.limit('invite by account', { points: 50, seconds: 3600 }),
    young: cache.limit('invite by young account', { points: 20, seconds: 86_400 }),
    organisation: cache.limit('invite by organisation', { points: 200, seconds: 86_400 }),
    both: cache.limit('invite by organisation and address', { points: 3, seconds: 86_400 }),
    address: cache.limit('invite by address', { points: 20, seconds: 86_400 }),
  },
})

/** A try of a code of six digits, not heard where too many were wrong; `undefined` says that this one was. */
export async function guessed<T>(
  { wrongCode }: Identity['limits'],
  place: string,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  await wrongCode.take(place, 0)
  const right = await attempt()
  if (right === undefined) await wrongCode.take(place)
  return right
}

/** The id after which a page of things sorted by id begins. */
export const idAfter = (after: string | undefined): string | undefined =>
  cursorOf(after, isId)?.[0] as string | undefined
