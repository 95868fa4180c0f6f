import Type from 'typebox'
import { ServiceAccountChanged } from '#contracts/identity'
import { type CustomRole, Id, Line } from '#contracts/shared'
import { listQuery, newId, Page, page, Problem, signedIn, type Tx } from '#kernel'
import { idAfter, type Identity } from '../identity.ts'
import { enterAsAdmin, guarded, requireAdmin } from '../organisations/access.ts'
import { sameStanding, scopesWithin } from '../organisations/roles.ts'
import { standingFor } from '../organisations/roles-store.ts'
import { touchOrganisation } from '../organisations/store.ts'
import { addKey } from './adding.ts'
import { endApiKeys, tellChanged, told } from './ending.ts'
import {
  ApiKeyView,
  apiKeyView,
  KeyBody,
  NewApiKeyView,
  RoleOfMachine,
  type ServiceAccount,
  ServiceAccountView,
  serviceAccountView,
} from './machines.ts'
import { prove, wrongSignIn } from './proof.ts'
import {
  countServiceAccounts,
  deleteServiceAccount,
  holdOrganisation,
  holdServiceAccount,
  insertServiceAccount,
  listApiKeys,
  listServiceAccounts,
  updateServiceAccount,
} from './store.ts'

const mostAccounts = 100
const at = '/organisations/:id/service-accounts'
const InOrganisation = Type.Object({ id: Id })
const ById = Type.Object({ id: Id, accountId: Id })
const known = [...guarded, 'service_account_unknown'] as const

/** Programs that act for an organisation by themselves; its owners and admins look after them. */
export function serviceAccountRoutes(shared: Identity): void {
  listAndAdd(shared)
  changeAndEnd(shared)
  keysOfAccounts(shared)
}

/** What it becomes by the name or the id of a role; no other of the four gets past the schema. Fails with `role_unknown`. */
const standingOfMachine = (tx: Tx, organisationId: string, role: string) =>
  standingFor(tx, organisationId, role) as Promise<Pick<ServiceAccount, 'role' | 'custom'>>

/** A key is not made for what its account may not do. */
function refuseWider(scopes: readonly string[], role: CustomRole | null): void {
  const within = scopesWithin(scopes, role?.permissions)
  const beyond = scopes.filter(scope => !within.includes(scope))
  if (beyond.length > 0)
    throw new Problem('forbidden', 'scopes_wider', {
      detail: `The role “${role!.name}” of the service account does not have ${beyond.join(', ')}.`,
      scopes: beyond,
    })
}

function listAndAdd({ host: { db, http, now } }: Identity): void {
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
          'It stays when whoever made it goes. As editor it changes what the organisation has; a viewer reads; with a ' +
          'role that the organisation has defined it may what that lets do, whatever the scopes of its keys.',
        refuses: [...guarded, 'role_unknown', 'too_many_service_accounts'],
        params: InOrganisation,
        body: Type.Object({
          name: Line(100, { examples: ['Production line 3'] }),
          role: RoleOfMachine,
        }),
        response: { 201: ServiceAccountView },
      },
    },
    async ({ actor, params, body }, reply) => {
      await enterAsAdmin(db, actor, params.id)
      const account = await db.transaction(async tx => {
        await touchOrganisation(tx, params.id)
        await requireAdmin(tx, actor, params.id)
        if ((await countServiceAccounts(tx, params.id)) >= mostAccounts)
          throw new Problem('conflict', 'too_many_service_accounts', {
            detail: `There are ${mostAccounts} service accounts already. Delete one first.`,
          })
        const account: ServiceAccount = {
          id: newId(),
          organisationId: params.id,
          name: body.name.trim(),
          ...(await standingOfMachine(tx, params.id, body.role)),
          createdAt: now(),
        }
        await insertServiceAccount(tx, account)
        await tx.publish(ServiceAccountChanged, told(account))
        return account
      })
      return reply.code(201).send(serviceAccountView(account))
    },
  )
}

function changeAndEnd({ host: { db, http, now } }: Identity): void {
  http.patch(
    `${at}/:accountId`,
    {
      config: { access: signedIn },
      schema: {
        summary: 'Give a service account another name or role',
        description: 'What the role lets do holds at once, for all its keys.',
        refuses: [...known, 'role_unknown'],
        params: ById,
        body: Type.Object(
          { name: Type.Optional(Line(100, { examples: ['Production line 3'] })), role: Type.Optional(RoleOfMachine) },
          { minProperties: 1 },
        ),
        response: { 200: ServiceAccountView },
      },
    },
    async ({ actor, params, body }) => {
      await enterAsAdmin(db, actor, params.id)
      return await db.transaction(async tx => {
        await touchOrganisation(tx, params.id)
        await requireAdmin(tx, actor, params.id)
        const former = await holdServiceAccount(tx, params.id, params.accountId, 'change')
        const name = body.name?.trim() ?? former.name
        const standing = body.role ? await standingOfMachine(tx, params.id, body.role) : former
        const account = { ...former, name, role: standing.role, custom: standing.custom }
        if (name === former.name && sameStanding(former, account)) return serviceAccountView(former)
        await updateServiceAccount(tx, account)
        if (sameStanding(former, account)) await tx.publish(ServiceAccountChanged, told(account))
        else await tellChanged(tx, account, now())
        return serviceAccountView(account)
      })
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
        const account = await holdServiceAccount(tx, params.id, params.accountId, 'change')
        await endApiKeys(tx, { serviceAccountId: params.accountId }, 'owner-gone')
        await deleteServiceAccount(tx, params.accountId)
        await tx.publish(ServiceAccountChanged, told(account, true))
      })
      return reply.code(204).send()
    },
  )
}

function keysOfAccounts(shared: Identity): void {
  const { db, http, now } = shared.host

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
        description:
          'With scopes that the role of the account lets use. A role that lets do less later narrows the key at once.',
        refuses: [...known, 'scopes_wider', 'too_many_keys', ...wrongSignIn],
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
        const { custom } = await holdServiceAccount(tx, params.id, params.accountId, 'change')
        refuseWider(body.scopes, custom)
        const owner = { userId: null, serviceAccountId: params.accountId, organisationId: params.id, issuer: null }
        return await addKey(tx, owner, body, now())
      })
      return reply.code(201).send(made)
    },
  )
}
