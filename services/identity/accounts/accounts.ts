import Type, { type Static } from 'typebox'
import { Email, Id, Instant, Line, linePattern, Locale, OrganisationRole, Permission, Role } from '#contracts/shared'
import { addressOf, isWide, Problem, shownAddress } from '#kernel'
import type { IdentityHost } from '../host.ts'
import type { User } from './store.ts'

/** What the person acts for, if not for themselves. */
export interface ActsFor {
  id: string
  role: OrganisationRole
  /** Where it is a role that the organisation has defined. */
  permissions?: string[]
}

export const UserView = Type.Object(
  {
    id: Id,
    email: Email,
    name: Type.String({ examples: ['Ada Lovelace'] }),
    firstName: Type.String({ examples: ['Ada'] }),
    lastName: Type.String({ examples: ['Lovelace'] }),
    role: Role,
    locale: Locale,
    createdAt: Instant,
    organisation: Type.Optional(
      Type.Object(
        {
          id: Id,
          role: OrganisationRole,
          permissions: Type.Optional(
            Type.Array(Permission, { description: 'What a role that the organisation has defined lets do, no more' }),
          ),
        },
        { description: 'The organisation the session acts for' },
      ),
    ),
    actingFor: Type.Optional(
      Type.Object(
        { by: Id, byName: Type.String({ examples: ['Grace Hopper'] }), until: Instant },
        { description: 'An admin acts in the place of the person: to be shown on every page' },
      ),
    ),
  },
  { title: 'User' },
)

export const nameOf = ({ firstName, lastName }: Pick<User, 'firstName' | 'lastName'>): string =>
  `${firstName} ${lastName}`.trim()

export const userView = (user: User, organisation?: ActsFor): Static<typeof UserView> => ({
  id: user.id,
  email: shownAddress(user.email),
  name: nameOf(user),
  firstName: user.firstName,
  lastName: user.lastName,
  role: user.role,
  locale: user.locale,
  createdAt: user.createdAt.toISOString(),
  ...(organisation && { organisation }),
})

export const Names = {
  name: Type.Optional(Line(100, { examples: ['Ada Lovelace'] })),
  firstName: Type.Optional(Line(100, { examples: ['Ada'] })),
  lastName: Type.Optional(
    Type.String({
      maxLength: 100,
      pattern: `^$|${linePattern}`,
      description: 'Empty for who has one name',
      examples: ['Lovelace'],
    }),
  ),
}

/**
 * First and last name out of what a body says, `former` where it says nothing; undefined when that is nothing at all.
 * Nobody is left without a name.
 */
export function namesOf(
  body: { name?: string; firstName?: string; lastName?: string },
  former?: Pick<User, 'firstName' | 'lastName'>,
): { firstName: string; lastName: string } | undefined {
  const tidy = (text: string) => text.trim().replace(/\s+/g, ' ')
  if (body.firstName !== undefined || body.lastName !== undefined)
    return named({
      firstName: tidy(body.firstName ?? former?.firstName ?? ''),
      lastName: tidy(body.lastName ?? former?.lastName ?? ''),
    })
  if (body.name === undefined) return undefined
  const [firstName = '', ...rest] = tidy(body.name).split(' ')
  return { firstName, lastName: rest.join(' ') }
}

function named<N extends Pick<User, 'firstName' | 'lastName'>>(names: N): N {
  if (nameOf(names)) return names
  throw new Problem('invalid', 'request_invalid', {
    detail: 'A name is needed.',
    errors: [{ pointer: '/lastName', detail: 'must not be empty where there is no firstName' }],
  })
}

/** An account as events tell of it. */
export const accountOf = (user: User) => ({
  userId: user.id,
  email: user.email,
  firstName: user.firstName,
  name: nameOf(user),
  locale: user.locale,
  version: user.version,
})

/** Addresses are kept and compared in one spelling, that of `addressOf`; the beginning of one in small letters. */
export const normalise = (email: string): string =>
  addressOf(email.trim()) ?? email.trim().normalize('NFC').toLowerCase()

/** Refuses an address that no mail of ours would reach. */
export function refuseUnreachable({ mail }: Pick<IdentityHost, 'mail'>, email: string, pointer = '/email'): void {
  if (isWide(email) && !mail.wide)
    throw new Problem('invalid', 'address_unreachable', {
      detail: 'Our mail server does not deliver to addresses with such letters before the @. Give another address.',
      errors: [{ pointer, detail: 'must have only letters of ASCII before the @' }],
    })
}
