import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import multipart from '@fastify/multipart'
import { newId, paced, Problem, type Pace, type Request } from '#kernel'
import { requireAccepted } from './accepted.ts'
import { contentTypeOf, safeName, type Stored } from './documents.ts'
import type { DocumentsHost } from './host.ts'
import { requireNamed } from './names.ts'
import { packedTypeOf, type Lying } from './packed.ts'

/** What came with a multipart request: one file, stored already, and the fields beside it. */
export interface Upload {
  readonly stored: Stored
  readonly fileName: string
  readonly fields: Readonly<Record<string, string>>
}

/** How a form is read; `field` and `fileSize` are a little above our own limits, whose refusals say more. */
export const form = (maxBytes: number) =>
  [
    multipart,
    {
      limits: {
        files: 2,
        fields: 20,
        fieldNameSize: 100,
        fieldSize: 4_096,
        fileSize: maxBytes + 1,
        parts: 30,
        headerPairs: 50,
      },
      throwFileSizeLimit: false,
    },
  ] as const

/**
 * Streams the file of a form to storage, never whole in memory; fields may stand before it or after it. Whatever fails
 * leaves no file: not the client that goes away, not the one that sends too much. Fails with `form_invalid`,
 * `document_empty`, `document_too_large`, `document_type_mismatch`, `document_type_refused`, `request_too_slow`.
 */
export async function receive(
  host: DocumentsHost,
  request: Request,
  docId: string,
  accepted: readonly string[],
): Promise<Upload> {
  if (!request.isMultipart())
    throw new Problem('unsupported', 'content_type_unsupported', {
      detail: 'Send the file as multipart/form-data, in the field "file".',
    })
  const fields: Record<string, string> = {}
  let stored: Stored | undefined
  let fileName = 'file'
  try {
    await paced(request, async pace => {
      const parts = request.parts()
      for (let next = await pace.wait(parts.next()); !next.done; next = await pace.wait(parts.next())) {
        const part = next.value
        if (part.type === 'field') {
          if (part.valueTruncated || typeof part.value !== 'string') throw formFault(part.fieldname, 'is too long')
          if (part.fieldname in fields) throw formFault(part.fieldname, 'may be there once only')
          fields[part.fieldname] = part.value
        } else if (part.fieldname !== 'file')
          throw formFault(part.fieldname, 'is no field for a file; the file goes into "file"')
        else if (stored) throw formFault('file', 'may be there once only')
        else {
          fileName = safeName(part.filename)
          const maxBytes = host.settings.DOCUMENT_MAX_BYTES
          stored = await store(host, { pace, file: part.file, docId, maxBytes }, type => {
            requireAccepted(type, accepted)
            requireNamed(fileName, type)
          })
        }
      }
    })
  } catch (error) {
    if (stored) await host.files.remove((stored as Stored).fileKey)
    if (error instanceof Problem && error.code === 'file_too_large')
      throw new Problem('too_large', 'document_too_large', error.details)
    throw error
  }
  if (!stored) throw formFault('file', 'is required')
  return { stored, fileName, fields }
}

interface Incoming {
  readonly pace: Pick<Pace, 'wait' | 'over'>
  readonly file: Readable
  readonly docId: string
  readonly maxBytes: number
}

/** Streams a file to storage, never whole in memory, and tells its type by its content. */
export async function store(
  host: DocumentsHost,
  { pace, file, docId, maxBytes }: Incoming,
  requireFit: (contentType: string) => void,
): Promise<Stored> {
  const fileKey = `documents/${docId}/${newId()}`
  const { head, whole } = await peek(file, pace)
  const told = await contentTypeOf(head.subarray(0, headBytes))
  const isPacked = told === 'application/zip'
  if (!isPacked) requireFit(told)
  const content = await host.files.write(fileKey, whole, { maxBytes })
  if (!isPacked) return { fileKey, contentType: told, ...content }
  try {
    const contentType = (await packedTypeOf(lying(host, fileKey, content.sizeBytes))) ?? told
    requireFit(contentType)
    return { fileKey, contentType, ...content }
  } catch (error) {
    await host.files.remove(fileKey)
    throw error
  }
}

const lying = ({ files }: DocumentsHost, fileKey: string, sizeBytes: number): Lying => ({
  sizeBytes,
  read: async (start, end) => await buffer((await files.read(fileKey, { start, end })) ?? Readable.from([])),
})

/** By as much as that types are told, however the bytes were cut on their way. */
const headBytes = 65_536

/** The beginning, by which types are told, and the whole again from its first byte on. */
async function peek(source: Readable, pace: Incoming['pace']): Promise<{ head: Buffer; whole: Readable }> {
  const chunks: Buffer[] = []
  let size = 0
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  while (size < headBytes) {
    const { value } = await pace.wait(iterator.next())
    if (!value) break
    chunks.push(value)
    size += value.length
  }
  const head = Buffer.concat(chunks)
  const whole = Readable.from(
    (async function* () {
      yield head
      yield* pace.over(iterator)
    })(),
    { objectMode: false },
  )
  return { head, whole }
}

const formFault = (field: string, detail: string): Problem =>
  new Problem('invalid', 'form_invalid', {
    detail: `The field "${field}" ${detail}.`,
    errors: [{ pointer: `/${field}`, detail }],
  })
