import { createHmac, timingSafeEqual } from 'node:crypto'
import type { OcppHost } from '../host.ts'

/** OCPP asks for 16 bytes at the least (1.6 security whitepaper, 2.0.1 A00.FR.205). */
export const leastBytes = 16

/**
 * Passwords of chargers are long and random, so a keyed digest keeps them, and thousands can come back in seconds after
 * an outage; each is bound to its charger.
 */
export function openPasswords(host: Pick<OcppHost, 'secret'>) {
  const key = host.secret('ocpp: passwords of chargers')
  const digest = (id: string, password: Uint8Array): Buffer =>
    createHmac('sha256', key).update(`${id}\n`).update(password).digest()
  return {
    digest,
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
