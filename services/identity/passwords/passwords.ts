import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { hash, parseOptions } from '@node-rs/argon2'
import { Piscina } from 'piscina'
import type { Host } from '#kernel'
import { busy } from './busy.ts'
import type { FirebaseParameters } from './firebase.ts'
import type { HashTask } from './hash-thread.ts'
import { opaque } from './opaque.ts'

/** OWASP's second choice for argon2id; higher numbers here upgrade a hash when its owner signs in. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** In the place of a hash, for who signs in by other means: no password is that of it. */
export const noPassword = '!'

/** For tools and the start; whoever serves many goes through the queue. */
export const hashPassword = (password: string): Promise<string> => hash(opaque(password), cost)

/** Ends in the same refusal as any wrong password after the same work, for addresses nobody has. */
const nobody = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${[16, 32]
  .map(size => randomBytes(size).toString('base64').replaceAll('=', ''))
  .join('$')}`

/**
 * A core is everybody else's. More threads would find time only where nobody needs it, but a hash goes through 19 MB of
 * memory, and what it drives out of the caches makes all other work slower, whatever the priority.
 */
const defaultSlots = Math.max(1, availableParallelism() - 1)

/** Loaded with the first password, so that a fault in it is told to whoever asks. */
const hashThread = new URL('./hash-thread.ts', import.meta.url).href

/**
 * Hashes in threads of their own, one a slot, that step back for all other work. Who would wait too long is sent away
 * with `sign_in_busy` (503), so a storm of sign-ins stays a matter of signing in.
 */
export function openPasswords(metrics: Host['metrics'], slots = defaultSlots, firebase?: FirebaseParameters) {
  const waiting = slots * 50
  let closing = false
  // Threads begin with the first passwords and stay.
  const threads = new Piscina({ minThreads: 0, maxThreads: slots, idleTimeout: Infinity, maxQueue: waiting })
  metrics.gauge('ohmnibus_password_hashes_waiting', 'Passwords that wait for a thread to hash them', [], gauge =>
    gauge.set(threads.queueSize),
  )
  metrics.gauge('ohmnibus_password_hashes_running', 'Passwords that are being hashed', [], gauge =>
    gauge.set(threads.threads.length - threads.idleThreads),
  )
  const waits = metrics.histogram(
    'ohmnibus_password_hash_wait_seconds',
    'Time passwords wait for a thread to hash them',
  )
  const refused = metrics.counter(
    'ohmnibus_password_hashes_refused_total',
    'Passwords sent away because too many waited',
  )

  async function inTurn<T>(task: Omit<HashTask, 'firebase'>): Promise<T> {
    if (closing || threads.queueSize >= waiting) {
      refused.inc()
      throw busy()
    }
    const cameAt = performance.timeOrigin + performance.now()
    const { begunAt, answer } = await threads.run({ ...task, firebase }, { filename: hashThread }).catch(error => {
      throw closing ? busy() : error
    })
    waits.observe(Math.max(0, begunAt - cameAt) / 1000)
    return answer
  }

  /**
   * How the password is that of the hash: in the form we hash, or only `as typed`, which is how hashes were made once.
   * Takes as long without a hash to compare with.
   */
  async function match(typed: string, stored: string | undefined): Promise<'whole' | 'as typed' | undefined> {
    const hashed = stored === noPassword ? undefined : stored
    const is = (password: string) => inTurn<boolean>({ password, stored: hashed ?? nobody, cost })
    const found = (await is(opaque(typed))) ? 'whole' : opaque(typed) !== typed && (await is(typed)) && 'as typed'
    return (hashed !== undefined && found) || undefined
  }

  return {
    hash: (password: string): Promise<string> => inTurn({ password: opaque(password), cost }),
    verify: async (password: string, stored: string | undefined): Promise<boolean> =>
      (await match(password, stored)) !== undefined,
    match,
    /** Made with less than today's cost, or elsewhere in another way. */
    outdated: (stored: string): boolean => {
      if (!stored.startsWith('$argon2id$')) return true
      const made = parseOptions(stored)
      return made.memoryCost < cost.memoryCost || made.timeCost < cost.timeCost
    },
    /** What is being hashed ends first. What still waits is told to come back. */
    close(): Promise<void> {
      closing = true
      return threads.close()
    },
  }
}

export type Passwords = ReturnType<typeof openPasswords>
