import { linePattern } from '#contracts/shared'
import { addressOf } from '#kernel'
import { namesOf, normalise } from '../accounts/accounts.ts'
import { valueOf } from './patch.ts'
import { refused } from './refusing.ts'
import { attributeIn, kinds, type Kind } from './schema.ts'
import type { Said, ScimGroup, ScimUser } from './store.ts'

/** JSON of any depth. */
type Json = Record<string, any>

/** What a body says of a resource in the names of the schema; what we do not keep, and what is ours to say, is left out. */
function readBody(kind: Kind, body: unknown): Json {
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw refused('invalidSyntax', `A ${kind.name} is an object of JSON.`)
  const read: Json = {}
  for (const [name, value] of Object.entries(body)) {
    const attribute = attributeIn(kind.attributes, name)
    if (!attribute || attribute.mutability === 'readOnly' || value === null || value === undefined) continue
    if (!attribute.multiValued) read[attribute.name] = valueOf(attribute, value)
    else if (!Array.isArray(value)) throw refused('invalidValue', `${attribute.name} is a list.`)
    else if (value.length > 0) read[attribute.name] = value.map(item => valueOf(attribute, item))
  }
  return read
}

const needed = (text: unknown, name: string): string => {
  if (typeof text !== 'string' || text.trim() === '') throw refused('invalidValue', `${name} is needed.`)
  return text
}

/** Fails with `invalidValue`. */
export function readUser(body: unknown): Said {
  const read = readBody(kinds.User, body)
  if ((read.emails?.length ?? 0) > 20) throw refused('tooMany', 'A person has 20 addresses at the most.')
  return { ...read, userName: needed(read.userName, 'userName') }
}

export interface SaidGroup extends Pick<ScimGroup, 'displayName' | 'externalId'> {
  /** Ids of people, each once. */
  members: string[]
}

/** Fails with `invalidValue`. */
export function readGroup(body: unknown): SaidGroup {
  const { displayName, externalId = null, members = [] } = readBody(kinds.Group, body)
  const ids = (members as Json[]).map(({ value }) => needed(value, 'The value of a member').toLowerCase())
  return { displayName: needed(displayName, 'displayName'), externalId, members: [...new Set(ids)] }
}

/** The address that is said: the primary one, else the first, else the name where that is one. */
export function addressSaid({ userName, emails = [] }: Said): string | undefined {
  const given = emails.find(({ primary, value }) => primary && value) ?? emails.find(({ value }) => value)
  const address = addressOf((given?.value ?? userName).trim())
  return address && normalise(address)
}

/**
 * The same for an account. It is in a domain that the organisation has proven to be its own, or anybody's account could be
 * provisioned by its address. Fails with `invalidValue`.
 */
export function addressIn(said: Said, domains: readonly string[]): string {
  const address = addressSaid(said)
  if (!address) throw refused('invalidValue', 'The primary one of emails, or userName, is an address of mail.')
  if (isIn(address, domains)) return address
  throw refused('invalidValue', `The organisation has not verified the domain of ${address}.`)
}

export const isIn = (address: string, domains: readonly string[]): boolean =>
  domains.includes(address.slice(address.lastIndexOf('@') + 1))

const line = new RegExp(linePattern, 'u')
const fit = (text: string | undefined): string | undefined => {
  const part = text?.trim().slice(0, 100)
  return part && line.test(part) ? part : undefined
}

/** The name of an account; the beginning of the address where nothing is said that can be shown. */
export function namesIn({ name, displayName }: Said, address: string): { firstName: string; lastName: string } {
  const [first, last] = [fit(name?.givenName), fit(name?.familyName)]
  if (first || last) return namesOf({ firstName: first ?? '', lastName: last ?? '' })!
  return namesOf({ name: fit(name?.formatted) ?? fit(displayName) ?? address.split('@')[0]!.slice(0, 100) })!
}

/** Undefined where nothing is said of it. */
export const localeIn = ({ preferredLanguage }: Said): 'en' | 'de' | undefined =>
  preferredLanguage === undefined ? undefined : /^de\b/i.test(preferredLanguage) ? 'de' : 'en'

export const tagOf = ({ version }: { version: number }): string => `W/"${version}"`

const metaOf = (resourceType: 'User' | 'Group', at: string, id: string, row: ScimUser | ScimGroup) => ({
  resourceType,
  created: row.createdAt.toISOString(),
  lastModified: row.changedAt.toISOString(),
  location: `${at}/${resourceType}s/${id}`,
  version: tagOf(row),
})

/** As clients read it; `at` is the address of the interface. */
export const userResource = (at: string, user: ScimUser): Json => ({
  schemas: [kinds.User.urn],
  id: user.userId,
  ...user.said,
  ...(user.groups.length > 0 && {
    groups: user.groups.map(({ id, name }) => ({ value: id, $ref: `${at}/Groups/${id}`, display: name })),
  }),
  meta: metaOf('User', at, user.userId, user),
})

export const groupResource = (at: string, group: ScimGroup, members: readonly { userId: string }[]): Json => ({
  schemas: [kinds.Group.urn],
  id: group.id,
  ...(group.externalId !== null && { externalId: group.externalId }),
  displayName: group.displayName,
  ...(members.length > 0 && {
    members: members.map(({ userId }) => ({ value: userId, $ref: `${at}/Users/${userId}` })),
  }),
  meta: metaOf('Group', at, group.id, group),
})

/** What of a resource a client asks for (RFC 7644, 3.9); id and schemas always. */
export function chosen(resource: Json, attributes: string | undefined, excluded: string | undefined): Json {
  const namesOfList = (list: string | undefined) =>
    list
      ?.split(',')
      .map(name =>
        name
          .trim()
          .replace(/^urn:\S+:/i, '')
          .toLowerCase(),
      )
      .filter(Boolean)
  const [only, without] = [namesOfList(attributes), namesOfList(excluded)]
  const always = (name: string) => name === 'id' || name === 'schemas'
  const partsOf = (value: any, keep: (sub: string) => boolean): any => {
    if (Array.isArray(value)) return value.map(item => partsOf(item, keep))
    return Object.fromEntries(Object.entries(value).filter(([sub]) => keep(sub.toLowerCase())))
  }
  return Object.fromEntries(
    Object.entries(resource).flatMap(([name, value]) => {
      const small = name.toLowerCase()
      if (always(name)) return [[name, value]]
      const subs = (list: readonly string[]) =>
        list.filter(one => one.startsWith(`${small}.`)).map(one => one.slice(small.length + 1))
      if (only) {
        if (only.includes(small)) return [[name, value]]
        const wanted = subs(only)
        return wanted.length > 0 && typeof value === 'object'
          ? [[name, partsOf(value, sub => wanted.includes(sub))]]
          : []
      }
      if (without?.includes(small)) return []
      const left = subs(without ?? [])
      return [[name, left.length > 0 && typeof value === 'object' ? partsOf(value, sub => !left.includes(sub)) : value]]
    }),
  )
}
