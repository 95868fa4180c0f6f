import { forForms, type Http, Problem } from '#kernel'

/** What RFC 6749, 5.2, wants said of a refusal, beside what we say of it. */
export const refused = (error: string, detail: string): Problem =>
  error === 'invalid_client'
    ? new Problem('unauthenticated', 'client_invalid', { detail, error, error_description: detail })
    : new Problem('invalid', 'grant_invalid', { detail, error, error_description: detail })

/** Routes below are spoken to by libraries of OAuth: they take forms, and read refusals as JSON alone. */
export const forOauth = (http: Http, setup: (http: Http) => void): void =>
  forForms(http, forms =>
    forms.scope((app, scoped) => {
      app.setErrorHandler((error, request, reply) => {
        if (!(error instanceof Problem) || error.details.error === undefined) throw error
        const tried = /^Basic /i.test(request.headers.authorization ?? '')
        if (error.status === 401 && tried) reply.header('www-authenticate', 'Basic realm="ohmnibus"')
        // Ready-made: a schema for answers would take it for another kind of problem.
        return reply
          .code(error.status)
          .type('application/json; charset=utf-8')
          .send(JSON.stringify(error.toJSON(request.id, reply.server.base)))
      })
      setup(scoped)
    }),
  )
