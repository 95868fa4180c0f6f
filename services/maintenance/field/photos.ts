import { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import Type from 'typebox'
import { DocumentUploaded } from '#contracts/documents'
import { PhotoTaken } from '#contracts/maintenance'
import { Id, type Owner } from '#contracts/shared'
import { newId, openTurns, paced, Problem, withRole, type Pace, type Actor, type Request } from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { comment, DoneAt, mayWork } from '../tickets/routes.ts'
import { findTicket } from '../tickets/store.ts'

/** A telephone's photo has a few megabytes. */
export const mostBytes = 20_000_000

/** What telephones take, by how it begins. */
const endings: readonly (readonly [ending: string, begins: RegExp])[] = [
  ['jpg', /^\xff\xd8\xff/],
  ['png', /^\x89PNG\r\n/],
  ['webp', /^RIFF[^]{4}WEBP/],
  ['heic', /^[^]{4}ftyp(heic|heix|mif1|msf1)/],
]

const inTurn = openTurns()

/** The one file of a form. */
export const photoForm = [
  multipart,
  { limits: { files: 1, fields: 5, fileSize: mostBytes + 1 }, throwFileSizeLimit: false },
] as const

/** Photos of tickets for programs: the pages have a form of their own. */
export function photoRoutes(host: MaintenanceHost): void {
  host.http.scope((app, http) => {
    app.register(...photoForm)
    http.post(
      '/tickets/:id/photos',
      {
        config: { access: withRole('operator', 'technician') },
        schema: {
          summary: 'Add a photo to a ticket',
          description: 'JPEG, PNG, WebP or HEIC of up to 20 MB. It becomes a document of who owns the station.',
          honours: ['Idempotency-Key'],
          refuses: [
            'ticket_unknown',
            'ticket_closed',
            'editor_required',
            'photo_invalid',
            'form_invalid',
            'request_too_slow',
            'too_many_uploads',
            'file_too_large',
            'files_unavailable',
            'file_storage_full',
          ],
          consumes: ['multipart/form-data'],
          form: Type.Object({ photo: Type.String({ format: 'binary' }) }),
          params: Type.Object({ id: Id }),
          querystring: Type.Object({ at: DoneAt }, { additionalProperties: false, examples: [{}] }),
          response: { 201: Type.Object({ photoId: Id }, { title: 'TicketPhoto' }) },
        },
        bodyLimit: mostBytes + 65_536,
      },
      async (request, reply) => {
        const { actor, params, query } = request
        const photoId = await takePhoto(host, request as unknown as Request, actor, params.id, query.at)
        return await reply.code(201).send({ photoId })
      },
    )
  })
}

/**
 * Keeps the photo of a form with its ticket; sent again with its key it is the one that is there. Fails with
 * `ticket_unknown`, `ticket_closed`, `file_too_large`, `form_invalid`, `request_too_slow`, `too_many_uploads`, and
 * `photo_invalid` for what is none.
 */
export async function takePhoto(
  host: MaintenanceHost,
  request: Request,
  actor: Actor,
  ticketId: string,
  doneAt?: string,
): Promise<string> {
  const { db, files, now } = host
  const ticket = await findTicket(db, ticketId)
  if (!ticket || !mayWork(actor, ticket)) throw new Problem('not_found', 'ticket_unknown')
  const fileId = newId()
  const fileKey = `maintenance/${fileId}/${newId()}`
  const { ending, content } = await inTurn(request, () =>
    paced(request, async pace => {
      const { ending, whole } = await photoOf(request, pace)
      return { ending, content: await files.write(fileKey, whole, { maxBytes: mostBytes }) }
    }),
  )
  try {
    const { idempotency } = request
    const fingerprint = `${ticketId} ${content.sha256}`
    const kept = await db.once({ idempotency: idempotency && { ...idempotency, fingerprint } }, async tx => {
      const at = now()
      await comment(host, tx, ticketId, actor, {
        text: null,
        photos: [fileId],
        ...(doneAt !== undefined && { at: doneAt }),
      })
      await tx`
        insert into photos (id, ticket_id, file_key, taken_at) values (${fileId}, ${ticketId}, ${fileKey}, ${at})`
      const owner: Owner = ticket.owner ?? { kind: 'person', id: actor.userId }
      const { place, number } = ticket
      const fileName = `ticket-${number}-${at.toISOString().slice(0, 19).replaceAll(':', '')}.${ending}`
      const about = { fileId, ticketId, owner, place, fileKey, fileName, at: at.toISOString() }
      await tx.publish(PhotoTaken, { ...about, ...content })
      return fileId
    })
    // The answer to an earlier request: this file is one too many.
    if (kept !== fileId) await files.remove(fileKey)
    return kept
  } catch (error) {
    if (error instanceof Problem) await files.remove(fileKey)
    throw error
  }
}

async function photoOf(request: Request, pace: Pace): Promise<{ ending: string; whole: Readable }> {
  const part = request.isMultipart() ? await pace.wait(request.file()) : undefined
  if (!part || part.fieldname !== 'photo') throw new Problem('invalid', 'photo_invalid')
  const chunks = part.file[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  const first: Buffer[] = []
  for (let size = 0; size < 16;) {
    const { value } = await pace.wait(chunks.next())
    if (!value) break
    first.push(value)
    size += value.length
  }
  const head = Buffer.concat(first)
  const text = head.subarray(0, 16).toString('latin1')
  const ending = endings.find(([, begins]) => begins.test(text))?.[0]
  if (!ending) {
    part.file.resume()
    throw new Problem('invalid', 'photo_invalid')
  }
  const whole = Readable.from(
    (async function* () {
      yield head
      yield* pace.over(chunks as AsyncIterator<Buffer>)
    })(),
    { objectMode: false },
  )
  return { ending, whole }
}

/** What documents have taken in lies here no longer. */
export function handOver(host: MaintenanceHost): void {
  const remove = host.job(
    'remove a photo',
    async ({ fileKey }: { fileKey: string }) => await host.files.remove(fileKey),
  )
  host.on(
    DocumentUploaded,
    { id: 'photo', purpose: 'leave photos to documents', from: 'beginning', afterFailure: 'pass' },
    async ({ docId }, tx) => {
      const rows = await tx<{ fileKey: string }[]>`
        update photos p set file_key = null from photos before
        where p.id = ${docId} and before.id = p.id and before.file_key is not null
        returning before.file_key as "fileKey"`
      for (const { fileKey } of rows) await tx.enqueue(remove, { fileKey })
    },
  )
}
