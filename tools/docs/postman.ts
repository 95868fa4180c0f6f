import { walk, type Chapter, type Step } from './walk.ts'

/** JSON of any depth, as OpenAPI and Postman have it. */
type Json = Record<string, any>

interface Operation extends Json {
  readonly path: string
  readonly method: string
}

/** The file that the walk uploads, beside the collection. */
export const sample = { name: 'declaration.txt', content: 'EU declaration of conformity\n' }

/**
 * A Postman collection (v2.1) of an OpenAPI document: a walk that checks each answer and carries on what it gave. With
 * `email` and `password` of an admin it runs as it stands; requests that need a mail wait for a `mailbox`.
 */
export function postman(document: Json) {
  const operations = new Map(
    Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
      Object.entries<Json>(methods).map(([method, operation]): [string, Operation] => [
        operation.operationId,
        { ...operation, path, method },
      ]),
    ),
  )
  const itemOf = (step: Step): Json => requestOf(operations.get(step.operation)!, step, document)
  return {
    info: {
      name: document.info.title,
      description:
        `${document.info.description}\n\nThe requests are a walk: run them in their order. Give \`email\` and \`password\` of an admin. ` +
        'Requests that need a code or a link out of a mail are left out unless `mailbox` is an address that answers `?to=<address>` with `{"code", "token"}`.',
      version: document.info.version,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: bearer('token'),
    // Programs send tokens; a cookie beside them would ask where a change comes from.
    protocolProfileBehavior: { disableCookies: true },
    event: [script('prerequest', names)],
    variable: [
      { key: 'baseUrl', value: document.servers[0].url },
      ...['email', 'password', 'mailbox', 'token'].map(key => ({ key, value: '' })),
    ],
    item: chaptersOf(operations)
      .map(({ name, steps }) => ({
        name,
        item: steps.filter(({ operation }) => operations.has(operation)).map(itemOf),
      }))
      .filter(({ item }) => item.length > 0),
  }
}

/** New ones for each run, so that it can be run again. */
const names = [
  "if (!pm.collectionVariables.get('ada')) {",
  '  const run = Date.now()',
  "  for (const name of ['ada', 'newAddress', 'grace']) pm.collectionVariables.set(name, `${name}.${run}@example.com`.toLowerCase())",
  "  pm.collectionVariables.set('identifier', `BP-${run}`)",
  "  pm.collectionVariables.set('charger', `CP-${run}`)",
  "  pm.collectionVariables.set('newCharger', `CP-${run}-2`)",
  "  pm.collectionVariables.set('card', `CARD-${run}`)",
  "  pm.collectionVariables.set('fleetCard', `FLEET-${run}`)",
  '}',
]

/** The chapters, and behind the sign-in what none of them names, by tag: what is made first is what is read and removed. */
function chaptersOf(operations: ReadonlyMap<string, Operation>): Chapter[] {
  const named = new Set(walk.flatMap(({ steps }) => steps.map(({ operation }) => operation)))
  const more = Map.groupBy(
    [...operations.values()].filter(({ operationId }) => !named.has(operationId)),
    ({ tags }) => tags[0] as string,
  )
  const others = [...more].map(([name, group]) => ({
    name,
    steps: group
      .map(operation => ({ operation, turn: turnOf(operation) }))
      .sort((a, b) => a.turn - b.turn)
      .map(({ operation: { operationId, path }, turn }): Step => ({
        operation: operationId as string,
        ...(turn === 0 && { keep: { [`${name}Id`]: 'id' } }),
        ...(path.includes('{id}') && { with: { id: `${name}Id` } }),
      })),
  }))
  const signedIn = walk.findIndex(({ name }) => name === 'Sign in') + 1
  return [...walk.slice(0, signedIn), ...others, ...walk.slice(signedIn)]
}

/** Makes it, uses it, removes it. */
const turnOf = ({ method, path }: Operation): number =>
  method === 'post' && !path.includes('{') ? 0 : method === 'delete' ? 2 : 1

const bearer = (variable: string) => ({
  type: 'bearer',
  bearer: [{ key: 'token', value: `{{${variable}}}`, type: 'string' }],
})

const script = (listen: 'prerequest' | 'test', exec: string[]) => ({
  listen,
  script: { type: 'text/javascript', exec },
})

function requestOf(operation: Operation, step: Step, document: Json): Json {
  const { path, method } = operation
  const parameters: Json[] = operation.parameters ?? []
  const at = (place: string): Json[] => parameters.filter(parameter => parameter.in === place)
  const carried = (name: string): string | undefined => step.with?.[name] && `{{${step.with[name]}}}`
  const query = at('query').map(({ name, description, required, schema, example }) => ({
    key: name,
    value: (required && carried(name)) || String(example ?? schema.default ?? ''),
    ...(description && { description }),
    ...(!required && { disabled: true }),
  }))
  const [type, media] = Object.entries<Json>(operation.requestBody?.content ?? {})[0] ?? []
  const open = operation.security.length === 0
  const before = beforeOf(step)
  return {
    name: operation.summary,
    event: [
      ...(before.length > 0 ? [script('prerequest', before)] : []),
      script('test', afterOf(operation, step, document)),
    ],
    request: {
      method: method.toUpperCase(),
      description: operation.description,
      ...(open && !step.as && { auth: { type: 'noauth' } }),
      ...(step.as === 'ada' && { auth: bearer('adaToken') }),
      header: [
        ...(type === 'application/json' || type === 'text/csv' ? [{ key: 'Content-Type', value: type }] : []),
        ...at('header').map(({ name, description, example }) => ({
          key: name,
          value: carried(name) ?? example ?? '',
          description,
          ...(!carried(name) && { disabled: true }),
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
          variable: at('path').map(({ name, example }) => ({ key: name, value: carried(name) ?? String(example) })),
        }),
      },
      ...(type && { body: bodyOf(type, media!, carried, step) }),
    },
    response: [],
  }
}

/** What happens before it is sent: nothing, mostly. */
function beforeOf({ mail, endless }: Step): string[] {
  if (endless) return ["if (!pm.variables.get('follow')) pm.execution.skipRequest()"]
  if (!mail) return []
  if (mail === true) return ["if (!pm.variables.get('mailbox')) pm.execution.skipRequest()"]
  return [
    "const mailbox = pm.variables.get('mailbox')",
    'if (!mailbox) pm.execution.skipRequest()',
    `else pm.sendRequest(\`\${mailbox}?to=\${encodeURIComponent(pm.variables.get('${mail.to}'))}\`, (_, answer) => {`,
    ...(mail.code ? [`  pm.collectionVariables.set('${mail.code}', answer.json().code)`] : []),
    ...(mail.token ? [`  pm.collectionVariables.set('${mail.token}', answer.json().token)`] : []),
    '})',
  ]
}

/** It answers as documented, and what later requests need is kept. */
function afterOf(operation: Operation, { status, keep = {} }: Step, document: Json): string[] {
  const expected = String(status ?? Object.keys(operation.responses)[0])
  const response = operation.responses[expected]
  const schema = response.content?.['application/json']?.schema
  const named = schema?.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)!] : schema
  const problem = Number(expected) >= 400
  return [
    `pm.test('answers ${expected}', () => pm.expect(pm.response.code).to.equal(${expected}))`,
    ...(problem ? ["pm.test('says why', () => pm.expect(pm.response.json().code).to.be.a('string'))"] : []),
    ...(named?.required?.length > 0
      ? [
          `pm.test('has its fields', () => pm.expect(pm.response.json()).to.include.all.keys(${JSON.stringify(named.required)}))`,
        ]
      : []),
    ...Object.entries(keep).map(([variable, from]) =>
      from === 'ETag'
        ? `pm.collectionVariables.set('${variable}', pm.response.headers.get('ETag'))`
        : `pm.collectionVariables.set('${variable}', pm.response.json()${from.replace(/(^|\.)(\w+)/g, (_, __, key) => (/^\d+$/.test(key) ? `?.[${key}]` : `?.${key}`))})`,
    ),
  ]
}

function bodyOf(
  type: string,
  { schema, example }: Json,
  carried: (name: string) => string | undefined,
  step: Step,
): Json {
  if (type === 'application/json') {
    const body = step.say ? { ...structuredClone(example), ...step.say } : structuredClone(example)
    for (const [path, variable] of Object.entries(step.with ?? {})) {
      const steps = path.split('.')
      const last = steps.pop()!
      const inside = steps.reduce((value, key) => value?.[key], body)
      if (inside && typeof inside === 'object' && last in inside) inside[last] = `{{${variable}}}`
    }
    return { mode: 'raw', raw: JSON.stringify(body, null, 2), options: { raw: { language: 'json' } } }
  }
  if (type === 'text/csv') return { mode: 'raw', raw: example }
  const fields = Object.entries<Json>(schema.properties ?? {}).map(([key, field]) =>
    field.format === 'binary'
      ? { key, type: 'file', src: step.file ?? sample.name }
      : { key, type: 'text', value: carried(key) ?? String(example[key]) },
  )
  return type === 'multipart/form-data'
    ? { mode: 'formdata', formdata: fields }
    : { mode: 'urlencoded', urlencoded: fields }
}
