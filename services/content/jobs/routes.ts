import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { Id, Instant } from '#contracts/shared'
import {
  anyone,
  createdIn,
  fail,
  isId,
  isInstant,
  listRoutes,
  notModified,
  placeOf,
  Problem,
  requireMatch,
  sendFile,
} from '#kernel'
import { editors, found, freshEditors, One, OneQuery } from '../articles/access.ts'
import type { ContentHost } from '../host.ts'
import { applicationFields, applicationForm, apply, remove, type RemoveFile } from './applying.ts'
import { findApplication, listApplications, moveApplication, stages, type Application } from './store.ts'

const Receipt = Type.Object({ id: Id, receivedAt: Instant }, { title: 'ApplicationReceipt' })
const Stage = Type.Enum([...stages], { examples: ['interview'] })
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
    stage: Stage,
    note: Type.String({
      description: 'Of those who decide; who applied never sees it',
      examples: ['Knows AC wiring.'],
    }),
    version: Type.Integer({ minimum: 1, examples: [1] }),
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
      filters: { stage: Type.Optional(Stage) },
      item: View,
    },
    wanted: async ({ actor, params, query }) => ({
      jobId: (await found(db, 'job', params.slug, actor)).id,
      stage: query.stage,
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
        honours: ['If-None-Match'],
        refuses: ['application_unknown'],
        params: ById,
        response: { 200: View },
      },
    },
    async (request, reply) => {
      const application = (await findApplication(db, request.params.id)) ?? fail('not_found', 'application_unknown')
      return notModified(request, reply, application.version) ? undefined : view(application)
    },
  )

  host.http.patch(
    '/applications/:id',
    {
      config: editors,
      schema: {
        summary: 'Move an application on, or note something of it',
        description: 'What is not named stays. Nobody is told: who decides answers by mail.',
        honours: ['If-Match'],
        refuses: ['application_unknown'],
        params: ById,
        body: Type.Partial(Type.Object({ stage: Stage, note: Type.String({ maxLength: 5_000 }) }), {
          additionalProperties: false,
          minProperties: 1,
          examples: [{ stage: 'interview' }],
        }),
        response: { 200: View },
      },
    },
    async (request, reply) => {
      const moved = await db.transaction(async tx => {
        const former = await findApplication(tx, request.params.id, true)
        if (!former) throw new Problem('not_found', 'application_unknown')
        requireMatch(request, former.version)
        const next = { ...former, ...request.body, version: former.version + 1 }
        await moveApplication(tx, next)
        await host.acted(tx, request.actor, 'application.moved', former.id, { stage: next.stage })
        return next
      })
      notModified(request, reply, moved.version)
      return view(moved)
    },
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
    async ({ actor, params }, reply) => {
      await db.transaction(async tx => {
        if ((await remove(tx, { id: params.id }, removeFile)) === 0)
          throw new Problem('not_found', 'application_unknown')
        await host.acted(tx, actor, 'application.deleted', params.id)
      })
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
