import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import Type from 'typebox'
import { anyone, newId, openTurns, paced, Problem, type Pace, type Request } from '#kernel'
import type { OcppHost } from '../host.ts'
import { tellStored } from './filing.ts'
import { findByToken, noteStored, type Stored, type Transfer } from './store.ts'

/** Bytes a second: a charger may stand where there is hardly a network. */
const leastRate = 32
/** How long a charger may bring a file after it was asked for it. */
const lifeMs = 24 * 3_600_000

const inTurn = openTurns()
const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** An address that takes one file. */
export function uploadAddress({ platform, now }: OcppHost) {
  const token = randomBytes(24).toString('base64url')
  return {
    location: `${platform.publicUrl}/api/ocpp/uploads/${token}`,
    token: { digest: digestOf(token), until: new Date(now().getTime() + lifeMs) },
  }
}

/** Takes the files that chargers bring, as they are or in a form; 1.6 puts the name of the file behind the address. */
export function uploadRoutes(host: OcppHost): void {
  host.http.scope((app, http) => {
    const maxBytes = host.settings.OCPP_MAX_UPLOAD
    app.removeAllContentTypeParsers()
    app.register(multipart, { limits: { files: 1, fileSize: maxBytes + 1 }, throwFileSizeLimit: false })
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    for (const method of ['put', 'post'] as const)
      for (const name of ['', '/:fileName'])
        http[method](
          `/uploads/:token${name}`,
          {
            config: { access: anyone },
            schema: {
              summary: 'Bring a file that a charger was asked for, once',
              description: 'As it is, or in a form. The name of the file may follow the address.',
              refuses: [
                'upload_unknown',
                'upload_empty',
                'form_invalid',
                'request_too_slow',
                'too_many_uploads',
                'file_too_large',
                'files_unavailable',
                'file_storage_full',
              ],
              consumes: ['application/octet-stream', 'multipart/form-data'],
              params: Type.Object({
                token: Type.String({ minLength: 1, maxLength: 100, examples: ['kJ3…'] }),
                ...(name && { fileName: Type.String({ maxLength: 255 }) }),
              }),
              response: { 204: Type.Null() },
              ...(name && { hide: true }),
            },
            bodyLimit: maxBytes + 65_536,
          },
          async (request, reply) => {
            const { token, fileName } = request.params as { token: string; fileName?: string }
            await take(host, request as Request, token, fileName)
            return reply.code(204).send()
          },
        )
  })
}

async function take({ db, files, now, settings }: OcppHost, request: Request, token: string, named?: string) {
  const transfer = await findByToken(db, digestOf(token))
  if (!transfer || transfer.fileKey || transfer.tokenUntil! < now())
    throw new Problem('not_found', 'upload_unknown', { detail: 'There is no such address, or no more.' })
  const fileKey = `ocpp/${transfer.id}/${newId()}`
  const { content, fileName, contentType } = await inTurn(request, () =>
    paced(
      request,
      async pace => {
        const { stream, ...about } = await fileOf(request, pace)
        return { ...about, content: await files.write(fileKey, stream, { maxBytes: settings.OCPP_MAX_UPLOAD }) }
      },
      leastRate,
    ),
  )
  try {
    if (content.sizeBytes === 0) throw new Problem('invalid', 'upload_empty')
    const name = plainName(named ?? fileName ?? transfer.fileName ?? nameFor(transfer))
    const stored: Stored = { ...content, fileKey, fileName: name, contentType }
    const isFirst = await db.transaction(async tx => {
      if (!(await noteStored(tx, transfer.id, stored, now()))) return false
      await tellStored(tx, transfer, stored, now())
      return true
    })
    if (!isFirst) throw new Problem('not_found', 'upload_unknown', { detail: 'The file is here already.' })
  } catch (error) {
    if (error instanceof Problem) await files.remove(fileKey)
    throw error
  }
}

async function fileOf(
  request: Request,
  pace: Pace,
): Promise<{ stream: Readable; fileName?: string; contentType: string }> {
  const paced = (source: Readable): Readable =>
    Readable.from(pace.over(source[Symbol.asyncIterator]()), { objectMode: false })
  const type = request.headers['content-type'] ?? 'application/octet-stream'
  if (!request.isMultipart())
    return {
      stream: paced((request.body as Readable | undefined) ?? Readable.from([])),
      contentType: type.slice(0, 200),
    }
  const part = await pace.wait(request.file())
  if (!part) throw new Problem('invalid', 'upload_empty')
  return { stream: paced(part.file), fileName: part.filename, contentType: part.mimetype.slice(0, 200) }
}

const nameFor = ({ kind, askedAt }: Transfer): string => `${kind}-${askedAt.toISOString().slice(0, 10)}`

/** One name, without a path and what no file is called by. */
const plainName = (name: string): string =>
  name
    .split(/[/\\]/)
    .at(-1)!
    .replaceAll(/[\p{C}"*:<>?|]/gu, '_')
    .slice(0, 200) || 'file'
