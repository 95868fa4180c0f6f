import { DocumentDeleted, DocumentUpdated, DocumentUploaded } from '#contracts/documents'
import {
  MemberChanged,
  MemberInvited,
  OrganisationCreated,
  RegistrationRepeated,
  SendOtp,
  UserDisabled,
  UserEmailChanged,
  UserLoggedIn,
  UserPasswordChanged,
  UserRegistered,
  UserRoleChanged,
} from '#contracts/identity'
import {
  PassportCreated,
  PassportDeleted,
  PassportPublished,
  PassportShared,
  PassportStatusChanged,
  PassportUpdated,
} from '#contracts/passports'
import type { EventContract } from '#contracts/define'
import type { OrganisationRole, Owner } from '#contracts/shared'
import type { Delivered } from '#kernel'
import { templates, type FactsOf, type Kind, type Locale, type Words } from './templates.ts'

/** Whom a message is for. An address has no account behind it (yet, or any more): it gets mail and nothing else. */
export type Audience = Owner | { kind: 'address'; address: string; locale: Locale }

/** What an event has to tell one audience; `path` leads to what it is about. */
export interface Draft<Facts = Record<string, unknown>> {
  audience: Audience
  facts: Facts
  path?: string
}

export type Channel = 'email' | 'inApp'

/** How messages of a kind travel. */
interface Policy {
  /** Unless the reader chose otherwise. */
  email: boolean
  inApp: boolean
  /** The reader cannot choose: it is about their account's safety, or they asked for it. */
  fixed?: boolean
  /** Even to somebody who is disabled. */
  disabledToo?: boolean
}

interface Rule<K extends Kind> extends Policy {
  event: EventContract
  /** `rule` has tied it to `event`. */
  drafts(event: any): Draft<FactsOf<K>>[]
}

const rule = <E extends EventContract, F>(event: E, policy: Policy, drafts: (event: Delivered<E>) => Draft<F>[]) => ({
  event,
  ...policy,
  drafts,
})

const security: Policy = { email: true, inApp: true, fixed: true }
const mailOnly: Policy = { email: true, inApp: false, fixed: true }
const both: Policy = { email: true, inApp: true }
const inAppOnly: Policy = { email: false, inApp: true }

const person = (id: string): Audience => ({ kind: 'person', id })
const sessions = '/api/auth/sessions'
const organisations = '/api/auth/organisations'

/** Every event people are told of, how, and whom it concerns. */
export const rules: { [K in Kind]: Rule<K> } = {
  // Without the name: whoever asks for a code chooses it, and could have us send their words to strangers.
  'send-otp': rule(SendOtp, mailOnly, ({ codeId, purpose, email, locale, expiresAt }) => [
    { audience: { kind: 'address', address: email, locale }, facts: { codeId, purpose, until: expiresAt } },
  ]),
  'registration.repeated': rule(RegistrationRepeated, security, ({ userId }) => [
    { audience: person(userId), facts: {} },
  ]),
  'user.registered': rule(UserRegistered, both, ({ userId }) => [
    { audience: person(userId), facts: {}, path: '/docs' },
  ]),
  'user.logged-in': rule(UserLoggedIn, inAppOnly, ({ userId, device, addressPrefix, timestamp }) => [
    { audience: person(userId), facts: { at: timestamp, device, place: addressPrefix }, path: sessions },
  ]),
  'user.password-changed': rule(UserPasswordChanged, security, ({ userId, timestamp }) => [
    { audience: person(userId), facts: { at: timestamp } },
  ]),
  'user.email-changed': rule(UserEmailChanged, security, ({ userId, formerEmail, locale, timestamp }) => [
    { audience: { kind: 'address', address: formerEmail, locale }, facts: { at: timestamp } },
    { audience: person(userId), facts: { at: timestamp } },
  ]),
  'user.role-changed': rule(UserRoleChanged, both, ({ userId, role }) => [
    { audience: person(userId), facts: { role } },
  ]),
  'user.disabled': rule(UserDisabled, { ...security, disabledToo: true }, ({ userId, disabled }) => [
    { audience: person(userId), facts: { disabled } },
  ]),
  'organisation.created': rule(OrganisationCreated, inAppOnly, ({ ownerId, name }) => [
    { audience: person(ownerId), facts: { organisation: name }, path: organisations },
  ]),
  'organisation.member-invited': rule(
    MemberInvited,
    mailOnly,
    ({ invitationId, email, locale, organisationName, invitedBy, role, expiresAt }) => [
      {
        audience: { kind: 'address', address: email, locale },
        facts: { invitationId, organisation: organisationName, invitedBy, role, until: expiresAt },
      },
    ],
  ),
  'organisation.member-changed': rule(MemberChanged, both, ({ userId, role }) => [
    { audience: person(userId), facts: { role }, path: organisations },
  ]),
  'passport.created': rule(PassportCreated, both, event => [{ audience: event.owner, ...passport(event) }]),
  'passport.updated': rule(PassportUpdated, inAppOnly, event => {
    const { facts, path } = passport(event)
    return [{ audience: event.owner, facts: { ...facts, fields: event.updatedFields.length }, path }]
  }),
  'passport.deleted': rule(PassportDeleted, both, event => [{ audience: event.owner, facts: passport(event).facts }]),
  'passport.published': rule(PassportPublished, both, event => [{ audience: event.owner, ...passport(event) }]),
  // Publishing has an event of its own; one act, one message.
  'passport.status-changed': rule(PassportStatusChanged, both, event =>
    event.status === 'archived' ? [{ audience: event.owner, ...passport(event) }] : [],
  ),
  'passport.shared': rule(PassportShared, both, event => {
    const { facts, path } = passport(event)
    const told = (to: 'owner' | 'reader') => ({ ...facts, shared: event.shared, to })
    return [
      { audience: event.owner, facts: told('owner'), path },
      { audience: event.reader, facts: told('reader'), path: event.shared ? path : undefined },
    ]
  }),
  'document.uploaded': rule(DocumentUploaded, inAppOnly, event => [{ audience: event.owner, ...document(event) }]),
  'document.updated': rule(DocumentUpdated, inAppOnly, event => [{ audience: event.owner, ...document(event) }]),
  'document.deleted': rule(DocumentDeleted, inAppOnly, event => [
    { audience: event.owner, facts: document(event).facts },
  ]),
}

function passport({ passport: { id }, identifier }: { passport: { id: string }; identifier: string | null }) {
  return { facts: { passport: identifier ?? id }, path: `/api/passports/${id}` }
}

function document({ docId, fileName }: { docId: string; fileName: string }) {
  return { facts: { fileName }, path: `/api/documents/${docId}` }
}

export const kinds = Object.keys(rules) as Kind[]

/** Kinds a reader may switch on and off. */
export const optionalKinds = kinds.filter(kind => !rules[kind].fixed)

/**
 * What an event has to tell, to whom. Texts of other people become one line without anything that could steer a
 * reader's program.
 */
export const draftsOf = (kind: Kind, event: Delivered<EventContract>): Draft[] =>
  rules[kind].drafts(event).map(draft => ({
    ...draft,
    facts: Object.fromEntries(
      Object.entries(draft.facts).map(([name, value]) => [name, typeof value === 'string' ? plain(value) : value]),
    ),
  }))

/** Control characters, line ends and marks that turn the writing direction around are gone; at most 200 characters. */
export const plain = (text: string): string =>
  text
    .replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .replace(/^(.{200}).+$/u, '$1…')

/** The words of a message in a language. */
export const wordsOf = (kind: Kind, locale: Locale, facts: Record<string, unknown>): Words =>
  templates[locale][kind](facts as never)

/** Somebody who may get a message, and what they chose. */
export interface Reader {
  disabled: boolean
  /** In the organisation the message is for. */
  role?: OrganisationRole
}

/** What a person chose for themselves; what is not there follows the defaults. */
export interface Choices {
  email: Partial<Record<Kind, boolean>>
  inApp: Partial<Record<Kind, boolean>>
}

/**
 * Whether a reader gets a message of a kind on a channel. Mail about an organisation's things goes to its owners and
 * admins only.
 */
export function reaches(kind: Kind, channel: Channel, reader: Reader, choices: Choices | undefined): boolean {
  const policy = rules[kind]
  if (reader.disabled && !policy.disabledToo) return false
  if (channel === 'email' && reader.role && reader.role !== 'owner' && reader.role !== 'admin') return false
  return (policy.fixed ? undefined : choices?.[channel][kind]) ?? policy[channel]
}
