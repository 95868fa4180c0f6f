import Type, { type Static } from 'typebox'
import { Id, Instant } from '#contracts/shared'
import { fresh, newId, Problem, signedIn } from '#kernel'
import type { Identity } from '../identity.ts'
import { enterAsAdmin, guarded, requireAdmin } from '../organisations/access.ts'
import { GivenRole } from '../organisations/roles.ts'
import { standingFor } from '../organisations/roles-store.ts'
import { touchOrganisation } from '../organisations/store.ts'
import { digest, newSecret } from '../secrets.ts'
import { openProvisioning } from './provisioning.ts'
import {
  deleteScimToken,
  findScimGroup,
  insertScimToken,
  listScimGroups,
  listScimTokens,
  membersOfGroups,
  type ScimGroup,
  startOfScimTokens,
  type ScimToken,
  writeGroupRole,
} from './store.ts'

const day = 86_400_000
const [mostTokens, mostGroupsShown] = [5, 1000]

const shown = {
  id: Id,
  start: Type.String({ description: 'How the token begins', examples: ['ohm_scim_Zt4q'] }),
  createdAt: Instant,
  expiresAt: Instant,
  lastUsedAt: Type.Union([Instant, Type.Null()], { description: 'When it last changed something' }),
}
const TokenView = Type.Object(shown, { title: 'ScimToken' })
const NewTokenView = Type.Object(
  {
    ...shown,
    token: Type.String({
      description: 'What the provider sends as bearer token. It is told this once.',
      examples: ['ohm_scim_Zt4qB0c2mP9vX1rLk7yE3sHd6uWnJf5aTgQiRoCzVxM'],
    }),
  },
  { title: 'NewScimToken' },
)
const GroupView = Type.Object(
  {
    id: Id,
    name: Type.String({ examples: ['Accounting'] }),
    role: Type.Union([GivenRole, Type.Null()], { description: 'The role it stands for, if any' }),
    members: Type.Integer({ examples: [12] }),
  },
  { title: 'ScimGroup' },
)

const tokenView = ({ id, start, createdAt, expiresAt, usedAt }: ScimToken): Static<typeof TokenView> => ({
  id,
  start,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
  lastUsedAt: usedAt?.toISOString() ?? null,
})

const ById = Type.Object({ id: Id })

/** What owners and admins of an organisation say of its provider. */
export function scimManagingRoutes(identity: Identity): void {
  tokens(identity)
  groups(identity)
}

function tokens({ host }: Identity): void {
  const { db, http, now } = host
  http.get(
    '/organisations/:id/scim-tokens',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Tokens by which the provider of an organisation provisions people',
        refuses: guarded,
        params: ById,
        response: { 200: Type.Object({ items: Type.Array(TokenView) }, { title: 'ScimTokens' }) },
      },
    },
    async ({ actor, params: { id } }) => {
      await enterAsAdmin(db, actor, id)
      return { items: (await listScimTokens(db, id)).map(tokenView) }
    },
  )

  http.post(
    '/organisations/:id/scim-tokens',
    {
      config: { access: fresh(signedIn, '15 minutes', true) },
      schema: {
        summary: 'Make a token for the provider of an organisation',
        description:
          'With it the provider makes, changes and ends memberships by SCIM 2.0 under `/api/auth/scim/v2`. Make ' +
          'another before one expires: several are good at once.',
        refuses: [...guarded, 'too_many_scim_tokens'],
        params: ById,
        body: Type.Object({
          expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 730, default: 365, examples: [365] })),
        }),
        response: { 201: NewTokenView },
      },
    },
    async ({ actor, params: { id }, body }, reply) => {
      await enterAsAdmin(db, actor, id)
      const token = `${startOfScimTokens}${newSecret()}`
      const made: ScimToken = {
        id: newId(),
        organisationId: id,
        start: token.slice(0, startOfScimTokens.length + 4),
        hash: digest(token),
        createdAt: now(),
        expiresAt: new Date(now().getTime() + (body.expiresInDays ?? 365) * day),
        usedAt: null,
      }
      await db.transaction(async tx => {
        await touchOrganisation(tx, id)
        await requireAdmin(tx, actor, id)
        if ((await listScimTokens(tx, id)).length >= mostTokens)
          throw new Problem('conflict', 'too_many_scim_tokens', { limit: mostTokens })
        await insertScimToken(tx, made)
        await host.acted(tx, actor, 'scim-token.made', id, {
          tokenId: made.id,
          expiresAt: made.expiresAt.toISOString(),
        })
      })
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...tokenView(made), token })
    },
  )

  http.delete(
    '/organisations/:id/scim-tokens/:tokenId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'End a token of the provider, at once',
        refuses: [...guarded, 'scim_token_unknown'],
        params: Type.Object({ id: Id, tokenId: Id }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params: { id, tokenId } }, reply) => {
      await enterAsAdmin(db, actor, id)
      await db.transaction(async tx => {
        await touchOrganisation(tx, id)
        await requireAdmin(tx, actor, id)
        if (!(await deleteScimToken(tx, id, tokenId))) throw new Problem('not_found', 'scim_token_unknown')
        await host.acted(tx, actor, 'scim-token.ended', id, { tokenId })
      })
      return reply.code(204).send()
    },
  )
}

function groups(identity: Identity): void {
  const { host } = identity
  const { db, http } = host
  const { settleRole } = openProvisioning(identity)
  const view = ({ id, displayName, role, roleId }: ScimGroup, members: number): Static<typeof GroupView> => ({
    id,
    name: displayName,
    role: role ?? roleId,
    members,
  })

  http.get(
    '/organisations/:id/scim-groups',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Groups that the provider of an organisation has told of, and the roles they stand for',
        refuses: guarded,
        params: ById,
        response: { 200: Type.Object({ items: Type.Array(GroupView) }, { title: 'ScimGroups' }) },
      },
    },
    async ({ actor, params: { id } }) => {
      await enterAsAdmin(db, actor, id)
      const { found } = await listScimGroups(db, id, undefined, { skip: 0, limit: mostGroupsShown })
      const members = Map.groupBy(
        await membersOfGroups(
          db,
          found.map(group => group.id),
        ),
        ({ groupId }) => groupId,
      )
      return { items: found.map(group => view(group, members.get(group.id)?.length ?? 0)) }
    },
  )

  http.put(
    '/organisations/:id/scim-groups/:groupId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say for which role a group stands',
        description:
          'Who is in several groups has the role that lets do most; who is in none that stands for one is a viewer. ' +
          'Owners are made by owners. It holds at once.',
        refuses: [...guarded, 'organisation_owner_required', 'role_unknown', 'scim_group_unknown'],
        params: Type.Object({ id: Id, groupId: Id }),
        body: Type.Object({ role: Type.Union([GivenRole, Type.Null()], { examples: ['editor'] }) }),
        response: { 200: GroupView },
      },
    },
    async ({ actor, params: { id, groupId }, body: { role } }) => {
      await enterAsAdmin(db, actor, id)
      return await db.transaction(async tx => {
        await touchOrganisation(tx, id)
        await requireAdmin(tx, actor, id)
        const group = await findScimGroup(tx, id, groupId)
        if (!group) throw new Problem('not_found', 'scim_group_unknown')
        const to = role === null ? undefined : await standingFor(tx, id, role)
        if (to?.role === 'owner')
          throw new Problem('forbidden', 'organisation_owner_required', { detail: 'A group stands for no owners.' })
        const given = { role: to && !to.custom ? to.role : null, roleId: to?.custom?.id ?? null }
        await writeGroupRole(tx, groupId, given)
        await host.acted(tx, actor, 'scim-group.mapped', id, { groupId, role })
        const members = (await membersOfGroups(tx, [groupId])).map(({ userId }) => userId).toSorted()
        for (const userId of members) await settleRole(tx, id, userId)
        return view({ ...group, ...given }, members.length)
      })
    },
  )
}
