import { Webhook, WebhookVerificationError } from 'standardwebhooks'

/** What a webhook of Ohmnibus tells: what happened, when, and about what. */
export interface WebhookCall {
  type: string
  timestamp: string
  data: Record<string, unknown>
}

/**
 * What a webhook was sent, once its signature and its age (five minutes at most) are good. `body` is the text as it came,
 * before anything parsed it. Throws `WebhookVerificationError`. After a change of the secret, give the former one too.
 */
export function readWebhook(
  secrets: string | readonly string[],
  headers: Headers | Record<string, string | string[] | undefined>,
  body: string | Uint8Array,
): WebhookCall {
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers)
  const plain = Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]))
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body)
  let refused: unknown = new WebhookVerificationError('There is no secret')
  for (const secret of [secrets].flat()) {
    try {
      return new Webhook(secret).verify(text, plain) as WebhookCall
    } catch (error) {
      refused = error
    }
  }
  throw refused
}

export { WebhookVerificationError }
