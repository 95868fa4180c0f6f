import { createHmac, createPublicKey, timingSafeEqual, verify, type KeyObject } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { Id } from '#contracts/shared'
import { addressOf, isId, parseJson, StartError } from '#kernel'
import Type from 'typebox'
import { Value } from 'typebox/value'
import type { MailEvent } from './closing.ts'

/** As they sign: DER of an ECDSA signature over P-256 and SHA-256 of the timestamp and the bytes that came. */
export interface SendgridProof {
  signature: string
  timestamp: string
}

export const sendgridProof = (headers: IncomingHttpHeaders): SendgridProof => ({
  signature: String(headers['x-twilio-email-event-webhook-signature'] ?? '').slice(0, 500),
  timestamp: String(headers['x-twilio-email-event-webhook-timestamp'] ?? '').slice(0, 20),
})

/** The verification key as SendGrid shows it: the DER of a public key in base64. */
export function sendgridKey(text: string): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key
  } catch {
    // Said below.
  }
  throw new StartError('SENDGRID_WEBHOOK_KEY: is not the verification key that SendGrid shows for its event webhook.')
}

/** They try for a day; what is older was kept by somebody else. */
const oldest = 36 * 3_600_000
const ahead = 5 * 60_000

export function isOfSendgrid(key: KeyObject, { signature, timestamp }: SendgridProof, body: Buffer, at: Date): boolean {
  const age = at.getTime() - Number(timestamp) * 1000
  if (!/^\d{1,12}$/.test(timestamp) || age > oldest || age < -ahead) return false
  const signed = Buffer.concat([Buffer.from(timestamp), body])
  return verify('sha256', signed, { key, dsaEncoding: 'der' }, Buffer.from(signature, 'base64'))
}

const mostEvents = 10_000

/** What concerns addresses of what SendGrid tells; what is of another shape is left out. */
export function sendgridEvents(body: Buffer): MailEvent[] {
  const told: unknown = parseJson(body)
  return (Array.isArray(told) ? told.slice(0, mostEvents) : []).flatMap(entry => {
    const { event, email, timestamp, message_id: mailId, reason, type } = Object(entry) as Record<string, unknown>
    const address = typeof email === 'string' ? addressOf(email) : undefined
    const what = typeof event === 'string' ? sendgridTypes[event] : undefined
    const at = new Date(Number(timestamp) * 1000)
    if (!address || !what || Number.isNaN(at.getTime())) return []
    return {
      // `blocked` is a bounce for now: the server did not like us, and says nothing about the address.
      type: what === 'bounced' && type === 'blocked' ? 'dropped' : what,
      mailId: isId(mailId) ? String(mailId) : undefined,
      address,
      detail: typeof reason === 'string' ? reason.slice(0, 300) : String(event),
      at,
    }
  })
}

const sendgridTypes: Record<string, MailEvent['type']> = {
  bounce: 'bounced',
  dropped: 'dropped',
  spamreport: 'complained',
  unsubscribe: 'unsubscribed',
  group_unsubscribe: 'unsubscribed',
  delivered: 'delivered',
}

export const MailEventsBody = Type.Object({
  events: Type.Array(
    Type.Object({
      type: Type.Enum(['bounced', 'complained', 'unsubscribed', 'dropped', 'delivered']),
      address: Type.String({ maxLength: 254 }),
      messageId: Type.Optional(
        Type.String({ maxLength: 300, description: 'Message-ID of the mail, with or without its angle brackets' }),
      ),
      userId: Type.Optional(Id),
      detail: Type.Optional(Type.String({ maxLength: 300 })),
      at: Type.Optional(Type.String({ maxLength: 40 })),
    }),
    { maxItems: mostEvents },
  ),
})

/** What any mail system tells in our own words; undefined for what is of another shape. */
export function mailEvents(body: Buffer, now: Date): MailEvent[] | undefined {
  const told: unknown = parseJson(body)
  if (!Value.Check(MailEventsBody, told)) return undefined
  return told.events.flatMap(({ type, address: text, messageId, userId, detail = type, at }) => {
    const [, mailId] = /^<?([0-9a-f-]{36})(?:@|>|$)/.exec(messageId ?? '') ?? []
    const address = addressOf(text)
    const time = new Date(at ?? now)
    return address && !Number.isNaN(time.getTime()) ? [{ type, mailId, userId, address, detail, at: time }] : []
  })
}

/** Standard Webhooks, with a secret of ours: HMAC-SHA256 over id, timestamp and body; five minutes around now. */
export function isStandardlySigned(secret: string, headers: IncomingHttpHeaders, body: Buffer, at: Date): boolean {
  const one = (name: string): string => String(headers[name] ?? '').slice(0, 1000)
  const seconds = one('webhook-timestamp')
  if (!/^\d{1,12}$/.test(seconds) || Math.abs(at.getTime() - Number(seconds) * 1000) > ahead) return false
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const expected = createHmac('sha256', key)
    .update(`${one('webhook-id')}.${seconds}.`)
    .update(body)
    .digest()
  return one('webhook-signature')
    .split(' ')
    .map(signature => Buffer.from(signature.replace(/^v1,/, ''), 'base64'))
    .some(given => given.length === expected.length && timingSafeEqual(given, expected))
}
