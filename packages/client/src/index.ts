export { connect, type Lists, type Notification, type Ohmnibus, type Options } from './client.ts'
export type { LiveEvent } from './live.ts'
export { OhmnibusProblem, type Fault } from './problem.ts'
export type { Credentials } from './tokens.ts'
export { readWebhook, WebhookVerificationError, type WebhookCall } from './webhooks.ts'
export type { paths } from './api.gen.d.ts'

/** For a request that may be sent again: `params: { header: { 'Idempotency-Key': newIdempotencyKey() } }`. */
export const newIdempotencyKey = (): string => crypto.randomUUID()
