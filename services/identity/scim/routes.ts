import type { FastifyInstance, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { bearerOf, type Http, judgedElsewhere, parseJson, Problem, type Reply, type Request, type Tx } from '#kernel'
import type { Identity } from '../identity.ts'
import { touchOrganisation } from '../organisations/store.ts'
import { digest } from '../secrets.ts'
import { conditionOf } from './filter.ts'
import { operationsIn, patched, readFilter } from './patch.ts'
import { chosen, groupResource, readGroup, readUser, tagOf, userResource } from './people.ts'
import { scimManagingRoutes } from './managing.ts'
import { openProvisioning, type Provisioning } from './provisioning.ts'
import { asScim, refused, stale, unknown } from './refusing.ts'
import { discovery, kinds } from './schema.ts'
import {
  startOfScimTokens,
  findScimGroup,
  findScimToken,
  findScimUser,
  holdScimToken,
  listScimGroups,
  listScimUsers,
  membersOfGroups,
  noteScimUse,
  type Said,
  type ScimGroup,
  type ScimToken,
} from './store.ts'

/** What every resource and list is sent as (RFC 7644, 8.1). */
const scimType = 'application/scim+json'
const root = '/scim/v2'
const mostListed = 200

const ById = Type.Object({ id: Type.String({ maxLength: 200 }) })
const Text = Type.Optional(Type.String({ maxLength: 4000 }))
const Shown = Type.Object({ attributes: Text, excludedAttributes: Text }, { additionalProperties: true })
const Listed = Type.Object(
  { attributes: Text, excludedAttributes: Text, filter: Text, startIndex: Text, count: Text },
  { additionalProperties: true },
)

type Shows = { attributes?: string; excludedAttributes?: string }
type Lists = Shows & { filter?: string; startIndex?: string; count?: string }

/** By which the provider of an organisation keeps its people up to date (RFC 7643, RFC 7644). */
export function scimRoutes(identity: Identity): void {
  scimManagingRoutes(identity)
  const { host } = identity
  const shared = { ...identity, at: `${host.platform.publicUrl}/api/auth${root}` }
  const provisioning = openProvisioning(identity)
  host.http.scope((app, http) => {
    speakScim(app)
    letIn(app, shared)
    discovering(shared, http)
    people(shared, http, provisioning)
    groups(shared, http, provisioning)
    elsewhere(http)
  })
}

type Shared = Identity & { at: string }

function speakScim(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser([scimType, 'application/json'], { parseAs: 'buffer' }, async (_: unknown, body: Buffer) =>
    body.length === 0 ? undefined : parseJson(body),
  )
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof Problem)) throw error
    if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="scim"')
    if (error.details.retryAfter) reply.header('retry-after', Math.ceil(error.details.retryAfter))
    return send(reply.code(error.status), asScim(error))
  })
}

const send = (reply: Reply, value: unknown): Reply =>
  reply
    .header('cache-control', 'private, no-store')
    .type(`${scimType}; charset=utf-8`)
    .serializer(() => JSON.stringify(value))
    .send(value)

const schemaOf = (summary: string) => ({ summary, hide: true, refuses: 'any' as const })
/** The token is of an organisation and not of a person, and is looked at here. */
const config = { access: judgedElsewhere }
const bodyLimit = 2_097_152

const callers = new WeakMap<object, ScimToken>()
const callerOf = (request: FastifyRequest): ScimToken => callers.get(request)!

const tokenInvalid = () =>
  new Problem('unauthenticated', 'scim_token_invalid', {
    detail: 'Send a token of the organisation that is good as "Authorization: Bearer ohm_scim_…".',
  })

/** Before a body is read. */
function letIn(app: FastifyInstance, { host: { db, now, metrics } }: Shared): void {
  const asked = metrics.counter('ohmnibus_identity_scim_requests_total', 'Requests of providers of organisations', [
    'outcome',
  ])
  app.addHook('onRequest', async request => {
    const token = bearerOf(request.headers.authorization)
    const known = token?.startsWith(startOfScimTokens) ? await findScimToken(db, digest(token), now()) : undefined
    asked.inc({ outcome: known ? 'let in' : 'refused' })
    if (!known) throw tokenInvalid()
    callers.set(request, known)
  })
}

/** A change of an organisation, one after the other, as long as the token is good. */
async function changing<T>(
  { host: { db, now } }: Shared,
  request: FastifyRequest,
  work: (tx: Tx<'identity'>, organisationId: string) => Promise<T>,
): Promise<T> {
  const token = callerOf(request)
  return await db.transaction(async tx => {
    await touchOrganisation(tx, token.organisationId, () => {
      throw tokenInvalid()
    })
    if (!(await holdScimToken(tx, token.id, now()))) throw tokenInvalid()
    await noteScimUse(tx, token.id, now())
    return await work(tx, token.organisationId)
  })
}

const inSmall = (id: string): string => id.toLowerCase()

/** Whether the client has what a tag names; weak ones are what we give (RFC 7644, 3.14). */
const names = (header: string | undefined, tag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || header.split(',').some(one => one.trim().replace(/^W\//, '') === tag.replace('W/', '')))

function requireTag({ headers }: FastifyRequest, row: { version: number }): void {
  const match = headers['if-match']
  if (match !== undefined && !names(match, tagOf(row))) throw stale()
}

/** The part of a list that is asked for (RFC 7644, 3.4.2.4); what is less than may be is the least. */
function pageOf({ startIndex, count }: Lists): { start: number; limit: number } {
  const number = (text: string | undefined, otherwise: number) => {
    if (text === undefined || text === '') return otherwise
    const value = Number(text)
    if (!Number.isSafeInteger(value)) throw refused('invalidValue', 'startIndex and count are whole numbers.')
    return value
  }
  return {
    start: Math.min(Math.max(number(startIndex, 1), 1), 1_000_000_000),
    limit: Math.min(Math.max(number(count, 100), 0), mostListed),
  }
}

const listOf = (total: number, start: number, resources: readonly object[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
  totalResults: total,
  startIndex: start,
  itemsPerPage: resources.length,
  Resources: resources,
})

function discovering(shared: Shared, http: Http): void {
  const { config: provider, types, schemas } = discovery(shared.at)
  const give = (path: string, value: object): void =>
    http.get(`${root}${path}`, { config, schema: schemaOf('What SCIM can here') }, async (_, reply) =>
      send(reply, value),
    )
  give('/ServiceProviderConfig', provider)
  give('/ResourceTypes', listOf(types.length, 1, types))
  give('/Schemas', listOf(schemas.length, 1, schemas))
  for (const [path, list] of [
    ['/ResourceTypes/:id', types],
    ['/Schemas/:id', schemas],
  ] as const)
    http.get(
      `${root}${path}`,
      { config, schema: { ...schemaOf('One of them'), params: ById } },
      async (request, reply) => send(reply, list.find(({ id }) => id === request.params.id) ?? notThere()),
    )
}

/** What is at no address of ours, or is not done there, is refused in the words of SCIM too. */
function elsewhere(http: Http): void {
  for (const path of ['/:kind', '/:kind/:id'])
    http.get(`${root}${path}`, { config, schema: schemaOf('Nothing') }, () => {
      throw unknown('resource')
    })
  for (const path of ['/ServiceProviderConfig', '/ResourceTypes', '/Schemas'])
    for (const method of ['post', 'put', 'patch', 'delete'] as const)
      http[method](`${root}${path}`, { config, schema: schemaOf('Nothing') }, () => {
        throw new Problem('not_allowed', 'method_not_allowed', { detail: 'It is read only.', allow: ['GET'] })
      })
  http.post(`${root}/.search`, { config, schema: schemaOf('Nothing') }, (_, reply) =>
    send(reply.code(501), {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: '501',
      detail: 'Search Users or Groups.',
    }),
  )
}

const notThere = (): never => {
  throw unknown('document')
}

/** A list by its address, and by a request of its own for what is too long or too private for one (RFC 7644, 3.4.3). */
function listing(
  http: Http,
  path: string,
  summary: string,
  list: (organisationId: string, query: Lists) => Promise<object>,
): void {
  http.get(path, { config, schema: { ...schemaOf(summary), querystring: Listed } }, async (request, reply) =>
    send(reply, await list(callerOf(request).organisationId, request.query as Lists)),
  )
  http.post(`${path}/.search`, { config, schema: schemaOf(summary) }, async (request, reply) =>
    send(reply, await list(callerOf(request).organisationId, searchIn(request.body))),
  )
}

function searchIn(body: unknown): Lists {
  if (body === null || typeof body !== 'object') throw refused('invalidSyntax', 'A search is an object of JSON.')
  const given = body as Record<string, unknown>
  const textOf = (name: string): string | undefined => {
    const value = given[name]
    if (value === undefined || value === null) return undefined
    if (Array.isArray(value) && value.every(one => typeof one === 'string')) return value.join(',')
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    throw refused('invalidValue', `${name} is not what it has to be.`)
  }
  const names = ['attributes', 'excludedAttributes', 'filter', 'startIndex', 'count'] as const
  return Object.fromEntries(names.flatMap(name => [[name, textOf(name)]].filter(([, text]) => text !== undefined)))
}

/** One resource, as much of it as is asked for; 304 where the client has it. */
function answer(request: Request, reply: Reply, row: { version: number }, resource: object): Reply {
  const { attributes, excludedAttributes } = request.query as Shows
  reply.header('etag', tagOf(row))
  if (request.method === 'GET' && names(request.headers['if-none-match'], tagOf(row))) return reply.code(304).send()
  return send(reply, chosen(resource, attributes, excludedAttributes))
}

function people(shared: Shared, http: Http, provisioning: Provisioning): void {
  const { db } = shared.host
  const { at } = shared
  const path = `${root}/Users`

  listing(http, path, 'People of the organisation', async (organisationId, query) => {
    const { start, limit } = pageOf(query)
    const condition = query.filter ? conditionOf(db, kinds.User, readFilter(query.filter)) : undefined
    const { total, found } = await listScimUsers(db, organisationId, condition, { skip: start - 1, limit })
    const shown = found.map(user => chosen(userResource(at, user), query.attributes, query.excludedAttributes))
    return listOf(total, start, shown)
  })

  http.get(
    `${path}/:id`,
    { config, schema: { ...schemaOf('One of them'), params: ById, querystring: Shown } },
    async (request, reply) => {
      const { organisationId } = callerOf(request)
      const user = await findScimUser(db, organisationId, idIn(request.params.id, 'user'))
      if (!user) throw unknown('user')
      return answer(request as Request, reply, user, userResource(at, user))
    },
  )

  http.post(
    path,
    { config, bodyLimit, schema: { ...schemaOf('Somebody more'), querystring: Shown } },
    async (request, reply) => {
      const user = await changing(shared, request, (tx, id) => provisioning.addUser(tx, id, readUser(request.body)))
      reply.code(201).header('location', `${at}/Users/${user.userId}`)
      return answer(request as Request, reply, user, userResource(at, user))
    },
  )

  const change = (method: 'put' | 'patch', summary: string, next: (body: unknown, former: Said) => unknown): void =>
    http[method](
      `${path}/:id`,
      { config, bodyLimit, schema: { ...schemaOf(summary), params: ById, querystring: Shown } },
      async (request, reply) => {
        const user = await changing(shared, request, (tx, id) =>
          provisioning.changeUser(tx, id, inSmall(request.params.id), row => {
            requireTag(request, row)
            return readUser(next(request.body, row.said))
          }),
        )
        return answer(request as Request, reply, user, userResource(at, user))
      },
    )
  // Who does not say whether somebody belongs here leaves it as it is.
  change('put', 'What one of them is', (body, { active }) =>
    body !== null && typeof body === 'object' && !Array.isArray(body) ? { active, ...body } : body,
  )
  change('patch', 'What changes of one of them', (body, former) => patched(kinds.User, former, operationsIn(body)))

  http.delete(`${path}/:id`, { config, schema: { ...schemaOf('One less'), params: ById } }, async (request, reply) => {
    await changing(shared, request, (tx, id) =>
      provisioning.removeUser(tx, id, inSmall(request.params.id), row => requireTag(request, row)),
    )
    return reply.code(204).send()
  })
}

/** Whatever is no id of ours is nobody's. */
function idIn(text: string, what: string): string {
  const id = inSmall(text)
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw unknown(what)
  return id
}

function groups(shared: Shared, http: Http, provisioning: Provisioning): void {
  const { db } = shared.host
  const { at } = shared
  const path = `${root}/Groups`
  const whole = async (group: ScimGroup) => groupResource(at, group, await membersOfGroups(db, [group.id]))
  /** Who asks for a group without its members, as Entra ID does, is not kept waiting for them. */
  const wantsMembers = ({ attributes, excludedAttributes }: Shows): boolean =>
    !/(^|[,\s])members([,\s]|$)/i.test(excludedAttributes ?? '') && (!attributes || /members/i.test(attributes))

  listing(http, path, 'Groups of the organisation', async (organisationId, query) => {
    const { start, limit } = pageOf(query)
    const condition = query.filter ? conditionOf(db, kinds.Group, readFilter(query.filter)) : undefined
    const { total, found } = await listScimGroups(db, organisationId, condition, { skip: start - 1, limit })
    const ids = found.map(({ id }) => id)
    const rows = wantsMembers(query) ? await membersOfGroups(db, ids) : []
    const members = Map.groupBy(rows, ({ groupId }) => groupId)
    const shown = found.map(group => groupResource(at, group, members.get(group.id) ?? []))
    return listOf(
      total,
      start,
      shown.map(group => chosen(group, query.attributes, query.excludedAttributes)),
    )
  })

  http.get(
    `${path}/:id`,
    { config, schema: { ...schemaOf('One of them'), params: ById, querystring: Shown } },
    async (request, reply) => {
      const { organisationId } = callerOf(request)
      const group = await findScimGroup(db, organisationId, idIn(request.params.id, 'group'))
      if (!group) throw unknown('group')
      const resource = wantsMembers(request.query as Shows) ? await whole(group) : groupResource(at, group, [])
      return answer(request as Request, reply, group, resource)
    },
  )

  http.post(
    path,
    { config, bodyLimit, schema: { ...schemaOf('One more'), querystring: Shown } },
    async (request, reply) => {
      const group = await changing(shared, request, (tx, id) => provisioning.addGroup(tx, id, readGroup(request.body)))
      reply.code(201).header('location', `${at}/Groups/${group.id}`)
      return answer(request as Request, reply, group, await whole(group))
    },
  )

  const change = (method: 'put' | 'patch', summary: string, next: (body: unknown, former: object) => unknown): void =>
    http[method](
      `${path}/:id`,
      { config, bodyLimit, schema: { ...schemaOf(summary), params: ById, querystring: Shown } },
      async (request, reply) => {
        const group = await changing(shared, request, (tx, id) =>
          provisioning.changeGroup(tx, id, inSmall(request.params.id), (row, members) => {
            requireTag(request, row)
            return readGroup(next(request.body, groupResource(at, row, members)))
          }),
        )
        return answer(request as Request, reply, group, await whole(group))
      },
    )
  change('put', 'What one of them is', body => body)
  change('patch', 'What changes of one of them', (body, former) => patched(kinds.Group, former, operationsIn(body)))

  http.delete(`${path}/:id`, { config, schema: { ...schemaOf('One less'), params: ById } }, async (request, reply) => {
    await changing(shared, request, (tx, id) =>
      provisioning.removeGroup(tx, id, inSmall(request.params.id), row => requireTag(request, row)),
    )
    return reply.code(204).send()
  })
}
