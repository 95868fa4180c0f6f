import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Range } from '../files/files.ts'
import { Problem } from '../problem.ts'
import { isKnown, keepOnlyFor } from './preconditions.ts'

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
  const known = isKnown(request, tag)
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
    .header('content-disposition', contentDisposition(file.fileName))
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('x-content-type-options', 'nosniff')
    .type(inert(file.contentType))
  keepOnlyFor(reply)
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
