import Type from 'typebox'
import { ApiKeyRevoked, OrganisationDeleted } from '#contracts/identity'
import { Id } from '#contracts/shared'
import { Problem, requireMatch, signedIn, type Tx } from '#kernel'
import type { Identity } from '../identity.ts'
import { keysFor } from '../machines/store.ts'
import { endClientsOf } from '../provider/ending.ts'
import { forever, revoke, revokeTokens } from '../sessions/sessions.ts'
import { enter, roleIn } from './access.ts'
import { heldBy, isHeld, saying } from './holdings.ts'
import { tagOf } from './organisations.ts'
import { refuseMemberChange } from './roles.ts'
import { deleteOrganisation, listMembersOf, type Organisation, touchOrganisation } from './store.ts'

/** Ends an organisation that holds nothing, and every token that acts for it. Only after `touchOrganisation`. */
export async function endOrganisation(
  tx: Tx<'identity'>,
  { id, name, version }: Pick<Organisation, 'id' | 'name' | 'version'>,
  now: Date,
): Promise<void> {
  const members = (await listMembersOf(tx, id)).map(({ userId }) => userId)
  const keys = await keysFor(tx, id)
  await endClientsOf(tx, id)
  await deleteOrganisation(tx, id)
  await tx.publish(OrganisationDeleted, { organisationId: id, name, members, version })
  for (const userId of members) await revokeTokens(tx, userId, now)
  for (const key of keys) {
    await revoke(tx, key.ownerId, [key.id], forever)
    await tx.publish(ApiKeyRevoked, { keyId: key.id, ownerId: key.ownerId, reason: 'owner-gone' })
  }
}

/** The end of an organisation. */
export function organisationDeletionRoute({ host }: Identity): void {
  const { db, http, now } = host

  http.delete(
    '/organisations/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Delete an organisation that holds nothing any more',
        description:
          'Only its owners may. Its members are told, its invitations end. ' +
          'While it holds something, as chargers, bookings ahead or unpaid invoices, the answer says what and how ' +
          'many (`holds`), and what to do; published passports are kept for good. Where nobody can say, because a part of ' +
          'the platform is away, nothing is deleted (503).',
        honours: ['If-Match'],
        refuses: [
          'organisation_unknown',
          'organisation_needs_factor',
          'organisation_needs_provider',
          'organisation_admin_required',
          'organisation_owner_required',
          'organisation_in_use',
          'service_unavailable',
        ],
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const {
        actor,
        params: { id },
      } = request
      const { organisation, own } = await enter(db, actor, id)
      refuseMemberChange(own, 'owner', null)
      const holds = await heldBy(host, id)
      if (isHeld(holds))
        throw new Problem('conflict', 'organisation_in_use', {
          detail: `“${organisation.name}” still holds ${saying(holds)}`,
          holds,
        })
      await db.transaction(async tx => {
        const version = await touchOrganisation(tx, id)
        requireMatch(request, tagOf(version - 1, actor))
        refuseMemberChange(await roleIn(tx, actor, id), 'owner', null)
        await endOrganisation(tx, { ...organisation, version }, now())
      })
      return reply.code(204).send()
    },
  )
}
