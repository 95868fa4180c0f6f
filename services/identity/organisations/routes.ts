import Type, { type Static } from 'typebox'
import { MemberChanged, MemberInvited, OrganisationCreated } from '#contracts/identity'
import { Email, Id, OrganisationRole } from '#contracts/shared'
import { type Actor, fail, newId, notModified, Page, page, listQuery, Problem, requireMatch, signedIn } from '#kernel'
import { nameOf, normalise } from '../accounts/accounts.ts'
import { findUser } from '../accounts/store.ts'
import { idAfter, type Identity } from '../identity.ts'
import { invitationPages, Token } from './invitation-pages.ts'
import { digest, newSecret, seal } from '../secrets.ts'
import { revokeTokens } from '../sessions/sessions.ts'
import {
  InvitationView,
  invitationView,
  memberView,
  MemberView,
  Name,
  organisationView,
  OrganisationView,
  refuseMemberChange,
} from './organisations.ts'
import {
  changeMember,
  deleteInvitation,
  findInvitation,
  findMember,
  findOrganisation,
  insertInvitation,
  insertMember,
  insertOrganisation,
  type Invitation,
  listInvitations,
  listMembersOf,
  listOrganisations,
  type Organisation,
  renameOrganisation,
  touchOrganisation,
} from './store.ts'

const lifeOfInvitation = 7 * 86_400_000

/** Organisations, their members, and invitations to become one. */
export function organisationRoutes(identity: Identity): void {
  const { host, limits } = identity
  const { db, http, now } = host
  const sealKey = host.secret('invitations at rest')
  const ById = Type.Object({ id: Id })

  /**
   * The organisation and what the actor may be in it; an admin of the platform is like an owner. Others do not learn
   * that it exists.
   */
  async function enter(
    actor: Actor,
    id: string,
  ): Promise<{ organisation: Organisation & { role: OrganisationRole | null }; own: OrganisationRole }> {
    const organisation = await findOrganisation(db, id, actor.userId)
    const own = actor.role === 'admin' ? 'owner' : organisation?.role
    if (!organisation || !own) throw new Problem('not_found', 'organisation_unknown')
    return { organisation, own }
  }

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
        return organisationView({ ...organisation, role: 'owner' })
      })
      return reply.code(201).header('location', `/api/auth/organisations/${view.id}`).send(view)
    },
  )

  http.get(
    '/organisations',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List the organisations one belongs to',
        querystring: listQuery({}),
        response: { 200: Page(OrganisationView) },
      },
    },
    async ({ actor, query }) =>
      page(
        await listOrganisations(db, actor.userId, idAfter(query.after), query.limit),
        query.limit,
        last => [last.id],
        organisationView,
      ),
  )

  http.get(
    '/organisations/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'One organisation',
        honours: ['If-None-Match'],
        refuses: ['organisation_unknown'],
        params: ById,
        response: { 200: OrganisationView },
      },
    },
    async (request, reply) => {
      const { organisation } = await enter(request.actor, request.params.id)
      if (notModified(request, reply, organisation.version)) return reply.send()
      return organisationView(organisation)
    },
  )

  http.patch(
    '/organisations/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Rename an organisation',
        honours: ['If-Match'],
        refuses: ['organisation_unknown', 'organisation_admin_required'],
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
      const { organisation, own } = await enter(request.actor, id)
      refuseMemberChange(own, undefined, null)
      const name = body.name.trim()
      const version = await db.transaction(async tx => {
        const version = await touchOrganisation(tx, id)
        requireMatch(request, version - 1)
        await renameOrganisation(tx, id, name)
        return version
      })
      notModified(request, reply, version)
      return organisationView({ ...organisation, name })
    },
  )

  http.get(
    '/organisations/:id/members',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List the members',
        refuses: ['organisation_unknown'],
        params: ById,
        querystring: listQuery({}),
        response: { 200: Page(MemberView) },
      },
    },
    async ({ actor, params, query }) => {
      await enter(actor, params.id)
      return page(
        await listMembersOf(db, params.id, idAfter(query.after), query.limit),
        query.limit,
        last => [last.userId],
        memberView,
      )
    },
  )

  const Membership = Type.Object({ id: Id, userId: Id })

  /**
   * Under the lock of the organisation, and with what the actor is in it by then: an admin just demoted changes nobody
   * any more.
   */
  async function change(actor: Actor, id: string, userId: string, role: OrganisationRole | null): Promise<void> {
    await enter(actor, id)
    await db.transaction(async tx => {
      const version = await touchOrganisation(tx, id)
      const own = actor.role === 'admin' ? 'owner' : await findMember(tx, id, actor.userId)
      const former = await findMember(tx, id, userId)
      if (!own) throw new Problem('not_found', 'organisation_unknown')
      if (!(userId === actor.userId && role === null)) refuseMemberChange(own, former, role)
      if (!former) throw new Problem('not_found', 'member_unknown')
      if (former === role) return
      await changeMember(tx, id, userId, role)
      await tx.publish(MemberChanged, { organisationId: id, userId, role, version })
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
          'Owners may all; admins all but with owners. Access tokens of the member are refused from now on; the next refresh has the new role.',
        refuses: [
          'organisation_unknown',
          'organisation_admin_required',
          'organisation_owner_required',
          'member_unknown',
          'last_owner',
        ],
        params: Membership,
        body: Type.Object({ role: OrganisationRole }),
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
          'organisation_admin_required',
          'organisation_owner_required',
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

  http.post(
    '/organisations/:id/invitations',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Invite somebody by mail',
        description: 'The link is good for seven days. Inviting the same address again makes the former link useless.',
        refuses: [
          'organisation_unknown',
          'organisation_admin_required',
          'organisation_owner_required',
          'too_many_requests',
        ],
        params: ById,
        body: Type.Object({ email: Email, role: OrganisationRole }),
        response: { 201: InvitationView },
      },
    },
    async ({ actor, params, body }, reply) => {
      const { organisation, own } = await enter(actor, params.id)
      refuseMemberChange(own, undefined, body.role)
      await limits.invite.take(actor.userId)
      const inviter = (await findUser(db, actor.userId)) ?? fail('unauthenticated', 'token_invalid')
      const [id, secret, createdAt] = [newId(), newSecret(), now()]
      const invitation: Invitation = {
        id,
        organisationId: organisation.id,
        email: normalise(body.email),
        role: body.role,
        locale: inviter.locale,
        tokenHash: digest(secret),
        sealed: seal(sealKey, id, secret),
        createdAt,
        expiresAt: new Date(createdAt.getTime() + lifeOfInvitation),
      }
      await db.transaction(async tx => {
        await touchOrganisation(tx, organisation.id)
        await insertInvitation(tx, invitation)
        await tx.publish(MemberInvited, {
          organisationId: organisation.id,
          invitationId: id,
          email: invitation.email,
          organisationName: organisation.name,
          invitedBy: nameOf(inviter),
          role: body.role,
          locale: inviter.locale,
          expiresAt: invitation.expiresAt.toISOString(),
        })
      })
      return reply.code(201).send(invitationView(invitation))
    },
  )

  http.get(
    '/organisations/:id/invitations',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List invitations that wait for an answer',
        refuses: ['organisation_unknown', 'organisation_admin_required'],
        params: ById,
        querystring: listQuery({}),
        response: { 200: Page(InvitationView) },
      },
    },
    async ({ actor, params, query }) => {
      refuseMemberChange((await enter(actor, params.id)).own, undefined, null)
      return page(
        await listInvitations(db, params.id, now(), idAfter(query.after), query.limit),
        query.limit,
        last => [last.id],
        invitationView,
      )
    },
  )

  http.delete(
    '/organisations/:id/invitations/:invitationId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Withdraw an invitation',
        refuses: ['organisation_unknown', 'organisation_admin_required', 'invitation_unknown'],
        params: Type.Object({ id: Id, invitationId: Id }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      refuseMemberChange((await enter(actor, params.id)).own, undefined, null)
      const deleted = await db.transaction(tx => deleteInvitation(tx, params.id, params.invitationId))
      if (!deleted) throw new Problem('not_found', 'invitation_unknown')
      return reply.code(204).send()
    },
  )

  /** The person whose address was invited becomes a member; the invitation is spent. */
  async function accept({ userId }: Pick<Actor, 'userId'>, token: string): Promise<Static<typeof OrganisationView>> {
    const invitation = await findInvitation(db, { tokenHash: digest(token) }, now())
    if (!invitation)
      throw new Problem('not_found', 'invitation_unknown', {
        detail: 'The invitation was answered, withdrawn, or has expired.',
      })
    const { organisationId } = invitation
    await db.transaction(async tx => {
      const version = await touchOrganisation(tx, organisationId)
      const user = await findUser(tx, userId)
      if (user?.email !== invitation.email)
        throw new Problem('forbidden', 'invitation_for_another', {
          detail: 'The invitation is for another address. Sign in as the one who was invited.',
        })
      if (!(await deleteInvitation(tx, organisationId, invitation.id)))
        throw new Problem('not_found', 'invitation_unknown')
      if (await insertMember(tx, organisationId, userId, invitation.role, now()))
        await tx.publish(MemberChanged, { organisationId, userId, role: invitation.role, version })
    })
    return organisationView((await findOrganisation(db, organisationId, userId))!)
  }

  http.post(
    '/invitations/accept',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Accept an invitation',
        refuses: ['invitation_unknown', 'invitation_for_another'],
        body: Type.Object({ token: Token }),
        response: { 200: OrganisationView },
      },
    },
    ({ actor, body }) => accept(actor, body.token),
  )

  invitationPages(identity, accept)
}
