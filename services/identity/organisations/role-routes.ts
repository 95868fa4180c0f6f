import Type, { type Static } from 'typebox'
import { MemberChanged } from '#contracts/identity'
import { type CustomRole, Id, OrganisationRole } from '#contracts/shared'
import { newId, notModified, Problem, requireMatch, signedIn, type Tx } from '#kernel'
import type { Identity } from '../identity.ts'
import { tellChanged } from '../machines/ending.ts'
import type { ServiceAccount } from '../machines/machines.ts'
import { moveServiceAccounts } from '../machines/store.ts'
import { revokeTokens } from '../sessions/sessions.ts'
import { enter, requireAdmin, roleIn } from './access.ts'
import {
  GivenRole,
  isOfMachines,
  memberOf,
  PredefinedRoleView,
  predefined,
  refuseMemberChange,
  RoleBody,
  RoleChange,
  roleOf,
  RoleView,
  type Standing,
  wholePermissions,
} from './roles.ts'
import { deleteRole, findRole, insertRole, listRoles, standingFor, type StoredRole, updateRole } from './roles-store.ts'
import { deleteUnfoundedInvitations, touchOrganisation } from './store.ts'

const mostRoles = 50

const guarded = ['organisation_unknown', 'organisation_needs_factor', 'organisation_needs_provider'] as const
const ById = Type.Object({ id: Id })
const ByRole = Type.Object({ id: Id, roleId: Id })

const roleView = ({ version: _, createdAt, ...role }: StoredRole): Static<typeof RoleView> => ({
  ...role,
  createdAt: createdAt.toISOString(),
})

/** Roles that an organisation has defined. Owners and admins do, who have all permissions: none is wider than theirs. */
export function roleRoutes(identity: Identity): void {
  listAndAdd(identity)
  changeAndEnd(identity)
}

function listAndAdd({ host }: Identity): void {
  const { db, http, now } = host
  http.get(
    '/organisations/:id/roles',
    {
      config: { access: signedIn },
      schema: {
        summary: 'The roles that an organisation gives, and what each lets do',
        refuses: guarded,
        params: ById,
        response: {
          200: Type.Object(
            { predefined: Type.Array(PredefinedRoleView), items: Type.Array(RoleView) },
            { title: 'OrganisationRoles' },
          ),
        },
      },
    },
    async ({ actor, params: { id } }) => {
      await enter(db, actor, id)
      const four = Object.keys(predefined) as OrganisationRole[]
      return {
        predefined: four.map(role => ({ role, permissions: [...predefined[role]] })),
        items: (await listRoles(db, id)).map(roleView),
      }
    },
  )

  http.post(
    '/organisations/:id/roles',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Define a role of an organisation',
        description:
          'Whoever has it may what its permissions say while they act for the organisation, on every route, and by ' +
          'their keys; what they may for themselves stays. Owners and admins define roles.',
        honours: ['Idempotency-Key'],
        gives: ['ETag'],
        refuses: [...guarded, 'organisation_admin_required', 'role_exists', 'too_many_roles'],
        params: ById,
        body: RoleBody,
        response: { 201: RoleView },
      },
    },
    async (request, reply) => {
      const {
        actor,
        params: { id },
        body,
      } = request
      await enter(db, actor, id)
      const made = await db.once(request, async tx => {
        await touchOrganisation(tx, id)
        await requireAdmin(tx, actor, id)
        if ((await listRoles(tx, id)).length >= mostRoles)
          throw new Problem('conflict', 'too_many_roles', { limit: mostRoles })
        const role = {
          id: newId(),
          name: body.name.trim(),
          permissions: wholePermissions(body.permissions),
          createdAt: now(),
        }
        await insertRole(tx, id, role)
        await host.acted(tx, actor, 'role.defined', id, { roleId: role.id, permissions: role.permissions })
        return roleView({ ...role, version: 1, members: 0, serviceAccounts: 0 })
      })
      return reply.code(201).header('etag', '"1"').send(made)
    },
  )
}

function changeAndEnd({ host }: Identity): void {
  const { db, http, now } = host

  /** What those may do who have it is something else from now on: their tokens end, as those of who is disabled. */
  async function changed(
    tx: Tx<'identity'>,
    id: string,
    members: readonly string[],
    accounts: readonly ServiceAccount[],
    to: Standing,
  ): Promise<void> {
    await deleteUnfoundedInvitations(tx, id)
    for (const userId of members) {
      // A version each: who keeps members goes by it.
      const version = await touchOrganisation(tx, id)
      await tx.publish(MemberChanged, { organisationId: id, userId, ...memberOf(to), version })
      await revokeTokens(tx, userId, now())
    }
    for (const account of accounts) await tellChanged(tx, account, now())
  }

  http.patch(
    '/organisations/:id/roles/:roleId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Define a role of an organisation anew',
        description: 'What it lets do holds at once, for all who have it.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: [...guarded, 'organisation_admin_required', 'role_unknown', 'role_exists'],
        params: ByRole,
        body: RoleChange,
        response: { 200: RoleView },
      },
    },
    async (request, reply) => {
      const {
        actor,
        params: { id, roleId },
        body,
      } = request
      await enter(db, actor, id)
      const role = await db.transaction(async tx => {
        await touchOrganisation(tx, id)
        await requireAdmin(tx, actor, id)
        const former = await findRole(tx, id, roleId)
        requireMatch(request, former.version)
        const next: CustomRole = {
          id: former.id,
          name: body.name?.trim() ?? former.name,
          permissions: body.permissions ? wholePermissions(body.permissions) : former.permissions,
        }
        const lets = next.permissions.join() !== former.permissions.join()
        if (!lets && next.name === former.name) return former
        const members = await updateRole(tx, next)
        await host.acted(tx, actor, 'role.changed', id, { roleId: next.id, permissions: next.permissions })
        if (lets) {
          const to = { role: roleOf(next.permissions), custom: next }
          await changed(tx, id, members, await moveServiceAccounts(tx, roleId, to), to)
        }
        return await findRole(tx, id, roleId)
      })
      notModified(request, reply, role.version)
      return roleView(role)
    },
  )

  http.delete(
    '/organisations/:id/roles/:roleId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Remove a role of an organisation',
        description:
          'Invitations to it go with it. Where members or service accounts have it, `to` says what they become, at once: ' +
          'one of the four, or the id of another role. Service accounts become neither owners nor admins.',
        refuses: [
          ...guarded,
          'organisation_admin_required',
          'organisation_owner_required',
          'role_unknown',
          'role_held',
        ],
        params: ByRole,
        querystring: Type.Object({ to: Type.Optional(GivenRole) }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params: { id, roleId }, query }, reply) => {
      await enter(db, actor, id)
      await db.transaction(async tx => {
        await touchOrganisation(tx, id)
        const own = await roleIn(tx, actor, id)
        refuseMemberChange(own, undefined, null)
        const { id: former, members, serviceAccounts } = await findRole(tx, id, roleId)
        const to = query.to === undefined ? undefined : await standingFor(tx, id, query.to)
        if (to) refuseMemberChange(own, undefined, to.role)
        const isHeld = members > 0 && (!to || to.custom?.id === former)
        if (isHeld || (serviceAccounts > 0 && (!to || to.custom?.id === former || !isOfMachines(to))))
          throw new Problem('conflict', 'role_held', {
            detail: 'Say by `to` what those become who have it; service accounts become neither owners nor admins.',
            members,
            serviceAccounts,
          })
        const accounts = to && serviceAccounts > 0 ? await moveServiceAccounts(tx, former, to) : []
        const moved = await deleteRole(tx, former, to)
        await host.acted(tx, actor, 'role.removed', id, { roleId: former, to: to ? (to.custom?.id ?? to.role) : null })
        if (to) await changed(tx, id, moved, accounts, to)
      })
      return reply.code(204).send()
    },
  )
}
