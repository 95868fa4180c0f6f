import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import Type from 'typebox'
import { anyone, defineService, type Service } from '#kernel'
import { start } from '../../kernel/testing.ts'
import type { Log } from '../../kernel/telemetry/log.ts'
import { gateway } from './service.ts'

/** What a service behind the gateway was asked, and how it is stopped from answering. */
export interface Behind {
  asked: { method: string; url: string; ip: string; headers: Record<string, unknown> }[]
  aborted: Promise<void>
}

/** A service as others are: it tells who asks, takes uploads, streams for as long as somebody listens. */
export function shop(name = 'shop', behind: Partial<Behind> = {}, also: string[] = []): Service {
  const asked: Behind['asked'] = (behind.asked = [])
  const { promise, resolve } = Promise.withResolvers<void>()
  behind.aborted = promise
  return defineService({
    name,
    folder: '/nowhere',
    start({ http, site }) {
      const options = (summary: string) => ({ config: { access: anyone }, schema: { summary } })
      http.scope((app, scoped) => {
        app.addHook('onRequest', async ({ method, url, ip, headers }) => void asked.push({ method, url, ip, headers }))
        const querystring = Type.Object({ a: Type.Optional(Type.String()), b: Type.Optional(Type.String()) })
        const look = { config: { access: anyone }, schema: { summary: 'Look', querystring } }
        scoped.get('/', look, () => ({ name }))
        scoped.get('/things/:id', options('Look at one'), ({ params }) => params as object)
        scoped.post('/', options('Add'), ({ body }) => ({ got: body }))
        scoped.get('/stream', options('Listen'), async (request, reply) => {
          reply.hijack()
          reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: hello\n\n')
          reply.raw.once('close', () => resolve())
        })
      })
      http.scope((app, scoped) => {
        app.removeAllContentTypeParsers()
        app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
        scoped.post('/upload', { ...options('Bring'), bodyLimit: 1e9 }, async ({ body }) => {
          const hash = createHash('sha256')
          let bytes = 0
          for await (const chunk of body as IncomingMessage) {
            hash.update(chunk)
            bytes += chunk.length
          }
          return { bytes, sha256: hash.digest('hex') }
        })
      })
      for (const path of also) site.get(path, options('Another'), () => ({ name }))
    },
  })
}

/**
 * Services in processes of their own, by name, behind a gateway. Addresses that are given stand for processes that are
 * not ours.
 */
export async function open(
  t: TestContext,
  services: Record<string, (Service | string)[]>,
  environment: Record<string, string> = {},
  log?: Log,
) {
  const addresses: Record<string, string[]> = {}
  for (const [name, copies] of Object.entries(services))
    addresses[name] = await Promise.all(
      copies.map(async copy => (typeof copy === 'string' ? copy : await (await start(t, [copy])).listen())),
    )
  const p = await start(t, [gateway], {
    environment: {
      ...Object.fromEntries(
        Object.entries(addresses).map(([name, urls]) => [`${name.toUpperCase()}_SERVICE_URL`, urls.join(',')]),
      ),
      ...environment,
    },
    ...(log && { log }),
  })
  return { ...p, addresses, address: await p.listen() }
}

/** Of any shape: what it must be is what the tests assert. */
export const json = async (answer: Response): Promise<any> => await answer.json()

/** A port that nobody listens on while the test runs: it is taken, by one who is deaf or cuts off. */
export async function listening(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Bytes as they stand on the line, as no decent client sends them. */
export async function raw(
  address: string,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body?: string,
) {
  const { port, hostname } = new URL(address)
  const request = httpRequest({ port, hostname, path, method, headers })
  request.end(body)
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  return { status: answer.statusCode!, headers: answer.headers, body: await text(answer) }
}
