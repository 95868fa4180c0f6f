import Type from 'typebox'
import { DocumentUploaded } from '#contracts/documents'
import {
  authorise,
  formOf,
  newId,
  openTurns,
  ownerFor,
  Problem,
  requireMatch,
  signedIn,
  type Request,
  type Tx,
} from '#kernel'
import { acceptedTypes } from './accepted.ts'
import { editable, ownerByPassport, ownerNow, readersFor, requireReplaceable } from './access.ts'
import { fresh, replaceFile, requireProvable, uploaded, view, type Document } from './documents.ts'
import type { DocumentsHost, RemoveFile, ScanFile } from './host.ts'
import { findDocument, insertDocument, updateDocument } from './store.ts'
import { form, receive, type Upload } from './upload.ts'
import { DocumentView, fields, params } from './view.ts'

const FileForm = Type.Object({ file: Type.String({ format: 'binary' }) })
const UploadForm = Type.Object({ ...FileForm.properties, ...Type.Partial(Type.Object(fields)).properties })

/** Routes that take a file; it waits for `scanFile` where there is one. */
export function uploadRoutes(host: DocumentsHost, removeFile: RemoveFile, scanFile: ScanFile | undefined): void {
  const { db, files, now } = host
  const config = { access: signedIn }
  const inTurn = openTurns()
  const accepted = acceptedTypes(host.settings.DOCUMENT_TYPES)

  const inLine = async (tx: Tx, { fileKey }: Document): Promise<void> => {
    if (scanFile) await tx.enqueue(scanFile, { fileKey }, { key: fileKey })
  }

  host.http.scope((app, http) => {
    app.register(...form(host.settings.DOCUMENT_MAX_BYTES))

    http.post(
      '/upload',
      {
        config,
        schema: {
          summary: 'Upload a document',
          description: 'Streamed; the fields may stand before or after the file.',
          honours: ['Idempotency-Key'],
          gives: ['ETag', 'Location'],
          refuses: [
            'form_invalid',
            'request_too_slow',
            'too_many_uploads',
            'document_empty',
            'document_too_large',
            'document_type_mismatch',
            'document_type_refused',
            'document_attribute_unfit',
            'editor_required',
            'passport_unknown',
            'files_unavailable',
            'files_held',
            'file_storage_full',
          ],
          consumes: ['multipart/form-data'],
          form: UploadForm,
          response: { 201: DocumentView },
        },
      },
      async (request, reply) => {
        const docId = newId()
        const upload = await inTurn(request, () => receive(host, request, docId, accepted))
        const kept = await keepOrRemove(host, upload, async () => {
          const { title, kind = 'other', attribute = null, language, passportId } = ofUpload(filled(upload.fields))
          requireProvable({ kind, attribute })
          const owner = passportId ? await ownerByPassport(host, request.actor, passportId) : ownerFor(request.actor)
          const at = now()
          const document: Document = {
            id: docId,
            owner,
            passportId: passportId ?? null,
            fileName: upload.fileName,
            title: title ?? upload.fileName,
            kind,
            attribute,
            language: language ?? null,
            ...upload.stored,
            ...fresh(Boolean(scanFile), at),
            version: 1,
            createdAt: at,
            updatedAt: at,
          }
          return await db.once(identified(request, upload), async tx => {
            const kept = { ...document, owner: passportId ? await ownerNow(tx, passportId, owner) : owner }
            await insertDocument(tx, kept)
            await tx.publish(DocumentUploaded, uploaded(kept))
            await inLine(tx, kept)
            return view(kept)
          })
        })
        // The answer to an earlier request: this one's file is one too many.
        if (kept.docId !== docId) await files.remove(upload.stored.fileKey)
        return await reply.code(201).header('location', `/api/documents/${kept.docId}`).header('etag', '"1"').send(kept)
      },
    )

    http.put(
      '/:docId/file',
      {
        config,
        schema: {
          summary: 'Replace the file of a document',
          description: 'A published passport keeps its documents (Regulation (EU) 2023/1542, Art. 77).',
          honours: ['If-Match'],
          refuses: [
            'form_invalid',
            'request_too_slow',
            'too_many_uploads',
            'document_empty',
            'document_too_large',
            'document_type_mismatch',
            'document_type_refused',
            'document_unknown',
            'document_kept',
            'editor_required',
            'files_unavailable',
            'files_held',
            'file_storage_full',
          ],
          params,
          consumes: ['multipart/form-data'],
          form: FileForm,
          response: { 200: DocumentView },
        },
      },
      async (request, reply) => {
        const { docId } = request.params
        const found = await findDocument(db, docId)
        const readers = await readersFor(host, request.actor, docId, found)
        // Before a hundred megabytes are taken in for nothing.
        authorise(request.actor, 'write', found && { owner: found.owner, readers }, 'document_unknown')
        requireMatch(request, found!.version)
        await requireReplaceable(host, found)
        const upload = await inTurn(request, () => receive(host, request, docId, accepted))
        const document = await keepOrRemove(host, upload, async () => {
          ofFile(filled(upload.fields))
          return await db.transaction(async tx => {
            const before = await editable(tx, request.actor, readers, docId)
            requireMatch(request, before.version)
            const at = now()
            const file = { ...upload.stored, ...fresh(Boolean(scanFile), at) }
            const after = replaceFile(before, file, upload.fileName, at)
            await updateDocument(tx, after)
            await tx.publish(DocumentUploaded, uploaded(after))
            await tx.enqueue(removeFile, { fileKey: before.fileKey })
            await inLine(tx, after)
            return after
          })
        })
        return await reply.header('etag', `"${document.version}"`).send(view(document))
      },
    )
  })
}

/** The file stays only if what it was for happens. */
async function keepOrRemove<T>({ files }: DocumentsHost, { stored }: Upload, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // Without an answer to the commit nobody knows; then the row decides, later.
    if (error instanceof Problem) await files.remove(stored.fileKey)
    throw error
  }
}

/** The same key with another file, or other fields, is another request. */
const identified = ({ idempotency }: Pick<Request, 'idempotency'>, { stored, fileName, fields: given }: Upload) => ({
  idempotency: idempotency && {
    ...idempotency,
    fingerprint: JSON.stringify([stored.sha256, fileName, Object.entries(given).sort()]),
  },
})

const ofUpload = formOf(Type.Partial(Type.Object(fields)))
const ofFile = formOf(Type.Object({}))

/** Empty fields of a form are as good as none. */
const filled = (given: Upload['fields']) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
