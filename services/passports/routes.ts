import Type from 'typebox'
import {
  anyoneAsThemselves,
  Count,
  counted,
  countQuery,
  cursorOf,
  listQuery,
  newId,
  ownerFor,
  Page,
  page,
  requireMatch,
  signedIn,
  stringify,
  timeOf,
} from '#kernel'
import { PassportCreated, PassportData, PassportDeleted, PassportStatus } from '#contracts/passports'
import { EventActor, Id, Instant, Line, Owner } from '#contracts/shared'
import { ruleSetOn } from '#law'
import { answer, readable, shownTo, withPage } from './audiences/answer.ts'
import { noteAccess } from './audiences/log.ts'
import { policyRoutes } from './audiences/policy.ts'
import { dayOf } from './audiences/views.ts'
import { dpp } from './dpp/dpp.ts'
import type { FindReader, PassportsHost } from './host.ts'
import { archive, draft, editableBy, publish, told, view } from './passports.ts'
import { serialRoutes } from './bulk/routes.ts'
import { exchangeRoutes } from './exchange/routes.ts'
import { interestRoutes } from './interests/routes.ts'
import { labelRoutes } from './labels/routes.ts'
import { changeStatus, writePublished } from './publishing.ts'
import { learnOperator } from './operators/operators.ts'
import { moveRoutes } from './routes-move.ts'
import { readerRoutes } from './routes-readers.ts'
import { countPassports, PassportSummary, searchPassports, searchFilters, searchQuery } from './search.ts'
import { deletePassport, findInherited, insertPassport, listVersions, listVersionsFor, lockPassport } from './store.ts'
import { changes, familyRefusals, parentFor, requireChildless, valueRefusals } from './units/changing.ts'
import { fleetRoutes } from './units/fleet.ts'
import { ruleCheckRoutes } from './units/rule-checks.ts'
import { settingRoutes } from './units/settings.ts'
import { unitRoutes } from './units/routes.ts'
import { findLine } from './units/store.ts'
import { attributesIn, requireReadable, requireValues } from './units/units.ts'
import { One, PassportView, PublishedView, Version } from './view.ts'

const Data = Type.Object({ data: PassportData })
const Body = Type.Object(
  {
    data: PassportData,
    granularity: Type.Optional(
      Type.Enum(['model', 'batch', 'item'], { description: 'What it is of; one battery where it is not said' }),
    ),
    parentId: Type.Optional({
      ...Id,
      description: 'The model or the batch of the same owner whose values it begins with',
    }),
    format: Type.Optional(
      Type.Enum(['ohmnibus-1'], {
        description: 'Holds the values of `attributes` to the law: what cannot be read is refused',
      }),
    ),
  },
  // What clients of before send.
  { examples: [{ data: (PassportData as { examples?: unknown[] }).examples![0] }] },
)
const Reason = Type.Optional(Line(500, { description: 'Why a published model is corrected', examples: ['Misprint'] }))
const VersionView = Type.Object(
  {
    version: Version,
    status: PassportStatus,
    actor: Type.Optional({ ...EventActor, description: 'Who made it, for its owner' }),
    at: Instant,
    updatedFields: Type.Array(Type.String(), {
      description: 'JSON pointers into the data',
      examples: [['/generalInformation/batteryMass']],
    }),
    owner: Type.Optional({ ...Owner, description: 'Whose it became, where it changed hands' }),
    reason: Type.Optional(Type.String({ description: 'Why a published model was corrected, for its owner' })),
    ruleSet: Type.String({ description: 'That held when it was made', examples: ['ec-2.0'] }),
    hash: Type.Union([Type.String(), Type.Null()], {
      description:
        'That binds it in the history of who reads it, as `GET /api/passports/{id}/proof` has it; null until that is done',
      examples: ['9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015'],
    }),
  },
  { title: 'PassportVersion' },
)
export function routes(host: PassportsHost, findReader: FindReader): void {
  const { http, db, now } = host
  readerRoutes(host, findReader)
  interestRoutes(host)
  const change = changes(host)
  unitRoutes(host, change)
  moveRoutes(host)
  dpp(host, change)
  fleetRoutes(host)
  settingRoutes(host)
  policyRoutes(host)
  ruleCheckRoutes(host)
  serialRoutes(host)
  labelRoutes(host)
  exchangeRoutes(host, change)

  http.post(
    '/',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Create a passport, as a draft',
        description: 'Of the organisation one acts for, else of oneself. Takes any JSON object up to 1 MB.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['editor_required', 'battery_identifier_taken', ...familyRefusals, ...valueRefusals],
        body: Body,
        response: { 201: PassportView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { data, granularity = 'item', parentId } = body
      const at = now()
      const owner = ownerFor(actor)
      if (body.format) requireReadable(data)
      const created = await db.once(request, async tx => {
        const parent = parentId ? await parentFor(tx, parentId, { granularity, data, owner }, actor) : undefined
        const passport = draft(newId(at.getTime()), owner, data, at, { granularity, parent })
        if (body.format) requireValues(stringify(attributesIn(data)), { category: passport.category, on: dayOf(at) })
        const inherited = parent && (await findInherited(tx, parent.id))
        tx.withCommit(insertPassport(tx, passport, actor, { inherited, parent }))
        await tx.publish(PassportCreated, {
          ...told(passport),
          passport: { id: passport.id, data },
          ...(granularity !== 'item' && { granularity }),
          ...(parent && { parentId: parent.id }),
        })
        return view(passport)
      })
      reply.code(201).header('location', `/api/passports/${created.id}`)
      return answer(request, reply, created)
    },
  )

  http.get(
    '/',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Search the passports one may read',
        description:
          "One's own, those of the organisation one acts for and those shared with either; all for admins. " +
          'Without their data.',
        querystring: searchQuery,
        response: { 200: Page(PassportSummary) },
      },
    },
    request => searchPassports(db, request.actor, request.query, now()),
  )

  http.get(
    '/count',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How many passports a search finds',
        querystring: countQuery(searchFilters),
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => counted(await countPassports(db, actor, query, now())),
  )

  http.get(
    '/:id',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        summary: 'Read a passport, as far as it is open to who asks',
        description:
          'Its owner reads all of it. Of a published one everybody, without a token too, reads what Annex XIII (1) of ' +
          'Regulation (EU) 2023/1542 opens to the public, authorities and persons with a legitimate interest more: ' +
          '`audience` says as whom. Their version and time count only what they see.',
        honours: ['If-None-Match'],
        refuses: ['passport_unknown', 'version_unknown', 'token_missing'],
        params: One,
        querystring: Type.Object(
          { at: Type.Optional({ ...Instant, description: 'Read it as it was then' }) },
          { additionalProperties: false },
        ),
        response: { 200: PassportView },
      },
    },
    async (request, reply) => {
      const { visitor, params, query } = request
      const at = query.at === undefined ? undefined : timeOf(query.at)
      const { passport, reading } = await readable(host, request, params.id, at)
      const hasOthers = reading.view !== 'owner' && passport.parentId !== null
      const line = hasOthers ? await findLine(db, passport.id, false, at) : []
      await noteAccess(db, passport.id, visitor, reading, 'GET /api/passports/:id', now())
      return answer(request, reply, withPage(host, passport, shownTo(reading, passport, line, dayOf(now()))))
    },
  )

  http.put(
    '/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Give a passport new data, which makes a version',
        description:
          'Nothing happens when the data is the same. A published passport keeps its identifier ' +
          '(Regulation (EU) 2023/1542, Art. 77).',
        honours: ['If-Match'],
        refuses: [
          'passport_unknown',
          'editor_required',
          'passport_archived',
          'battery_identifier_taken',
          'identifier_kept',
          'passport_incomplete',
          'level_forbids',
          'reason_required',
        ],
        params: One,
        body: Type.Object({ ...Data.properties, reason: Reason }),
        response: { 200: PassportView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const updated = await db.transaction(async tx => {
        const passport = editableBy(actor, await lockPassport(tx, params.id, actor))
        requireMatch(request, passport.version)
        return await change(tx, passport, body.data, actor, body.reason)
      })
      return answer(request, reply, withPage(host, updated, view(updated)))
    },
  )

  http.post(
    '/:id/publish',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Publish a draft: from now on it is kept',
        description:
          'It says at least the identifier, the category and the model of its battery, and belongs to an organisation ' +
          'that is verified as an economic operator; to anybody in evaluation mode. The answer names what it lacks by the ' +
          'law of the day.',
        honours: ['If-Match', 'Idempotency-Key'],
        refuses: [
          'passport_unknown',
          'editor_required',
          'passport_published',
          'passport_archived',
          'passport_incomplete',
          'passport_not_ready',
          'economic_operator_required',
          'service_unavailable',
          'battery_identifier_taken',
          'parent_draft',
        ],
        params: One,
        response: { 200: PublishedView },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await learnOperator(host, { passportId: params.id })
      const published = await db.once(request, async tx => {
        const passport = editableBy(actor, await lockPassport(tx, params.id, actor))
        requireMatch(request, passport.version)
        const published = publish(passport, now())
        const readiness = await writePublished(host, tx, passport, published, actor)
        return { ...withPage(host, published, view(published)), readiness }
      })
      return answer(request, reply, published)
    },
  )

  http.delete(
    '/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Delete a draft, or archive a published passport',
        description:
          'A draft goes with its versions (204). A published one has to be kept ' +
          '(Regulation (EU) 2023/1542, Art. 77), so it is archived.',
        honours: ['If-Match'],
        refuses: ['passport_unknown', 'editor_required', 'passport_archived', 'passport_has_children'],
        params: One,
        response: { 200: PassportView, 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      const archived = await db.transaction(async tx => {
        const passport = editableBy(actor, await lockPassport(tx, params.id, actor))
        requireMatch(request, passport.version)
        if (passport.status === 'draft') {
          await requireChildless(tx, passport)
          await deletePassport(tx, passport.id, now())
          await tx.publish(PassportDeleted, { ...told(passport), version: passport.version + 1 })
          return undefined
        }
        const archived = archive(passport, now())
        await changeStatus(tx, passport, archived, actor)
        return archived
      })
      return archived ? answer(request, reply, withPage(host, archived, view(archived))) : reply.code(204).send()
    },
  )

  http.get(
    '/:id/versions',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        summary: 'List the versions of a passport, the latest first',
        description: 'Its owner sees each; others those that changed what they see, by numbers of their own.',
        refuses: ['passport_unknown', 'token_missing'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(VersionView) },
      },
    },
    async request => {
      const { params, query } = request
      const { limit, after } = query
      const { passport, reading } = await readable(host, request, params.id)
      const before = cursorOf(after, isVersion)?.[0] as number | undefined
      await noteAccess(db, passport.id, request.visitor, reading, 'GET /api/passports/:id/versions', now())
      const versions =
        reading.view === 'owner'
          ? await listVersions(db, passport.id, limit + 1, before)
          : await listVersionsFor(db, passport.id, reading.view, limit + 1, before)
      return page(
        versions,
        limit,
        ({ version }) => [version],
        version => ({ ...version, at: version.at.toISOString(), ruleSet: ruleSetOn(dayOf(version.at)).id }),
      )
    },
  )
}

const isVersion = (key: unknown): boolean => Number.isInteger(key) && (key as number) > 0 && (key as number) < 2 ** 31
