import { constants, setPriority } from 'node:os'
import { hashSync, verifySync, type Options } from '@node-rs/argon2'

/** With `stored` the question is whether it is the hash of the password, without it what the hash is. */
export interface HashTask {
  password: string
  stored?: string
  cost: Options
}

// On Linux a priority belongs to a thread. Last in line for a core, hashing takes what nobody else wants.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_LOW)

export default function answer({ password, stored, cost }: HashTask) {
  const begunAt = performance.timeOrigin + performance.now()
  return { begunAt, answer: stored === undefined ? hashSync(password, cost) : verifySync(stored, password) }
}
