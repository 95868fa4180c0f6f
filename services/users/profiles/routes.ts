import Type, { type Static } from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { Id, Instant, Line, Locale } from '#contracts/shared'
import { notModified, ownVersion, Problem, requireMatch, signedIn } from '#kernel'
import { Country, isTimeZone, nullable, Telephone } from '../fields.ts'
import type { UsersHost } from '../host.ts'
import { findProfile, insertFirst, lockProfile, updateProfile, type Profile } from './store.ts'

const fields = {
  displayName: Line(200, { examples: ['Ada L.'] }),
  telephone: nullable(Telephone),
  avatarId: nullable({ ...Id, description: 'A document with a picture' }),
  language: Locale,
  country: nullable(Country),
  timeZone: Type.String({
    maxLength: 64,
    pattern: '^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$',
    description: 'As the IANA names it',
    examples: ['Europe/Berlin'],
  }),
}
const Body = Type.Object({
  displayName: fields.displayName,
  telephone: Type.Optional(fields.telephone),
  avatarId: Type.Optional(
    Type.Union([Id, Type.Null()], { description: 'A document with a picture', examples: [null] }),
  ),
  language: Locale,
  country: Type.Optional(fields.country),
  timeZone: fields.timeZone,
})
const Shown = (example: string) => Type.String({ examples: [example] })
const View = Type.Object(
  {
    userId: Id,
    displayName: nullable(Shown('Ada L.')),
    telephone: nullable(Shown('+49 30 1234567')),
    avatarId: nullable(Id),
    avatar: nullable(Type.String({ description: 'Path of the picture' })),
    language: Locale,
    country: nullable(Shown('DE')),
    timeZone: Shown('Europe/Berlin'),
    version: Type.Integer({ minimum: 0, examples: [1] }),
    createdAt: nullable(Instant),
  },
  { title: 'UserProfile' },
)

const view = ({ createdAt, ...profile }: Profile): Static<typeof View> => ({
  ...profile,
  avatar: profile.avatarId && `/api/documents/${profile.avatarId}?download=1`,
  createdAt: createdAt.toISOString(),
})

export function profileRoutes(host: UsersHost): void {
  const { ask, db, http, now } = host

  /** Who opens it sees it only where documents let them. */
  async function requirePicture(docId: string): Promise<void> {
    const { state } = await ask(getDocumentFile, { docId })
    if (state === 'unknown' || state === 'infected')
      throw new Problem('unprocessable', 'avatar_unknown', {
        errors: [{ pointer: '/avatarId', detail: 'is no document that can be shown' }],
      })
  }

  http.get(
    '/profile',
    {
      config: { access: signedIn },
      schema: {
        summary: 'The own profile',
        description: 'Who has just registered has one a moment later; until then it is at version 0.',
        honours: ['If-None-Match'],
        response: { 200: View },
      },
    },
    async (request, reply) => {
      const { userId } = request.actor
      const found = await findProfile(db, userId)
      if (notModified(request, reply, ownVersion(found?.version ?? 0, request.actor))) return reply.send()
      if (found) return view(found)
      const none = { telephone: null, avatarId: null, avatar: null, country: null, createdAt: null }
      return { userId, displayName: null, language: 'en' as const, timeZone: 'UTC', version: 0, ...none }
    },
  )

  http.put(
    '/profile',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Change the own profile',
        description: 'What is left out is taken away. Name, address and password of the account are at `/api/auth`.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['time_zone_unknown', 'avatar_unknown', 'account_gone'],
        body: Body,
        response: { 200: View },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { userId } = actor
      if (!isTimeZone(body.timeZone))
        throw new Problem('unprocessable', 'time_zone_unknown', {
          errors: [{ pointer: '/timeZone', detail: 'is not in the time zone database' }],
        })
      const before = await findProfile(db, userId)
      if (body.avatarId && body.avatarId !== before?.avatarId) await requirePicture(body.avatarId)
      const changed = await db.transaction(async tx => {
        requireMatch(request, (await lockProfile(tx, userId))?.version ?? 0)
        await insertFirst(tx, { userId, displayName: body.displayName, language: body.language, at: now() })
        const there = await lockProfile(tx, userId)
        // Their account is gone, and their token not yet.
        if (!there) throw new Problem('conflict', 'account_gone')
        const { telephone = null, avatarId = null, country = null } = body
        const next = { ...there, ...body, telephone, avatarId, country, version: there.version + 1 }
        await updateProfile(tx, next)
        return next
      })
      return reply.header('etag', `"${ownVersion(changed.version, actor)}"`).send(view(changed))
    },
  )
}
