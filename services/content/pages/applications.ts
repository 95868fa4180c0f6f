import Type from 'typebox'
import { anyone, html, type Language, placeOf, Problem, sendPage } from '#kernel'
import { Slug } from '../articles/articles.ts'
import { findArticle } from '../articles/store.ts'
import type { ContentHost } from '../host.ts'
import { applicationForm, apply } from '../jobs/applying.ts'
import { applyForm, type Typed } from './applying.ts'
import { pathOf } from './data.ts'
import { contentOf, missing } from './pages.ts'
import { texts } from './words.ts'

/** The form of a job, as browsers send it without a script. */
export function applicationPages(host: ContentHost): void {
  const { db, cache, site, settings } = host
  const applicants = cache.limit('applications by place', { points: 10, seconds: 3_600 })
  site.scope((app, scoped) => {
    app.register(...applicationForm(settings.CONTENT_APPLICATION_MAX_BYTES))
    for (const language of ['en', 'de'] as const)
      scoped.post(
        `${pathOf('jobs', language)}/:slug/apply`,
        {
          config: { access: anyone },
          schema: {
            summary: 'The form to apply for a job: its button',
            produces: ['text/html'],
            hide: true,
            params: Type.Object({ slug: Slug }),
            refuses: 'any',
            consumes: ['multipart/form-data'],
          },
          bodyLimit: settings.CONTENT_APPLICATION_MAX_BYTES + 131_072,
        },
        async (request, reply) => {
          const job = await findArticle(db, 'job', { language, slug: request.params.slug })
          if (job?.state !== 'published') return missing(reply, 'jobs', language)
          const { apply: words, back, sections } = texts[language]
          reply.header('cache-control', 'no-store')
          const typed: Typed = {}
          try {
            await applicants.take(placeOf(request.ip))
            // Applying asks nothing of the route's own parameters.
            await apply(host, request as never, job, typed)
          } catch (error) {
            if (!(error instanceof Problem) || error.kind === 'unavailable') throw error
            if (error.code === 'job_closed') return missing(reply, 'jobs', language, true)
            const form = applyForm(host, job, typed, wrongBy(error, language))
            return sendPage(reply, error.status, await contentOf(host, job, form))
          }
          return sendPage(reply, 201, {
            language,
            title: words.thanks,
            body: html`<p role="status">${words.received}</p>`,
            onward: [{ to: pathOf('jobs', language), text: back(sections.jobs) }],
          })
        },
      )
  })
}

function wrongBy(error: Problem, language: Language): string {
  const { apply } = texts[language]
  if (error.code === 'application_file_refused') return apply.refused
  if (error.code === 'application_file_too_large') return apply.large
  const fields = { '/name': apply.name, '/email': apply.email, '/message': apply.message } as Record<string, string>
  const faults = (error.details.errors ?? []).map(({ pointer }) => fields[pointer] ?? pointer)
  return faults.join(', ') || error.code
}
