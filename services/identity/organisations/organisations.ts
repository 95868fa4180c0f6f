import Type, { type Static } from 'typebox'
import { CustomRole, Email, Id, Instant, Line, OrganisationRole } from '#contracts/shared'
import { type Actor, shownAddress } from '#kernel'
import { nameOf } from '../accounts/accounts.ts'
import type { Invitation, Member, Seen } from './store.ts'

export const Name = Line(200, { examples: ['Voltaic GmbH'] })

/** Beside `role` in what is shown of a member. */
export const customRole = Type.Optional({
  ...CustomRole,
  description: 'The role that the organisation has defined, where it is one; `role` is then what it comes to',
})

export const OrganisationView = Type.Object(
  {
    id: Id,
    name: Type.String({ examples: ['Voltaic GmbH'] }),
    role: Type.Union([OrganisationRole, Type.Null()], {
      description: 'What you are in it; null for an admin of the platform who is no member',
    }),
    customRole,
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
    customRole,
    joinedAt: Instant,
    secondFactor: Type.Optional(Type.Boolean({ description: 'Whether they have one; told to owners and admins' })),
    lastUsedAt: Type.Optional(
      Type.Union([Instant, Type.Null()], {
        description:
          'When they acted for the organisation last, in a session that has not ended; told to owners and admins',
      }),
    ),
  },
  { title: 'Member' },
)

export const InvitationView = Type.Object(
  {
    id: Id,
    email: Email,
    role: OrganisationRole,
    customRole,
    createdAt: Instant,
    expiresAt: Instant,
  },
  { title: 'Invitation' },
)

export const organisationView = ({ id, name, role, custom, createdAt }: Seen): Static<typeof OrganisationView> => ({
  id,
  name,
  role,
  ...(custom && { customRole: custom }),
  createdAt: createdAt.toISOString(),
})

export const memberView = ({ userId, email, role, custom, joinedAt, ...names }: Member): Static<typeof MemberView> => ({
  userId,
  name: nameOf(names),
  email: shownAddress(email),
  role,
  ...(custom && { customRole: custom }),
  joinedAt: joinedAt.toISOString(),
})

/** The same for who looks after them. */
export const memberTold = (member: Member): Static<typeof MemberView> => ({
  ...memberView(member),
  secondFactor: member.secondFactor,
  lastUsedAt: member.usedAt?.toISOString() ?? null,
})

export const invitationView = ({
  id,
  email,
  role,
  custom,
  createdAt,
  expiresAt,
}: Invitation): Static<typeof InvitationView> => ({
  id,
  email: shownAddress(email),
  role,
  ...(custom && { customRole: custom }),
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
})
