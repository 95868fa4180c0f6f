import Type, { type Static } from 'typebox'
import { MemberChanged, MemberInvited } from '#contracts/identity'
import { Email, Id } from '#contracts/shared'
import { type Actor, fail, type Limit, listQuery, newId, Page, page, Problem, shownAddress, signedIn } from '#kernel'
import { nameOf, normalise, refuseUnreachable } from '../accounts/accounts.ts'
import { findUser, lockUser, type User } from '../accounts/store.ts'
import { idAfter, type Identity } from '../identity.ts'
import { digest, newSecret, seal } from '../secrets.ts'
import { enter, standingOf } from './access.ts'
import { invitationPages, membershipPage, Token } from './invitation-pages.ts'
import { InvitationView, invitationView, organisationView, OrganisationView } from './organisations.ts'
import { GivenRole, memberOf, refuseMembership, sameStanding, type Standing, titleOf } from './roles.ts'
import { standingFor } from './roles-store.ts'
import {
  countWaiting,
  deleteInvitation,
  findInvitation,
  findMember,
  findMemberByEmail,
  findOrganisation,
  insertInvitation,
  insertMember,
  type Invitation,
  listInvitations,
  touchOrganisation,
} from './store.ts'

const day = 86_400_000
const lifeOfInvitation = 7 * day

/** That wait for an answer at once. */
const most = { ofOrganisation: 200, toAddress: 20 }

const answered = () =>
  fail('not_found', 'invitation_unknown', { detail: 'The invitation was answered, withdrawn, or has expired.' })

const memberExists = (member: Standing & { userId: string }, email: string): Problem =>
  new Problem('conflict', 'member_exists', {
    detail: `${shownAddress(email)} is a member already, as ${titleOf(member)}. Give them another role instead.`,
    userId: member.userId,
    ...memberOf(member),
  })

/** Each is a mail in our name to somebody who did not ask for it. Fails with `too_many_requests`. */
async function takeTurns(
  { invite }: Identity['limits'],
  inviter: User,
  organisationId: string,
  email: string,
  at: Date,
): Promise<void> {
  const take = (limit: Limit, key: string, detail: string) =>
    limit.take(key).catch(error => {
      if (!(error instanceof Problem) || error.kind !== 'limited') throw error
      throw new Problem(error.kind, error.code, { ...error.details, detail })
    })
  const to = shownAddress(email)
  await take(invite.account, inviter.id, 'You have invited many people in the last hour. Go on in a while.')
  if (at.getTime() - inviter.createdAt.getTime() < day)
    await take(invite.young, inviter.id, 'A new account invites few people on its first day. Go on tomorrow.')
  await take(invite.organisation, organisationId, 'The organisation has invited many people today. Go on tomorrow.')
  await take(
    invite.both,
    `${organisationId} ${email}`,
    `The organisation has invited ${to} several times today. The last invitation is good for seven days.`,
  )
  await take(invite.address, email, `${to} was invited by many today. Invite them again tomorrow.`)
}

function refuseMore({ ofOrganisation, toAddress }: Awaited<ReturnType<typeof countWaiting>>): void {
  if (ofOrganisation >= most.ofOrganisation)
    throw new Problem('conflict', 'invitations_limit_reached', {
      detail:
        `${most.ofOrganisation} invitations of the organisation wait for an answer. ` +
        'Withdraw some, or invite more when they are answered or have expired.',
      limit: most.ofOrganisation,
    })
  if (toAddress >= most.toAddress)
    throw new Problem('conflict', 'invitations_limit_reached', {
      detail: `${most.toAddress} invitations to this address wait for an answer. Ask whoever reads it to answer some.`,
      limit: most.toAddress,
    })
}

/** Invitations to become a member of an organisation, by mail. */
export function invitationRoutes(identity: Identity): void {
  const { host, limits } = identity
  const { db, http, now } = host
  const sealKey = host.secret('invitations at rest')
  const ById = Type.Object({ id: Id })

  http.post(
    '/organisations/:id/invitations',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Invite somebody by mail',
        description:
          'The link is good for seven days, and as long as who invited may invite as that. ' +
          'Inviting the same address again makes the former link useless.',
        refuses: [
          'organisation_unknown',
          'organisation_needs_factor',
          'organisation_needs_provider',
          'organisation_admin_required',
          'organisation_owner_required',
          'role_wider',
          'role_unknown',
          'member_exists',
          'invitations_limit_reached',
          'address_unreachable',
          'too_many_requests',
        ],
        params: ById,
        body: Type.Object({ email: Email, role: GivenRole }),
        response: { 201: InvitationView },
      },
    },
    async ({ actor, params, body }, reply) => {
      const { organisation, standing } = await enter(db, actor, params.id)
      const given = await standingFor(db, organisation.id, body.role)
      refuseMembership(standing, undefined, given)
      const email = normalise(body.email)
      refuseUnreachable(host, email)
      const inviter = (await findUser(db, actor.userId)) ?? fail('unauthenticated', 'token_invalid')
      const [id, secret, createdAt] = [newId(), newSecret(), now()]
      await takeTurns(limits, inviter, organisation.id, email, createdAt)
      const invitation: Invitation = {
        id,
        organisationId: organisation.id,
        email,
        ...given,
        locale: inviter.locale,
        invitedBy: inviter.id,
        tokenHash: digest(secret),
        sealed: seal(sealKey, id, secret),
        createdAt,
        expiresAt: new Date(createdAt.getTime() + lifeOfInvitation),
      }
      await db.transaction(async tx => {
        await touchOrganisation(tx, organisation.id)
        // Another definition of the role is another answer to whether it may be given.
        Object.assign(invitation, await standingFor(tx, organisation.id, body.role))
        refuseMembership(await standingOf(tx, actor, organisation.id), undefined, invitation)
        const member = await findMemberByEmail(tx, organisation.id, invitation.email)
        if (member) throw memberExists(member, invitation.email)
        refuseMore(await countWaiting(tx, organisation.id, email, createdAt))
        await insertInvitation(tx, invitation)
        await tx.publish(MemberInvited, {
          organisationId: organisation.id,
          invitationId: id,
          email: invitation.email,
          organisationName: organisation.name,
          invitedBy: nameOf(inviter),
          role: invitation.role,
          ...(invitation.custom && { customRole: invitation.custom }),
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
        refuses: [
          'organisation_unknown',
          'organisation_needs_factor',
          'organisation_needs_provider',
          'organisation_admin_required',
        ],
        params: ById,
        querystring: listQuery({}),
        response: { 200: Page(InvitationView) },
      },
    },
    async ({ actor, params, query }) => {
      refuseMembership((await enter(db, actor, params.id)).standing, undefined, null)
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
        refuses: [
          'organisation_unknown',
          'organisation_needs_factor',
          'organisation_needs_provider',
          'organisation_admin_required',
          'invitation_unknown',
        ],
        params: Type.Object({ id: Id, invitationId: Id }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      refuseMembership((await enter(db, actor, params.id)).standing, undefined, null)
      const deleted = await db.transaction(tx => deleteInvitation(tx, params.id, params.invitationId))
      if (!deleted) throw new Problem('not_found', 'invitation_unknown')
      return reply.code(204).send()
    },
  )

  /**
   * The person whose address was invited becomes what the invitation says, and it is spent; one that says something else
   * than they are already is left as it is.
   */
  async function accept({ userId }: Pick<Actor, 'userId'>, token: string): Promise<Static<typeof OrganisationView>> {
    const by = { tokenHash: digest(token) }
    const { organisationId } = (await findInvitation(db, by, now())) ?? answered()
    await db.transaction(async tx => {
      const version = await touchOrganisation(tx, organisationId, answered)
      const invitation = (await findInvitation(tx, by, now())) ?? answered()
      // Whoever deletes their account meanwhile is no member any more.
      const user = await lockUser(tx, userId, 'stay')
      if (user?.email !== invitation.email)
        throw new Problem('forbidden', 'invitation_for_another', {
          detail: 'The invitation is for another address. Sign in as the one who was invited.',
        })
      const known = await findMember(tx, organisationId, userId)
      if (known && !sameStanding(known, invitation)) throw memberExists({ userId, ...known }, user.email)
      await deleteInvitation(tx, organisationId, invitation.id)
      if (known) return
      await insertMember(tx, organisationId, userId, invitation, now())
      await tx.publish(MemberChanged, { organisationId, userId, ...memberOf(invitation), version })
    })
    return organisationView((await findOrganisation(db, organisationId, userId)) ?? answered())
  }

  http.post(
    '/invitations/accept',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Accept an invitation',
        refuses: ['invitation_unknown', 'invitation_for_another', 'member_exists'],
        body: Type.Object({ token: Token }),
        response: { 200: OrganisationView },
      },
    },
    ({ actor, body }) => accept(actor, body.token),
  )

  invitationPages(identity, accept)
  membershipPage(identity)
}
