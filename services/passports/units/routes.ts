import Type from 'typebox'
import { Id, Instant, Line, Owner } from '#contracts/shared'
import {
  anyoneAsThemselves,
  createdIn,
  cursorOf,
  isCount,
  isId,
  listQuery,
  listRoutes,
  notModified,
  Page,
  page,
  requireMatch,
  signedIn,
  stringify,
  timeOf,
  verbatim,
} from '#kernel'
import { PassportStatus, type PassportData } from '#contracts/passports'
import { readable } from '../audiences/answer.ts'
import { listAccess, noteAccess, noteWhole } from '../audiences/log.ts'
import { dayOf } from '../audiences/views.ts'
import type { PassportsHost } from '../host.ts'
import { editableBy, visibleTo } from '../passports.ts'
import { findPassport, lockPassport } from '../store.ts'
import { One } from '../view.ts'
import { digestOf, effectiveFor, EffectiveView } from './effective.ts'
import { valueRefusals, type Change } from './changing.ts'
import { readinessOf, ReadinessView } from './readiness.ts'
import { requireRuleSet } from './sets.ts'
import { settingsOf } from './settings-store.ts'
import { findLine, freshOn, listChildren } from './store.ts'
import { requireReadable, requireValues, withAttributes } from './units.ts'

const ChildView = Type.Object(
  {
    id: Id,
    granularity: Type.Enum(['batch', 'item'], { examples: ['item'] }),
    identifier: Type.Unsafe<string | null>({ type: ['string', 'null'], examples: ['BP-2024-011'] }),
    serial: Type.Unsafe<string | null>({ type: ['string', 'null'], examples: ['BP-2024-011'] }),
    status: PassportStatus,
  },
  { title: 'PassportChild' },
)

const Attributes = Type.Object({ items: Type.Array(EffectiveView) }, { title: 'PassportAttributes' })

const AccessView = Type.Object(
  {
    reader: Owner,
    organisationId: Type.Union([Id, Type.Null()], { description: 'For which they acted' }),
    audience: Type.Enum(['authority', 'interest', 'both', 'admin'], { examples: ['authority'] }),
    purpose: Type.Union([Type.String(), Type.Null()], {
      examples: ['treatment'],
      description: 'Of Art. 77(2), where they read by an interest that has one',
    }),
    points: Type.Union([Type.Array(Type.Integer({ minimum: 1, maximum: 4 })), Type.Null()], {
      examples: [[1, 2, 4]],
      description: 'Of Annex XIII, that were open to them; null of what was noted before that was',
    }),
    route: Type.String({ examples: ['GET /api/passports/:id'] }),
    docId: Type.Union([Id, Type.Null()], { description: 'Of an answer about one of its documents' }),
    at: Instant,
  },
  { title: 'PassportAccess' },
)

const At = Type.Object(
  { at: Type.Optional({ ...Instant, description: 'As it was then' }) },
  { additionalProperties: false },
)
const Day = Type.String({ format: 'date', examples: ['2027-02-18'] })

/** Passports of models, batches and items, what they say in the words of the law, and who read it. */
export function unitRoutes(host: PassportsHost, change: Change): void {
  const { http, db, now } = host

  http.get(
    '/:id/attributes',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        summary: 'What a passport says of each attribute of the law, with what its model and batch say',
        description:
          'As far as it is open to who asks. Numbers are decimal texts, with their digits and the unit that was given ' +
          'beside the one of the law.',
        honours: ['If-None-Match'],
        refuses: ['passport_unknown', 'version_unknown', 'token_missing'],
        params: One,
        querystring: At,
        response: { 200: Attributes },
      },
    },
    async (request, reply) => {
      const { params, query, visitor } = request
      const at = query.at === undefined ? undefined : timeOf(query.at)
      const { passport, reading } = await readable(host, request, params.id, at)
      const line = await findLine(db, passport.id, reading.view === 'owner', at)
      await noteAccess(db, passport.id, visitor, reading, 'GET /api/passports/:id/attributes', now())
      const items = effectiveFor(reading, passport, line, dayOf(now()))
      // Each of those it begins with may have changed; what of that is hidden moves no tag.
      if (notModified(request, reply, digestOf(items))) return reply.send()
      return { items }
    },
  )

  http.patch(
    '/:id/attributes',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Set single attributes of a passport, which makes a version; null takes one away',
        description: 'All or none. They stand under `attributes` of its data, before what else says the same.',
        honours: ['If-Match'],
        refuses: [
          'passport_unknown',
          'editor_required',
          'passport_archived',
          'identifier_kept',
          'passport_incomplete',
          'battery_identifier_taken',
          'level_forbids',
          'reason_required',
          ...valueRefusals,
        ],
        params: One,
        body: Type.Object({
          attributes: Type.Unsafe<Record<string, unknown>>(
            Type.Object({}, { additionalProperties: true, examples: [{ ratedCapacity: { value: '94', unit: 'Ah' } }] }),
          ),
          reason: Type.Optional(Line(500, { description: 'Why a published model is corrected' })),
        }),
        response: { 200: Attributes },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const given = stringify(body.attributes)
      const { changed, line } = await db.transaction(async tx => {
        const passport = editableBy(actor, await lockPassport(tx, params.id, actor))
        requireValues(given, { category: passport.category, on: dayOf(now()) })
        requireMatch(request, passport.version)
        const data = verbatim<PassportData>(withAttributes(stringify(passport.data), given))
        requireReadable(data)
        const changed = await change(tx, passport, data, actor, body.reason)
        return { changed, line: await findLine(tx, passport.id, true) }
      })
      reply.header('etag', `"${changed.version}"`)
      return { items: effectiveFor({ view: 'owner', isAdmin: false }, changed, line, dayOf(now())) }
    },
  )

  http.get(
    '/:id/children',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        summary: 'List the batches or items that begin with a passport',
        description: 'Those that are published, for others than its owner.',
        refuses: ['passport_unknown', 'token_missing'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(ChildView) },
      },
    },
    async request => {
      const { limit, after } = request.query
      const { passport, reading } = await readable(host, request, request.params.id)
      const cursor = cursorOf(after, isId)
      const isOwner = reading.view === 'owner'
      // Others see what everybody does.
      if (isOwner) await noteAccess(db, passport.id, request.visitor, reading, 'GET /api/passports/:id/children', now())
      const children = await listChildren(db, passport.id, isOwner, limit + 1, cursor?.[0] as string | undefined)
      return page(
        children,
        limit,
        ({ id }) => [id],
        child => ({ ...child, granularity: child.granularity as 'item' }),
      )
    },
  )

  http.get(
    '/:id/readiness',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What a passport lacks by the law on a day, by article',
        description:
          'By the data points of the Commission for its category, as they hold on that day; today where none is said. ' +
          'For who reads what the owner reads.',
        refuses: ['passport_unknown', 'rule_set_unknown', 'rule_set_removed'],
        params: One,
        querystring: Type.Object(
          {
            on: Type.Optional(Day),
            set: Type.Optional(
              Type.String({ maxLength: 50, examples: ['ec-2.0'], description: 'A rule set by its id' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: ReadinessView },
      },
    },
    async ({ actor, params, query: { on = dayOf(now()), set } }) => {
      const passport = visibleTo(actor, await findPassport(db, params.id, actor, undefined, now()))
      await noteWhole(db, passport, actor, 'GET /api/passports/:id/readiness', now())
      const line = await findLine(db, passport.id, true)
      const ids = line.map(({ id }) => id)
      const fresh = await freshOn(db, ids, on)
      return readinessOf(line, on, await settingsOf(db, passport.owner.id), {
        fresh,
        set: set === undefined ? undefined : await requireRuleSet(db, set, now()),
      })
    },
  )

  listRoutes(http, db, '/:id/access-log', {
    config: { access: signedIn },
    schema: {
      summary: 'Who read of a passport and of its documents what the public may not, the latest first',
      description:
        'Each stands here before its answer was given. Its owner sees all of them; others see what they read themselves.',
      of: 'readings',
      refuses: ['passport_unknown'],
      params: One,
      filters: {},
      item: AccessView,
    },
    wanted: async request => {
      const { actor, params, query } = request
      const { passport, reading } = await readable(host, request, params.id)
      const of = reading.view === 'owner' ? undefined : actor
      if (!of) await noteAccess(db, passport.id, actor, reading, 'GET /api/passports/:id/access-log', now())
      return { passportId: passport.id, of, at: createdIn(query) }
    },
    rows: (wanted, limit, after) => listAccess(db, wanted, limit, after?.[0] as number | undefined),
    order: [isCount],
    keysOf: ({ number }) => [number],
    view: ({ readerId, organisationId, audience, purpose, points, route, at, docId }) => ({
      reader: { kind: 'person' as const, id: readerId },
      organisationId,
      audience: audience as 'authority',
      purpose,
      points: points && [...points],
      route,
      docId,
      at: at.toISOString(),
    }),
  })
}
