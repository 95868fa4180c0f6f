import Type from 'typebox'
import { MemberChanged } from '#contracts/identity'
import { Id } from '#contracts/shared'
import { fresh, Problem, signedIn } from '#kernel'
import { findUser } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { revokeTokens } from '../sessions/sessions.ts'
import { enter } from './access.ts'
import { MemberView, memberView } from './organisations.ts'
import { memberOf, sameStanding, type Standing } from './roles.ts'
import { changeMember, deleteUnfoundedInvitations, findMember, listMembersOf, touchOrganisation } from './store.ts'

/** An organisation changes hands in one step: there is never a moment with no owner, or with one too many. */
export function transferRoute({ host }: Identity): void {
  const { db, http, now } = host

  http.post(
    '/organisations/:id/transfer',
    {
      config: { access: fresh(signedIn, '15 minutes', true) },
      schema: {
        summary: 'Hand an organisation over to another member',
        description:
          'They own it from now on; who hands it over stays with a lesser role, or leaves. Only who owns it themselves ' +
          'may, with a sign-in of the last fifteen minutes.',
        refuses: [
          'organisation_unknown',
          'organisation_needs_factor',
          'organisation_needs_provider',
          'organisation_owner_required',
          'member_unknown',
          'last_owner',
        ],
        params: Type.Object({ id: Id }),
        body: Type.Object({
          userId: Id,
          stayAs: Type.Union([Type.Enum(['admin', 'editor', 'viewer'], { examples: ['admin'] }), Type.Null()]),
        }),
        response: { 200: Type.Object({ members: Type.Array(MemberView) }, { title: 'OrganisationHandedOver' }) },
      },
    },
    async ({ actor, params: { id }, body }) => {
      await enter(db, actor, id)
      const to = body.userId.toLowerCase()
      return await db.transaction(async tx => {
        await touchOrganisation(tx, id)
        if ((await findMember(tx, id, actor.userId))?.role !== 'owner')
          throw new Problem('forbidden', 'organisation_owner_required', {
            detail: 'Only an owner hands an organisation over.',
          })
        const former = to === actor.userId ? undefined : await findMember(tx, id, to)
        if (!former) throw new Problem('not_found', 'member_unknown')
        if ((await findUser(tx, to))?.disabled)
          throw new Problem('conflict', 'last_owner', { detail: 'They cannot sign in, so they own nothing alone.' })
        const owner: Standing = { role: 'owner', custom: null }
        const changes: [string, Standing, Standing | null][] = [
          [to, former, owner],
          [actor.userId, owner, body.stayAs && { role: body.stayAs, custom: null }],
        ]
        for (const [userId, before, after] of changes) {
          if (after && sameStanding(before, after)) continue
          // A version each: who keeps members goes by it.
          const version = await touchOrganisation(tx, id)
          await changeMember(tx, id, userId, after)
          await tx.publish(MemberChanged, { organisationId: id, userId, ...memberOf(after), version })
        }
        await deleteUnfoundedInvitations(tx, id)
        for (const userId of [to, actor.userId].sort()) await revokeTokens(tx, userId, now())
        return { members: (await listMembersOf(tx, id, undefined, 99)).map(memberView) }
      })
    },
  )
}
