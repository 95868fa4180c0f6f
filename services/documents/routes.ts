import Type, { type Static } from 'typebox'
import { DocumentDeleted, DocumentUpdated, DocumentUploaded } from '#contracts/documents'
import { getPassportAccess } from '#contracts/passports'
import { Id, Instant, type Owner } from '#contracts/shared'
import {
  authorise,
  cursorOf,
  isId,
  isInstant,
  mayRead,
  newId,
  ownerFor,
  Page,
  page,
  pageQuery,
  partiesOf,
  Problem,
  requireMatch,
  sendFile,
  signedIn,
  type Actor,
  type Range,
  type Request,
} from '#kernel'
import { describe, replaceFile, safeName, told, view, type Document } from './documents.ts'
import type { DocumentsHost, RemoveFile } from './service.ts'
import {
  deleteDocument,
  findDocument,
  insertDocument,
  listDocuments,
  lockDocument,
  lockPassport,
  updateDocument,
} from './store.ts'
import { form, receive, type Upload } from './upload.ts'

const DocumentView = Type.Object(
  {
    docId: Id,
    fileName: Type.String({ examples: ['declaration-of-conformity.pdf'] }),
    title: Type.String({ examples: ['EU declaration of conformity'] }),
    kind: Type.String({ examples: ['declaration-of-conformity'] }),
    language: Type.Union([Type.String(), Type.Null()], { examples: ['en'] }),
    contentType: Type.String({ examples: ['application/pdf'], description: 'By content, not by name' }),
    sizeBytes: Type.Integer({ examples: [182_044] }),
    sha256: Type.String({ examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] }),
    passportId: Type.Union([Id, Type.Null()]),
    createdAt: Instant,
  },
  { title: 'Document' },
)

const LinkedDocument = Type.Object(
  {
    ...DocumentView.properties,
    url: Type.String({
      examples: ['http://localhost:8080/files/…'],
      description: 'Gives the file to whoever has it, for five minutes',
    }),
    urlExpiresAt: Instant,
  },
  { title: 'LinkedDocument' },
)

const fields = {
  title: Type.String({ minLength: 1, maxLength: 200, examples: ['EU declaration of conformity'] }),
  kind: Type.String({
    pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
    examples: ['declaration-of-conformity'],
    description:
      'As declaration-of-conformity, test-report, manual, safety-sheet, due-diligence, other; small letters, digits and hyphens',
  }),
  language: Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', examples: ['en'], description: 'BCP 47' }),
  passportId: Id,
}

const FileForm = Type.Object({ file: Type.String({ format: 'binary' }) })
const UploadForm = Type.Object({ ...FileForm.properties, ...Type.Partial(Type.Object(fields)).properties })

const Changes = Type.Partial(
  Type.Object({
    ...fields,
    fileName: Type.String({ minLength: 1, maxLength: 200, examples: ['declaration.pdf'] }),
    language: Type.Union([fields.language, Type.Null()]),
    passportId: Type.Union([Id, Type.Null()], { description: 'null takes it off its passport' }),
  }),
  { minProperties: 1 },
)

const params = Type.Object({ docId: Id })
const lifeOfLink = 5 * 60_000

export function routes(host: DocumentsHost, removeFile: RemoveFile): void {
  const { db, files, now } = host
  const config = { access: signedIn }

  /** Whose a passport is and who reads it; undefined for one that is not there. */
  const accessOf = (passportId: string) =>
    host.ask(getPassportAccess, { passportId }).catch(error => {
      if (error instanceof Problem && error.kind === 'not_found') return undefined
      throw error
    })

  /** The document for one who may read it: as its owner, or as a reader of its passport. */
  async function readable(actor: Actor, docId: string): Promise<Document> {
    const document = await findDocument(db, docId)
    const readers = await readersFor(actor, docId, document)
    authorise(actor, 'read', document && { owner: document.owner, readers }, 'document_unknown')
    return document!
  }

  /** The document for one who may change it, locked; a reader of its passport learns that it is there. */
  async function editable(
    tx: Parameters<typeof lockDocument>[0],
    actor: Actor,
    readers: readonly Owner[],
    docId: string,
  ): Promise<Document> {
    const document = await lockDocument(tx, docId)
    authorise(actor, 'write', document && { owner: document.owner, readers }, 'document_unknown')
    return document!
  }

  /**
   * Who beside its owner reads a document. What is not there is asked for too, so that it takes as long as what is
   * somebody else's.
   */
  async function readersFor(actor: Actor, docId: string, document: Document | undefined): Promise<readonly Owner[]> {
    if (document && mayRead(actor, document)) return []
    return (await accessOf(document?.passportId ?? docId))?.readers ?? []
  }

  /** Who owns what is attached to the passport. Fails with `passport_unknown`, and for one who may only read it. */
  async function ownerByPassport(actor: Actor, passportId: string): Promise<Owner> {
    const access = await accessOf(passportId)
    authorise(actor, 'write', access, 'passport_unknown')
    return access!.owner
  }

  const linked = async (document: Document) => {
    const expiresAt = new Date(now().getTime() + lifeOfLink)
    const { fileName, contentType, sizeBytes, sha256 } = document
    const url = await files.link(document.fileKey, { fileName, contentType, expiresAt, content: { sizeBytes, sha256 } })
    return { ...view(document), url, urlExpiresAt: expiresAt.toISOString() }
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
            'document_empty',
            'document_too_large',
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
        const upload = await receive(host, request, docId)
        const kept = await keepOrRemove(upload, async () => {
          const { title, kind = 'other', language, passportId } = checkedFields(upload.fields)
          const owner = passportId ? await ownerByPassport(request.actor, passportId) : ownerFor(request.actor)
          const at = now()
          const document: Document = {
            id: docId,
            owner,
            passportId: passportId ?? null,
            fileName: upload.fileName,
            title: title ?? upload.fileName,
            kind,
            language: language ?? null,
            ...upload.stored,
            version: 1,
            missingSince: null,
            createdAt: at,
            updatedAt: at,
          }
          return await db.once(identified(request, upload), async tx => {
            await requirePassport(tx, document.passportId)
            await insertDocument(tx, document)
            await tx.publish(DocumentUploaded, uploaded(document))
            return view(document)
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
          honours: ['If-Match'],
          refuses: [
            'form_invalid',
            'document_empty',
            'document_too_large',
            'document_unknown',
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
        const readers = await readersFor(request.actor, docId, found)
        // Before a hundred megabytes are taken in for nothing.
        authorise(request.actor, 'write', found && { owner: found.owner, readers }, 'document_unknown')
        requireMatch(request, found!.version)
        const upload = await receive(host, request, docId)
        const document = await keepOrRemove(upload, async () => {
          checkedFields(upload.fields, {})
          return await db.transaction(async tx => {
            const before = await editable(tx, request.actor, readers, docId)
            requireMatch(request, before.version)
            const after = replaceFile(before, upload.stored, upload.fileName, now())
            await updateDocument(tx, after)
            await tx.publish(DocumentUploaded, uploaded(after))
            await tx.enqueue(removeFile, { fileKey: before.fileKey })
            return after
          })
        })
        return await reply.header('etag', `"${document.version}"`).send(view(document))
      },
    )
  })

  host.http.get(
    '/',
    {
      config,
      schema: {
        summary: 'Documents, the newest first',
        refuses: ['passport_unknown'],
        querystring: Type.Object({ ...pageQuery, passportId: Type.Optional(Id) }),
        response: { 200: Page(DocumentView) },
      },
    },
    async ({ actor, query }) => {
      const { limit, passportId } = query
      const after = cursorOf(query.after, isInstant, isId)
      if (passportId) authorise(actor, 'read', await accessOf(passportId), 'passport_unknown')
      const rows = await listDocuments(db, passportId ? { passportId } : { owners: partiesOf(actor) }, limit + 1, after)
      return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], view)
    },
  )

  host.http.get(
    '/:docId',
    {
      config,
      schema: {
        summary: 'A document with a short-lived link, or with ?download=1 its file',
        honours: ['If-None-Match', 'Range'],
        refuses: ['document_unknown', 'document_file_missing', 'file_missing', 'file_damaged', 'files_unavailable'],
        params,
        querystring: Type.Object({
          download: Type.Optional(Type.Enum(['1', 'true'], { description: 'Streams the file; ranges are honoured' })),
        }),
        response: { 200: LinkedDocument },
        produces: ['application/octet-stream'],
      },
    },
    async (request, reply) => {
      const document = await readable(request.actor, request.params.docId)
      const { fileName, contentType, sizeBytes, sha256, fileKey, missingSince } = document
      const { download } = request.query
      if ((download || missingSince) && (await files.size(fileKey)) === undefined) {
        host.log.error({ docId: document.id }, 'the file of a document is not there')
        throw new Problem('not_found', 'document_file_missing', {
          detail: 'The file of this document is not there. Operators have been told.',
        })
      }
      if (!download) {
        // Never "not modified": the link that the client had would be one that has expired.
        reply.header('etag', `"${document.version}"`).header('cache-control', 'private, no-store')
        return await linked(document)
      }
      // The schema describes the document; its file leaves as it is.
      reply.serializer(payload => payload as string)
      const read = (range?: Range) => files.read(fileKey, range, { sizeBytes, sha256 })
      return await sendFile(request, reply, { fileName, contentType, sizeBytes, tag: sha256, read })
    },
  )

  host.http.put(
    '/:docId',
    {
      config,
      schema: {
        summary: 'Change what is known about a document',
        honours: ['If-Match'],
        refuses: ['document_unknown', 'passport_unknown', 'editor_required'],
        params,
        body: Changes,
        response: { 200: DocumentView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { docId } = request.params
      const readers = await readersFor(actor, docId, await findDocument(db, docId))
      const attached = body.passportId ? await ownerByPassport(actor, body.passportId) : undefined
      const document = await db.transaction(async tx => {
        const before = await editable(tx, actor, readers, docId)
        requireMatch(request, before.version)
        await requirePassport(tx, body.passportId ?? null)
        const after = describe(before, { ...body, ...(body.fileName && { fileName: safeName(body.fileName) }) }, now())
        const moved = attached ? { ...after, owner: attached } : after
        await updateDocument(tx, moved)
        await tx.publish(DocumentUpdated, told(moved))
        return moved
      })
      return await reply.header('etag', `"${document.version}"`).send(view(document))
    },
  )

  host.http.delete(
    '/:docId',
    {
      config,
      schema: {
        summary: 'Delete a document and its file',
        honours: ['If-Match'],
        refuses: ['document_unknown', 'editor_required'],
        params,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { docId } = request.params
      const readers = await readersFor(request.actor, docId, await findDocument(db, docId))
      await db.transaction(async tx => {
        const document = await editable(tx, request.actor, readers, docId)
        requireMatch(request, document.version)
        await deleteDocument(tx, document.id)
        await tx.publish(DocumentDeleted, told(document))
        await tx.enqueue(removeFile, { fileKey: document.fileKey })
      })
      return await reply.code(204).send()
    },
  )

  /** The file stays only if what it was for happens. */
  async function keepOrRemove<T>({ stored }: Upload, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      // Without an answer to the commit nobody knows; then the row decides, later.
      if (error instanceof Problem) await files.remove(stored.fileKey)
      throw error
    }
  }
}

async function requirePassport(tx: Parameters<typeof lockPassport>[0], passportId: string | null): Promise<void> {
  if (passportId && !(await lockPassport(tx, passportId))) throw new Problem('not_found', 'passport_unknown')
}

const uploaded = (document: Document) => {
  const { title, kind, contentType, sizeBytes, sha256 } = document
  return { ...told(document), title, kind, contentType, sizeBytes, sha256 }
}

/** The same key with another file, or other fields, is another request. */
const identified = ({ idempotency }: Pick<Request, 'idempotency'>, { stored, fileName, fields: given }: Upload) => ({
  idempotency: idempotency && {
    ...idempotency,
    fingerprint: JSON.stringify([stored.sha256, fileName, Object.entries(given).sort()]),
  },
})

/** The fields beside a file, held to what a body would be; empty ones are as good as none. */
function checkedFields(given: Upload['fields'], known: object = fields): Partial<Record<keyof typeof fields, string>> {
  const errors = Object.entries(given).flatMap(([name, value]) => {
    const schema = (known as Record<string, { pattern?: string; maxLength?: number; format?: string }>)[name]
    if (!schema) return [{ pointer: `/${name}`, detail: 'is not a field of this form' }]
    if (value === '') return []
    if (schema.format === 'uuid' && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value))
      return [{ pointer: `/${name}`, detail: 'must be a UUID' }]
    if (schema.pattern && !new RegExp(schema.pattern).test(value))
      return [{ pointer: `/${name}`, detail: `must match ${schema.pattern}` }]
    if (value.length > (schema.maxLength ?? 200) || /\p{Cc}/u.test(value) || !value.isWellFormed())
      return [{ pointer: `/${name}`, detail: 'must be one line of at most 200 characters' }]
    return []
  })
  if (errors.length > 0)
    throw new Problem('invalid', 'request_invalid', {
      detail: errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; '),
      errors,
    })
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
}

export type DocumentView = Static<typeof DocumentView>
