import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { Id, Instant } from '#contracts/shared'
import { anyone, fail, isId, isInstant, placeOf, Problem, sendFile, listRoutes, createdIn } from '#kernel'
import { editors, found, freshEditors, One, OneQuery } from '../articles/access.ts'
import type { ContentHost } from '../host.ts'
import { applicationFields, applicationForm, apply, remove, type RemoveFile } from './applying.ts'
import { findApplication, listApplications, type Application } from './store.ts'

const Receipt = Type.Object({ id: Id, receivedAt: Instant }, { title: 'ApplicationReceipt' })
const View = Type.Object(
  {
    id: Id,
    jobId: Id,
    name: Type.String({ examples: ['Grace Hopper'] }),
    email: Type.String({ examples: ['grace@example.com'] }),
    message: Type.String(),
    fileName: Type.Union([Type.String(), Type.Null()], { examples: ['cv.pdf'] }),
    sizeBytes: Type.Union([Type.Integer(), Type.Null()]),
    receivedAt: Instant,
  },
  { title: 'Application' },
)
const view = ({ fileKey: _, filedAt: _at, receivedAt, ...application }: Application) => ({
  ...application,
  receivedAt: receivedAt.toISOString(),
})
const ById = Type.Object({ id: Id })

/** Who applies, and what becomes of it. */
export function jobRoutes(host: ContentHost, removeFile: RemoveFile): void {
  const { db, files, cache } = host
  const applicants = cache.limit('applications by place', { points: 10, seconds: 3_600 })

  host.http.scope((app, http) => {
    app.register(...applicationForm(host.settings.CONTENT_APPLICATION_MAX_BYTES))
    http.post(
      '/jobs/:slug/apply',
      {
        config: { access: anyone },
        schema: {
          summary: 'Apply for a job',
          description: 'With a PDF, Word or OpenDocument text if one likes. It is kept as long as the law lets.',
          refuses: [
            'article_unknown',
            'job_closed',
            'form_invalid',
            'request_too_slow',
            'too_many_uploads',
            'application_file_refused',
            'application_file_too_large',
            'files_unavailable',
            'file_storage_full',
            'too_many_requests',
          ],
          params: One,
          querystring: OneQuery,
          consumes: ['multipart/form-data'],
          form: Type.Object({ ...applicationFields, file: Type.Optional(Type.String({ format: 'binary' })) }),
          response: { 201: Receipt },
        },
        bodyLimit: host.settings.CONTENT_APPLICATION_MAX_BYTES + 131_072,
      },
      async (request, reply) => {
        await applicants.take(placeOf(request.ip))
        const job = await found(db, 'job', request.params.slug, undefined, request.query.language)
        // Applying asks nothing of the route's own parameters.
        const { id, receivedAt } = await apply(host, request as never, job)
        return reply.code(201).send({ id, receivedAt: receivedAt.toISOString() })
      },
    )
  })

  listRoutes(host.http, db, '/jobs/:slug/applications', {
    config: editors,
    schema: {
      summary: 'Who applied for a job, the latest first',
      of: 'applications',
      refuses: ['article_unknown'],
      params: One,
      filters: {},
      item: View,
    },
    wanted: async ({ actor, params, query }) => ({
      jobId: (await found(db, 'job', params.slug, actor)).id,
      received: createdIn(query),
    }),
    rows: (wanted, limit, after) => listApplications(db, wanted, limit, after as [string, string] | undefined),
    order: [isInstant, isId],
    keysOf: ({ receivedAt, id }) => [receivedAt.toISOString(), id],
    view,
  })

  host.http.get(
    '/applications/:id',
    {
      config: editors,
      schema: {
        summary: 'Read an application',
        refuses: ['application_unknown'],
        params: ById,
        response: { 200: View },
      },
    },
    async ({ params }) => view((await findApplication(db, params.id)) ?? fail('not_found', 'application_unknown')),
  )

  host.http.get(
    '/applications/:id/file',
    {
      config: editors,
      schema: {
        summary: 'Get the file of an application',
        honours: ['Range', 'If-None-Match'],
        refuses: [
          'application_unknown',
          'file_missing',
          'file_damaged',
          'files_unavailable',
          'application_file_waiting',
          'application_file_infected',
        ],
        params: ById,
        produces: ['application/octet-stream'],
      },
    },
    async (request, reply) => {
      const { params } = request
      const application = (await findApplication(db, params.id)) ?? fail('not_found', 'application_unknown')
      if (!application.fileKey) throw new Problem('not_found', 'file_missing')
      const fileKey = await whereIs(host, application)
      return await sendFile(request, reply, {
        fileName: application.fileName!,
        contentType: 'application/octet-stream',
        sizeBytes: application.sizeBytes!,
        tag: application.id,
        read: range => files.read(fileKey, range),
      })
    },
  )

  host.http.delete(
    '/applications/:id',
    {
      config: freshEditors,
      schema: {
        summary: 'Delete an application with its file',
        refuses: ['application_unknown'],
        params: ById,
        response: { 204: Type.Null() },
      },
    },
    async ({ params }, reply) => {
      const count = await db.transaction(tx => remove(tx, { id: params.id }, removeFile))
      if (count === 0) throw new Problem('not_found', 'application_unknown')
      return reply.code(204).send()
    },
  )
}

/** Where the file lies now. Fails where nobody may have it yet, or it is harmful. */
async function whereIs({ ask }: ContentHost, { id, fileKey, filedAt }: Application): Promise<string> {
  const filed = await ask(getDocumentFile, { docId: id })
  if (filed.state === 'released') return filed.fileKey!
  if (filed.state === 'infected') throw new Problem('conflict', 'application_file_infected')
  if (filed.state === 'waiting' || (filed.scanned && !filedAt))
    throw new Problem('conflict', 'application_file_waiting', { retryAfter: 5 })
  if (filedAt) throw new Problem('not_found', 'file_missing')
  return fileKey!
}
