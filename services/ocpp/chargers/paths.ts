import Type, { type TObject } from 'typebox'
import type { Http } from '#kernel'

/** No identity has a colon: behind one at the beginning stands an identity, whatever else it could be. */
const Path = Type.String({
  minLength: 1,
  maxLength: 49,
  pattern: '^:?[^:\\u0000-\\u001f]+$',
  description: 'The identity of a charger; with a colon before it where it is a word of a path, as `:count`',
  examples: ['CP-1'],
})

/** Words that stand in paths where identities do, and those that programs take out of paths. */
const words = new Set(['count', 'import', 'imports', 'move', '.', '..'])

/** Where a charger is looked after. */
export const pathOf = (id: string): string => `/api/ocpp/chargers/${words.has(id) ? ':' : ''}${encodeURIComponent(id)}`

type Route = Http['get']

/** Routes of single chargers take each identity that there may be. */
export function reachable(http: Http): Http {
  const wrapped = (route: Route): Route =>
    ((path, options, handler) => {
      if (!/^\/chargers\/:id(\/|$)/.test(path)) return route(path, options, handler)
      const params = options.schema.params as TObject
      const schema = { ...options.schema, params: Type.Object({ ...params.properties, id: Path }) }
      return route(path, { ...options, schema }, (request, reply) => {
        const named = request.params as { id: string }
        named.id = named.id.replace(/^:/, '')
        return handler(request as never, reply)
      })
    }) satisfies Route
  return {
    ...http,
    get: wrapped(http.get),
    post: wrapped(http.post),
    put: wrapped(http.put),
    delete: wrapped(http.delete),
    // What it opens from a request takes the place of an answer.
    stream: wrapped(http.stream as unknown as Route) as unknown as Http['stream'],
  }
}
