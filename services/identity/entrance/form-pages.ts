import type { FastifyError, FastifyRequest } from 'fastify'
import Type, { type TSchema } from 'typebox'
import { anyoneAsThemselves, forForms, languageOf, Problem, type Http, type Reply, type Request } from '#kernel'
import type { Identity } from '../identity.ts'
import { ownPath } from './paths.ts'
import type { Trouble } from './trouble.ts'
import { viewsIn, type About } from './views.ts'

const Query = Type.Object({
  return: Type.Optional(Type.String({ maxLength: 1000 })),
  email: Type.Optional(Type.String({ maxLength: 254 })),
  done: Type.Optional(Type.String({ maxLength: 20 })),
})
const Nothing = Type.Union([Type.Object({}), Type.Null()])
/** What a form comes back with. */
const faults = Object.fromEntries([400, 401, 403, 404, 409, 429, 503].map(status => [status, Type.Null()]))

export type Show = (request: Request, reply: Reply, trouble?: Trouble) => Promise<Reply>

/** Pages with a form: what goes wrong with what one fills in is said above it. */
export function formPages(http: Http, setup: (page: Page) => void): void {
  forForms(http, forms =>
    forms.scope((app, scoped) => {
      const shows = new Map<string, Show>()
      app.setErrorHandler(async (error, request, reply) => {
        const trouble = troubleOf(error)
        const show = shows.get(request.routeOptions.url?.replace(/^\/api(\/v1)?\/auth/, '') ?? '')
        if (request.method !== 'POST' || !trouble || !show) throw error
        if (error instanceof Problem && error.details.retryAfter)
          reply.header('retry-after', Math.ceil(error.details.retryAfter))
        return await show(request as Request, reply, trouble)
      })
      setup((path, { summary, form, body = Nothing, params, show, act }) => {
        shows.set(path, show)
        const about = { hide: !form, ...(params && { params }), querystring: Query, produces: ['text/html'] }
        const ends = { 200: Type.Null(), 404: Type.Null() }
        const access = anyoneAsThemselves
        scoped.get(path, { config: { access }, schema: { ...about, summary, response: ends } }, (request, reply) =>
          show(request as Request, reply),
        )
        scoped.post(
          path,
          {
            config: { access },
            schema: {
              ...about,
              summary: `${summary}: its button`,
              refuses: 'any',
              ...(form ? { form } : { body }),
              consumes: ['application/x-www-form-urlencoded'],
              response: { ...(form ? { 200: Type.Null() } : { 303: Type.Null() }), ...faults },
            },
          },
          (request, reply) => act(request as Request<{ summary: ''; body: TSchema }>, reply),
        )
      })
    }),
  )
}

export type Page = (
  path: string,
  page: {
    summary: string
    /** What `act` reads by itself. Such a page stands in the API document; the others are for people alone. */
    form?: TSchema
    params?: TSchema
    body?: TSchema
    show: Show
    act: (request: Request<{ summary: ''; body: TSchema }>, reply: Reply) => Promise<Reply>
  },
) => void

function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof Problem && error.status !== 500) return troubleIn(error)
  const { faults } = error as FastifyError & { faults?: { pointer: string }[] }
  return faults && { status: 400, code: 'request_invalid', fields: fieldsOf(faults) }
}

export const troubleIn = ({ status, code, details }: Problem): Trouble => ({
  status,
  code,
  fields: fieldsOf(details.errors),
  retryAfter: details.retryAfter,
})

const fieldsOf = (faults: readonly { pointer: string }[] | undefined): string[] =>
  (faults ?? []).map(({ pointer }) => pointer.slice(1))

export const viewsFor = ({ host }: Identity, request: FastifyRequest) =>
  viewsIn(languageOf(request), host.settings.PASSWORD_MIN_LENGTH)

/** What the address of the page and the form that comes back say. */
export function aboutOf(request: Request, trouble?: Trouble): About & { done?: string } {
  const { return: to, email, done } = request.query as { return?: string; email?: string; done?: string }
  const typed = (request.body ?? {}) as { email?: unknown; name?: unknown }
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  return { to: ownPath(to), email: text(typed.email) ?? email, name: text(typed.name), done, trouble }
}
