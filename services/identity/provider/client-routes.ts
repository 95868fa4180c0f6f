import { isDeepStrictEqual } from 'node:util'
import Type from 'typebox'
import { ClientChanged, ClientRegistered, ClientSecretRotated } from '#contracts/identity'
import { Id } from '#contracts/shared'
import { listQuery, newId, Page, page, Problem, signedIn, type Tx, type Visitor } from '#kernel'
import { idAfter, type Identity } from '../identity.ts'
import { prove, wrongSignIn } from '../machines/proof.ts'
import { holdOrganisation } from '../machines/store.ts'
import { enter, roleIn } from '../organisations/access.ts'
import {
  type Client,
  ClientBody,
  ClientChange,
  ClientView,
  clientView,
  NewClientView,
  refuseClient,
  secretOfClient,
} from './clients.ts'
import { endClient, toldOf } from './ending.ts'
import { countClients, deleteClient, findClient, insertClient, listClients, lockClient, updateClient } from './store.ts'

const mostClients = 50
const Password = Type.Optional(
  Type.String({
    maxLength: 1000,
    description: 'Where the session is older than fifteen minutes',
    examples: ['a-long-summer-of-trains'],
  }),
)
const mine = [
  'client_unknown',
  'organisation_unknown',
  'organisation_needs_factor',
  'organisation_needs_provider',
  'organisation_owner_required',
  'role_insufficient',
] as const

/** Apps that people sign in to with their account here: registered by admins, and by owners for their organisation. */
export function clientRoutes(shared: Identity): void {
  registering(shared)
  changing(shared)
}

const ownerRequired = (): never => {
  throw new Problem('forbidden', 'organisation_owner_required', {
    detail: 'Only owners of the organisation look after its clients.',
  })
}

const adminRequired = (): never => {
  throw new Problem('forbidden', 'role_insufficient', {
    detail: 'Only admins look after clients of the platform. Name your organisation.',
  })
}

/** Whose clients somebody looks after: those of the platform as admin, those of an organisation as its owner. */
async function refuseOthers(tx: Tx, actor: Visitor, organisationId: string | null): Promise<void> {
  if (organisationId === null) return actor.role === 'admin' ? undefined : adminRequired()
  await holdOrganisation(tx, organisationId)
  if ((await roleIn(tx, actor, organisationId)) !== 'owner') ownerRequired()
}

function registering(shared: Identity): void {
  const { db, http, now } = shared.host

  http.get(
    '/clients',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List the clients one looks after, the latest first',
        description: 'Owners see those of their organisations, admins all.',
        querystring: listQuery({ organisationId: Type.Optional({ ...Id, description: 'Only those of this one' }) }),
        response: { 200: Page(ClientView) },
      },
    },
    async ({ actor, query }) => {
      const ownerId = actor.role === 'admin' ? undefined : actor.userId
      const rows = await listClients(
        db,
        { ownerId, organisationId: query.organisationId },
        idAfter(query.after),
        query.limit,
      )
      return page(rows, query.limit, last => [last.id], clientView)
    },
  )

  http.post(
    '/clients',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Register a client: an app that people sign in to with their account here',
        description:
          'Owners register it for their organisation, admins also for the platform. It asks people for scopes, who see ' +
          'what it may and can end it at `/api/auth/apps`. The secret of a confidential one is told this once.',
        refuses: [
          'organisation_unknown',
          'organisation_owner_required',
          'role_insufficient',
          'too_many_clients',
          ...wrongSignIn,
        ],
        body: Type.Object({ ...ClientBody.properties, password: Password }),
        response: { 201: NewClientView },
      },
    },
    async ({ actor, body }, reply) => {
      await prove(shared, actor, body.password)
      const { secret, secretHash } =
        body.kind === 'confidential' ? secretOfClient() : { secret: null, secretHash: null }
      const organisationId = body.organisationId ?? null
      if (body.firstParty && organisationId)
        throw new Problem('invalid', 'request_invalid', {
          detail: 'What is of an organisation is no part of the platform.',
          errors: [{ pointer: '/firstParty', detail: 'is for clients of the platform alone' }],
        })
      const client: Client = {
        id: newId(),
        organisationId,
        name: body.name.trim(),
        firstParty: body.firstParty ?? false,
        secretHash,
        redirectUris: body.redirectUris,
        postLogoutUris: body.postLogoutRedirectUris ?? [],
        scopes: body.scopes,
        createdAt: now(),
      }
      refuseClient(client)
      await db.transaction(async tx => {
        await refuseOthers(tx, actor, organisationId)
        if ((await countClients(tx, organisationId)) >= mostClients)
          throw new Problem('conflict', 'too_many_clients', {
            detail: `There are ${mostClients} clients already. Remove one first.`,
          })
        await insertClient(tx, client)
        const { firstParty, redirectUris, scopes } = client
        await tx.publish(ClientRegistered, { ...toldOf(client), kind: body.kind, firstParty, redirectUris, scopes })
      })
      return reply.code(201).send({ ...clientView(client), secret })
    },
  )
}

function changing(shared: Identity): void {
  const { db, http } = shared.host
  const ById = Type.Object({ id: Id })

  /** The client, held until the transaction ends. Others do not learn that it exists. */
  async function own(tx: Tx, actor: Visitor, id: string): Promise<Client> {
    const client = (await findClient(tx, id)) ?? unknown()
    await refuseOthers(tx, actor, client.organisationId).catch(error => {
      if (error instanceof Problem && error.code !== 'organisation_owner_required') unknown()
      throw error
    })
    return (await lockClient(tx, id, 'change')) ?? unknown()
  }
  const unknown = (): never => {
    throw new Problem('not_found', 'client_unknown')
  }

  http.get(
    '/clients/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'One client that one looks after',
        refuses: mine,
        params: ById,
        response: { 200: ClientView },
      },
    },
    async ({ actor, params }) => {
      const client = (await findClient(db, params.id)) ?? unknown()
      if (client.organisationId === null) return actor.role === 'admin' ? clientView(client) : unknown()
      if ((await enter(db, actor, client.organisationId).catch(unknown)).own !== 'owner') ownerRequired()
      return clientView(client)
    },
  )

  http.patch(
    '/clients/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Change a client',
        description: 'With fewer scopes than before, tokens carry fewer from the next one on.',
        refuses: [...mine, ...wrongSignIn],
        params: ById,
        body: Type.Object({ ...ClientChange.properties, password: Password }),
        response: { 200: ClientView },
      },
    },
    async ({ actor, params, body }) => {
      await prove(shared, actor, body.password)
      return await db.transaction(async tx => {
        const former = await own(tx, actor, params.id)
        const client: Client = {
          ...former,
          name: body.name?.trim() ?? former.name,
          redirectUris: body.redirectUris ?? former.redirectUris,
          postLogoutUris: body.postLogoutRedirectUris ?? former.postLogoutUris,
          scopes: body.scopes ?? former.scopes,
        }
        refuseClient(client)
        await updateClient(tx, client)
        const { redirectUris, postLogoutUris: postLogoutRedirectUris, scopes } = client
        if (!isDeepStrictEqual(client, former))
          await tx.publish(ClientChanged, { ...toldOf(client), redirectUris, postLogoutRedirectUris, scopes })
        return clientView(client)
      })
    },
  )

  http.post(
    '/clients/:id/secret',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Give a client another secret, at once',
        refuses: [...mine, 'client_public', ...wrongSignIn],
        params: ById,
        body: Type.Object({ password: Password }),
        response: { 200: NewClientView },
      },
    },
    async ({ actor, params, body }) => {
      await prove(shared, actor, body.password)
      return await db.transaction(async tx => {
        const former = await own(tx, actor, params.id)
        if (!former.secretHash) throw new Problem('conflict', 'client_public')
        const { secret, secretHash } = secretOfClient()
        const client = { ...former, secretHash }
        await updateClient(tx, client)
        await tx.publish(ClientSecretRotated, toldOf(client))
        return { ...clientView(client), secret }
      })
    },
  )

  http.delete(
    '/clients/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Remove a client, and end all that people let it do',
        refuses: mine,
        params: ById,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await db.transaction(async tx => {
        const client = await own(tx, actor, params.id)
        await endClient(tx, client)
        await deleteClient(tx, client.id)
      })
      return reply.code(204).send()
    },
  )
}
