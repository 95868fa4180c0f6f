/** All that identity promises, from a code that waits to what people agreed to, in one place, though it takes more than 500 lines. */
import Type from 'typebox'
import { call, event } from './define.ts'
import {
  CustomRole,
  Email,
  Id,
  Instant,
  Locale,
  OrganisationIdentifier,
  OrganisationKind,
  OrganisationRole,
  Permission,
  Role,
} from './shared.ts'

const Name = Type.String({ examples: ['Ada Lovelace'] })

/**
 * A one-time code waits to be sent to an address. The code itself is fetched with `get_code` when the message goes out.
 */
export const SendOtp = event(
  'identity',
  'send-otp',
  'codeId',
  Type.Object({
    codeId: Id,
    email: Email,
    purpose: Type.Enum(['registration', 'email-change', 'password-reset']),
    name: Name,
    locale: Locale,
    expiresAt: Instant,
  }),
)

/**
 * Somebody gave the address of an existing account as theirs, registering or changing their own; its owner is told, the
 * caller is not.
 */
export const RegistrationRepeated = event(
  'identity',
  'registration.repeated',
  'userId',
  Type.Object({
    userId: Id,
    email: Email,
    name: Name,
    locale: Locale,
  }),
)

/**
 * An address was proven and the permanent account exists. `imported` where an admin brought it along from elsewhere, so
 * that nobody waits to be welcomed.
 */
export const UserRegistered = event(
  'identity',
  'user.registered',
  'userId',
  Type.Object({
    userId: Id,
    email: Email,
    firstName: Name,
    name: Name,
    locale: Locale,
    version: Type.Integer(),
    imported: Type.Optional(Type.Boolean()),
  }),
)

/** A session began. */
export const UserLoggedIn = event(
  'identity',
  'user.logged-in',
  'userId',
  Type.Object({
    userId: Id,
    sessionId: Id,
    device: Type.String(),
    addressPrefix: Type.String(),
  }),
)

/** A person signed in by a browser, or from a device and a place, where they never did before; they are told. */
export const DeviceSeen = event(
  'identity',
  'user.device-seen',
  'userId',
  Type.Object({
    userId: Id,
    sessionId: Id,
    device: Type.String(),
    addressPrefix: Type.String(),
  }),
)

/** One or all sessions of a person ended by their own wish, or because a spent refresh token was replayed. */
export const UserLoggedOut = event(
  'identity',
  'user.logged-out',
  'userId',
  Type.Object({
    userId: Id,
    sessionIds: Type.Array(Id),
    reason: Type.Enum(['signed-out', 'ended', 'replayed']),
  }),
)

/** Name, locale or address of an account changed. */
export const UserUpdated = event(
  'identity',
  'user.updated',
  'userId',
  Type.Object({
    userId: Id,
    email: Email,
    firstName: Name,
    name: Name,
    locale: Locale,
    version: Type.Integer(),
  }),
)

/**
 * The address of an account changed, and all its other sessions have ended; the former address is told. Whoever reads
 * that may take it back: `get_email_undo` has the link for `undoId`, which is missing where nothing is to be taken back.
 */
export const UserEmailChanged = event(
  'identity',
  'user.email-changed',
  'userId',
  Type.Object({
    userId: Id,
    email: Email,
    formerEmail: Email,
    name: Name,
    locale: Locale,
    version: Type.Integer(),
    undoId: Type.Optional(Id),
  }),
)

/** The password of an account changed; all other sessions have ended. */
export const UserPasswordChanged = event(
  'identity',
  'user.password-changed',
  'userId',
  Type.Object({
    userId: Id,
    version: Type.Integer(),
  }),
)

/**
 * How a person proves to be it beside the password changed: an authenticator app, a passkey (`name`) or the account at
 * another provider (its `name`), by which they sign in without a password, was added or removed; recovery codes were made,
 * or one of them was used (`left` are still good). An admin removes all second factors.
 */
export const UserFactorsChanged = event(
  'identity',
  'user.factors-changed',
  'userId',
  Type.Object({
    userId: Id,
    change: Type.Enum(['added', 'removed', 'made', 'used', 'all-removed']),
    factor: Type.Enum(['totp', 'passkey', 'recovery-codes', 'provider']),
    name: Type.Union([Type.String(), Type.Null()]),
    left: Type.Union([Type.Integer(), Type.Null()]),
  }),
)

/**
 * A new password was set without the former one, by who reads the mail of the account or by an operator; all its
 * sessions have ended.
 */
export const UserPasswordReset = event(
  'identity',
  'user.password-reset',
  'userId',
  Type.Object({
    userId: Id,
    version: Type.Integer(),
  }),
)

/**
 * Somebody asked for a new password for an address that can have none; whoever reads its mail is told, the caller is
 * not.
 */
export const PasswordResetRefused = event(
  'identity',
  'password-reset.refused',
  'requestId',
  Type.Object({
    requestId: Id,
    email: Email,
    locale: Locale,
    reason: Type.Enum(['no-account', 'disabled']),
  }),
)

/** An admin gave a person another role. */
export const UserRoleChanged = event(
  'identity',
  'user.role-changed',
  'userId',
  Type.Object({
    userId: Id,
    role: Role,
    formerRole: Role,
    version: Type.Integer(),
  }),
)

/** An admin disabled (or enabled again) an account; a disabled one has no sessions. */
export const UserDisabled = event(
  'identity',
  'user.disabled',
  'userId',
  Type.Object({
    userId: Id,
    disabled: Type.Boolean(),
    version: Type.Integer(),
  }),
)

/**
 * A person deleted their account: all that identity held of them is gone, and `userId` is a pseudonym from now on.
 * `email` and `locale` are there for a last mail.
 */
export const UserDeleted = event(
  'identity',
  'user.deleted',
  'userId',
  Type.Object({
    userId: Id,
    email: Email,
    locale: Locale,
    version: Type.Integer(),
  }),
)

/**
 * What two admins agreed on by `account-deletion.approved` has come to its end: the account is gone, or `refusal` says why
 * it stays (`last_admin`, `organisation_without_owner`).
 */
export const AccountDeletionEnded = event(
  'identity',
  'account-deletion.ended',
  'userId',
  Type.Object({
    requestId: Id,
    userId: Id,
    refusal: Type.Union([Type.String({ maxLength: 100, examples: ['last_admin'] }), Type.Null()]),
  }),
)

/**
 * An admin began to act in the place of a person, for `reason`, until `until` at the latest; whatever is done meanwhile
 * carries both in its actor.
 */
export const ActingBegan = event(
  'identity',
  'user.acting-began',
  'userId',
  Type.Object({ userId: Id, sessionId: Id, by: Id, byName: Name, reason: Type.String(), until: Instant }),
)

/** An admin signed a person out everywhere; so many `sessions` ended. */
export const UserSignedOut = event(
  'identity',
  'user.signed-out',
  'userId',
  Type.Object({ userId: Id, sessions: Type.Integer() }),
)

/** Access tokens of these sessions issued before `before` are refused from now on, by every process. */
export const SessionsRevoked = event(
  'identity',
  'session.revoked',
  'userId',
  Type.Object({
    userId: Id,
    sessionIds: Type.Array(Id),
    before: Instant,
  }),
)

/** An organisation exists, with its first owner. */
export const OrganisationCreated = event(
  'identity',
  'organisation.created',
  'organisationId',
  Type.Object({
    organisationId: Id,
    name: Name,
    ownerId: Id,
  }),
)

/** Somebody was invited by mail; the secret of the link is fetched with `get_invitation` when the message goes out. */
export const MemberInvited = event(
  'identity',
  'organisation.member-invited',
  'organisationId',
  Type.Object({
    organisationId: Id,
    invitationId: Id,
    email: Email,
    organisationName: Name,
    invitedBy: Name,
    role: OrganisationRole,
    customRole: Type.Optional(CustomRole),
    locale: Locale,
    expiresAt: Instant,
  }),
)

/**
 * Who belongs to an organisation changed; `role` is null for one who left or was removed. With a role that the
 * organisation has defined it is what that comes to, `editor` or `viewer`.
 */
export const MemberChanged = event(
  'identity',
  'organisation.member-changed',
  'organisationId',
  Type.Object({
    organisationId: Id,
    userId: Id,
    role: Type.Union([OrganisationRole, Type.Null()]),
    customRole: Type.Optional(CustomRole),
    version: Type.Integer(),
  }),
)

/** An organisation is gone, and with it the membership of `members`; it held nothing any more. */
export const OrganisationDeleted = event(
  'identity',
  'organisation.deleted',
  'organisationId',
  Type.Object({
    organisationId: Id,
    name: Name,
    members: Type.Array(Id),
    version: Type.Integer(),
  }),
)

/**
 * What an organisation is, or the numbers it is registered by, changed: `kinds` are those an admin has verified, all of
 * them. `decided` is what an admin just said of one; who changes name or numbers afterwards has to be verified anew.
 */
export const OrganisationKindsChanged = event(
  'identity',
  'organisation.kinds-changed',
  'organisationId',
  Type.Object({
    organisationId: Id,
    kinds: Type.Array(OrganisationKind),
    identifiers: Type.Array(OrganisationIdentifier),
    decided: Type.Union([
      Type.Object({
        kind: OrganisationKind,
        state: Type.Enum(['verified', 'refused']),
        note: Type.Union([Type.String(), Type.Null()]),
      }),
      Type.Null(),
    ]),
    version: Type.Integer(),
  }),
)

/** A key of a person or a service account exists. */
export const ApiKeyCreated = event(
  'identity',
  'api-key.created',
  'keyId',
  Type.Object({
    keyId: Id,
    ownerId: Id,
    ownerKind: Type.Enum(['person', 'service-account']),
    organisationId: Type.Union([Id, Type.Null()]),
    name: Name,
    scopes: Type.Array(Type.String()),
    expiresAt: Instant,
  }),
)

/** A key is good no more, or another secret took its place. */
export const ApiKeyRevoked = event(
  'identity',
  'api-key.revoked',
  'keyId',
  Type.Object({ keyId: Id, ownerId: Id, reason: Type.Enum(['revoked', 'rotated', 'password-reset', 'owner-gone']) }),
)

/**
 * A program that acts for an organisation by itself exists, or may something else; `role` is null for one that is gone,
 * and those of an organisation end with it. With a role that the organisation has defined it is what that comes to.
 */
export const ServiceAccountChanged = event(
  'identity',
  'service-account.changed',
  'serviceAccountId',
  Type.Object({
    serviceAccountId: Id,
    organisationId: Id,
    name: Name,
    role: Type.Union([Type.Enum(['editor', 'viewer']), Type.Null()]),
    roleId: Type.Optional(Id),
    permissions: Type.Optional(Type.Array(Permission)),
  }),
)

/** A client, and for whom it is: of the platform without an organisation. */
const OfClient = {
  clientId: Id,
  name: Type.String({ examples: ['Fleet planner'] }),
  organisationId: Type.Union([Id, Type.Null()]),
}
const Uris = Type.Array(Type.String())
const AskedScopes = Type.Array(Type.String({ examples: ['passports:read'] }))

/** An app was registered that people sign in to with their account here. */
export const ClientRegistered = event(
  'identity',
  'client.registered',
  'clientId',
  Type.Object({
    ...OfClient,
    kind: Type.Enum(['public', 'confidential']),
    firstParty: Type.Boolean(),
    redirectUris: Uris,
    scopes: AskedScopes,
  }),
)

/** Name, addresses or scopes of a client changed, to these. */
export const ClientChanged = event(
  'identity',
  'client.changed',
  'clientId',
  Type.Object({ ...OfClient, redirectUris: Uris, postLogoutRedirectUris: Uris, scopes: AskedScopes }),
)

/** A client has another secret; the one before is good no more. */
export const ClientSecretRotated = event('identity', 'client.secret-rotated', 'clientId', Type.Object(OfClient))

/** A client is gone, and with it all that people let it do. */
export const ClientRemoved = event('identity', 'client.removed', 'clientId', Type.Object(OfClient))

/** What a person lets a client do, for themselves or for an organisation (`actsFor`). */
const OfConsent = {
  userId: Id,
  clientId: Id,
  clientName: Type.String({ examples: ['Fleet planner'] }),
  actsFor: Type.Union([Id, Type.Null()]),
  scopes: AskedScopes,
}

/**
 * A person let a client in, or let it do more: `scopes` are all that it may by now. `asked` is false for those of the
 * platform itself, for which nobody is asked.
 */
export const ClientConsentGiven = event(
  'identity',
  'client-consent.given',
  'userId',
  Type.Object({ ...OfConsent, asked: Type.Boolean() }),
)

/** A person lets a client in no more; its tokens have ended. */
export const ClientConsentWithdrawn = event('identity', 'client-consent.withdrawn', 'userId', Type.Object(OfConsent))

/** Which version of which terms: `terms` are agreed to, a `notice` is read, a `consent` is given freely and can be taken back. */
const OfTerms = {
  termsId: Id,
  key: Type.String({ examples: ['privacy'] }),
  kind: Type.Enum(['terms', 'notice', 'consent']),
  version: Type.Integer(),
}

/**
 * A version of terms was published. It holds from `effectiveAt` on, and asks people again who sign in from then on.
 * `digest` (SHA-256, hex) is of its texts.
 */
export const TermsPublished = event(
  'identity',
  'terms.published',
  'termsId',
  Type.Object({ ...OfTerms, languages: Type.Array(Locale), effectiveAt: Instant, digest: Type.String() }),
)

/** A version of terms that did not hold yet was taken back. */
export const TermsRetracted = event('identity', 'terms.retracted', 'termsId', Type.Object(OfTerms))

/**
 * Somebody who agreed to a version of terms is told of a newer one before it holds: once, `effectiveAt` is when they will
 * be asked to agree to it. `titles` is by language.
 */
export const TermsAnnounced = event(
  'identity',
  'terms.announced',
  'userId',
  Type.Object({
    userId: Id,
    ...OfTerms,
    effectiveAt: Instant,
    titles: Type.Object({ en: Type.Optional(Type.String()), de: Type.Optional(Type.String()) }),
  }),
)

/** A person agreed to a version of terms, or took a consent back that they had given to it. */
export const TermsAnswered = event(
  'identity',
  'terms.answered',
  'userId',
  Type.Object({ userId: Id, ...OfTerms, answer: Type.Enum(['agreed', 'withdrawn']) }),
)

/**
 * An access token for who holds the key of this SHA-256 digest (hex), as short as others and with the scopes of the key.
 * Fails with `token_invalid` for a key that is unknown, expired or revoked, or whose owner may not sign in.
 */
export const exchangeKey = call(
  'identity',
  'exchange_key',
  Type.Object({ digest: Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64 }) }),
  Type.Object({ accessToken: Type.String() }),
)

/** The keys that verify access tokens: current, next, previous (JWK, public part). */
export const listSigningKeys = call(
  'identity',
  'list_signing_keys',
  Type.Object({}),
  Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) }),
)

/**
 * Sessions whose access tokens made before a moment are refused, as long as any of them may still be alive; `limit` at
 * once, of those behind `after`. `next` is where to go on, null at the end.
 */
export const listRevocations = call(
  'identity',
  'list_revocations',
  Type.Object({ after: Type.Optional(Id), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })) }),
  Type.Object({
    revocations: Type.Array(Type.Object({ sessionId: Id, before: Instant })),
    next: Type.Optional(Type.Union([Id, Type.Null()])),
  }),
)

/** The code behind a reference, as long as it is alive. Fails with `code_unknown` once used, replaced or expired. */
export const getCode = call(
  'identity',
  'get_code',
  Type.Object({ codeId: Id }),
  Type.Object({
    code: Type.String(),
    email: Email,
    link: Type.Union([Type.String(), Type.Null()]),
    expiresAt: Instant,
  }),
)

/** The secret link of an invitation. Fails with `invitation_unknown` once answered, withdrawn or expired. */
export const getInvitation = call(
  'identity',
  'get_invitation',
  Type.Object({ invitationId: Id }),
  Type.Object({ email: Email, link: Type.String(), expiresAt: Instant }),
)

/** The link that takes a change of address back. Fails with `undo_unknown` once used or expired. */
export const getEmailUndo = call(
  'identity',
  'get_email_undo',
  Type.Object({ undoId: Id }),
  Type.Object({ link: Type.String(), expiresAt: Instant }),
)

const Person = Type.Object({
  userId: Id,
  email: Email,
  name: Name,
  firstName: Name,
  locale: Locale,
  disabled: Type.Boolean(),
})

/** A person by id. Fails with `user_unknown`. */
export const getPerson = call('identity', 'get_person', Type.Object({ userId: Id }), Person)

/** Who has an address, and how it is written here; `userId` is null for one that nobody has proven. */
export const findPerson = call(
  'identity',
  'find_person',
  Type.Object({ email: Email }),
  Type.Object({ email: Email, userId: Type.Union([Id, Type.Null()]) }),
)

/** Who has a role on the platform and may sign in, a thousand people at the most. */
export const listPeople = call(
  'identity',
  'list_people',
  Type.Object({ role: Role }),
  Type.Object({ people: Type.Array(Person) }),
)

/**
 * The members of an organisation with their roles; empty when it is unknown. `permissions` is there for who has a role
 * that the organisation has defined, and may no more than that.
 */
export const listMembers = call(
  'identity',
  'list_members',
  Type.Object({ organisationId: Id }),
  Type.Object({
    members: Type.Array(
      Type.Object({
        ...Person.properties,
        role: OrganisationRole,
        permissions: Type.Optional(Type.Array(Permission)),
      }),
    ),
  }),
)

/** An organisation, what an admin has verified it to be, and its numbers. Fails with `organisation_unknown`. */
export const getOrganisation = call(
  'identity',
  'get_organisation',
  Type.Object({ organisationId: Id }),
  Type.Object({
    organisationId: Id,
    name: Name,
    kinds: Type.Array(OrganisationKind),
    identifiers: Type.Array(OrganisationIdentifier),
    version: Type.Integer(),
    /** Those that it has proven to be its own. */
    domains: Type.Optional(Type.Array(Type.String())),
  }),
)
