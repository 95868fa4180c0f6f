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
  const [text, signature] = token.split('.').map((part, at) => (at === 0 ? Buffer.from(part, 'base64url') : part))
  if (!text || typeof signature !== 'string') return undefined
  const expected = Buffer.from(signatureOf(host, purpose, text.toString()))
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected) ? text.toString() : undefined
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
