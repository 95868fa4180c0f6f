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
