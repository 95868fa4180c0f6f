import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { OcppHost } from '../host.ts'

/** OCPP asks for 16 bytes at the least (1.6 security whitepaper, 2.0.1 A00.FR.205). */
export const leastBytes = 16

/**
 * Passwords of chargers are long and random, so a keyed digest keeps them, and thousands can come back in seconds after
 * an outage; each is bound to its charger.
 */
export function openPasswords(host: Pick<OcppHost, 'secret'>) {
  const key = host.secret('ocpp: passwords of chargers')
  const growing = host.secret('ocpp: new passwords of chargers')
  const digest = (id: string, password: Uint8Array): Buffer =>
    createHmac('sha256', key).update(`${id}\n`).update(password).digest()
  return {
    digest,
    /** What `grown` makes a new password of; tells nothing of it, and so may be kept. */
    salt: (): string => randomBytes(16).toString('hex'),
    /** 20 bytes in hexadecimal: as 1.6 sends its key, and within what 2.x takes for a password. */
    grown: (id: string, salt: string): string =>
      createHmac('sha256', growing).update(`${id}\n${salt}`).digest('hex').slice(0, 40),
    /** A key of 1.6 is given in hexadecimal, and sent as its bytes by some and as its text by others. */
    matches(id: string, password: Buffer, stored: Uint8Array): boolean {
      const hex = password.toString('hex')
      return [password, Buffer.from(hex), Buffer.from(hex.toUpperCase())].some(form =>
        timingSafeEqual(digest(id, form), stored),
      )
    },
  }
}
export type Passwords = ReturnType<typeof openPasswords>
