import type { FastifyInstance } from 'fastify'
import { anyone, type Http } from '#kernel'

/** JSON Schema of any depth. */
type Json = Record<string, any>

const refused = {
  description: 'A Result',
  content: {
    'application/json': { schema: { $ref: '#/components/schemas/Result' } },
    // What is no address at all (broken percent signs, a head of many kilobytes) is refused before anybody reads it as one of this interface.
    'application/problem+json': { schema: { type: 'object', required: ['type', 'title', 'status', 'code'] } },
  },
}

const text = { type: 'string' }
const Result = {
  type: 'object',
  required: ['messages'],
  properties: {
    messages: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['messageType', 'text', 'code', 'correlationId', 'timestamp'],
        properties: {
          messageType: { enum: ['Undefined', 'Info', 'Warning', 'Error', 'Exception'] },
          text,
          code: text,
          correlationId: text,
          timestamp: { type: 'string', format: 'date-time' },
        },
      },
    },
  },
}

const parametersOf = (place: 'path' | 'query', schema: Json = {}) =>
  Object.entries(schema.properties ?? {}).map(([name, of]) => ({
    name,
    in: place,
    required: place === 'path' || (schema.required ?? []).includes(name),
    schema: of,
  }))

function operationOf(method: string, { summary, params, querystring, body, consumes = ['application/json'] }: Json) {
  const success = method === 'post' && summary === 'CreateDPP' ? 201 : method === 'delete' ? 204 : 200
  const answer = { description: 'Done', ...(success !== 204 && { content: { 'application/json': { schema: {} } } }) }
  return {
    operationId: summary[0].toLowerCase() + summary.slice(1),
    summary,
    parameters: [...parametersOf('path', params), ...parametersOf('query', querystring)],
    ...(body && {
      requestBody: {
        required: true,
        content: Object.fromEntries(consumes.map((type: string) => [type, { schema: body }])),
      },
    }),
    responses: { [success]: answer, '4XX': refused, '5XX': refused },
  }
}

/** The operations of EN 18222 as OpenAPI has them, made of the routes themselves. */
export function describing(app: FastifyInstance, http: Http): void {
  http.get(
    '/v1/openapi.json',
    { config: { access: anyone }, schema: { summary: 'EN 18222 as OpenAPI', hide: true, refuses: 'any' } },
    () => {
      const paths: Json = {}
      for (const { method, url, schema, config } of app.documented) {
        if (!url.startsWith('/v1/dpps') || method === 'HEAD' || config?.isAlias) continue
        const path = url.replace(/:(\w+)/g, '{$1}')
        const name = String(method).toLowerCase()
        paths[path] = { ...paths[path], [name]: operationOf(name, schema as Json) }
      }
      const info = { title: 'Battery passports by EN 18222', version: '1.0.0' }
      return { openapi: '3.1.0', info, paths, components: { schemas: { Result } } }
    },
  )
}
