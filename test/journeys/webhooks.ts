import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Client } from './client.ts'

/** Somebody's webhook says at its first call that nobody is there any more. */
export async function webhookGoes(who: Client): Promise<void> {
  const server = createServer((_, response) => response.writeHead(410).end())
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { id } = await who.get(201, 'POST /api/notifications/webhooks', { url })
  await who.get(200, `POST /api/notifications/webhooks/${id}/test`)
  server.close()
}

export const mailSecret = `whsec_${Buffer.from('what the mail system signs with!').toString('base64')}`

/** A mail to somebody comes back, they say that their address works again, and an admin believes them. */
export async function mailComesBack(who: Client & { id: string; email: string }, admin: Client): Promise<void> {
  const event = {
    type: 'bounced',
    address: who.email,
    userId: who.id,
    detail: '550 5.1.1 Unknown',
  }
  const body = JSON.stringify({ events: [event] })
  const answer = await fetch(new URL('/api/notifications/mail-events', who.address), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signedBy(mailSecret, body, new Date()) },
    body,
  })
  assert.equal(answer.status, 204, await answer.text())
  await who.get(202, 'POST /api/notifications/email/check')
  await admin.get(204, 'POST /api/notifications/closed-addresses/reopen', { address: who.email })
}

/** As Standard Webhooks says. */
export function signedBy(secret: string, body: string, at: Date, id = 'msg_1'): Record<string, string> {
  const seconds = Math.floor(at.getTime() / 1000)
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` }
}
