import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { OcppVersion } from '#contracts/ocpp'
import type { OcppHost } from '../host.ts'

/** OCPP asks for 16 bytes at the least (1.6 security whitepaper, 2.0.1 A00.FR.205). */
export const leastBytes = 16

/** Stands in the payload of a call for the password that grows of a salt. */
export const sealed = (salt: string): string => `{new password ${salt}}`
const seal = /^\{new password ([0-9a-f]{32})\}$/

function unseal(payload: unknown, grown: (salt: string) => string): unknown {
  if (typeof payload === 'string') return payload.replace(seal, (_, salt: string) => grown(salt))
  if (Array.isArray(payload)) return payload.map(inner => unseal(inner, grown))
  if (typeof payload !== 'object' || payload === null) return payload
  return Object.fromEntries(Object.entries(payload).map(([name, inner]) => [name, unseal(inner, grown)]))
}

/** The call by which a charger takes a new password (1.6 security whitepaper A01, 2.x A01). */
export const passwordCall = (version: OcppVersion, password: string) =>
  version === 'ocpp1.6'
    ? { action: 'ChangeConfiguration', payload: { key: 'AuthorizationKey', value: password } }
    : {
        action: 'SetVariables',
        payload: {
          setVariableData: [
            {
              component: { name: 'SecurityCtrlr' },
              variable: { name: 'BasicAuthPassword' },
              attributeValue: password,
            },
          ],
        },
      }

/**
 * Passwords of chargers are long and random, so a keyed digest keeps them, and thousands can come back in seconds after
 * an outage; each is bound to its charger.
 */
export function openPasswords(host: Pick<OcppHost, 'secret'>) {
  const key = host.secret('ocpp: passwords of chargers')
  const growing = host.secret('ocpp: new passwords of chargers')
  const digest = (id: string, password: Uint8Array): Buffer =>
    createHmac('sha256', key).update(`${id}\n`).update(password).digest()
  /** 20 bytes in hexadecimal: as 1.6 sends its key, and within what 2.x takes for a password. */
  const grown = (id: string, salt: string): string =>
    createHmac('sha256', growing).update(`${id}\n${salt}`).digest('hex').slice(0, 40)
  return {
    digest,
    /** What `grown` makes a new password of; tells nothing of it, and so may be kept. */
    salt: (): string => randomBytes(16).toString('hex'),
    grown,
    /** A payload with the new password in the place of what stands for it while the call waits. */
    unsealed: <P>(id: string, payload: P): P => unseal(payload, salt => grown(id, salt)) as P,
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
