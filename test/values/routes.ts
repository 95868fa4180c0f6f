import type { DocumentedRoute } from '../../kernel/http/routes.ts'
import { exampleOf } from '../../kernel/http/examples.ts'
import type { TestPlatform } from '../../kernel/testing.ts'

/** JSON Schema of any depth. */
type Json = Record<string, any>

/** A route with what it takes, and a request that its schema accepts. */
export interface Asked {
  readonly name: string
  readonly method: string
  readonly url: string
  readonly service: string | undefined
  readonly isPublic: boolean
  readonly isPage: boolean
  readonly params: string[]
  readonly query: Record<string, Json>
  readonly body: Json | undefined
  readonly example: unknown
  /** Names of the fields of a form that it reads. */
  readonly fields: string[]
}

/** Every route of a platform but streams, which do not end, and what the viewer of the reference has of its own. */
export function routesOf({ http: { app } }: TestPlatform): Asked[] {
  return app.documented.filter(isAsked).map(route => {
    const { method, url, config } = route
    const schema = route.schema as Json
    return {
      name: `${String(method)} ${url}`,
      method: String(method),
      url,
      isPublic: config!.access!.admits === 'public',
      service: config!.service,
      // Of the site: for browsers, and for those that read it for others.
      isPage: schema.produces?.some((type: string) => /html|xml|image|feed/.test(type)) ?? false,
      params: [...url.matchAll(/:(\w+)/g)].map(([, name]) => name!),
      query: (schema.querystring?.properties ?? {}) as Record<string, Json>,
      body: schema.body as Json | undefined,
      example: schema.body && exampleOf(schema.body as Json),
      fields: Object.keys(schema.form?.properties ?? {}),
    }
  })
}

const isAsked = ({ method, config, schema }: DocumentedRoute): boolean =>
  ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(String(method)) &&
  !config?.isAlias &&
  (schema as Json | undefined)?.summary !== undefined &&
  !(schema as Json).produces?.includes('text/event-stream')

/** The address of a route, each parameter filled in. */
export const addressOf = ({ url }: Asked, valueOf: (name: string) => string): string =>
  url.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(valueOf(name)))

/** The places of an example where a value stands, each with a way to put another one there, as JSON text. */
export function placesOf(example: unknown): { pointer: string; put(text: string): string }[] {
  const places: { pointer: string; put(text: string): string }[] = []
  const visit = (at: unknown, pointer: string, write: (text: string) => string): void => {
    if (pointer !== '') places.push({ pointer, put: write })
    if (at === null || typeof at !== 'object') return
    const keys = Object.keys(at)
    for (const key of keys) {
      const inner = (text: string): string => {
        const parts = keys.map(name => {
          const value = name === key ? text : JSON.stringify((at as Json)[name])
          return Array.isArray(at) ? value : `${JSON.stringify(name)}:${value}`
        })
        return Array.isArray(at) ? `[${parts.join(',')}]` : `{${parts.join(',')}}`
      }
      visit((at as Json)[key], `${pointer}/${key}`, text => write(inner(text)))
    }
  }
  visit(example, '', text => text)
  return places
}

let places = 0
const share = 12
/**
 * A twelfth of these texts for one place, another for the next: all of them at every place are hundreds of thousands of
 * requests. With `OHMNIBUS_TEST_VALUES=all` they are sent.
 */
export function someOf<T>(texts: readonly T[]): readonly T[] {
  const place = places++
  return process.env.OHMNIBUS_TEST_VALUES === 'all' ? texts : texts.filter((_, index) => (index + place) % share === 0)
}
