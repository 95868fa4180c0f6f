import { Piscina } from 'piscina'
import { Problem } from '#kernel'
import { busy } from './busy.ts'
import { opaque } from './opaque.ts'

/**
 * One thread for the process, begun when somebody chooses a password and ended when nobody has for a minute: its word
 * lists take 80 MB, and an estimate takes from 2 to 200 ms that requests shall not wait for.
 */
let thread: Piscina | undefined

/**
 * What makes a password easy to guess, in words; undefined where it is not. `personal` are words about its owner. Fails
 * with `sign_in_busy` where too many ask.
 */
async function weaknesses(password: string, personal: string[]): Promise<string[] | undefined> {
  thread ??= new Piscina({ minThreads: 0, maxThreads: 1, idleTimeout: 60_000, maxQueue: waiting })
  if (thread.queueSize >= waiting) throw busy()
  return await thread.run({ password, personal }, { filename: new URL('./strength-thread.ts', import.meta.url).href })
}

const waiting = 50

/** Of `refuseWeak`, for the routes that take a new password. */
export const passwordRefusals = [
  'password_too_short',
  'password_too_long',
  'password_personal',
  'password_common',
] as const

/**
 * Refuses what attackers try first (NIST SP 800-63B-4, 3.1.1.2); no rules about which characters. `pointer` names the
 * field at fault.
 */
export async function refuseWeak(
  typed: string,
  person: { email: string; names: readonly string[] },
  minimum: number,
  pointer = '/password',
): Promise<void> {
  const refuse = (code: string, detail: string) => {
    throw new Problem('invalid', code, { detail: `The password ${detail}.`, errors: [{ pointer, detail }] })
  }
  const password = opaque(typed)
  const length = [...password].length
  if (length < minimum) refuse('password_too_short', `must have at least ${minimum} characters`)
  if (length > 128) refuse('password_too_long', 'must have at most 128 characters')
  const [local = '', domain = ''] = person.email.split('@')
  const spoken = password.toLowerCase()
  const personal = [person.email, local, domain, ...person.names]
    .map(word => word.toLowerCase())
    .filter(word => [...word].length >= 4)
  if (personal.some(word => spoken.includes(word))) refuse('password_personal', 'must not contain your address or name')
  const found = await weaknesses(password, personal)
  if (found)
    refuse(
      'password_common',
      `is easy to guess: it is made of ${listed.format(found.length > 0 ? found : ['few signs'])}`,
    )
}

const listed = new Intl.ListFormat('en', { type: 'conjunction' })
