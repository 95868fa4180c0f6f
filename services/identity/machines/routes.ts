import Type from 'typebox'
import { ApiKeyCreated, ApiKeyRevoked } from '#contracts/identity'
import { Id, Line } from '#contracts/shared'
import { type Actor, listQuery, newId, Page, page, Problem, signedIn, type Tx } from '#kernel'
import { idAfter, type Identity } from '../identity.ts'
import { enterAsAdmin, requireAdmin, roleIn } from '../organisations/access.ts'
import { refuseMemberChange } from '../organisations/roles.ts'
import { touchOrganisation } from '../organisations/store.ts'
import { revoke } from '../sessions/sessions.ts'
import { findSession, holdMembership } from '../sessions/store.ts'
import { endApiKeys } from './ending.ts'
import {
  type ApiKey,
  ApiKeyView,
  apiKeyView,
  KeyBody,
  keyOf,
  NewApiKeyView,
  secretOfKey,
  ServiceAccountView,
  serviceAccountView,
  unknownKey,
} from './machines.ts'
import { prove, wrongSignIn } from './proof.ts'
import {
  countApiKeys,
  countServiceAccounts,
  deleteServiceAccount,
  holdOrganisation,
  holdServiceAccount,
  insertApiKey,
  insertServiceAccount,
  type KeysOf,
  listApiKeys,
  listServiceAccounts,
  lockApiKey,
  rotateApiKey,
} from './store.ts'

const mostKeys = 50
const mostAccounts = 100
const Overlap = Type.Integer({ minimum: 0, maximum: 10_080, default: 60, examples: [60] })
const Password = KeyBody.properties.password

/** Keys of programs: one's own, and those of the service accounts of an organisation. */
export function machineRoutes(shared: Identity): void {
  ownKeys(shared)
  changeKeys(shared)
  serviceAccounts(shared)
}

/** Makes a key; a refusal where there are too many. Under a lock of who owns it. */
async function addKey(
  tx: Tx<'identity'>,
  owner: Pick<ApiKey, 'userId' | 'serviceAccountId' | 'organisationId' | 'issuer'>,
  { name, scopes, expiresInDays = 365 }: { name: string; scopes: string[]; expiresInDays?: number },
  now: Date,
) {
  const of: KeysOf = owner.userId ? { userId: owner.userId } : { serviceAccountId: owner.serviceAccountId! }
  if ((await countApiKeys(tx, of)) >= mostKeys)
    throw new Problem('conflict', 'too_many_keys', { detail: `There are ${mostKeys} keys already. Revoke one first.` })
  const { key, ...kept } = secretOfKey()
  const made = keyOf({ id: newId(), ...owner, name: name.trim(), scopes, ...kept }, expiresInDays, now)
  await insertApiKey(tx, made)
  await tx.publish(ApiKeyCreated, {
    keyId: made.id,
    ownerId: (owner.userId ?? owner.serviceAccountId)!,
    ownerKind: owner.userId ? 'person' : 'service-account',
    organisationId: owner.organisationId,
    name: made.name,
    scopes,
    expiresAt: made.expiresAt.toISOString(),
  })
  return { ...apiKeyView(made), key }
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

/** Programs that act for an organisation by themselves; its owners and admins look after them. */
function serviceAccounts(shared: Identity): void {
  const { db, http, now } = shared.host
  const InOrganisation = Type.Object({ id: Id })
  const ById = Type.Object({ id: Id, accountId: Id })
  const at = '/organisations/:id/service-accounts'
  const guarded = [
    'organisation_unknown',
    'organisation_needs_factor',
    'organisation_needs_provider',
    'organisation_admin_required',
  ] as const
  const known = [...guarded, 'service_account_unknown'] as const

  http.get(
    at,
    {
      config: { access: signedIn },
      schema: {
        summary: 'List the service accounts of an organisation',
        refuses: guarded,
        params: InOrganisation,
        querystring: listQuery({}),
        response: { 200: Page(ServiceAccountView) },
      },
    },
    async ({ actor, params: { id }, query }) => {
      await enterAsAdmin(db, actor, id)
      const rows = await listServiceAccounts(db, id, idAfter(query.after), query.limit)
      return page(rows, query.limit, last => [last.id], serviceAccountView)
    },
  )

  http.post(
    at,
    {
      config: { access: signedIn },
      schema: {
        summary: 'Make a service account: a program that acts for the organisation by itself',
        description:
          'It stays when whoever made it goes. As editor it changes what the organisation has; a viewer reads.',
        refuses: [...guarded, 'too_many_service_accounts'],
        params: InOrganisation,
        body: Type.Object({
          name: Line(100, { examples: ['Production line 3'] }),
          role: Type.Enum(['editor', 'viewer'], { examples: ['editor'] }),
        }),
        response: { 201: ServiceAccountView },
      },
    },
    async ({ actor, params, body }, reply) => {
      await enterAsAdmin(db, actor, params.id)
      const account = {
        id: newId(),
        organisationId: params.id,
        name: body.name.trim(),
        role: body.role,
        createdAt: now(),
      }
      await db.transaction(async tx => {
        await touchOrganisation(tx, params.id)
        await requireAdmin(tx, actor, params.id)
        if ((await countServiceAccounts(tx, params.id)) >= mostAccounts)
          throw new Problem('conflict', 'too_many_service_accounts', {
            detail: `There are ${mostAccounts} service accounts already. Delete one first.`,
          })
        await insertServiceAccount(tx, account)
      })
      return reply.code(201).send(serviceAccountView(account))
    },
  )

  http.delete(
    `${at}/:accountId`,
    {
      config: { access: signedIn },
      schema: {
        summary: 'Delete a service account with all its keys',
        refuses: known,
        params: ById,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await enterAsAdmin(db, actor, params.id)
      await db.transaction(async tx => {
        await holdServiceAccount(tx, params.id, params.accountId, 'change')
        await endApiKeys(tx, { serviceAccountId: params.accountId }, 'owner-gone')
        await deleteServiceAccount(tx, params.accountId)
      })
      return reply.code(204).send()
    },
  )

  http.get(
    `${at}/:accountId/keys`,
    {
      config: { access: signedIn },
      schema: {
        summary: 'List the keys of a service account, the latest first',
        refuses: known,
        params: ById,
        querystring: listQuery({}),
        response: { 200: Page(ApiKeyView) },
      },
    },
    async ({ actor, params, query }) => {
      await enterAsAdmin(db, actor, params.id)
      await db.transaction(tx => holdServiceAccount(tx, params.id, params.accountId, 'stay'))
      const of = { serviceAccountId: params.accountId }
      return page(
        await listApiKeys(db, of, idAfter(query.after), query.limit),
        query.limit,
        last => [last.id],
        apiKeyView,
      )
    },
  )

  http.post(
    `${at}/:accountId/keys`,
    {
      config: { access: signedIn },
      schema: {
        summary: 'Make a key for a service account',
        refuses: [...known, 'too_many_keys', ...wrongSignIn],
        params: ById,
        body: KeyBody,
        response: { 201: NewApiKeyView },
      },
    },
    async ({ actor, params, body }, reply) => {
      await enterAsAdmin(db, actor, params.id)
      await prove(shared, actor, body.password)
      const made = await db.transaction(async tx => {
        await holdOrganisation(tx, params.id)
        await requireAdmin(tx, actor, params.id)
        await holdServiceAccount(tx, params.id, params.accountId, 'change')
        const owner = { userId: null, serviceAccountId: params.accountId, organisationId: params.id, issuer: null }
        return await addKey(tx, owner, body, now())
      })
      return reply.code(201).send(made)
    },
  )
}
