import Type, { type Static } from 'typebox'
import { Email, Id, Instant, Line, OrganisationRole } from '#contracts/shared'
import { type Actor, Problem, shownAddress } from '#kernel'
import { nameOf } from '../accounts/accounts.ts'
import type { Invitation, Member, Membership } from './store.ts'

export const Name = Line(200, { examples: ['Voltaic GmbH'] })

export const OrganisationView = Type.Object(
  {
    id: Id,
    name: Type.String({ examples: ['Voltaic GmbH'] }),
    role: Type.Union([OrganisationRole, Type.Null()], {
      description: 'What you are in it; null for an admin of the platform who is no member',
    }),
    createdAt: Instant,
  },
  { title: 'Organisation' },
)

/** Of an organisation as one sees it: what one may do in it stands in the answer. */
export const tagOf = (version: number, { userId }: Actor): string => `${version}-${userId}`

export const MemberView = Type.Object(
  {
    userId: Id,
    name: Type.String({ examples: ['Ada Lovelace'] }),
    email: Email,
    role: OrganisationRole,
    joinedAt: Instant,
  },
  { title: 'Member' },
)

export const InvitationView = Type.Object(
  {
    id: Id,
    email: Email,
    role: OrganisationRole,
    createdAt: Instant,
    expiresAt: Instant,
  },
  { title: 'Invitation' },
)

export const organisationView = ({
  id,
  name,
  role,
  createdAt,
}: Omit<Membership, 'role'> & { role: OrganisationRole | null }): Static<typeof OrganisationView> => ({
  id,
  name,
  role,
  createdAt: createdAt.toISOString(),
})

export const memberView = ({ userId, email, role, joinedAt, ...names }: Member): Static<typeof MemberView> => ({
  userId,
  name: nameOf(names),
  email: shownAddress(email),
  role,
  joinedAt: joinedAt.toISOString(),
})

export const invitationView = ({
  id,
  email,
  role,
  createdAt,
  expiresAt,
}: Invitation): Static<typeof InvitationView> => ({
  id,
  email: shownAddress(email),
  role,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
})

/** Owners may all, admins all but with owners. A member may always leave. */
export function refuseMemberChange(
  own: OrganisationRole,
  from: OrganisationRole | undefined,
  to: OrganisationRole | null,
): void {
  if (own !== 'owner' && own !== 'admin')
    throw new Problem('forbidden', 'organisation_admin_required', {
      detail: 'Only owners and admins of the organisation may do this.',
    })
  if (own === 'admin' && (from === 'owner' || to === 'owner'))
    throw new Problem('forbidden', 'organisation_owner_required', {
      detail: 'Only an owner may make or change owners.',
    })
}
