import Type from 'typebox'
import { getPerson, listMembers } from '#contracts/identity'
import { PassportShared } from '#contracts/passports'
import { Email, Id, Instant, Owner } from '#contracts/shared'
import { cursorOf, fail, isId, listQuery, newId, Page, page, Problem, signedIn, timeOf, type Tx } from '#kernel'
import { noteWhole } from './audiences/log.ts'
import type { FindReader, PassportsHost } from './host.ts'
import { Purpose } from './interests/purposes.ts'
import { tellInterested } from './interested.ts'
import { editableBy, told } from './passports.ts'
import {
  countReaders,
  deleteAddressed,
  deleteReader,
  insertAddressed,
  insertReader,
  listReaders,
  type Reader,
} from './readers.ts'
import { findPassport, lockPassport } from './store.ts'
import { One } from './view.ts'

/** A passport names its readers to whom it is asked about; more of them are an organisation. */
const mostReaders = 200

const OneReader = Type.Object({ id: Id, readerId: Id })
const ReaderView = Type.Object(
  {
    kind: Type.Enum([...Owner.properties.kind.enum, 'address'], { examples: ['organisation'] }),
    id: { ...Id, description: 'Of the person or the organisation; of the entry for an address' },
    email: Type.Optional({ ...Email, description: 'Of an address: it reads who has it, now or later' }),
    audience: Type.Optional(
      Type.Enum(['interest'], { description: 'Said where it reads by its legitimate interest, not as the owner does' }),
    ),
    purpose: Type.Optional({ ...Purpose, description: 'Of that interest, where it was said' }),
    until: Type.Optional({ ...Instant, description: 'When that ends' }),
    since: Instant,
  },
  { title: 'PassportReader' },
)
const view = ({ until, purpose, ...reader }: Reader) => ({
  ...reader,
  ...(purpose && { purpose: purpose as never }),
  ...(until && { until: until.toISOString() }),
  since: reader.since.toISOString(),
})

/** Who reads a passport beside its owner. No answer tells whether an address is somebody's. */
export function readerRoutes({ http, db, now, ask, cache }: PassportsHost, findReader: FindReader): void {
  /** Each may write to somebody who does not know us. */
  const addresses = cache.limit('share by address', { points: 50, seconds: 3_600 })

  const requireRoom = async (tx: Tx, id: string): Promise<void> => {
    if ((await countReaders(tx, id)) > mostReaders)
      throw new Problem('conflict', 'readers_limit_reached', {
        detail:
          `A passport is shared with ${mostReaders} people and organisations at most. ` +
          'Share it with an organisation instead of its people.',
        limit: mostReaders,
      })
  }

  async function requireKnown({ kind, id }: Owner): Promise<void> {
    const known =
      kind === 'person'
        ? await ask(getPerson, { userId: id }).catch(error => {
            if (error instanceof Problem && error.code === 'user_unknown') return undefined
            throw error
          })
        : (await ask(listMembers, { organisationId: id })).members[0]
    if (!known) throw new Problem('not_found', 'reader_unknown', { detail: `There is no ${kind} with this id.` })
  }

  http.get(
    '/:id/readers',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List whom a passport was shared with',
        refuses: ['passport_unknown', 'editor_required'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(ReaderView) },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      const passport = editableBy(actor, await findPassport(db, params.id, actor))
      await noteWhole(db, passport, actor, 'GET /api/passports/:id/readers', now())
      const cursor = cursorOf(after, isId)
      const readers = await listReaders(db, params.id, limit + 1, cursor?.[0] as string | undefined)
      return page(readers, limit, ({ id }) => [id], view)
    },
  )

  http.post(
    '/:id/readers',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Share a passport with whoever has an e-mail address, to read it',
        description:
          'An address that nobody has yet is invited by mail, and reads it once it is proven. ' +
          'The answer is the same for both.',
        refuses: ['passport_unknown', 'editor_required', 'readers_limit_reached', 'too_many_requests'],
        params: One,
        body: Type.Object({ email: Email }),
        response: { 201: ReaderView },
      },
    },
    async ({ actor, params, body }, reply) => {
      editableBy(actor, await findPassport(db, params.id, actor))
      await addresses.take(actor.userId)
      const email = body.email.trim().normalize('NFC').toLowerCase()
      const since = now()
      const one = { id: newId(since.getTime()), passportId: params.id, email, invitedBy: actor.userId, since }
      const reader = await db.transaction(async tx => {
        editableBy(actor, await lockPassport(tx, params.id, actor))
        const { reader, isNew } = await insertAddressed(tx, one)
        if (!isNew) return reader
        await requireRoom(tx, params.id)
        await tx.enqueue(findReader, { id: reader.id })
        return reader
      })
      return reply.code(201).send(view(reader))
    },
  )

  http.put(
    '/:id/readers/:readerId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Share a passport with a person or an organisation, to read it',
        description:
          'As the owner reads it, or with `audience: interest` as the law opens a published one to persons with a ' +
          'legitimate interest (Regulation (EU) 2023/1542, Art. 77(2)(c)), until a time if one is said; `purpose` says of ' +
          'which, and stands in the log of what they read. Of a draft they hear when it is published.',
        refuses: ['passport_unknown', 'editor_required', 'reader_unknown', 'readers_limit_reached'],
        params: OneReader,
        body: Type.Object(
          {
            kind: Owner.properties.kind,
            audience: Type.Optional(Type.Enum(['owner', 'interest'], { examples: ['interest'] })),
            until: Type.Optional({ ...Instant, description: 'From then on it reads no more' }),
            purpose: Type.Optional(Purpose),
          },
          { examples: [{ kind: 'organisation' }] },
        ),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params, body }, reply) => {
      const reader = { kind: body.kind, id: params.readerId }
      const { audience = 'owner', purpose = null } = body
      if (purpose && audience !== 'interest')
        throw new Problem('invalid', 'request_invalid', {
          errors: [
            { pointer: '/purpose', detail: 'is of who reads by an interest: say audience interest, or leave it out' },
          ],
        })
      editableBy(actor, await findPassport(db, params.id, actor))
      await requireKnown(reader)
      await db.transaction(async tx => {
        const passport = editableBy(actor, await lockPassport(tx, params.id, actor))
        const lent = { audience, until: body.until ? timeOf(body.until) : null, purpose }
        if (await insertReader(tx, passport.id, reader, now(), lent)) {
          await requireRoom(tx, passport.id)
          if (lent.audience === 'interest') await tellInterested(tx, passport, reader, true)
          else await tx.publish(PassportShared, { ...told(passport), reader, shared: true })
        }
      })
      return reply.code(204).send()
    },
  )

  http.delete(
    '/:id/readers/:readerId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Share a passport no longer with a person, an organisation or an address',
        refuses: ['passport_unknown', 'editor_required', 'reader_unknown'],
        params: OneReader,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params: { id, readerId } }, reply) => {
      await db.transaction(async tx => {
        const passport = editableBy(actor, await lockPassport(tx, id, actor))
        const deleted = await deleteReader(tx, id, readerId)
        if (deleted?.audience === 'interest') return await tellInterested(tx, passport, deleted.reader, false)
        if (deleted)
          return await tx.publish(PassportShared, { ...told(passport), reader: deleted.reader, shared: false })
        const addressed = (await deleteAddressed(tx, id, readerId)) ?? fail('not_found', 'reader_unknown')
        if (addressed.reader)
          await tx.publish(PassportShared, {
            ...told(passport),
            reader: addressed.reader,
            shared: false,
            byAddress: true,
          })
      })
      return reply.code(204).send()
    },
  )
}
