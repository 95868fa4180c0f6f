import { createHmac, timingSafeEqual } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { anyone } from '../access/access.ts'
import type { Files, LinkOptions, Range } from '../files/files.ts'
import { mount } from './http.ts'
import { Problem } from '../problem.ts'

/** A file as it goes out. */
export interface Download {
  readonly fileName: string
  readonly contentType: string
  readonly sizeBytes: number
  /** Changes with the content. */
  readonly tag: string
  read(range?: Range): Promise<Readable | undefined>
}

/** Streams a file, whole or the one range that is asked for (RFC 9110, 14), as an attachment that no browser runs. */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, file: Download): Promise<FastifyReply> {
  const tag = `"${file.tag}"`
  const { range: asked, 'if-range': unless = tag } = request.headers
  const known = request.headers['if-none-match'] === tag
  const bare = known || request.method === 'HEAD'
  const range = asked === undefined || unless !== tag || bare ? undefined : rangeOf(asked, file.sizeBytes)
  if (range === 'unsatisfiable') {
    reply.header('accept-ranges', 'bytes').header('content-range', `bytes */${file.sizeBytes}`)
    throw new Problem('range', 'range_unsatisfiable', { detail: `The file has ${file.sizeBytes} bytes.` })
  }
  const content = bare ? Readable.from([]) : await file.read(range)
  if (!content)
    throw new Problem('not_found', 'file_missing', { detail: 'The file is not there. Operators have been told.' })
  reply
    .header('accept-ranges', 'bytes')
    .header('etag', tag)
    .header('cache-control', 'private, no-cache')
    .header('content-disposition', contentDisposition(file.fileName))
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('x-content-type-options', 'nosniff')
    .type(inert(file.contentType))
  if (known) return await reply.code(304).send()
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.sizeBytes}`)
  return await reply.header('content-length', range ? range.end - range.start + 1 : file.sizeBytes).send(content)
}

/** What a browser could run leaves as mere bytes, even for one that ignores all the rest. */
const inert = (contentType: string): string =>
  /\/(html|xml|(x-)?javascript|ecmascript)\b|\+xml\b/i.test(contentType) ? 'application/octet-stream' : contentType

/**
 * One range as first and last byte; undefined for what may be ignored: other units, several ranges, what cannot be
 * read.
 */
function rangeOf(header: string, size: number): Range | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header.trim()) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  return start >= size || start > end ? 'unsatisfiable' : { start, end }
}

/** RFC 6266: the name in ASCII for old clients, and whole (RFC 8187) for all others. */
function contentDisposition(fileName: string): string {
  const ascii =
    fileName
      .normalize('NFKD')
      .replace(/[^\x20-\x7e]/g, '')
      .replace(/["\\%/;]/g, '_')
      .trim() || 'file'
  const whole = encodeURIComponent(fileName.toWellFormed()).replace(
    /['()*]/g,
    sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${whole}`
}

/** What links are signed with, and when it is. */
export interface LinkSigning {
  secret: Buffer
  publicUrl: string
  now: () => Date
}

const Link = {
  key: Type.String(),
  name: Type.String(),
  type: Type.String(),
  expires: Type.String(),
  size: Type.Optional(Type.String()),
  sha256: Type.Optional(Type.String()),
}

/**
 * Links to files that we serve ourselves, wherever the files lie: so names, types, expiry and what a browser may do
 * with them are ours, and no client has to reach the storage.
 */
export function signedLinks({ secret, publicUrl, now }: LinkSigning) {
  const signature = (query: string): Buffer => createHmac('sha256', secret).update(query).digest()
  return {
    link(key: string, { fileName, contentType, expiresAt, content }: LinkOptions): string {
      const query = new URLSearchParams({
        key,
        name: fileName,
        type: contentType,
        expires: String(expiresAt.getTime()),
        ...(content && { size: String(content.sizeBytes), sha256: content.sha256 }),
      }).toString()
      return `${publicUrl}/files/${signature(query).toString('base64url')}?${query}`
    },
    serve(app: FastifyInstance, files: Files): void {
      mount(app, ['/files'], 'documents').get(
        '/:signature',
        {
          config: { access: anyone },
          schema: {
            summary: 'A file by its signed link',
            honours: ['If-None-Match', 'Range'],
            refuses: ['link_invalid', 'link_expired', 'file_missing', 'file_damaged', 'files_unavailable'],
            params: Type.Object({ signature: Type.String() }),
            querystring: Type.Object(Link),
            hide: true,
          },
        },
        async (request, reply) => {
          const { key, name, type, expires, size, sha256 } = request.query
          const signed = { key, name, type, expires, ...(size && { size }), ...(sha256 && { sha256 }) }
          const expected = signature(new URLSearchParams(signed).toString())
          const given = Buffer.from(request.params.signature, 'base64url')
          if (given.length !== expected.length || !timingSafeEqual(given, expected))
            throw new Problem('forbidden', 'link_invalid', {
              detail: 'The link was changed or is not whole. Ask for a new one.',
            })
          if (Number(expires) <= now().getTime())
            throw new Problem('forbidden', 'link_expired', { detail: 'The link has expired. Ask for a new one.' })
          const there = await files.size(key)
          if (there === undefined) throw new Problem('not_found', 'file_missing')
          const content = size && sha256 ? { sizeBytes: Number(size), sha256 } : undefined
          return await sendFile(request, reply, {
            fileName: name,
            contentType: type,
            sizeBytes: content?.sizeBytes ?? there,
            tag: content?.sha256 ?? key.split('/').at(-1)!,
            read: range => files.read(key, range, content),
          })
        },
      )
    },
  }
}
