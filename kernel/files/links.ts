import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import { anyone } from '../access/access.ts'
import { sendFile } from '../http/downloads.ts'
import { mount } from '../http/http.ts'
import { Problem } from '../problem.ts'
import { partsOf, type Files, type FileStore, type LinkOptions } from './files.ts'

/** Files with links to them, and what serves these. */
export interface LinkedFiles extends Files {
  /** The links of files of these services, once these have started. */
  serve(app: FastifyInstance, services: readonly string[]): void
  close(): Promise<void>
}

/** What links are signed with, and when it is. */
export interface LinkSigning {
  secret: Buffer
  publicUrl: string
  now: () => Date
}

const Link = Type.Object({
  key: Type.String(),
  name: Type.String(),
  type: Type.String(),
  expires: Type.String(),
  size: Type.Optional(Type.String()),
  sha256: Type.Optional(Type.String()),
})

/**
 * Links to files that we serve ourselves, wherever the files lie: so names, types, expiry and what a browser may do
 * with them are ours, and no client has to reach the storage. `/files/<service>/<signature>` leads to a process of the
 * service whose file it is.
 */
export function linkedFiles(store: FileStore, { secret, publicUrl, now }: LinkSigning): LinkedFiles {
  const guards = new Map<string, { refuses: readonly string[]; judge: (key: string) => Promise<void> }>()
  const signature = (query: string): string => createHmac('sha256', secret).update(query).digest('base64url')

  function link(key: string, { fileName, contentType, expiresAt, content }: LinkOptions): string {
    const query = new URLSearchParams({
      key,
      name: fileName,
      type: contentType,
      expires: String(expiresAt.getTime()),
      ...(content && { size: String(content.sizeBytes), sha256: content.sha256 }),
    }).toString()
    return `${publicUrl}/files/${partsOf(key)[0]}/${signature(query)}?${query}`
  }

  /** Refuses what we did not sign, or not for that service, and what is over. */
  function check(service: string, sent: string, { key, name, type, expires, size, sha256 }: Static<typeof Link>): void {
    const signed = { key, name, type, expires, ...(size && { size }), ...(sha256 && { sha256 }) }
    const [given, expected] = [sent, signature(new URLSearchParams(signed).toString())].map(text => Buffer.from(text))
    if (given!.length !== expected!.length || !timingSafeEqual(given!, expected!) || !key.startsWith(`${service}/`))
      throw new Problem('forbidden', 'link_invalid', {
        detail: 'The link was changed or is not whole. Ask for a new one.',
      })
    if (Number(expires) <= now().getTime())
      throw new Problem('forbidden', 'link_expired', { detail: 'The link has expired. Ask for a new one.' })
  }

  async function send(request: FastifyRequest, reply: FastifyReply, link: Static<typeof Link>) {
    const { key, name, type, size, sha256 } = link
    const there = await store.size(key)
    if (there === undefined) throw new Problem('not_found', 'file_missing')
    const content = size && sha256 ? { sizeBytes: Number(size), sha256 } : undefined
    return await sendFile(request, reply, {
      fileName: name,
      contentType: type,
      sizeBytes: content?.sizeBytes ?? there,
      tag: content?.sha256 ?? key.split('/').at(-1)!,
      read: range => store.read(key, range, content),
    })
  }

  function serveAt(app: FastifyInstance, path: string, service: string): void {
    const { refuses = [], judge } = guards.get(service) ?? {}
    const own = ['link_invalid', 'link_expired', 'file_missing', 'file_damaged', 'files_unavailable']
    mount(app, [path], service).get(
      '/:signature',
      {
        config: { access: anyone },
        schema: {
          summary: 'A file by its signed link',
          honours: ['If-None-Match', 'Range'],
          refuses: [...own, ...refuses],
          params: Type.Object({ signature: Type.String() }),
          querystring: Link,
          hide: true,
        },
      },
      async (request, reply) => {
        check(service, request.params.signature, request.query)
        await judge?.(request.query.key)
        return await send(request, reply, request.query)
      },
    )
  }

  return {
    ...store,
    link: async (key, as) => link(key, as),
    guard: (service, refuses, judge) => void guards.set(service, { refuses, judge }),
    serve(app, services) {
      for (const service of services) serveAt(app, `/files/${service}`, service)
      // Links that a process made before they named the service: only documents had any.
      if (services.includes('documents')) serveAt(app, '/files', 'documents')
    },
  }
}
