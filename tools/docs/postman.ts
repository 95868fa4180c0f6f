/** JSON of any depth, as OpenAPI and Postman have it. */
type Json = Record<string, any>

/** A Postman collection (v2.1) of an OpenAPI document: a folder a tag; signing in keeps the token for the rest. */
export function postman(document: Json) {
  const requests = Object.entries<Json>(document.paths).flatMap(([path, operations]) =>
    Object.entries<Json>(operations).map(([method, operation]) => ({
      tag: operation.tags[0] as string,
      item: requestOf(path, method, operation),
    })),
  )
  return {
    info: {
      name: document.info.title,
      description: document.info.description,
      version: document.info.version,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] },
    variable: [
      { key: 'baseUrl', value: document.servers[0].url },
      { key: 'token', value: '' },
    ],
    item: [...Map.groupBy(requests, ({ tag }) => tag)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, group]) => ({ name, item: group.map(({ item }) => item) })),
  }
}

function requestOf(path: string, method: string, operation: Json): Json {
  const parameters: Json[] = operation.parameters ?? []
  const at = (place: string): Json[] => parameters.filter(parameter => parameter.in === place)
  const query = at('query').map(({ name, description, required, schema, example }) => ({
    key: name,
    value: String(example ?? schema.default ?? ''),
    ...(description && { description }),
    ...(!required && { disabled: true }),
  }))
  const [type, media] = Object.entries<Json>(operation.requestBody?.content ?? {})[0] ?? []
  const open = operation.security.length === 0
  return {
    name: operation.summary,
    ...(path === '/api/auth/login' && {
      event: [
        {
          listen: 'test',
          script: {
            type: 'text/javascript',
            exec: ["if (pm.response.code === 200) pm.collectionVariables.set('token', pm.response.json().accessToken)"],
          },
        },
      ],
    }),
    request: {
      method: method.toUpperCase(),
      description: operation.description,
      ...(open && { auth: { type: 'noauth' } }),
      header: [
        ...(type === 'application/json' ? [{ key: 'Content-Type', value: type }] : []),
        ...at('header').map(({ name, description, example }) => ({
          key: name,
          value: example ?? '',
          description,
          disabled: true,
        })),
      ],
      url: {
        raw: `{{baseUrl}}${path.replace(/\{(\w+)\}/g, ':$1')}`,
        host: ['{{baseUrl}}'],
        path: path
          .replace(/\{(\w+)\}/g, ':$1')
          .split('/')
          .slice(1),
        ...(query.length > 0 && { query }),
        ...(at('path').length > 0 && {
          variable: at('path').map(({ name, example }) => ({ key: name, value: String(example) })),
        }),
      },
      ...(type && { body: bodyOf(type, media!) }),
    },
    response: [],
  }
}

function bodyOf(type: string, { schema, example }: Json): Json {
  if (type === 'application/json')
    return { mode: 'raw', raw: JSON.stringify(example, null, 2), options: { raw: { language: 'json' } } }
  const fields = Object.entries<Json>(schema.properties ?? {}).map(([key, field]) =>
    field.format === 'binary'
      ? { key, type: 'file', src: [] }
      : { key, type: 'text', value: String(example[key]), disabled: !schema.required?.includes(key) },
  )
  return type === 'multipart/form-data'
    ? { mode: 'formdata', formdata: fields }
    : { mode: 'urlencoded', urlencoded: fields }
}
