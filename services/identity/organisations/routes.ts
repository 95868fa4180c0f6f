import Type from 'typebox'
import { MemberChanged, OrganisationCreated } from '#contracts/identity'
import { Id } from '#contracts/shared'
import { isId, newId, notModified, Problem, requireMatch, signedIn, listRoutes, createdIn, type Actor } from '#kernel'
import type { Identity } from '../identity.ts'
import { tellStanding } from '../operators/routes.ts'
import { askAnew } from '../operators/store.ts'
import { revokeTokens } from '../sessions/sessions.ts'
import { enter, standingOf } from './access.ts'
import { domainRoutes } from './domains.ts'
import { memberTold, memberView, MemberView, Name, organisationView, OrganisationView, tagOf } from './organisations.ts'
import { GivenRole, memberOf, refuseMemberChange, refuseMembership, sameStanding } from './roles.ts'
import { roleRoutes } from './role-routes.ts'
import { standingFor } from './roles-store.ts'
import { signInRuleRoutes } from './sign-in-rules.ts'
import {
  changeMember,
  deleteUnfoundedInvitations,
  findMember,
  insertOrganisation,
  listMembersOf,
  listOrganisations,
  type Organisation,
  renameOrganisation,
  touchOrganisation,
} from './store.ts'
import { transferRoute } from './transfer.ts'

/** Organisations, their members, and what their owners and admins say of them. */
export function organisationRoutes(identity: Identity): void {
  memberRoutes(identity)
  transferRoute(identity)
  roleRoutes(identity)
  domainRoutes(identity)
  signInRuleRoutes(identity)
}

function memberRoutes({ host }: Identity): void {
  const { db, http, now } = host
  const ById = Type.Object({ id: Id })

  http.post(
    '/organisations',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Found an organisation and own it',
        honours: ['Idempotency-Key'],
        gives: ['Location'],
        body: Type.Object({ name: Name }),
        response: { 201: OrganisationView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const organisation: Organisation = { id: newId(), name: body.name.trim(), version: 1, createdAt: now() }
      const view = await db.once(request, async tx => {
        await insertOrganisation(tx, organisation, actor.userId)
        await tx.publish(OrganisationCreated, {
          organisationId: organisation.id,
          name: organisation.name,
          ownerId: actor.userId,
        })
        return organisationView({ ...organisation, role: 'owner', custom: null })
      })
      return reply.code(201).header('location', `/api/auth/organisations/${view.id}`).send(view)
    },
  )

  listRoutes(http, db, '/organisations', {
    config: { access: signedIn },
    schema: {
      summary: 'List the organisations one belongs to',
      of: 'organisations',
      filters: {},
      item: OrganisationView,
    },
    wanted: ({ actor, query }) => ({ userId: actor.userId, created: createdIn(query) }),
    rows: ({ userId, created }, limit, after) =>
      listOrganisations(db, userId, after?.[0] as string | undefined, limit - 1, created),
    order: [isId],
    keysOf: ({ id }) => [id],
    view: organisationView,
  })

  http.get(
    '/organisations/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'One organisation',
        honours: ['If-None-Match'],
        refuses: ['organisation_unknown', 'organisation_needs_factor', 'organisation_needs_provider'],
        params: ById,
        response: { 200: OrganisationView },
      },
    },
    async (request, reply) => {
      const { organisation } = await enter(db, request.actor, request.params.id)
      if (notModified(request, reply, tagOf(organisation.version, request.actor))) return reply.send()
      return organisationView(organisation)
    },
  )

  http.patch(
    '/organisations/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Rename an organisation',
        description: 'What an admin has verified it to be waits for one again.',
        honours: ['If-Match'],
        refuses: [
          'organisation_unknown',
          'organisation_needs_factor',
          'organisation_needs_provider',
          'organisation_admin_required',
        ],
        params: ById,
        body: Type.Object({ name: Name }),
        response: { 200: OrganisationView },
      },
    },
    async (request, reply) => {
      const {
        params: { id },
        body,
      } = request
      const { organisation, own } = await enter(db, request.actor, id)
      refuseMemberChange(own, undefined, null)
      const name = body.name.trim()
      const version = await db.transaction(async tx => {
        const version = await touchOrganisation(tx, id)
        requireMatch(request, tagOf(version - 1, request.actor))
        if (name === organisation.name) return version
        await renameOrganisation(tx, id, name)
        // An admin has verified who had the former name.
        if (await askAnew(tx, id, now())) await tellStanding(tx, id, version)
        return version
      })
      notModified(request, reply, tagOf(version, request.actor))
      return organisationView({ ...organisation, name })
    },
  )

  listRoutes(http, db, '/organisations/:id/members', {
    config: { access: signedIn },
    schema: {
      summary: 'List the members',
      description: 'By when they joined, where one asks for a span of time.',
      of: 'members',
      refuses: ['organisation_unknown', 'organisation_needs_factor', 'organisation_needs_provider'],
      params: ById,
      filters: {},
      item: MemberView,
    },
    wanted: async ({ actor, params, query }) => {
      const { own } = await enter(db, actor, params.id)
      return { id: params.id, isTold: own === 'owner' || own === 'admin', joined: createdIn(query) }
    },
    rows: ({ id, joined }, limit, after) => listMembersOf(db, id, after?.[0] as string | undefined, limit - 1, joined),
    order: [isId],
    keysOf: ({ userId }) => [userId],
    view: (member, { isTold }) => (isTold ? memberTold : memberView)(member),
  })

  const Membership = Type.Object({ id: Id, userId: Id })

  /**
   * Under the lock of the organisation, and with what the actor is in it by then: an admin just demoted changes nobody
   * any more.
   */
  async function change(actor: Actor, id: string, userId: string, role: string | null): Promise<void> {
    await enter(db, actor, id)
    await db.transaction(async tx => {
      const version = await touchOrganisation(tx, id)
      const own = await standingOf(tx, actor, id)
      const former = await findMember(tx, id, userId)
      const to = role && (await standingFor(tx, id, role))
      if (!(userId === actor.userId && role === null)) refuseMembership(own, former, to || null)
      if (!former) throw new Problem('not_found', 'member_unknown')
      if (to && sameStanding(former, to)) return
      await changeMember(tx, id, userId, to || null)
      await deleteUnfoundedInvitations(tx, id)
      await tx.publish(MemberChanged, { organisationId: id, userId, ...memberOf(to || null), version })
      await revokeTokens(tx, userId, now())
    })
  }

  http.put(
    '/organisations/:id/members/:userId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Give a member another role',
        description:
          'Owners may all; admins all but with owners; who has `people:write` by a role of the organisation no more than ' +
          'that role lets do. Access tokens of the member are refused from now on; the next refresh has the new role.',
        refuses: [
          'organisation_unknown',
          'organisation_needs_factor',
          'organisation_needs_provider',
          'organisation_admin_required',
          'organisation_owner_required',
          'role_wider',
          'role_unknown',
          'member_unknown',
          'last_owner',
        ],
        params: Membership,
        body: Type.Object({ role: GivenRole }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params, body }, reply) => {
      await change(actor, params.id, params.userId, body.role)
      return reply.code(204).send()
    },
  )

  http.delete(
    '/organisations/:id/members/:userId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Remove a member, or leave',
        description: 'The last owner cannot leave.',
        refuses: [
          'organisation_unknown',
          'organisation_needs_factor',
          'organisation_needs_provider',
          'organisation_admin_required',
          'organisation_owner_required',
          'role_wider',
          'member_unknown',
          'last_owner',
        ],
        params: Membership,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await change(actor, params.id, params.userId, null)
      return reply.code(204).send()
    },
  )
}
