import Type, { type Static } from 'typebox'
import { DocumentDeleted, DocumentUpdated } from '#contracts/documents'
import { Id, Instant } from '#contracts/shared'
import {
  anyoneAsThemselves,
  authorise,
  Count,
  counted,
  countQuery,
  createdIn,
  createdQuery,
  cursorOf,
  isId,
  isInstant,
  listQuery,
  Page,
  page,
  partiesOf,
  Problem,
  requireMatch,
  sendFile,
  signedIn,
  changedQuery,
  changedIn,
  type Actor,
  type Range,
} from '#kernel'
import { may } from '#law'
import {
  editable,
  openTo,
  ownerByPassport,
  ownerNow,
  readable,
  readersFor,
  readsAll,
  requireReplaceable,
  tierOf,
} from './access.ts'
import { describe, requireProvable, requireReleased, safeName, told, view, type Document } from './documents.ts'
import type { DocumentsHost, RemoveFile, ScanFile } from './host.ts'
import { requireNamed } from './names.ts'
import { noteReading } from './readings.ts'
import { moveRoutes } from './routes-move.ts'
import { uploadRoutes } from './routes-upload.ts'
import { countDocuments, deleteDocument, findDocument, listDocuments, updateDocument, type Wanted } from './store.ts'
import { DocumentView, fields, params } from './view.ts'

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

const Changes = Type.Partial(
  Type.Object({
    ...fields,
    // Made one line by `safeName`.
    fileName: Type.String({ minLength: 1, maxLength: 200, examples: ['declaration.txt'] }),
    language: Type.Union([fields.language, Type.Null()]),
    attribute: Type.Union([fields.attribute, Type.Null()], { description: 'null: as its kind tells' }),
    passportId: Type.Union([Id, Type.Null()], { description: 'null takes it off its passport' }),
  }),
  { minProperties: 1 },
)

const filters = {
  passportId: Type.Optional(Id),
  owner: Type.Optional({ ...Id, description: 'Only those of this person or organisation' }),
  kind: Type.Optional(fields.kind),
  language: Type.Optional({ ...fields.language, description: 'BCP 47, whatever its case' }),
  ...createdQuery,
  ...changedQuery,
}
type Filters = Static<ReturnType<typeof countQuery<typeof filters>>>

/** Of whatever type a file is: those that most are, and the ranges that all others are in. */
const typesOfFiles = [
  'application/pdf',
  'application/zip',
  'application/octet-stream',
  ...['application', 'audio', 'font', 'image', 'model', 'text', 'video'].map(range => `${range}/*`),
]

const nobody = (): Problem =>
  new Problem('unauthenticated', 'token_missing', {
    detail: 'Nothing of this is public. Sign in and send the access token as "Authorization: Bearer …".',
  })

const lifeOfLink = 5 * 60_000

export function routes(host: DocumentsHost, removeFile: RemoveFile, scanFile: ScanFile | undefined): void {
  const { db, files, now } = host
  const config = { access: signedIn }

  /** What a query asks for, as far as it is for who asks. */
  async function wanted(visitor: Actor | undefined, query: Filters, route: string): Promise<Wanted> {
    const { passportId, owner, kind, language } = query
    const asked = { passportId, kind, language, created: createdIn(query), changed: changedIn(query) }
    if (passportId) {
      const tier = await tierOf(host, visitor, passportId)
      if (!tier) throw visitor ? new Problem('not_found', 'passport_unknown') : nobody()
      await noteReading(host, { passportId }, visitor, tier, route)
      const others = readsAll(tier) ? {} : ({ open: openTo(tier, now()), released: true } as const)
      return { ...asked, owners: owner ? [owner] : undefined, ...others }
    }
    if (!visitor) throw nobody()
    const parties = visitor.role === 'admin' ? undefined : partiesOf(visitor)
    const owners = owner ? [owner].filter(id => parties?.includes(id) ?? true) : partiesOf(visitor)
    return { ...asked, owners }
  }

  /** Whoever has it follows the link; it ends at the latest with the reading of who asked for it. */
  const linked = async (document: Document, until = Infinity) => {
    const expiresAt = new Date(Math.min(now().getTime() + lifeOfLink, until))
    const { fileName, contentType, sizeBytes, sha256 } = document
    const url = await files.link(document.fileKey, { fileName, contentType, expiresAt, content: { sizeBytes, sha256 } })
    return { ...view(document), url, urlExpiresAt: expiresAt.toISOString() }
  }

  uploadRoutes(host, removeFile, scanFile)
  moveRoutes(host)

  host.http.get(
    '/',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        summary: 'Documents, the newest first',
        description:
          'One’s own, and those of the organisation one acts for; with `passportId` those of the passport that are open ' +
          'to who asks by Annex XIII of Regulation (EU) 2023/1542, of a published one without a token too.',
        refuses: ['passport_unknown', 'token_missing'],
        querystring: listQuery(filters),
        response: { 200: Page(DocumentView) },
      },
    },
    async ({ visitor, query }) => {
      const { limit } = query
      const after = cursorOf(query.after, isInstant, isId)
      const rows = await listDocuments(db, await wanted(visitor, query, 'GET /api/documents'), limit + 1, after)
      return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], view)
    },
  )

  host.http.get(
    '/count',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        summary: 'How many documents a list has',
        refuses: ['passport_unknown', 'token_missing'],
        querystring: countQuery(filters),
        response: { 200: Count },
      },
    },
    async ({ visitor, query }) =>
      counted(await countDocuments(db, await wanted(visitor, query, 'GET /api/documents/count'))),
  )

  host.http.get(
    '/:docId',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        summary: 'A document with a short-lived link, or with ?download=1 its file',
        description:
          'For its owner; of a published passport for whom the point of Annex XIII opens it that it stands at, for ' +
          'everybody point 1. The link goes to whoever has it.',
        honours: ['If-None-Match', 'Range'],
        refuses: [
          'document_unknown',
          'token_missing',
          'action_closed',
          'document_in_quarantine',
          'document_infected',
          'document_file_missing',
          'file_missing',
          'file_damaged',
          'files_unavailable',
        ],
        params,
        querystring: Type.Object({
          download: Type.Optional(Type.Enum(['1', 'true'], { description: 'Streams the file; ranges are honoured' })),
        }),
        response: { 200: LinkedDocument },
        produces: typesOfFiles,
      },
    },
    async (request, reply) => {
      const { visitor, params } = request
      const { document, tier } = await readable(host, visitor, params.docId)
      // Its bytes come by a link too.
      if (tier && !may(tier.audiences, 'download'))
        throw new Problem('forbidden', 'action_closed', {
          detail: 'By the policy of the law you may see that it is there.',
        })
      if (tier)
        await noteReading(
          host,
          { passportId: document.passportId!, docId: document.id },
          visitor,
          tier,
          'GET /api/documents/:docId',
        )
      const { fileName, contentType, sizeBytes, sha256, fileKey, missingSince } = document
      const { download } = request.query
      if (download) requireReleased(document)
      if ((download || missingSince) && (await files.size(fileKey)) === undefined) {
        host.log.error({ docId: document.id }, 'the file of a document is not there')
        throw new Problem('not_found', 'document_file_missing', {
          detail: 'The file of this document is not there. Operators have been told.',
        })
      }
      if (!download) {
        // Never "not modified": the link that the client had would be one that has expired.
        reply.header('etag', `"${document.version}"`).header('cache-control', 'private, no-store')
        return await linked(document, tier?.until === undefined ? undefined : Date.parse(tier.until))
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
        refuses: [
          'document_unknown',
          'passport_unknown',
          'editor_required',
          'document_kept',
          'document_type_mismatch',
          'document_attribute_unfit',
        ],
        params,
        body: Changes,
        response: { 200: DocumentView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { docId } = request.params
      const found = await findDocument(db, docId)
      const readers = await readersFor(host, actor, docId, found)
      authorise(actor, 'write', found && { owner: found.owner, readers }, 'document_unknown')
      const leaves = body.passportId !== undefined && body.passportId?.toLowerCase() !== found!.passportId
      if (leaves) await requireReplaceable(host, found)
      const attached = body.passportId ? await ownerByPassport(host, actor, body.passportId) : undefined
      const document = await db.transaction(async tx => {
        const before = await editable(tx, actor, readers, docId)
        requireMatch(request, before.version)
        const owner = attached && (await ownerNow(tx, body.passportId!, attached))
        const after = describe(before, { ...body, ...(body.fileName && { fileName: safeName(body.fileName) }) }, now())
        if (after.fileName !== before.fileName) requireNamed(after.fileName, before.contentType, '/fileName')
        requireProvable(after)
        const moved = owner ? { ...after, owner } : after
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
        description: 'A published passport keeps its documents (Regulation (EU) 2023/1542, Art. 77).',
        refuses: ['document_unknown', 'editor_required', 'document_kept'],
        params,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { docId } = request.params
      const found = await findDocument(db, docId)
      const readers = await readersFor(host, request.actor, docId, found)
      authorise(request.actor, 'write', found && { owner: found.owner, readers }, 'document_unknown')
      await requireReplaceable(host, found)
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
}
