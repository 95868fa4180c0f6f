import Type, { type Static } from 'typebox'
import { Email, Id, Instant, Locale, OrganisationRole, Role } from '#contracts/shared'
import { addressOf, isWide, Problem, shownAddress } from '#kernel'
import type { IdentityHost } from '../host.ts'
import type { User } from './store.ts'

/** What the person acts for, if not for themselves. */
export interface ActsFor {
  id: string
  role: OrganisationRole
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
      Type.Object({ id: Id, role: OrganisationRole }, { description: 'The organisation the session acts for' }),
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

const NamePart = (example: string) =>
  Type.String({ pattern: '^[^\\p{Cc}]*[^\\p{Cc}\\s][^\\p{Cc}]*$', maxLength: 100, examples: [example] })

export const Names = {
  name: Type.Optional(NamePart('Ada Lovelace')),
  firstName: Type.Optional(NamePart('Ada')),
  lastName: Type.Optional(NamePart('Lovelace')),
}

/**
 * First and last name out of what a body says, `former` where it says nothing; undefined when that is nothing at all.
 */
export function namesOf(
  body: { name?: string; firstName?: string; lastName?: string },
  former?: Pick<User, 'firstName' | 'lastName'>,
): { firstName: string; lastName: string } | undefined {
  const tidy = (text: string) => text.trim().replace(/\s+/g, ' ')
  if (body.firstName !== undefined || body.lastName !== undefined)
    return {
      firstName: tidy(body.firstName ?? former?.firstName ?? ''),
      lastName: tidy(body.lastName ?? former?.lastName ?? ''),
    }
  if (body.name === undefined) return undefined
  const [firstName = '', ...rest] = tidy(body.name).split(' ')
  return { firstName, lastName: rest.join(' ') }
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
