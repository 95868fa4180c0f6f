import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { PassportCreated, PassportDeleted } from '#contracts/passports'
import { Instant } from '#contracts/shared'
import { attributeOf, parseGiven, sees } from '#law'
import {
  anyoneAsThemselves,
  cursorOf,
  isCount,
  newId,
  notModified,
  ownerFor,
  parseJson,
  Problem,
  requireMatch,
  signedIn,
  timeOf,
  type Http,
  type Reply,
  type Request,
} from '#kernel'
import { readable } from '../audiences/answer.ts'
import { noteAccess } from '../audiences/log.ts'
import type { Reading } from '../audiences/reading.ts'
import { dayOf, reachOfView } from '../audiences/views.ts'
import type { PassportsHost } from '../host.ts'
import { draft, editableBy, told, type Passport } from '../passports.ts'
import { deletePassport, insertPassport, lockPassport } from '../store.ts'
import { requireChildless, type Change } from '../units/changing.ts'
import { effectiveFor } from '../units/effective.ts'
import { findLine } from '../units/store.ts'
import { didOf } from './identifiers.ts'
import { idIn, findByProducts } from './finding.ts'
import { describing } from './openapi.ts'
import { mergePatch, nodeAt, stepsOf, withNode } from './paths.ts'
import { asResult } from './result.ts'
import { compressedOf, elementOf, elementsOf, groups, heads, type Compressed } from './shape.ts'
import { dataAfter, dataOf, granularityIn } from './writing.ts'

const Text = Type.String({ minLength: 1, maxLength: 2048 })
const representation = Type.Optional(
  Type.String({ maxLength: 20, description: 'compressed, or full: the tree of elements' }),
)
const Representation = Type.Object({ representation }, { additionalProperties: false })
const Document = Type.Object(
  {},
  { additionalProperties: true, examples: [{ granularity: 'Item', identity: { batteryCategory: 'EV' } }] },
)
const ProductIds = Type.Array(Text, { maxItems: 1000 })

/** Media types of a patch (RFC 7396, 4). */
const mergePatchType = 'application/merge-patch+json'

/** The texts of bodies: digits as they were sent. */
const bodies = new WeakMap<object, unknown>()

/**
 * The interface of EN 18222 under `/v1`, with passports in the words of EN 18223. Nothing leaves here but what a reader's
 * attributes are; what is written becomes a version as any other.
 */
export function dppRoutes(host: PassportsHost, change: Change): void {
  host.site.scope((app, http) => {
    readBodies(app)
    asResult(app, host.now)
    reading(host, http)
    elements(host, http)
    writing(host, http, change)
    describing(app, http)
  })
}

function readBodies(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser(
    ['application/json', mergePatchType],
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      // A patch is merged, and nothing else is: what is sent as the other is not what its sender means.
      const { consumes = ['application/json'] } = (request.routeOptions.schema ?? {}) as { consumes?: string[] }
      if (!consumes.includes(request.headers['content-type']!.split(';')[0]!.trim().toLowerCase()))
        throw new Problem('unsupported', 'content_type_unsupported', {
          detail: `Send "Content-Type: ${consumes.join('" or "')}".`,
        })
      const value = parseJson(body)
      bodies.set(request, parseGiven(body.toString()))
      return value
    },
  )
}

const givenIn = (request: Request): unknown => bodies.get(request)

/** As it is asked for; letters may be large. */
function isFull({ representation = 'compressed' }: { representation?: string }): boolean {
  const wanted = representation.toLowerCase()
  if (wanted === 'full' || wanted === 'compressed') return wanted === 'full'
  const detail = 'must be compressed or full'
  throw new Problem('invalid', 'request_invalid', {
    detail: `/representation ${detail}`,
    errors: [{ pointer: '/representation', detail }],
  })
}

/** Refuses to write the tree of elements, which the standard leaves open. */
function requireCompressed(query: { representation?: string }, reply: Reply): boolean {
  if (!isFull(query)) return true
  reply.code(501)
  return false
}
const notWritten = { code: 'representation_not_written', text: 'Passports are written in the compressed form.' }

const vocabularyOf = ({ platform }: Pick<PassportsHost, 'platform'>): string => `${platform.publicUrl}/vocabulary`
const tagOf = (compressed: Compressed): string =>
  createHash('sha256').update(JSON.stringify(compressed)).digest('base64url').slice(0, 22)

interface Read {
  readonly passport: Passport
  readonly reading: Reading
  readonly compressed: Compressed
}

/** A passport as who asks may see it, noted where that is above point 1. */
async function readFor(
  host: PassportsHost,
  request: Request,
  id: string,
  route: string,
  { at, requireOpen }: { at?: Date; requireOpen?: (read: Omit<Read, 'compressed'>) => void } = {},
): Promise<Read> {
  const { db, now } = host
  const { passport, reading } = await readable(host, request, id, at)
  // Before anything is looked up or noted, so that neither the time nor the log tells whether something is there.
  requireOpen?.({ passport, reading })
  const line = await findLine(db, passport.id, reading.view === 'owner', at)
  await noteAccess(db, passport.id, request.visitor, reading, route, now())
  const items = effectiveFor(reading, passport, line, dayOf(now()))
  return { passport, reading, compressed: compressedOf(items, didOf(host.platform.publicUrl, passport.owner.id)) }
}

function send(host: PassportsHost, request: Request, reply: Reply, { compressed }: Read, full: boolean): Reply {
  const vocabulary = vocabularyOf(host)
  const head = Object.fromEntries(Object.entries(compressed).filter(([key]) => !groups.includes(key)))
  const shown = full ? { ...head, elements: elementsOf(compressed, vocabulary) } : compressed
  if (notModified(request, reply, full ? `${tagOf(compressed)}-full` : tagOf(compressed))) return reply.send()
  return sendJson(reply, shown)
}

const sendJson = (reply: Reply, value: unknown): Reply =>
  reply
    .type('application/json; charset=utf-8')
    .serializer(() => JSON.stringify(value))
    .send(value)

const schemaOf = (summary: string) => ({ summary, hide: true, refuses: 'any' as const })

function reading(host: PassportsHost, http: Http): void {
  const { db, platform } = host
  const find = (text: string) => idIn(text, platform.publicUrl)

  http.get(
    '/v1/dpps/:dppId',
    {
      config: { access: anyoneAsThemselves },
      schema: { ...schemaOf('ReadDPPById'), params: Type.Object({ dppId: Text }), querystring: Representation },
    },
    async (request, reply) => {
      const full = isFull(request.query)
      const read = await readFor(host, request, find(request.params.dppId), 'GET /v1/dpps/:dppId')
      return send(host, request, reply, read, full)
    },
  )

  http.get(
    '/v1/dppsByProductId/:productId',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        ...schemaOf('ReadDPPByProductId'),
        params: Type.Object({ productId: Text }),
        querystring: Representation,
      },
    },
    async (request, reply) => {
      const full = isFull(request.query)
      const [found] = await findByProducts(db, [request.params.productId], request.visitor)
      // As for an id that nobody has.
      const id = found?.id ?? newId()
      const read = await readFor(host, request, id, 'GET /v1/dppsByProductId/:productId')
      return send(host, request, reply, read, full)
    },
  )

  http.get(
    '/v1/dppsByIdAndDate/:dppId',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        ...schemaOf('ReadDPPVersionByIdAndDate'),
        params: Type.Object({ dppId: Text }),
        querystring: Type.Object({ date: Instant, representation }, { additionalProperties: false }),
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const full = isFull(query)
      const read = await readFor(host, request, find(params.dppId), 'GET /v1/dppsByIdAndDate/:dppId', {
        at: timeOf(query.date),
      })
      return send(host, request, reply, read, full)
    },
  )

  http.post(
    '/v1/dppsByProductIds',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        ...schemaOf('ReadDPPIdsByProductIds'),
        querystring: Type.Object(
          {
            limit: Type.Integer({ minimum: 1, maximum: 100, default: 100 }),
            cursor: Type.Optional(Type.String({ maxLength: 1000 })),
          },
          { additionalProperties: false },
        ),
        body: Type.Union([Type.Object({ productIds: ProductIds }), ProductIds]),
      },
    },
    async ({ body, query, visitor }) => {
      const from = (cursorOf(query.cursor, isCount)?.[0] as number | undefined) ?? 0
      const found = await findByProducts(db, Array.isArray(body) ? body : body.productIds, visitor)
      const items = found.slice(from, from + query.limit).map(({ id }) => `urn:uuid:${id}`)
      const next = from + query.limit
      // None where nothing follows: other servers of the standard say a text or nothing.
      return found.length > next
        ? { items, cursor: Buffer.from(JSON.stringify([next])).toString('base64url') }
        : { items }
    },
  )
}

/** Refuses what the law closes to a reader before it is looked up, whether or not anything is there. */
function requireOpen(
  { visitor }: Request,
  { reading, passport }: Omit<Read, 'compressed'>,
  [group, id]: readonly (string | number)[],
  on: string,
): void {
  const inHead = Object.entries(heads).find(([, head]) => head === group)?.[0]
  const attribute =
    inHead ?? (groups.includes(String(group)) && attributeOf(String(id))?.group === group ? String(id) : undefined)
  if (attribute === undefined || reading.view === 'owner') return
  if (sees(reachOfView(reading.view), attribute, passport.category, on)) return
  throw visitor
    ? new Problem('forbidden', 'attribute_closed', { detail: `The law does not open ${attribute} to who asks.` })
    : new Problem('unauthenticated', 'token_missing', {
        detail: `${attribute} is not public. Sign in and send the access token as "Authorization: Bearer …".`,
      })
}

const ElementOf = Type.Object({ dppId: Text, elementIdPath: Text })

function elements(host: PassportsHost, http: Http): void {
  const { platform, now } = host
  http.get(
    '/v1/dpps/:dppId/elements/:elementIdPath',
    {
      config: { access: anyoneAsThemselves },
      schema: { ...schemaOf('ReadDataElement'), params: ElementOf, querystring: Representation },
    },
    async (request, reply) => {
      const { params, query } = request
      const [full, steps] = [isFull(query), stepsOf(params.elementIdPath)]
      const route = 'GET /v1/dpps/:dppId/elements/:elementIdPath'
      const read = await readFor(host, request, idIn(params.dppId, platform.publicUrl), route, {
        requireOpen: read => requireOpen(request, read, steps, dayOf(now())),
      })
      const node = nodeAt(read.compressed, steps)
      if (node === undefined)
        throw new Problem('not_found', 'element_unknown', { detail: 'The passport says nothing there.' })
      if (!full) return sendJson(reply, node)
      const name = String(steps.at(-1))
      const [collection] = groups.includes(name) ? elementsOf({ [name]: node }, vocabularyOf(host)) : []
      return sendJson(reply, collection ?? elementOf(name, node, vocabularyOf(host)))
    },
  )
}

function writing(host: PassportsHost, http: Http, change: Change): void {
  const { db, now, platform } = host

  http.post(
    '/v1/dpps',
    {
      config: { access: signedIn },
      schema: { ...schemaOf('CreateDPP'), querystring: Representation, body: Document },
    },
    async (request, reply) => {
      if (!requireCompressed(request.query, reply)) return notWritten
      const { actor } = request
      const given = givenIn(request) as Compressed
      const at = now()
      const passport = draft(newId(at.getTime()), ownerFor(actor), dataOf(given), at, {
        granularity: granularityIn(given),
      })
      const { id, data, granularity } = passport
      await db.transaction(async tx => {
        await insertPassport(tx, passport, actor)
        await tx.publish(PassportCreated, {
          ...told(passport),
          passport: { id, data },
          ...(granularity !== 'item' && { granularity }),
        })
      })
      const digitalProductPassportId = `urn:uuid:${id}`
      reply.code(201).header('location', `/v1/dpps/${encodeURIComponent(digitalProductPassportId)}`)
      return { digitalProductPassportId }
    },
  )

  /** Gives a passport what its words become by `revise`, as one version; answers with them. */
  async function rewrite(
    request: Request,
    dppId: string,
    reason: string,
    revise: (compressed: Compressed) => Compressed,
  ): Promise<Compressed> {
    const { actor } = request
    const operatorOf = ({ owner }: Passport): string => didOf(platform.publicUrl, owner.id)
    return await db.transaction(async tx => {
      const passport = editableBy(actor, await lockPassport(tx, idIn(dppId, platform.publicUrl), actor))
      const wordsOf = async (of: Passport) => {
        const line = await findLine(tx, of.id, true)
        const items = effectiveFor({ view: 'owner', isAdmin: false }, of, line, dayOf(now()))
        return { items, compressed: compressedOf(items, operatorOf(of)) }
      }
      const { items, compressed } = await wordsOf(passport)
      requireMatch(request, tagOf(compressed))
      const data = dataAfter(passport.data, items, passport.granularity, [compressed, revise(compressed)])
      const changed = await change(tx, passport, data, actor, reason, true)
      return (await wordsOf(changed)).compressed
    })
  }

  http.patch(
    '/v1/dpps/:dppId',
    {
      config: { access: signedIn },
      schema: {
        ...schemaOf('UpdateDPPById'),
        params: Type.Object({ dppId: Text }),
        querystring: Representation,
        body: Document,
        consumes: [mergePatchType],
      },
    },
    async (request, reply) => {
      if (!requireCompressed(request.query, reply)) return notWritten
      const patch = givenIn(request)
      const compressed = await rewrite(
        request,
        request.params.dppId,
        'UpdateDPPById of EN 18222',
        before => mergePatch(before, patch) as Compressed,
      )
      reply.header('etag', `"${tagOf(compressed)}"`)
      return sendJson(reply, compressed)
    },
  )

  http.patch(
    '/v1/dpps/:dppId/elements/:elementIdPath',
    {
      config: { access: signedIn },
      schema: {
        ...schemaOf('UpdateDataElement'),
        params: ElementOf,
        querystring: Representation,
        body: Type.Unknown({ examples: [450] }),
      },
    },
    async (request, reply) => {
      if (!requireCompressed(request.query, reply)) return notWritten
      const steps = stepsOf(request.params.elementIdPath)
      const given = givenIn(request)
      if (given === undefined)
        throw new Problem('invalid', 'request_invalid', { detail: 'Send the new value as JSON.' })
      const compressed = await rewrite(request, request.params.dppId, 'UpdateDataElement of EN 18222', before => {
        const isNew = nodeAt(before, steps) === undefined
        if (isNew && !(groups.includes(String(steps[0])) && attributeOf(String(steps[1])) && steps.length === 2))
          throw new Problem('not_found', 'element_unknown', { detail: 'The passport says nothing there.' })
        return withNode(before, steps, given) as Compressed
      })
      return sendJson(reply, nodeAt(compressed, steps) ?? null)
    },
  )

  http.delete(
    '/v1/dpps/:dppId',
    {
      config: { access: signedIn },
      schema: {
        ...schemaOf('DeleteDPPById'),
        params: Type.Object({ dppId: Text }),
        querystring: Type.Object({}, { additionalProperties: false }),
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await db.transaction(async tx => {
        const passport = editableBy(actor, await lockPassport(tx, idIn(params.dppId, platform.publicUrl), actor))
        if (passport.status !== 'draft')
          throw new Problem('conflict', 'passport_kept', {
            detail: 'A passport that was published is kept (Regulation (EU) 2023/1542, Art. 77).',
          })
        await requireChildless(tx, passport)
        await deletePassport(tx, passport.id, now())
        await tx.publish(PassportDeleted, { ...told(passport), version: passport.version + 1 })
      })
      return reply.code(204).send()
    },
  )
}
