import { createHmac } from 'node:crypto'
import type { Role } from '#contracts/shared'
import type { NotificationsHost } from '../host.ts'
import type { Kind } from '../messages.ts'

/** Whose news a webhook is sent: a person's or an organisation's own, or what all of a role on the platform are told. */
export interface WebhookOwner {
  kind: 'person' | 'organisation' | 'role'
  id: string | Role
}

/** An address that is sent what its owner is told. */
export interface Webhook {
  id: string
  owner: WebhookOwner
  url: string
  description: string
  /** Empty for all. */
  events: Kind[]
  /** Of the secret, counted from 1. */
  generation: number
  /** Until when the secret before holds too. */
  formerUntil: Date | null
  /** Null while it is sent to. */
  disabledBecause: 'owner' | 'failures' | 'gone' | null
  failingSince: Date | null
  /** In a row. */
  failures: number
  restsUntil: Date | null
  version: number
  createdAt: Date
}

/** `whsec_` and 32 bytes in base64, as Standard Webhooks writes a symmetric secret. */
export const secretOf = ({ secret }: NotificationsHost, { id, generation }: Pick<Webhook, 'id' | 'generation'>) =>
  `whsec_${secret(`webhook ${id} ${generation}`).toString('base64')}`

/**
 * The headers of Standard Webhooks for a body: whoever has the secret, or the one before while it holds, can tell that
 * it comes from here, and when. `at` is the time of this try.
 */
export function signed(host: NotificationsHost, webhook: Webhook, id: string, body: string, at: Date) {
  const seconds = Math.floor(at.getTime() / 1000)
  const formerHolds = webhook.formerUntil !== null && webhook.formerUntil > at
  const signatures = [webhook.generation, ...(formerHolds ? [webhook.generation - 1] : [])].map(generation => {
    const key = host.secret(`webhook ${webhook.id} ${generation}`)
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`
  })
  return {
    'content-type': 'application/json',
    'user-agent': 'Ohmnibus-Webhooks',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  }
}
