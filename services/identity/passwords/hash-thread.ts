import { constants, setPriority } from 'node:os'
import { hashSync, type Options } from '@node-rs/argon2'
import { isHashOf } from './elsewhere.ts'
import type { FirebaseParameters } from './firebase.ts'

/** With `stored` the question is whether it is the hash of the password, without it what the hash is. */
export interface HashTask {
  password: string
  stored?: string
  cost: Options
  firebase: FirebaseParameters | undefined
}

// On Linux a priority belongs to a thread. Last in line for a core, hashing takes what nobody else wants.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_LOW)

export default async function answer({ password, stored, cost, firebase }: HashTask) {
  const begunAt = performance.timeOrigin + performance.now()
  if (stored === undefined) return { begunAt, answer: hashSync(password, cost) }
  return { begunAt, answer: await isHashOf(stored, password, firebase) }
}
