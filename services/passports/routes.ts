import Type from 'typebox'
import {
  Count,
  counted,
  countQuery,
  cursorOf,
  newId,
  notModified,
  ownerFor,
  Page,
  page,
  listQuery,
  Problem,
  requireMatch,
  signedIn,
  stringify,
  timeOf,
  type Actor,
  type Reply,
  type Request,
  type Tx,
} from '#kernel'
import {
  PassportCreated,
  PassportData,
  PassportDeleted,
  PassportPublished,
  PassportStatus,
  PassportStatusChanged,
  PassportUpdated,
} from '#contracts/passports'
import { EventActor, Instant, Owner } from '#contracts/shared'
import { archive, draft, editableBy, publish, revise, told, view, visibleTo, type Passport } from './passports.ts'
import type { FindReader, PassportsHost } from './host.ts'
import { moveRoutes } from './routes-move.ts'
import { readerRoutes } from './routes-readers.ts'
import { countPassports, PassportSummary, searchPassports, searchFilters, searchQuery } from './search.ts'
import { deletePassport, findPassport, insertPassport, listVersions, lockPassport, updatePassport } from './store.ts'
import { One, PassportView, Version } from './view.ts'

const Body = Type.Object({ data: PassportData })
const VersionView = Type.Object(
  {
    version: Version,
    status: PassportStatus,
    actor: EventActor,
    at: Instant,
    updatedFields: Type.Array(Type.String(), {
      description: 'JSON pointers into the data',
      examples: [['/generalInformation/batteryMass']],
    }),
    owner: Type.Optional({ ...Owner, description: 'Whose it became, where it changed hands' }),
  },
  { title: 'PassportVersion' },
)
export function routes(host: PassportsHost, findReader: FindReader): void {
  const { http, db, now } = host
  readerRoutes(host, findReader)
  moveRoutes(host)

  const answer = (request: Request, reply: Reply, passport: ReturnType<typeof view>) =>
    // As it was given; the library would put keys that are numbers first.
    notModified(request, reply, passport.version)
      ? reply.send()
      : reply.type('application/json; charset=utf-8').serializer(stringify).send(passport)

  http.post(
    '/',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Create a passport, as a draft',
        description: 'Of the organisation one acts for, else of oneself. Takes any JSON object up to 1 MB.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['editor_required', 'battery_identifier_taken'],
        body: Body,
        response: { 201: PassportView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const at = now()
      const passport = draft(newId(at.getTime()), ownerFor(actor), body.data, at)
      const created = await db.once(request, async tx => {
        tx.withCommit(insertPassport(tx, passport, actor))
        await tx.publish(PassportCreated, { ...told(passport), passport: { id: passport.id, data: passport.data } })
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
    request => searchPassports(db, request.actor, request.query),
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
    async ({ actor, query }) => counted(await countPassports(db, actor, query)),
  )

  http.get(
    '/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Read a passport',
        honours: ['If-None-Match'],
        refuses: ['passport_unknown', 'version_unknown'],
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
      const passport = visibleTo(visitor, await findPassport(db, params.id, request.actor, at))
      if (at && at < passport.createdAt)
        throw new Problem('not_found', 'version_unknown', { detail: 'The passport did not exist then.' })
      return answer(request, reply, view(passport))
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
        ],
        params: One,
        body: Body,
        response: { 200: PassportView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const updated = await db.transaction(async tx => {
        const passport = editableBy(actor, await lockPassport(tx, params.id, actor))
        requireMatch(request, passport.version)
        const { revised, updatedFields } = revise(passport, body.data, now())
        if (revised === passport) return passport
        await updatePassport(tx, revised, actor, updatedFields)
        await tx.publish(PassportUpdated, {
          ...told(revised),
          passport: { id: revised.id, data: revised.data },
          updatedFields,
        })
        return revised
      })
      return answer(request, reply, view(updated))
    },
  )

  http.post(
    '/:id/publish',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Publish a draft: from now on it is kept',
        description: 'It says at least the identifier, the category and the model of its battery.',
        honours: ['If-Match', 'Idempotency-Key'],
        refuses: [
          'passport_unknown',
          'editor_required',
          'passport_published',
          'passport_archived',
          'passport_incomplete',
        ],
        params: One,
        response: { 200: PassportView },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      const published = await db.once(request, async tx => {
        const passport = editableBy(actor, await lockPassport(tx, params.id, actor))
        requireMatch(request, passport.version)
        const published = publish(passport, now())
        await tx.publish(PassportPublished, told(published))
        await changeStatus(tx, passport, published, actor)
        return view(published)
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
        refuses: ['passport_unknown', 'editor_required', 'passport_archived'],
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
          await deletePassport(tx, passport.id)
          await tx.publish(PassportDeleted, { ...told(passport), version: passport.version + 1 })
          return undefined
        }
        const archived = archive(passport, now())
        await changeStatus(tx, passport, archived, actor)
        return archived
      })
      return archived ? answer(request, reply, view(archived)) : reply.code(204).send()
    },
  )

  http.get(
    '/:id/versions',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List the versions of a passport, the latest first',
        refuses: ['passport_unknown'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(VersionView) },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      visibleTo(actor, await findPassport(db, params.id, actor))
      const cursor = cursorOf(after, isVersion)
      const versions = await listVersions(db, params.id, limit + 1, cursor?.[0] as number | undefined)
      return page(
        versions,
        limit,
        ({ version }) => [version],
        version => ({ ...version, at: version.at.toISOString() }),
      )
    },
  )
}

async function changeStatus(tx: Tx<'passports'>, former: Passport, passport: Passport, actor: Actor): Promise<void> {
  await updatePassport(tx, passport, actor)
  await tx.publish(PassportStatusChanged, { ...told(passport), status: passport.status, formerStatus: former.status })
}

const isVersion = (key: unknown): boolean => Number.isInteger(key) && (key as number) > 0 && (key as number) < 2 ** 31
