import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Terminal } from './store.ts'

/** Of a request, as Standard Webhooks has them (standardwebhooks.com, "Signature scheme"). */
export interface Proof {
  readonly id: string
  /** Seconds since 1970. */
  readonly timestamp: string
  /** Several, with blanks between, while a secret is changed. */
  readonly signature: string
}

const toleranceMs = 300_000
const secretBegin = 'whsec_'

/** The secret of a terminal, derived from ours so that it is kept nowhere. */
export const secretOf = (key: Buffer, terminalId: string, number: number): string =>
  secretBegin + createHmac('sha256', key).update(`${terminalId} ${number}`).digest('base64')

/** Those that hold: while a secret is changed the one before, too. */
export const secretsOf = (
  key: Buffer,
  { id, secretNumber, formerUntil }: Pick<Terminal, 'id' | 'secretNumber' | 'formerUntil'>,
  now: Date,
): string[] => [
  secretOf(key, id, secretNumber),
  ...(formerUntil && formerUntil > now ? [secretOf(key, id, secretNumber - 1)] : []),
]

/** By each of these secrets, as Standard Webhooks have it while one is changed. */
export const signAll = (
  secrets: readonly string[],
  proof: Pick<Proof, 'id' | 'timestamp'>,
  body: Buffer | string,
): string => secrets.map(secret => sign(secret, proof, body)).join(' ')

export function sign(
  secret: string,
  { id, timestamp }: Pick<Proof, 'id' | 'timestamp'>,
  body: Buffer | string,
): string {
  const key = Buffer.from(secret.slice(secretBegin.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
  return `v1,${signature}`
}

/** Whether somebody with the secret said this, of late. */
export function isProven(secret: string, proof: Proof, body: Buffer | string, now: Date): boolean {
  const { id, timestamp, signature } = proof
  if (!/^\d{1,12}$/.test(timestamp) || id === '') return false
  if (Math.abs(now.getTime() - Number(timestamp) * 1000) > toleranceMs) return false
  const expected = Buffer.from(sign(secret, proof, body))
  return signature.split(' ').some(given => {
    const bytes = Buffer.from(given)
    return bytes.length === expected.length && timingSafeEqual(bytes, expected)
  })
}
