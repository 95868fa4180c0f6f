import Type from 'typebox'
import { ApiKeyRevoked } from '#contracts/identity'
import { Id } from '#contracts/shared'
import { type Actor, listQuery, Page, page, Problem, signedIn, type Tx } from '#kernel'
import { idAfter, type Identity } from '../identity.ts'
import { roleIn } from '../organisations/access.ts'
import { refuseMemberChange } from '../organisations/roles.ts'
import { revoke } from '../sessions/sessions.ts'
import { findSession, holdMembership } from '../sessions/store.ts'
import { serviceAccountRoutes } from './account-routes.ts'
import { addKey } from './adding.ts'
import { endApiKeys } from './ending.ts'
import { type ApiKey, ApiKeyView, apiKeyView, KeyBody, NewApiKeyView, secretOfKey, unknownKey } from './machines.ts'
import { prove, wrongSignIn } from './proof.ts'
import { holdOrganisation, listApiKeys, lockApiKey, rotateApiKey } from './store.ts'

const Overlap = Type.Integer({ minimum: 0, maximum: 10_080, default: 60, examples: [60] })
const Password = KeyBody.properties.password

/** Keys of programs: one's own, and those of the service accounts of an organisation. */
export function machineRoutes(shared: Identity): void {
  ownKeys(shared)
  changeKeys(shared)
  serviceAccountRoutes(shared)
}

function ownKeys(shared: Identity): void {
  const { db, http, now } = shared.host

  http.get(
    '/keys',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List own keys for programs, the latest first',
        querystring: listQuery({}),
        response: { 200: Page(ApiKeyView) },
      },
    },
    async ({ actor, query }) => {
      const rows = await listApiKeys(db, { userId: actor.userId }, idAfter(query.after), query.limit)
      return page(rows, query.limit, last => [last.id], apiKeyView)
    },
  )

  http.post(
    '/keys',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Make a key for a program',
        description:
          'The key acts as you, for the organisation you act for at this moment, and within its scopes. It ends with ' +
          'your account, and while you may not sign in, or left the organisation, it is not good.',
        refuses: ['too_many_keys', 'organisation_unknown', ...wrongSignIn],
        body: KeyBody,
        response: { 201: NewApiKeyView },
      },
    },
    async ({ actor, body }, reply) => {
      await prove(shared, actor, body.password)
      const organisationId = actor.organisation?.id ?? null
      const made = await db.transaction(async tx => {
        if (organisationId) {
          await holdOrganisation(tx, organisationId)
          if (!(await holdMembership(tx, organisationId, actor.userId, actor.sessionId)))
            throw new Problem('not_found', 'organisation_unknown')
        }
        const issuer = (await findSession(tx, actor.sessionId))?.issuer ?? null
        return await addKey(tx, { userId: actor.userId, serviceAccountId: null, organisationId, issuer }, body, now())
      })
      return reply.code(201).send(made)
    },
  )
}

/** The end and the rotation of a key, one's own or that of a service account. */
function changeKeys(shared: Identity): void {
  const { db, http, now } = shared.host
  const ById = Type.Object({ id: Id })

  /** Locks go from the service account to the key. */
  async function ownKey(tx: Tx, actor: Actor, id: string): Promise<ApiKey> {
    const key = (await lockApiKey(tx, id)) ?? unknown()
    if (key.userId === actor.userId) return key
    if (!key.serviceAccountId || !key.organisationId) return unknown()
    refuseMemberChange(await roleIn(tx, actor, key.organisationId).catch(unknown), undefined, null)
    return key
  }
  const unknown = (): never => {
    throw unknownKey()
  }

  http.delete(
    '/keys/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Revoke a key at once',
        refuses: ['key_unknown', 'organisation_admin_required'],
        params: ById,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params: { id } }, reply) => {
      await db.transaction(async tx => {
        await ownKey(tx, actor, id)
        await endApiKeys(tx, { id }, 'revoked')
      })
      return reply.code(204).send()
    },
  )

  http.post(
    '/keys/:id/rotate',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Give a key another secret',
        description: 'The former secret stays good for `overlapMinutes`, so that programs change over without a gap.',
        refuses: ['key_unknown', 'organisation_admin_required', ...wrongSignIn],
        params: ById,
        body: Type.Object({ overlapMinutes: Type.Optional(Overlap), password: Password }),
        response: { 200: NewApiKeyView },
      },
    },
    async ({ actor, params: { id }, body }) => {
      await prove(shared, actor, body.password)
      return await db.transaction(async tx => {
        const former = await ownKey(tx, actor, id)
        const at = now()
        const { key, start, hash } = secretOfKey()
        const formerUntil = new Date(at.getTime() + (body.overlapMinutes ?? 60) * 60_000)
        const rotated = await rotateApiKey(tx, id, { start, hash, formerUntil })
        const ownerId = (former.userId ?? former.serviceAccountId)!
        // What tokens were given before says nothing of which secret they were given for.
        const before = Math.max(at.getTime(), (former.usedAt?.getTime() ?? 0) + 1)
        await revoke(tx, ownerId, [id], new Date(before))
        await tx.publish(ApiKeyRevoked, { keyId: id, ownerId, reason: 'rotated' })
        return { ...apiKeyView(rotated), key }
      })
    },
  )
}
