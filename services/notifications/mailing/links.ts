import { createHmac, timingSafeEqual } from 'node:crypto'
import type { NotificationsHost } from '../host.ts'

/** Of addresses that links lead to. */
export const prefix = '/api/notifications'
const day = 24 * 3_600_000
/** So long a link that opens an address again is good. */
const goodFor = 3 * day

const signatureOf = (host: NotificationsHost, purpose: string, text: string): string =>
  createHmac('sha256', host.secret(purpose)).update(text).digest().subarray(0, 16).toString('base64url')

/** Text that its reader can give back and cannot change. */
export const sealed = (host: NotificationsHost, purpose: string, text: string): string =>
  `${Buffer.from(text).toString('base64url')}.${signatureOf(host, purpose, text)}`

export function opened(host: NotificationsHost, purpose: string, token: string): string | undefined {
  const text = Buffer.from(token.split('.', 1)[0]!, 'base64url').toString()
  // As it was made, in its one spelling.
  const [given, expected] = [Buffer.from(token), Buffer.from(sealed(host, purpose, text))]
  return given.length === expected.length && timingSafeEqual(given, expected) ? text : undefined
}

/** Whoever reads the mail with it reads mail at `address`. */
export const reopenLink = (host: NotificationsHost, userId: string, address: string): string => {
  const until = host.now().getTime() + goodFor
  return `${host.platform.publicUrl}${prefix}/confirm/${sealed(host, 'links that open addresses', JSON.stringify([userId, address, until]))}`
}

export function reopenOf(host: NotificationsHost, token: string): { userId: string; address: string } | undefined {
  const text = opened(host, 'links that open addresses', token)
  if (!text) return undefined
  const [userId, address, until] = JSON.parse(text) as [string, string, number]
  return until > host.now().getTime() ? { userId, address } : undefined
}
