import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { hash, parseOptions } from '@node-rs/argon2'
import { Problem, type Host } from '#kernel'
import type { HashTask } from './hash-thread.ts'
import { opaque } from './opaque.ts'

/** OWASP's second choice for argon2id; higher numbers here upgrade a hash when its owner signs in. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** For tools and the start; whoever serves many goes through the queue. */
export const hashPassword = (password: string): Promise<string> => hash(opaque(password), cost)

/** Ends in the same refusal as any wrong password after the same work, for addresses nobody has. */
const nobody = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${[16, 32]
  .map(size => randomBytes(size).toString('base64').replaceAll('=', ''))
  .join('$')}`

/** Where threads have no priority of their own, hashing leaves a core to everybody else. */
const defaultSlots = process.platform === 'linux' ? availableParallelism() : Math.max(1, availableParallelism() - 1)

/**
 * Hashes in threads of their own, one a slot, that step back for all other work. Who would wait too long is sent away
 * with `sign_in_busy` (503), so a storm of sign-ins stays a matter of signing in.
 */
export function openPasswords(metrics: Host['metrics'], slots = defaultSlots) {
  const idle: Worker[] = []
  const waiting: (() => void)[] = []
  let free = slots
  metrics.gauge('ohmnibus_password_hashes_waiting', 'Passwords that wait for a thread to hash them', [], gauge =>
    gauge.set(waiting.length),
  )
  metrics.gauge('ohmnibus_password_hashes_running', 'Passwords that are being hashed', [], gauge =>
    gauge.set(slots - free),
  )
  const waits = metrics.histogram(
    'ohmnibus_password_hash_wait_seconds',
    'Time passwords wait for a thread to hash them',
  )
  const refused = metrics.counter(
    'ohmnibus_password_hashes_refused_total',
    'Passwords sent away because too many waited',
  )

  async function inTurn<T>(task: HashTask): Promise<T> {
    const waited = waits.startTimer()
    if (free > 0) free--
    else if (waiting.length >= slots * 50) {
      refused.inc()
      throw new Problem('unavailable', 'sign_in_busy', {
        retryAfter: 2,
        detail: 'Too many people sign in right now. Try again in a moment.',
      })
    } else await new Promise<void>(turn => waiting.push(turn))
    waited()
    try {
      return await inThread<T>(task)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }

  /** A thread that failed or ended is not used again, and whoever waited for it is told. */
  async function inThread<T>(task: HashTask): Promise<T> {
    const thread = idle.pop() ?? newThread()
    thread.ref()
    thread.postMessage(task)
    const done = new AbortController()
    const ended = async () => {
      await once(thread, 'exit', { signal: done.signal })
      throw new Error('The thread that hashed a password ended before it was done')
    }
    try {
      const [answer] = await Promise.race([once(thread, 'message', { signal: done.signal }), ended()])
      thread.unref()
      idle.push(thread)
      return answer
    } finally {
      done.abort()
    }
  }

  function newThread(): Worker {
    const thread = new Worker(new URL('./hash-thread.ts', import.meta.url))
    thread.once('exit', () => {
      const at = idle.indexOf(thread)
      if (at >= 0) idle.splice(at, 1)
    })
    return thread
  }

  /**
   * How the password is that of the hash: in the form we hash, or only `as typed`, which is how hashes were made once.
   * Takes as long without a hash to compare with.
   */
  async function match(typed: string, stored: string | undefined): Promise<'whole' | 'as typed' | undefined> {
    const is = (password: string) => inTurn<boolean>({ password, stored: stored ?? nobody, cost })
    const found = (await is(opaque(typed))) ? 'whole' : opaque(typed) !== typed && (await is(typed)) && 'as typed'
    return (stored !== undefined && found) || undefined
  }

  return {
    hash: (password: string): Promise<string> => inTurn({ password: opaque(password), cost }),
    verify: async (password: string, stored: string | undefined): Promise<boolean> =>
      (await match(password, stored)) !== undefined,
    match,
    outdated: (stored: string): boolean => {
      const made = parseOptions(stored)
      return made.memoryCost < cost.memoryCost || made.timeCost < cost.timeCost
    },
    close: async (): Promise<void> => void (await Promise.all(idle.map(thread => thread.terminate()))),
  }
}

export type Passwords = ReturnType<typeof openPasswords>

/** Of `checkPassword`, for the routes that take a new password. */
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
export function checkPassword(
  typed: string,
  person: { email: string; names: readonly string[] },
  minimum: number,
  pointer = '/password',
): void {
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
  if (guesses(password) < 8)
    refuse('password_common', 'is easy to guess: it is made of common words, rows of keys, repetitions or numbers')
}

/**
 * Roughly how many guesses (as a power of ten) find a password for one who tries common words, rows of keys,
 * repetitions and years first: the cheapest way to put it together from such pieces. It stands for a list of common
 * passwords and the variations of each.
 */
export function guesses(password: string): number {
  const text = password.toLowerCase()
  const plain = [...leet(text, 'i')].join('')
  const spellings = [text, plain, leet(text, 'l')]
  const cheapest = [0, ...Array<number>(text.length).fill(Infinity)]
  const offer = (to: number, price: number) => {
    if (price < cheapest[to]!) cheapest[to] = price
  }
  for (let at = 0; at < text.length; at++) {
    const price = cheapest[at]!
    offer(at + 1, price + (/[0-9]/.test(text[at]!) ? 1 : 1.5))
    if (/^(19|20)\d\d/.test(text.slice(at, at + 4))) offer(at + 4, price + 2)
    for (let size = 3; size <= longestWord && at + size <= text.length; size++)
      if (spellings.some(spelling => common.has(spelling.slice(at, at + size)))) offer(at + size, price + 2.5)
    for (let size = 3; size <= at && at + size <= text.length; size++)
      if (text.slice(at, at + size) === text.slice(at - size, at)) offer(at + size, price + 0.5)
    for (const [follows, least] of runs)
      for (let end = at + 1; end < text.length && follows(text, end, at); end++)
        if (end - at + 1 >= least) offer(end + 1, price + 2)
  }
  return cheapest[text.length]!
}

const leet = (text: string, one: 'i' | 'l'): string =>
  text.replace(
    /[0134578@$!]/g,
    sign =>
      ({ '0': 'o', '1': one, '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '@': 'a', $: 's', '!': 'i' })[sign]!,
  )

const keyboard = new Map(
  ['1234567890-=', 'qwertyuiop[]', "asdfghjkl;'", 'zxcvbnm,./'].flatMap((row, y) =>
    [...row].map((key, x) => [key, { x: x + [0, 0.5, 0.75, 1.25][y]!, y }] as const),
  ),
)

const step = (text: string, at: number) => text.charCodeAt(at) - text.charCodeAt(at - 1)

/** What continues a run that began at `start`, and from how many characters on it counts as one. */
const runs: [(text: string, at: number, start: number) => boolean, number][] = [
  // aaa, abc, 987
  [(text, at, start) => Math.abs(step(text, at)) <= 1 && step(text, at) === step(text, start + 1), 3],
  // qwerty, 1qaz, 1q2w3e4r
  [
    (text, at) => {
      const [a, b] = [keyboard.get(text[at - 1]!), keyboard.get(text[at]!)]
      return a !== undefined && b !== undefined && Math.abs(a.x - b.x) <= 1 && Math.abs(a.y - b.y) <= 1
    },
    4,
  ],
]

/** Words that lists of leaked passwords are full of, of many languages and of this platform. */
const common = new Set(
  `password passwort passw0rd pass word secret letmein welcome willkommen login admin administrator root user guest test testing tester default
  change changeme please trustno1 iloveyou ilove loveyou love lover sweet sweetheart honey baby angel princess prince queen king superman batman
  spiderman pokemon starwars matrix hello hallo hola bonjour world master monkey dragon tiger lion eagle panther wolf bear shark falcon phoenix
  dolphin butterfly flower rose sunshine shadow silver golden diamond crystal star stars moon night light fire storm thunder thunderstorm rainbow
  summer winter spring autumn sommer herbst january february march april june july august september october november december monday tuesday
  wednesday thursday friday saturday sunday football baseball basketball soccer hockey tennis fussball futbol liverpool chelsea arsenal
  manchester united barcelona realmadrid madrid juventus bayern yankees cowboys steelers lakers eagles michael jordan michelle jennifer jessica
  ashley amanda nicole daniel thomas robert charlie george william andrew anthony joshua matthew christopher alexander elizabeth samantha victoria
  stephanie benjamin jonathan nicholas maximilian sebastian alexandra christian patrick richard steven maria anna julia sarah laura peter martin
  computer internet samsung google facebook apple microsoft windows android iphone nintendo playstation minecraft mustang corvette ferrari
  porsche mercedes harley yamaha toyota honda money dollar freedom forever family friends friend mother father daddy mommy sister brother
  chocolate cookie banana orange cherry pepper ginger cheese coffee pizza whatever nothing something anything unbelievable fuckyou fuck asshole
  bitch sexy killer hunter ranger soldier warrior maverick ninja pirate samurai access system server security private public office company
  business manager service support demo example sample temp temporary newpassword mypassword blink182 jesus christ heaven church blessed faith
  america american london paris berlin london germany deutschland england canada australia brasil mexico california texas newyork
  correcthorsebatterystaple correct horse battery staple abcdef abcd qwerty qwertz azerty asdf asdfgh zxcvbn qazwsx
  ohmnibus electric charge charger charging charged vehicle mobility passport energy power plugin`.split(/\s+/),
)
const longestWord = Math.max(...[...common].map(word => word.length))
